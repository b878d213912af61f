"""Comparisons as a whole: tables, bars and radars hold every figure with its label, and name what is not known."""

from __future__ import annotations

import json
import math
import re
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.prompts.comparison import COMPARISON
from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult, Capability, Machine, Roofline
from agent.records.device_comparison import DeviceComparison
from agent.records.hardware import Device, Label
from tests.tools.benchmark.compared import PROBED, point, result
from tools.benchmark.comparison import compare
from tools.benchmark.comparison_charts import bars, drawable, radar
from tools.benchmark.comparison_markdown import as_markdown
from tools.benchmark.subjects import (
    Chosen,
    of_device,
    of_result,
)
from tools.hardware import catalogue, find_device

LANGUAGES: tuple[Language, ...] = get_args(Language)
SOME = settings(max_examples=60, deadline=None)


def devices(*names: str) -> tuple[Chosen, ...]:
    return tuple(of_device(find_device(name)) for name in names)


figures = st.one_of(st.none(), st.floats(0.01, 1e5))
labels = st.sampled_from(get_args(Label))


@st.composite
def some_devices(draw: st.DrawFn) -> Device:
    listed = draw(st.sampled_from(catalogue()))
    changed = {name: draw(figures) for name in ("bandwidth_gb_s", "fp16_tflops", "int8_tops")}
    bf16 = draw(st.sampled_from(["yes", "no", "emulated", "unknown"]))
    return listed.model_copy(update={**changed, "gib": draw(st.floats(0.5, 500)), "bf16": bf16})


@st.composite
def some_results(draw: st.DrawFn) -> BenchmarkResult:
    outcomes = st.sampled_from(["supported", "emulated", "refused", "crashed", "not_tried"])
    probed = {
        name: Capability(outcome=draw(outcomes), figure=one.figure, unit=one.unit)
        for name, one in PROBED.items()
        if draw(st.booleans())
    }
    points = tuple(
        point(
            draw(st.floats(0.01, 1e4)), model=draw(st.sampled_from(["A", "B", ""])),
            batch=draw(st.sampled_from([1, 8])), ttft_ms=draw(figures), peak_gib=draw(figures),
            decode_tokens_per_s=draw(figures),
        )
        for _ in range(draw(st.integers(0, 4)))
    )  # fmt: skip
    roofline = draw(
        st.sampled_from([None, result().roofline, Roofline(bandwidth_gb_s=5.0), Roofline(decode_share=0.3)])
    )
    return result(capabilities=probed, measurements=points, roofline=roofline, complete=draw(st.booleans()))


chosen = st.lists(st.one_of(some_devices().map(of_device), some_results().map(of_result)), min_size=1, max_size=5)


@given(subjects=chosen, size=st.floats(0.05, 200), lang=st.sampled_from(LANGUAGES))
@SOME
def test_every_figure_has_its_label_and_source(subjects: list[Chosen], size: float, lang: Language) -> None:
    made = compare(subjects, size, lang)
    assert len({row.key for row in made.rows}) == len(made.rows)
    for row in made.rows:
        assert len(row.cells) == len(subjects)
        for one, cell in zip(subjects, row.cells, strict=True):
            assert cell.text
            assert (cell.label is None) == (not cell.source), (row.key, cell)
            assert cell.value is None or (cell.label is not None and math.isfinite(cell.value)), (row.key, cell)
            assert row.group != "bound" or cell.label in (None, "estimated"), row.key
            if row.group == "measured":
                assert one.result is not None or cell.label is None, "a catalogue measures nothing"
    json.loads(made.model_dump_json())
    assert DeviceComparison.model_validate_json(made.model_dump_json()) == made


@given(subjects=chosen, lang=st.sampled_from(LANGUAGES))
@SOME
def test_markdown_holds_every_label_and_its_tables_are_whole(subjects: list[Chosen], lang: Language) -> None:
    made = compare(subjects, 7.0, lang)
    text = as_markdown(made, lang)
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in table} == {len(subjects) + 2}
    known = sum(cell.label is not None for row in made.rows for cell in row.cells)
    words = [COMPARISON[f"label_{label}"][lang] for label in get_args(Label)]
    left = "（" if lang == "zh" else " ("
    assert sum(line.count(f"{left}{word}") for line in table for word in words) == known


