"""What is wrong with an endpoint that is to be measured, or with a result that was made elsewhere, and its mend."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases

BENCHMARK_ERRORS: Final[Phrases] = {
    # An endpoint
    "no_address": {"en": "this is no address of a server", "zh": "这不是服务器地址"},
    "no_address_mend": {"en": "e.g. http://127.0.0.1:8000/v1", "zh": "例如 http://127.0.0.1:8000/v1"},
    "needs_key": {"en": "the endpoint needs a key", "zh": "该端点需要密钥"},
    "needs_key_mend": {
        "en": "set it; any text will do for a server that asks for none",
        "zh": "请设置该变量；服务器不要求密钥时，任意文字都可以",
    },
    "no_models": {
        "en": "the endpoint does not list its models ({why})",
        "zh": "该端点没有列出其模型（{why}）",
    },
    "several_models": {"en": "the endpoint serves {count} models", "zh": "该端点提供 {count} 个模型"},
    "several_models_mend": {"en": "give --model; it has {names}", "zh": "请给出 --model；可选：{names}"},
    "none": {"en": "none", "zh": "无"},
    "no_answer": {
        "en": "the endpoint answers no request ({kind}: {why})",
        "zh": "该端点不应答任何请求（{kind}：{why}）",
    },
    "endpoint_mend": {
        "en": "check the address, OPENAI_API_KEY and --model",
        "zh": "请检查地址、OPENAI_API_KEY 和 --model",
    },
    # This machine
    "broke_off_mend": {
        "en": "what was measured until then is kept; `domainsmith jobs resume` measures anew",
        "zh": "此前测得的结果已保留；`domainsmith jobs resume` 会重新测量",
    },
    # Options
    "one_thing": {"en": "one thing at a time", "zh": "一次只做一件事"},
    "one_thing_mend": {"en": "give one of them", "zh": "请只给出其中一个"},
    "no_effect": {"en": "this has no effect with {asked}", "zh": "与 {asked} 同用时不起作用"},
    "no_effect_here": {
        "en": "this has no effect where this machine is measured",
        "zh": "测量本机时不起作用",
    },
    "no_effect_mend": {"en": "leave it out; it is for {uses}", "zh": "请去掉它；它用于 {uses}"},
    "use_here": {"en": "measuring this machine", "zh": "测量本机"},
    # A result
    "again": {
        "en": "run the script of `domainsmith bench --emit-script FILE` again, and bring its JSON as it is",
        "zh": "请重新运行 `domainsmith bench --emit-script 文件` 写出的脚本，并原样带回其 JSON",
    },
    "no_object": {
        "en": "this is no benchmark: a JSON object is expected",
        "zh": "这不是测量结果：应为一个 JSON 对象",
    },
    "other_format": {
        "en": "this is no benchmark of this version: it says {told}",
        "zh": "这不是本版本的测量结果：文件写的是 {told}",
    },
    "other_format_mend": {"en": "expected is {known}; {again}", "zh": "应为 {known}；{again}"},
    "no_benchmark": {"en": "this is no benchmark: {why}", "zh": "这不是测量结果：{why}"},
    "changed": {
        "en": "the machine was changed after it was measured",
        "zh": "测量之后机器信息被改动过",
    },
    "no_file": {"en": "no such file", "zh": "没有这个文件"},
    "no_file_mend": {"en": "check the path", "zh": "请检查路径"},
    "too_large": {
        "en": "the file has {mib} MiB, more than a benchmark may",
        "zh": "文件有 {mib} MiB，超过测量结果的上限",
    },
    "too_large_mend": {"en": "at most {most} MiB; {again}", "zh": "最多 {most} MiB；{again}"},
    "not_readable": {"en": "cannot be read ({why})", "zh": "无法读取（{why}）"},
    "not_readable_mend": {"en": "check its rights", "zh": "请检查其权限"},
    "no_json": {"en": "this is no JSON ({why})", "zh": "这不是 JSON（{why}）"},
    "no_moment": {
        "en": "no moment in ISO 8601 with a time zone",
        "zh": "不是带时区的 ISO 8601 时间",
    },
    "far_moment": {
        "en": "no benchmark was made then: a moment from 2000 to 2099 is expected",
        "zh": "测量不可能在那时进行：时间应在 2000 至 2099 年之间",
    },
    "no_name": {"en": "the device has no name", "zh": "设备没有名称"},
    "too_long": {
        "en": "the text has {length} characters, more than any benchmark writes ({most} at most)",
        "zh": "文字有 {length} 个字符，超过测量结果会写的长度（最多 {most}）",
    },
    "below_zero": {"en": "an amount below zero, or none at all", "zh": "数值小于零，或根本不是数"},
    "too_much": {
        "en": "{value} is more than any machine reaches ({most} at most)",
        "zh": "{value} 超出任何机器能达到的范围（最多 {most}）",
    },
    "too_little": {
        "en": "{value} is above zero and less than anything that is measured ({least} at least)",
        "zh": "{value} 大于零却小于任何能测到的数（至少 {least}）",
    },
}
"""Sentence by key; `KEY_mend` says what the user can do."""
