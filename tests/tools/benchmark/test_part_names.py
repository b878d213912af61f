"""What a benchmark's parts and remarks are called, and what a level of load was asked for."""

from __future__ import annotations

from typing import get_args

import pytest

from agent.prompts.benchmark import VARIANT_NAMES
from agent.prompts.capabilities import PROBE
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.benchmark import Capability, Variant
from tests.tools.benchmark.compared import result
from tools.benchmark.level import Counting, Level, measurement
from tools.benchmark.part_names import part_name, remark, told_in
from tools.benchmark.timing import Limits

LANGUAGES: tuple[Language, ...] = get_args(Language)


def test_every_kind_of_weights_has_a_name() -> None:
    assert set(VARIANT_NAMES) == set(get_args(Variant))
    assert [part_name(one, "zh") for one in get_args(Variant)] == ["基座", "带适配器", "合并适配器", "4 比特"]
    assert part_name("somebody's own", "zh") == "somebody's own"


@pytest.mark.parametrize("recorded", LANGUAGES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_remarks_are_told_in_either_language_with_what_they_cite(recorded: Language, lang: Language) -> None:
    left_out = {
        "en": "training with full fine-tuning was left out: needs 90 GiB for 7B; this machine (Chip) has 48",
        "zh": "未测 全参数微调 训练：7B 需要 90 GiB；本机（Chip） 有 48 GiB",
    }
    assert remark(left_out[recorded], lang) == left_out[lang]


def test_a_whole_benchmark_is_told_with_the_messages_of_its_probe() -> None:
    missing = {lang: fill(PROBE, "not_installed", lang, package="flash-attn") for lang in LANGUAGES}
    tried = {"attention_flash_package": Capability(outcome="not_tried", message=missing["en"])}
    recorded = result(capabilities=tried, warnings=("torch_npu: libhccl.so is missing",))
    told = told_in(recorded, "zh")
    assert told.capabilities["attention_flash_package"].message == missing["zh"]
    assert told.warnings == recorded.warnings, "what no table has stays as it is"
    assert told_in(told, "en") == recorded


def test_a_level_keeps_what_was_asked_for_beside_what_the_server_counts() -> None:
    one = measurement(Level(8, 512, 128), [], Counting(), Limits(500, 50), "qwen", 509)
    assert (one.prompt_tokens, one.asked_prompt, one.asked_output, one.batch) == (509, 512, 128, 8)
