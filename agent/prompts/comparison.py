"""The words of a comparison of devices: its rows, what is not known and why, and how it has to be read."""

from __future__ import annotations

from typing import Final

from agent.prompts.phrases import Phrases

COMPARISON: Final[Phrases] = {
    "gib": {"en": "Memory", "zh": "显存/内存"},
    "bandwidth": {"en": "Memory bandwidth", "zh": "内存带宽"},
    "tflops_16": {"en": "Arithmetic, 16 bit", "zh": "16 位算力"},
    "tflops_32": {"en": "Arithmetic, fp32", "zh": "fp32 算力"},
    "int8": {"en": "Arithmetic, INT8", "zh": "INT8 算力"},
    "ridge": {
        "en": "Batch below which decoding waits for memory",
        "zh": "解码受内存限制的批量上限",
    },
    "decode": {
        "en": "Decoding {size} in 16 bit, batch {batch}, at most",
        "zh": "{size} 16 位解码，批量 {batch}，上限",
    },
    "ttft": {
        "en": "First token of {size} in 16 bit after {prompt} prompt tokens, at least",
        "zh": "{size} 16 位，{prompt} 词元提示的首词元时间，下限",
    },
    "largest": {
        "en": "Largest model for inference, one device (16 bit; fp32 on a processor)",
        "zh": "单设备推理可用的最大模型（16 位；处理器为 fp32）",
    },
    "bf16": {"en": "bf16 arithmetic", "zh": "bf16 运算"},
    "qlora": {"en": "Q-LoRA training", "zh": "Q-LoRA 训练"},
    "lora": {"en": "LoRA training", "zh": "LoRA 训练"},
    "full": {"en": "Full fine-tuning", "zh": "全参数微调"},
    "ability_share": {"en": "Of these four, native", "zh": "以上四项中原生支持"},
    "probe_share": {"en": "Of everything the probe tried, native", "zh": "探测全部项目中原生支持"},
    "share": {
        "en": "Share of its memory bound that one prompt reached",
        "zh": "单条提示达到的内存上限比例",
    },
    "tokens_per_s": {"en": "Output speed", "zh": "输出速度"},
    "decode_tokens_per_s": {"en": "Decoding speed", "zh": "解码速度"},
    "ttft_ms": {"en": "Time to first token", "zh": "首词元时间"},
    "tpot_ms": {"en": "Time per output token", "zh": "每输出词元时间"},
    "peak_gib": {"en": "Peak memory", "zh": "峰值内存"},
    "training_speed": {"en": "Training, {method}", "zh": "{method} 训练"},
    "training_peak": {"en": "Peak memory of training, {method}", "zh": "{method} 训练峰值内存"},
    "price": {"en": "Price of one device for an hour", "zh": "单设备每小时价格"},
    "cost": {"en": "Cost of a million output tokens ({speed})", "zh": "每百万输出词元成本（{speed}）"},
    "cost_bound": {"en": "Least cost of a million output tokens ({speed})", "zh": "每百万输出词元成本下限（{speed}）"},
    "row_of": {"en": "{name}: {about}", "zh": "{name}：{about}"},
    "about_batch": {
        "en": "{model}, batch {batch}, {prompt} + {output} tokens",
        "zh": "{model}，批量 {batch}，{prompt} + {output} 词元",
    },
    "about_training": {
        "en": "{model}, batch {batch} of {tokens} tokens",
        "zh": "{model}，批量 {batch}，每条 {tokens} 词元",
    },
    "real_lengths": {
        "en": "prompts of {prompt}, replies of {output} tokens",
        "zh": "提示 {prompt} 词元，回复 {output} 词元",
    },
    "unnamed_model": {"en": "unnamed model", "zh": "未注明的模型"},
    "variant_base": {"en": "{model}", "zh": "{model}"},
    "variant_adapter": {"en": "{model} with adapter", "zh": "{model}（带适配器）"},
    "variant_merged": {"en": "{model} with merged adapter", "zh": "{model}（已合并适配器）"},
    "variant_4bit": {"en": "{model} in 4 bit", "zh": "{model}（4 位）"},
    "with_type": {"en": "{model} in {type}", "zh": "{model}，{type}"},
    "yes": {"en": "yes", "zh": "支持"},
    "emulated": {"en": "emulated", "zh": "模拟"},
    "no": {"en": "no", "zh": "不支持"},
    "not_known": {"en": "not known", "zh": "未知"},
    "not_measured": {"en": "not measured", "zh": "未实测"},
    "not_tried": {"en": "not tried", "zh": "未尝试"},
    "no_price": {"en": "no price given", "zh": "未给价格"},
    "too_big": {
        "en": "does not fit: needs {need} GiB of {gib}",
        "zh": "装不下：需要 {need} GiB，只有 {gib}",
    },
    "share_of": {"en": "{part} of {whole}", "zh": "{whole} 项中 {part} 项"},
    "label_measured": {"en": "measured", "zh": "实测"},
    "label_datasheet": {"en": "data sheet", "zh": "规格书"},
    "label_estimated": {"en": "estimated", "zh": "估算"},
    "label_given": {"en": "given by you", "zh": "由您提供"},
    "from_benchmark": {"en": "benchmark of {at}", "zh": "{at} 的基准测试"},
    "from_catalogue": {"en": "catalogue, within the benchmark of {at}", "zh": "{at} 基准测试中引用的目录数值"},
    "from_bandwidth": {"en": "formula, with the bandwidth ({label})", "zh": "按带宽（{label}）用公式计算"},
    "from_arithmetic": {"en": "formula, with 16-bit arithmetic ({label})", "zh": "按 16 位算力（{label}）用公式计算"},
    "from_both": {"en": "formula, with bandwidth and arithmetic", "zh": "按带宽与算力用公式计算"},
    "from_memory": {"en": "formula, with the memory ({label})", "zh": "按内存（{label}）用公式计算"},
    "from_backend": {"en": "what is known of {backend}; not tried here", "zh": "按 {backend} 的已知情况，未在本机尝试"},
    "from_price": {"en": "price ({price}) over speed ({speed})", "zh": "价格（{price}）除以速度（{speed}）"},
    "price_stated": {"en": "given with the comparison", "zh": "比较时给出"},
    "this_machine": {"en": "this machine ({name})", "zh": "本机（{name}）"},
    "dated": {"en": "{name} ({at})", "zh": "{name}（{at}）"},
    "one_of": {"en": "{name} (1 of {count})", "zh": "{name}（{count} 块中的 1 块）"},
    "note_bounds": {
        "en": (
            "Bounds are what bandwidth and arithmetic allow one device with a {size} model of 2 bytes a weight and the "
            "cache of a typical model of that size, one token at a time. How much of it is reached, only a "
            "measurement tells."
        ),
        "zh": (
            "上限指单设备的带宽与算力所允许的速度：{size} 模型，每权重 2 字节，缓存按该规模的典型模型计，逐词元生成。"
            "实际能达到多少，只有实测才知道。"
        ),
    },
    "note_models": {
        "en": "Measured rows are of the model they name, bounds of {size}: do not read one against the other.",
        "zh": "实测各行针对其注明的模型，上限针对 {size}，两者不可直接对比。",
    },
    "note_points": {
        "en": (
            "Of each measured model the smallest and the largest batch with the shortest prompt are shown; the rest "
            "stands in the saved result."
        ),
        "zh": "每个实测模型只列出最短提示下最小与最大的批量，其余见已保存的结果。",
    },
    "note_unmeasured": {
        "en": "Nobody measured here: {names}. `domainsmith bench` on that machine would.",
        "zh": "尚无实测：{names}。在该机器上运行 `domainsmith bench` 即可测得。",
    },
    "note_incomplete": {"en": "{name}: the benchmark is incomplete: {why}.", "zh": "{name}：基准测试不完整：{why}。"},
    "note_warning": {"en": "{name}: {warning}.", "zh": "{name}：{warning}。"},
    "note_costs": {
        "en": (
            "Costs are what an hour of one device costs by the price given, over the speed at that point: as if it "
            "were busy all the time, and nothing else cost anything. All prices are taken to be of one currency."
        ),
        "zh": (
            "成本为所给的单设备每小时价格除以该测点的速度：假定设备一直满负荷，且不计其他费用。所有价格视为同一货币。"
        ),
    },
    "note_abilities": {
        "en": "What trains is measured where a benchmark tried it, else the catalogue's word; emulated is not native.",
        "zh": "能否训练：基准测试试过的为实测，其余为目录所述；模拟不算原生支持。",
    },
    "mixed_axis": {
        "en": "The bars are of different models or points and show no ranking.",
        "zh": "各柱针对不同的模型或测点，不能据此排名。",
    },
    "leads": {"en": "{row}: {name} leads with {text}", "zh": "{row}：{name} 领先，{text}"},
    "axis_speed": {"en": "Speed: decoding {size}", "zh": "速度：{size} 解码"},
    "axis_first": {"en": "Speed: first token of {size}", "zh": "速度：{size} 首词元"},
    "axis_memory": {"en": "Memory", "zh": "显存/内存"},
    "axis_compatibility": {"en": "Compatibility", "zh": "兼容性"},
    "axis_measured": {"en": "Measured: {about}", "zh": "实测：{about}"},
    "radar_scale": {
        "en": "The rim is the best of those chosen; compatibility is the share of what is known that is native.",
        "zh": "外圈为所选中的最佳值；兼容性为已知项目中原生支持的比例。",
    },
    "gap": {"en": "{axis}: not known of {names}", "zh": "{axis}：{names} 未知"},
    "title": {"en": "Devices compared", "zh": "设备比较"},
    "quantity": {"en": "Quantity", "zh": "指标"},
    "subject_measured": {"en": "{name}: benchmark of {at}, {place}", "zh": "{name}：{at} 的基准测试，{place}"},
    "place_local": {"en": "on this machine", "zh": "本机"},
    "place_endpoint": {"en": "against an endpoint", "zh": "通过端点"},
    "place_script": {"en": "by the script elsewhere", "zh": "由脚本在别处测得"},
    "how_to_read": {"en": "How to read it", "zh": "如何阅读"},
    "sources": {"en": "Where the figures come from", "zh": "数字来源"},
    "group_device": {"en": "The device", "zh": "设备"},
    "group_bound": {"en": "What its figures allow", "zh": "指标允许的上限"},
    "group_ability": {"en": "What it can do", "zh": "能力"},
    "group_measured": {"en": "Measured", "zh": "实测"},
    "group_cost": {"en": "Cost, by the prices given", "zh": "成本（按所给价格）"},
    "no_subject": {"en": "neither a saved benchmark nor a device", "zh": "既不是已保存的基准测试，也不是设备"},
    "saved_are": {"en": "saved are {names}", "zh": "已保存的有 {names}"},
    "none_saved": {"en": "nothing is saved yet", "zh": "还没有保存的结果"},
    "no_size": {
        "en": "{size} thousand million parameters is no size of a model",
        "zh": "{size} 十亿参数不是有效的模型大小",
    },
    "size_mend": {
        "en": "give thousand millions, e.g. 7 for a 7B model",
        "zh": "请以十亿为单位，例如 7B 模型填 7",
    },
    "no_price_text": {"en": "this is no price", "zh": "这不是价格"},
    "price_mend": {
        "en": "give NAME=AMOUNT, the price of one device for an hour, e.g. A800=12.5",
        "zh": "请写成 名称=金额（单设备每小时价格），例如 A800=12.5",
    },
    "price_of_nobody": {"en": "nothing that is compared has that name", "zh": "参与比较的对象中没有这个名称"},
    "price_of_nobody_mend": {"en": "compared are {names}", "zh": "参与比较的有 {names}"},
    "nothing": {"en": "nothing was chosen to compare", "zh": "没有选择要比较的对象"},
    "nothing_mend": {
        "en": "name at least one saved benchmark or device",
        "zh": "请至少给出一个已保存的基准测试或设备",
    },
}
"""Sentences by key."""

