"""What is wrong with a file of devices or the name of one, and how to mend it; a `…_mend` stands beside each fault."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases

DEVICES: Final[Phrases] = {
    "unreadable": {
        "en": "the file of devices cannot be read ({why})",
        "zh": "无法读取设备文件（{why}）",
    },
    "unreadable_mend": {
        "en": "check the path and its rights, or leave DOMAINSMITH_HARDWARE_FILE empty",
        "zh": "请检查路径与权限，或将 DOMAINSMITH_HARDWARE_FILE 留空",
    },
    "no_yaml": {"en": "this is no YAML ({why})", "zh": "这不是 YAML（{why}）"},
    "no_yaml_mend": {"en": "mend the line it names", "zh": "请改正所指的那一行"},
    "no_file": {"en": "this is no file of devices", "zh": "这不是设备文件"},
    "no_file_mend": {
        "en": "begin with `devices:` and give a list below it, or `prices:` and a table; `sources:` may name texts",
        "zh": "请以 `devices:` 开头并在其下给出列表，或以 `prices:` 开头给出键值表；可用 `sources:` 为来源命名",
    },
    "no_table": {"en": "this is no table", "zh": "这不是键值表"},
    "no_table_mend": {"en": "give lines like `key: text`", "zh": "请写成 `键: 文字` 的形式"},
    "unknown": {"en": "no such device", "zh": "没有这个设备"},
    "near": {
        "en": "did you mean {names}? `this machine` is the one at hand, `cpu` its processor",
        "zh": "是否指 {names}？`本机` 指当前机器，`cpu` 指其处理器",
    },
    "known": {
        "en": "known are {names}, and `this machine`, or `cpu` for its processor",
        "zh": "已知设备：{names}；`本机` 指当前机器，`cpu` 指其处理器",
    },
    "no_memory": {
        "en": "its driver does not tell how much memory it has, and the catalogue does not know it",
        "zh": "驱动程序没有给出其显存大小，目录中也没有这个设备",
    },
    "no_memory_mend": {
        "en": "describe a device named {name!r} under `devices:` in {file}, with its `gib` in `cells:`; or plan for "
        "`cpu`",
        "zh": "请在 {file} 的 `devices:` 下描述名为 {name!r} 的设备，并在 `cells:` 中写明 `gib`；或改为规划 `cpu`",
    },
    "not_known": {
        "en": "I know no device called {names}, so I cannot say what it carries, and I answer for no other in its "
        "place.",
        "zh": "我不认识名为 {names} 的设备，因此无法说明它能承载什么，也不会用其他设备代答。",
    },
    "ask_near": {"en": "Did you mean {names}?", "zh": "您是否指 {names}？"},
    "also_named": {
        "en": "You also named {names}, which I know: ask for it alone, and I will answer.",
        "zh": "您还提到了我认识的 {names}：单独问它，我就能回答。",
    },
    "add": {
        "en": "To add a device, describe it in `{file}`: under `devices:` its `name:`, `aliases:` and `cells:`, "
        "each as [value, label, source], e.g. gib: [96, datasheet, product page of the vendor]; what is missing is "
        "named when the file is read.",
        "zh": "如需添加设备，请在 `{file}` 的 `devices:` 下写明 `name:`、`aliases:` 与 `cells:`，"
        "每项写成 [数值, 标签, 来源]，例如 gib: [96, datasheet, 厂商产品页]；读取文件时会指出缺少的内容。",
    },
    "text": {"en": "{value!r} is no text", "zh": "{value!r} 不是文字"},
    "text_mend": {
        "en": "put the text in quotes, at least where it has a colon",
        "zh": "请给文字加上引号，至少在其中有冒号时",
    },
    "no_device": {"en": "this is no device", "zh": "这不是一个设备"},
    "no_device_mend": {"en": "give `name:` and `cells:`", "zh": "请给出 `name:` 与 `cells:`"},
    "no_name": {"en": "a device needs a name", "zh": "设备需要名称"},
    "no_name_mend": {"en": 'give a text, e.g. name: "Example X100"', "zh": '请给出文字，例如 name: "Example X100"'},
    "shared": {"en": "{device} has this name too", "zh": "{device} 也叫这个名称"},
    "shared_mend": {"en": "take one away", "zh": "请去掉其中一个"},
    "listed": {"en": "a device of the catalogue has this name", "zh": "目录中已有设备叫这个名称"},
    "listed_mend": {
        "en": "give the device the name {device!r} to replace it, or take the alias away",
        "zh": "将设备命名为 {device!r} 以替换它，或去掉这个别名",
    },
    "field": {"en": "there is no such field", "zh": "没有这个字段"},
    "field_mend": {"en": "fields are {names}", "zh": "可用的字段：{names}"},
    "cells": {"en": "a device needs cells", "zh": "设备需要 cells"},
    "cells_mend": {"en": "give {names}", "zh": "请给出 {names}"},
    "cell": {"en": "there is no such cell", "zh": "没有这一项"},
    "cell_mend": {"en": "cells are {names}", "zh": "可用的项：{names}"},
    "missing": {"en": "this cell is missing", "zh": "缺少这一项"},
    "missing_mend": {
        "en": "give [value, label, source], e.g. [96, datasheet, product page of the vendor]",
        "zh": "请给出 [数值, 标签, 来源]，例如 [96, datasheet, 厂商产品页]",
    },
    "parts": {"en": "a cell has three parts", "zh": "每一项有三个部分"},
    "source": {"en": "the cell has no source", "zh": "这一项没有来源"},
    "label": {"en": "{value!r} is no label", "zh": "{value!r} 不是标签"},
    "word": {"en": "{value!r} is none of its values", "zh": "{value!r} 不是允许的值"},
    "one_of_mend": {"en": "take one of {names}", "zh": "请取其一：{names}"},
    "truth": {"en": "{value!r} is neither true nor false", "zh": "{value!r} 既不是 true 也不是 false"},
    "truth_mend": {"en": "give true or false", "zh": "请给出 true 或 false"},
    "figure": {"en": "{value!r} is no figure", "zh": "{value!r} 不是数值"},
    "figure_mend": {"en": "give a number above 0", "zh": "请给出大于 0 的数"},
    "price": {"en": "{value!r} is no price", "zh": "{value!r} 不是价格"},
    "price_mend": {
        "en": 'give [amount, source]: of one device for an hour, e.g. [12.5, "offer of 3 March"]',
        "zh": '请给出 [金额, 来源]：单设备每小时，例如 [12.5, "3 月 3 日报价"]',
    },
    "no_list": {"en": "this is no list", "zh": "这不是列表"},
    "no_list_mend": {"en": "give [first, second]", "zh": "请写成 [第一, 第二]"},
    "reason": {"en": "the reason is missing", "zh": "缺少原因"},
    "reason_mend": {"en": "say why the device cannot do it", "zh": "请说明设备为何做不到"},
    "method": {"en": "{value!r} is no method", "zh": "{value!r} 不是训练方法"},
}
