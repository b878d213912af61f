"""Comparisons: every figure labelled, nothing invented for what nobody knows, no axis that mixes models in silence."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import InputError
from agent.policy.memory_parts import CONTEXT_GIB, GIB
from agent.prompts.comparison import COMPARISON, SPOKEN
from agent.records.base import Language
from agent.records.benchmark import Machine, Measurement, Roofline
from agent.records.device_comparison import ComparedCell, ComparedRow, DeviceComparison
from agent.records.hardware import Label
from tests.tools.benchmark.compared import point, result
from tools.benchmark.bounds import decode_bound, first_token_bound_ms, needed_gib
from tools.benchmark.comparison import compare
from tools.benchmark.comparison_charts import bars
from tools.benchmark.subjects import (
    Chosen,
    choose,
    of_device,
    of_result,
)
from tools.hardware import find_device
from tools.plan import plan

LANGUAGES: tuple[Language, ...] = get_args(Language)
SOME = settings(max_examples=60, deadline=None)


def devices(*names: str) -> tuple[Chosen, ...]:
    return tuple(of_device(find_device(name)) for name in names)


def cells(made: DeviceComparison, key: str) -> list[tuple[str, Label | None]]:
    row = made.row(key)
    assert row is not None, key
    return [(cell.text, cell.label) for cell in row.cells]


# The bounds


@pytest.mark.parametrize(
    ("bandwidth", "batch", "tokens_per_s"),
    [
        # bandwidth / (7e9 · 2 bytes + batch · 576 · 107520 bytes): 30 layers, 7 heads of 128, 2 bytes, keys and values.
        (1935, 1, 1935e9 / (14e9 + 576 * 107520)),
        (768, 1, 768e9 / (14e9 + 576 * 107520)),
        (768, 32, 32 * 768e9 / (14e9 + 32 * 576 * 107520)),
    ],
)
def test_decoding_is_bound_by_bandwidth(bandwidth: float, batch: int, tokens_per_s: float) -> None:
    assert decode_bound(7.0, bandwidth, batch) == pytest.approx(tokens_per_s)


def test_the_first_token_is_bound_by_arithmetic() -> None:
    assert first_token_bound_ms(7.0, 312) == pytest.approx(2 * 7e9 * 512 / 312e12 * 1000)


@pytest.mark.parametrize("name", ["A800", "S4000", "S3000", "910A", "910B", "T4", "cpu"])
@pytest.mark.parametrize("size", [0.5, 7.0, 14.0, 70.0])
def test_the_largest_model_and_the_memory_needed_are_those_of_the_plan(name: str, size: float) -> None:
    planned = plan(name, 1, size).inference
    assert planned is not None
    ((text, label),) = cells(compare(devices(name), size), "largest")
    assert (text, label) == (f"{planned.largest_params_b:g}", "estimated")
    if find_device(name).backend != "cpu":  # whose bounds are of 16 bit, as their rows say
        cache = 640 * planned.kv_bytes_per_token
        assert needed_gib(size) == pytest.approx(planned.weights_gib + cache / GIB + CONTEXT_GIB, abs=1e-3)


@given(size=st.floats(0.01, 500), bandwidth=st.floats(10, 10_000), tflops=st.floats(0.1, 5000))
@SOME
def test_bounds_grow_with_the_device_and_fall_with_the_model(size: float, bandwidth: float, tflops: float) -> None:
    assert decode_bound(size, 2 * bandwidth, 1) == pytest.approx(2 * decode_bound(size, bandwidth, 1))
    assert decode_bound(size, bandwidth, 32) > decode_bound(size, bandwidth, 1)
    assert decode_bound(2 * size, bandwidth, 1) < decode_bound(size, bandwidth, 1)
    assert first_token_bound_ms(size, 2 * tflops) == pytest.approx(first_token_bound_ms(size, tflops) / 2)


# The rows


def test_devices_of_the_catalogue() -> None:
    made = compare(devices("A800", "S4000", "910A"), 7.0)
    assert cells(made, "gib") == [("80", "datasheet"), ("48", "datasheet"), ("32", "datasheet")]
    assert cells(made, "bandwidth") == [("1935", "datasheet"), ("768", "datasheet"), ("1200", "estimated")]
    assert cells(made, "decode_1") == [("138", "estimated"), ("54.6", "estimated"), ("85.3", "estimated")]
    assert [text for text, _ in cells(made, "qlora")] == ["yes", "no", "no"]
    assert cells(made, "ability_share")[1][0] == "3 of 4"
    assert made.row("probe_share") is None
    assert made.row("tflops_32") is None
    assert [row for row in made.rows if row.group == "measured"] == []
    assert any("Nobody measured" in note for note in made.notes)


def test_a_share_is_as_sure_as_the_least_sure_of_its_parts() -> None:
    made = compare(devices("A800", "910B", "S3000"), 7.0)
    assert cells(made, "qlora")[1] == ("yes", "estimated")
    assert cells(made, "ability_share") == [("4 of 4", "datasheet"), ("4 of 4", "estimated"), ("0 of 4", "estimated")]


def test_what_nobody_knows_is_empty_and_says_so() -> None:
    made = compare(devices("S3000"), 7.0)
    for key in ("tflops_16", "ttft", "ridge", "int8"):
        row = made.row(key)
        assert row is not None
        assert row.cells == (ComparedCell(text="not known"),), key


@pytest.mark.parametrize(("lang", "says"), [("en", "does not fit: needs 132 GiB of 48"), ("zh", "装不下")])
def test_a_model_too_large_for_one_device_has_no_speed(lang: Language, says: str) -> None:
    made = compare(devices("S4000"), 70.0, lang)
    for key in ("decode_1", "ttft"):
        ((text, label),) = cells(made, key)
        assert says in text
        assert label == "estimated"
    assert made.row("decode_1").cells[0].value is None  # type: ignore[union-attr]


def test_a_benchmark_fills_its_column_with_what_it_measured() -> None:
    made = compare((of_result(result()), *devices("A800")), 0.5)
    assert cells(made, "gib")[0] == ("16", "measured")
    assert cells(made, "bandwidth")[0] == ("20", "measured")
    assert cells(made, "tflops_16")[0] == ("0.25", "measured")
    assert cells(made, "tflops_32") == [("0.5", "measured"), ("not known", None)]
    assert cells(made, "int8")[0] == ("not known", None), "it was refused"
    assert cells(made, "decode_1")[0][1] == "estimated", "a bound from a measured bandwidth is no measurement"
    assert [cells(made, key)[0] for key in ("bf16", "qlora", "lora", "full")] == [
        ("emulated", "measured"),
        ("no", "measured"),
        ("yes", "measured"),
        ("yes", "measured"),
    ]
    assert cells(made, "ability_share")[0] == ("2 of 4", "measured")
    assert cells(made, "probe_share") == [("5 of 8", "measured"), ("not measured", None)]
    assert cells(made, "share") == [("50%", "measured"), ("not measured", None)]


def test_figures_of_the_catalogue_within_a_benchmark_keep_their_label() -> None:
    roofline = Roofline(
        bandwidth_gb_s=768, bandwidth_label="datasheet", tflops=100, tflops_label="datasheet", compute_type="bf16",
        decode_share=0.6,
    )  # fmt: skip
    made = compare([of_result(result(capabilities={}, roofline=roofline))])
    assert cells(made, "bandwidth") == [("768", "datasheet")]
    assert cells(made, "tflops_16") == [("100", "datasheet")]
    assert cells(made, "share") == [("60%", "estimated")], "a share of what nobody measured is no measurement"
    assert cells(made, "bf16") == [("not tried", None)]
    assert made.row("probe_share") is None


def test_an_endpoint_tells_nothing_of_its_device() -> None:
    seen = result(
        place="endpoint", endpoint="http://10.0.0.5:8000/v1", device=Machine(name="qwen", backend=None),
        capabilities={}, roofline=None, training=(),
    )  # fmt: skip
    made = compare([of_result(seen)])
    assert {label for key in ("gib", "bandwidth", "decode_1", "largest") for _, label in cells(made, key)} == {None}
    assert any(row.key.startswith("tokens_per_s|") for row in made.rows)


@pytest.mark.parametrize(
    "changed",
    [
        {"model": "Other-2M"},
        {"variant": "4bit"},
        {"compute_type": "bf16"},
        {"batch": 2},
        {"prompt_tokens": 65},
        {"output_tokens": 33},
    ],
)
def test_points_that_differ_never_share_a_row(changed: dict[str, Any]) -> None:
    one = of_result(result(measurements=(point(10),)))
    other = of_result(result("Chip Two", measurements=(point(20, **changed),)))
    made = compare([one, other])
    rows = [row for row in made.rows if row.key.startswith("tokens_per_s|")]
    assert [[cell.value for cell in row.cells] for row in rows] == [[10, None], [None, 20]]
    assert all(row.cells[place].text == "not measured" for place, row in ((1, rows[0]), (0, rows[1])))


def test_points_that_agree_share_a_row_and_name_their_model() -> None:
    made = compare([of_result(result(speed=10)), of_result(result("Chip Two", speed=20))])
    (alone, together) = [row for row in made.rows if row.key.startswith("tokens_per_s|")]
    assert [cell.value for cell in alone.cells] == [10, 20]
    assert [cell.value for cell in together.cells] == [30, 60]
    assert "Tiny-1M in fp32, batch 1, 64 + 32 tokens" in alone.name
    assert not alone.mixed
    assert any("do not read one against the other" in note for note in made.notes)


def test_shares_of_different_models_are_mixed() -> None:
    other = result("Chip Two", measurements=(point(20, model="Other-2M"),))
    made = compare([of_result(result()), of_result(other)])
    row = made.row("share")
    assert row is not None
    assert row.mixed
    drawn = bars(made, row)
    assert "no ranking" in drawn.warning
    assert [bar.text for bar in drawn.bars] == [
        "50% (measured, Tiny-1M in fp32)",
        "50% (measured, Other-2M in fp32)",
    ]


def test_training_is_compared_with_the_same_model_and_shape() -> None:
    other = result("Chip Two", measurements=(point(20, model="Other-2M"),))
    made = compare([of_result(result()), of_result(other)])
    rows = [row for row in made.rows if row.key.startswith("training_speed|")]
    assert [[cell.value for cell in row.cells] for row in rows] == [[128.0, None], [None, 128.0]]
    assert rows[0].name == "Training, LoRA: Tiny-1M in fp32, batch 2 of 128 tokens"


@pytest.mark.parametrize("changed", [{"model": "Other-2M"}, {"compute_type": "bf16"}])
def test_training_of_other_models_or_types_never_shares_a_row(changed: dict[str, Any]) -> None:
    (plain,) = result().training
    named = plain.model_copy(update={"model": "Tiny-1M", "compute_type": "fp32"})
    # `bench --only train`: there are no answers that would name the model.
    one = of_result(result(measurements=(), training=(named,)))
    other = of_result(result("Chip Two", measurements=(), training=(named.model_copy(update=changed),)))
    rows = [row for row in compare([one, other]).rows if row.key.startswith("training_speed|")]
    assert [[cell.value for cell in row.cells] for row in rows] == [[128.0, None], [None, 128.0]]
    assert rows[1].name != rows[0].name
    (both,) = [row for row in compare([one, one]).rows if row.key.startswith("training_speed|")]
    assert [cell.value for cell in both.cells] == [128.0, 128.0]


def test_training_of_models_that_nobody_named_never_shares_a_row() -> None:
    made = compare([of_result(result(measurements=())), of_result(result("Chip Two", measurements=()))])
    rows = [row for row in made.rows if row.key.startswith("training_speed|")]
    assert [[cell.value for cell in row.cells] for row in rows] == [[128.0, None], [None, 128.0]]
    assert len({row.key for row in made.rows}) == len(made.rows)


def load(counted: tuple[int, int, int], speed: float, **changed: Any) -> Measurement:
    batch, prompt, output = counted
    values = {"batch": batch, "prompt_tokens": prompt, "output_tokens": output, "asked_prompt": 512}
    return point(speed, **(values | {"asked_output": 128, "model": "qwen", "compute_type": None} | changed))


def loaded(*levels: Measurement) -> Chosen:
    device = Machine(name="qwen", backend=None)
    return of_result(
        result(place="endpoint", endpoint="http://h/v1", device=device, measurements=levels, training=(), roofline=None)
    )


def test_an_endpoint_keeps_the_reply_alone_whatever_its_server_counts() -> None:
    one = loaded(load((1, 513, 128), 10), load((8, 512, 127), 70), load((32, 512, 128), 200))
    other = loaded(load((1, 510, 128), 20), load((8, 511, 128), 90), load((32, 509, 128), 300))
    made = compare([one, other])
    speeds = [row for row in made.rows if row.key.startswith("tokens_per_s|")]
    assert [[cell.value for cell in row.cells] for row in speeds] == [[10, 20], [200, 300]]
    assert "batch 1, 512 + 128 tokens" in speeds[0].name
    for key in ("ttft_ms", "tpot_ms"):
        (row,) = [row for row in made.rows if row.key.startswith(f"{key}|")]
        assert all(cell.label for cell in row.cells), key
        assert not row.mixed


def test_replies_far_from_what_was_asked_say_so_and_show_no_ranking() -> None:
    made = compare([loaded(load((1, 512, 128), 10)), loaded(load((1, 512, 20), 30))])
    row = next(row for row in made.rows if row.key.startswith("tokens_per_s|"))
    assert [cell.about for cell in row.cells] == ["", "prompts of 512, replies of 20 tokens"]
    assert "no ranking" in bars(made, row).warning


def test_a_probe_alone_has_no_measured_rows_and_unnamed_models_say_so() -> None:
    made = compare([of_result(result(measurements=(), training=(), roofline=None))])
    assert [row.key for row in made.rows if row.group == "measured"] == []
    assert cells(made, "bandwidth") == [("20", "measured")]
    made = compare([of_result(result(measurements=()))])
    assert "unnamed model" in next(row.name for row in made.rows if row.key.startswith("training_speed|"))


def test_incomplete_results_and_warnings_are_notes() -> None:
    made = compare([of_result(result(complete=False, stopped="cancelled.", warnings=("noisy",)))])
    assert "Chip One: the benchmark is incomplete: cancelled." in made.notes
    assert "Chip One: noisy." in made.notes
    made = compare([of_result(result(complete=False))])
    assert any(note.endswith("incomplete: not known.") for note in made.notes)


def test_equal_names_are_told_apart() -> None:
    two = [of_result(result(at=f"2026-05-0{day}T10:00:00Z"), f"r{day}") for day in (1, 2)]
    four = of_result(result(device=Machine(name="Chip One", backend="cuda", count=4, gib=16.0)), "four")
    made = compare([*two, four])
    assert [one.name for one in made.subjects] == [
        "Chip One (2026-05-01 10:00:00 UTC)",
        "Chip One (2026-05-02 10:00:00 UTC)",
        "Chip One (1 of 4)",
    ]
    at_once = compare([of_result(result(), "r1"), of_result(result(), "r2")])
    assert [one.name[-4:] for one in at_once.subjects] == ["(r1)", "(r2)"]


@pytest.mark.parametrize("size", [0, -1, math.nan, math.inf, 1e9])
def test_no_size_is_refused(size: float) -> None:
    with pytest.raises(InputError, match="no size of a model"):
        compare(devices("A800"), size)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_refused(lang: Language, tmp_path: Path) -> None:
    says = COMPARISON["nothing"][lang]
    with pytest.raises(InputError, match=says):
        compare([], lang=lang)
    with pytest.raises(InputError, match=says):
        choose(tmp_path, [], lang)


def test_every_sentence_has_both_languages_and_the_same_gaps() -> None:
    import re

    for phrases in (COMPARISON, SPOKEN):
        for key, words in phrases.items():
            assert set(words) == set(LANGUAGES), key
            assert len({frozenset(re.findall(r"{(\w+)}", text)) for text in words.values()}) == 1, key


def test_a_row_of_one_model_is_not_mixed() -> None:
    cells = (ComparedCell(value=1, text="1", label="measured", about="a"), ComparedCell(text="?"))
    row = ComparedRow(key="k", group="measured", name="n", cells=cells)
    assert not row.mixed