SPOKEN: Final[Phrases] = {
    "bound": {
        "en": (
            "By its figures {fast} is faster than {slow}: decoding {size} in 16 bit alone at most {high} against {low} "
            "tokens/s, {ratio} times as fast."
        ),
        "zh": "按指标，{fast} 比 {slow} 快：{size} 16 位单条解码上限 {high}对 {low} tokens/s，为 {ratio} 倍。",
    },
    "measured": {
        "en": "{fast} is faster than {slow}: {about}, {high} against {low} tokens/s, {ratio} times as fast.",
        "zh": "{fast} 比 {slow} 快：{about}，{high}对 {low} tokens/s，为 {ratio} 倍。",
    },
    "measured_even": {
        "en": "{a} and {b} are level: {about}, {high} and {low} tokens/s, too near to call either faster.",
        "zh": "{a} 与 {b} 相当：{about}，{high}与 {low} tokens/s，差距太小，分不出快慢。",
    },
    "even": {
        "en": "{a} and {b} are level by their figures: both at most {value} tokens/s decoding {size} in 16 bit alone.",
        "zh": "按指标 {a} 与 {b} 相当：{size} 16 位单条解码上限均为 {value} tokens/s。",
    },
    "no_verdict": {
        "en": "Whether {a} or {b} answers faster is not known: {why}.",
        "zh": "{a} 与 {b} 哪个回答更快尚不可知：{why}。",
    },
    "bounds_only": {
        "en": "These are bounds; the ratio of real speeds is known once both are measured with the same model.",
        "zh": "这只是上限之比；真实速度之比要用同一模型实测双方之后才知道。",
    },
    "row": {"en": "{name}: {cells}", "zh": "{name}：{cells}"},
    "cell": {"en": "{subject} {text}", "zh": "{subject} {text}"},
    "gaps": {"en": "Not known: {gaps}.", "zh": "未知：{gaps}。"},
    "gap": {"en": "{subject}: {name}", "zh": "{subject}：{name}"},
    "saved": {
        "en": "Saved is a benchmark of this machine ({device}) of {at} ({id}).",
        "zh": "已保存本机（{device}）{at} 的基准测试（{id}）。",
    },
    "saved_nothing": {
        "en": "That benchmark holds no speeds.",
        "zh": "该基准测试没有速度数据。",
    },
    "none_saved": {
        "en": "No benchmark of this machine is saved yet.",
        "zh": "还没有保存过本机的基准测试。",
    },
    "command": {
        "en": (
            "`domainsmith bench` or the Hardware page measures this machine and saves the result. I do not start it by "
            "myself: it keeps the machine busy for minutes, and anything beside it spoils the figures."
        ),
        "zh": (
            "`domainsmith bench` 或“硬件”页会测量本机并保存结果。我不会自行启动：它会占用机器数分钟，"
            "同时运行别的任务会使数字失真。"
        ),
    },
}
"""Sentences with which the assistant answers about devices."""