@given(subjects=chosen, lang=st.sampled_from(LANGUAGES))
@SOME
def test_charts_show_what_is_known_and_name_the_rest(subjects: list[Chosen], lang: Language) -> None:
    made = compare(subjects, 7.0, lang)
    for row in drawable(made):
        drawn = bars(made, row, lang)
        assert len(drawn.bars) + len(drawn.unknown) == len(subjects)
        assert [bar.value for bar in drawn.bars] == [cell.value for cell in row.cells if cell.value is not None]
        assert bool(drawn.warning) == row.mixed
    spokes = radar(made, lang)
    assert len(spokes.spokes) == 0 or len(spokes.spokes) >= 3
    for spoke in spokes.spokes:
        assert len(spoke.shares) == len(spoke.texts) == len(subjects)
        assert all(share is None or 0 <= share <= 1 + 1e-9 for share in spoke.shares)


@pytest.mark.parametrize(
    ("key", "title"),
    [
        ("gib", "Memory (GiB): NVIDIA A800 PCIe leads with 80 (data sheet)"),
        ("ttft", "First token of 7B in 16 bit after 512 prompt tokens, at least (ms): NVIDIA A800 PCIe leads with 23"),
        ("ridge", "Batch below which decoding waits for memory"),
    ],
)
def test_the_title_of_bars_is_what_they_show(key: str, title: str) -> None:
    made = compare(devices("A800", "S4000", "910A"), 7.0)
    row = made.row(key)
    assert row is not None
    assert bars(made, row).title.startswith(title)
    level = compare(devices("A800", "A100"), 7.0)
    assert bars(level, level.row("gib")).title == "Memory (GiB)"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("speed", "spread", "leads"), [(41.0, None, True), (40.7, None, False), (44.0, 0.2, False), (60.0, 0.2, True)]
)
def test_nobody_leads_by_less_than_repeats_differ(speed: float, spread: float | None, leads: bool) -> None:
    one, other = (point(40.0, spread=0.01), point(speed, spread=spread))
    made = compare([of_result(result(measurements=(one,))), of_result(result("Chip Two", measurements=(other,)))])
    row = next(row for row in made.rows if row.key.startswith("tokens_per_s|"))
    for lang, word in (("en", "Chip Two leads"), ("zh", "Chip Two 领先")):
        assert (word in bars(made, row, lang).title) == leads  # type: ignore[arg-type]


def test_the_radar_runs_to_the_best_of_those_chosen() -> None:
    spokes = radar(compare(devices("A800", "S4000", "S3000"), 7.0))
    by_name = {spoke.name: spoke.shares for spoke in spokes.spokes}
    assert by_name["Memory (data sheet)"] == (1.0, 0.6, 0.4)
    speed = by_name["Speed: decoding 7B (estimated)"]
    assert speed[0] == 1.0
    assert speed[1] == pytest.approx(768 / 1935)
    first = by_name["Speed: first token of 7B (estimated)"]
    assert first[1] == pytest.approx(100 / 312), "lower is better"
    assert first[2] is None
    assert any("not known of Moore Threads S3000" in note for note in spokes.notes)


def test_a_speed_that_all_were_measured_at_is_a_spoke() -> None:
    both = compare([of_result(result(speed=10)), of_result(result("Chip Two", speed=40))], 0.5)
    first = radar(both).spokes[0]
    assert first.name.startswith("Measured: Output speed: Tiny-1M")
    assert first.shares == (0.25, 1.0)
    mixed = compare([of_result(result(speed=10)), *devices("A800")], 0.5)
    assert not any(spoke.name.startswith("Measured") for spoke in radar(mixed).spokes)


def test_too_little_makes_no_radar() -> None:
    seen = result(device=Machine(name="m", backend=None), capabilities={}, roofline=None)
    assert radar(compare([of_result(seen)])).spokes == ()


@pytest.mark.parametrize("name", ["x\\|y", "x\\", "x\\\\|y|", "x\\[y](javascript:1)"])
def test_a_backslash_hides_no_end_of_a_cell(name: str) -> None:
    for line in as_markdown(compare([of_result(result(name))])).splitlines():
        if line.startswith("|"):
            # What a reader of Markdown sees: a backslash and the sign behind it are that sign.
            assert re.sub(r"\\(.)", "", line).count("|") == 3, line
    plain = re.sub(r"\\(.)", r"\1", as_markdown(compare([of_result(result(name))])))
    assert f"| {name} |" in plain


def test_names_from_elsewhere_break_no_markdown() -> None:
    seen = result("a|b <img src=x> [x](javascript:1)\nnext")
    text = as_markdown(compare([of_result(seen)]))
    assert "<img" not in text
    assert "[x](" not in text.replace("\\[", "")
    assert all(line.replace("\\|", "").count("|") == 3 for line in text.splitlines() if line.startswith("|"))
