"""What is known of machines, in words: each figure with its label, what is not known said, nothing ranked on faith."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from agent.prompts.assistant import RESULTS
from agent.prompts.comparison import COMPARISON, SPOKEN
from agent.prompts.device_answers import ANSWERS
from agent.prompts.phrases import fill, listed, model_size
from agent.records.base import Language
from agent.records.device_comparison import ComparedCell, ComparedRow, ComparedSubject, DeviceComparison
from agent.records.evaluation import EvaluationReport
from agent.records.hardware import Device
from agent.records.tuning import TuneResult
from graph.replies.said import Said, joined
from tools.benchmark.comparison_charts import are_level
from tools.benchmark.comparison_markdown import cell_text, row_name
from tools.benchmark.subjects import said_moment, spoken_name
from tools.evaluation.wording import arm_name

SHOWN: Final = ("gib", "bandwidth", "tflops_16", "decode_1", "decode_32", "ttft", "largest")
"""Rows of a comparison that an answer about inference lists, beside what was measured."""
MOST_MEASURED: Final = 6
"""Measured rows listed; the Hardware page has all."""
MOST_COSTS: Final = 4
"""Rows of prices and costs listed, where anybody gave a price."""
_ONE_DECIMAL: Final = 1.1
"""Ratio from which one decimal is enough."""


def machine(
    device: Device,
    saved: DeviceComparison | None,
    trained: TuneResult | None,
    report: EvaluationReport | None,
    lang: Language,
) -> Said:
    """Return what is known of this machine: its figures, its newest benchmark, what jobs took, how to measure it.

    Args:
        device: This machine.
        saved: Its newest saved benchmark alone, if there is one.
        trained: The project's newest tuning, if any.
        report: The project's newest evaluation, if any.
        lang: Language of the answer.
    """
    evidence = [device.name]
    if saved is not None:
        one = saved.subjects[0]
        evidence.append(one.id)
        found = joined(
            fill(SPOKEN, "saved", lang, device=one.name, at=said_moment(one.at), id=one.id), _found(saved, lang)
        )
    else:
        found = fill(SPOKEN, "none_saved", lang)
    measured = []
    if trained is not None:
        measured.append(fill(RESULTS, "machine_trained", lang, rate=f"{trained.tokens_per_s:.0f}", run=trained.run))
        evidence.append(trained.run)
    if report is not None:
        for arm, seconds in report.seconds.items():
            gaps = {"arm": arm_name(arm, lang), "seconds": f"{seconds:.2f}", "run": report.run}
            measured.append(fill(RESULTS, "machine_answered", lang, **gaps))
        evidence.append(report.run)
    if saved is None and not measured:
        measured.append(fill(RESULTS, "machine_unmeasured", lang))
    text = joined(device_line(device, lang), found, "\n".join(measured), fill(SPOKEN, "command", lang))
    return Said(text, evidence=tuple(evidence), articles=("hardware",))


def device_line(device: Device, lang: Language) -> str:
    """Return a device's figures, each with label and source."""
    figures = []
    for key, field, gap in (
        ("machine_memory", "gib", "gib"),
        ("machine_bandwidth", "bandwidth_gb_s", "value"),
        ("machine_tflops", "fp16_tflops", "value"),
    ):
        value, source = getattr(device, field), device.figures.get(field)
        if value is not None and source is not None:
            label = fill(COMPARISON, f"label_{source.label}", lang)
            gaps = {gap: f"{value:g}", "label": label, "source": source.source}
            figures.append(fill(RESULTS, key, lang, **gaps))
    return "- " + fill(
        RESULTS,
        "machine",
        lang,
        device=spoken_name(device.name, lang),
        figures=("；" if lang == "zh" else "; ").join(figures) or "?",
    )


def compared(comparison: DeviceComparison, lang: Language) -> Said:
    """Return the first subject against each other one, the rows behind it, and what nobody knows."""
    first, *others = comparison.subjects
    verdicts = [_verdict(comparison, place, lang) for place in range(1, len(comparison.subjects))]
    rows = [row for row in comparison.rows if row.key in SHOWN]
    rows += _telling(comparison)
    rows += [row for row in comparison.rows if row.group == "cost"][:MOST_COSTS]
    lines = "\n".join(f"- {_row(row, comparison.subjects, lang)}" for row in rows if _any(row))
    gaps = [
        fill(SPOKEN, "gap", lang, name=row.name, subject=subject.name)
        for row in rows
        if row.group not in ("measured", "cost")
        for subject, cell in zip(comparison.subjects, row.cells, strict=True)
        if cell.label is None
    ]
    unknown = fill(SPOKEN, "gaps", lang, gaps=(("；" if lang == "zh" else "; ").join(gaps))) if gaps else ""
    evidence = tuple(one.id for one in (first, *others))
    return Said(
        joined("\n".join(verdicts), lines, unknown, _notes(comparison, lang)), evidence=evidence, articles=("hardware",)
    )


def token_costs(comparison: DeviceComparison, file: str, lang: Language) -> Said:
    """Return what output tokens cost by the prices that somebody gave; where nobody did, how to give one.

    Args:
        comparison: Of what was asked about.
        file: Where a user's own prices are read from.
        lang: Language of the answer.
    """
    rows = [row for row in comparison.rows if row.group == "cost"]
    head = fill(ANSWERS, "cost_of_tokens", lang, size=model_size(comparison.params_b)) if rows else ""
    lines = "\n".join(f"- {_row(row, comparison.subjects, lang)}" for row in rows)
    paid = next((row for row in rows if row.key == "price"), None)
    unpaid = [one for at, one in enumerate(comparison.subjects) if paid is None or paid.cells[at].value is None]
    missing = fill(ANSWERS, "no_price", lang, device=listed(tuple(one.name for one in unpaid), lang)) if unpaid else ""
    # A price goes by the name that is the same in every language.
    give = fill(ANSWERS, "give_price", lang, device=unpaid[0].id, file=file) if unpaid else ""
    slow = fill(ANSWERS, "cost_no_speed", lang) if rows and all(row.key == "price" for row in rows) else ""
    notes = _notes(comparison, lang) if rows else ""
    evidence = tuple(one.id for one in comparison.subjects)
    return Said(joined(missing, head, lines, slow, give, notes), evidence=evidence, articles=("hardware",))


def with_left_out(said: Said, names: Sequence[str], most: int, lang: Language) -> Said:
    """Add which devices a comparison has no room for."""
    if not names:
        return said
    told = fill(ANSWERS, "left_out", lang, most=most, names=listed(tuple(names), lang))
    return replace(said, text=joined(told, said.text))


def _notes(comparison: DeviceComparison, lang: Language) -> str:
    """Return how a comparison has to be read, but for what no answer shows: what trains."""
    abilities = fill(COMPARISON, "note_abilities", lang)
    return "\n".join(note for note in comparison.notes if note != abilities)


def _verdict(comparison: DeviceComparison, place: int, lang: Language) -> str:
    """Return which of the first and another subject answers faster, measured where both are, else by their bounds."""
    a, b = comparison.subjects[0], comparison.subjects[place]
    for row in comparison.rows:
        ranked = _ranked(comparison, row, place) if row.key.startswith("tokens_per_s|") else None
        if ranked is None or ranked.high.about != ranked.low.about:
            continue  # Replies of other lengths: a machine that wrote less is not the faster one for it.
        if are_level(ranked.high, ranked.low):
            told = {"high": cell_text(ranked.high, lang), "low": cell_text(ranked.low, lang)}
            names = {"a": ranked.fast.name, "b": ranked.slow.name}
            return fill(SPOKEN, "measured_even", lang, about=row.name, **names, **told)
        return fill(SPOKEN, "measured", lang, about=row.name, **ranked.gaps(lang))
    bound = comparison.row("decode_1")
    assert bound is not None
    size = model_size(comparison.params_b)
    ranked = _ranked(comparison, bound, place)
    if ranked is None:
        whys = (
            fill(SPOKEN, "row", lang, name=one.name, cells=cell.text)
            for one, cell in ((a, bound.cells[0]), (b, bound.cells[place]))
            if cell.value is None
        )
        return fill(SPOKEN, "no_verdict", lang, a=a.name, b=b.name, why=listed(tuple(whys), lang))
    if are_level(ranked.high, ranked.low):
        return fill(SPOKEN, "even", lang, a=a.name, b=b.name, value=ranked.high.text, size=size)
    space = "" if lang == "zh" else " "
    said = fill(SPOKEN, "bound", lang, size=size, **ranked.gaps(lang))
    return f"{said}{space}{fill(SPOKEN, 'bounds_only', lang)}"


@dataclass(frozen=True)
class _Ranked:
    """Two subjects, the faster one first."""

    fast: ComparedSubject
    slow: ComparedSubject
    high: ComparedCell
    low: ComparedCell
    ratio: float

    def gaps(self, lang: Language) -> dict[str, str]:
        """Return what a sentence about them needs."""
        return {
            "fast": self.fast.name,
            "slow": self.slow.name,
            "high": cell_text(self.high, lang),
            "low": cell_text(self.low, lang),
            # Below, one decimal could read 1.0 of what is said to be faster.
            "ratio": f"{self.ratio:.1f}" if self.ratio >= _ONE_DECIMAL else f"{self.ratio:.2f}",
        }


def _ranked(comparison: DeviceComparison, row: ComparedRow, place: int) -> _Ranked | None:
    """Return the first and another subject by a row where more is faster; `None` where one of them is not known."""
    pairs = [(comparison.subjects[at], row.cells[at], row.cells[at].value or 0.0) for at in (0, place)]
    (slow, low, less), (fast, high, more) = sorted(pairs, key=lambda pair: pair[2])
    return _Ranked(fast, slow, high, low, more / less) if less > 0 else None


def _telling(comparison: DeviceComparison) -> list[ComparedRow]:
    """Return the measured rows that most subjects have, the first of them; rows keep their order."""
    measured = [row for row in comparison.rows if row.group == "measured"]
    ranked = sorted(measured, key=lambda row: -sum(cell.label is not None for cell in row.cells))
    return [row for row in measured if row in ranked[:MOST_MEASURED]]


def _found(saved: DeviceComparison, lang: Language) -> str:
    rows = [row for row in saved.rows if row.key in ("bandwidth", "tflops_16", "tflops_32", "probe_share")]
    rows = [row for row in (*rows, *_telling(saved)) if _any(row)]
    lines = [f"- {row_name(row, lang)}: {cell_text(row.cells[0], lang)}" for row in rows]
    measured = any(row.group == "measured" for row in rows)
    one = saved.subjects[0]
    doubts = [note for note in saved.notes if note.startswith(one.name)]
    return joined("\n".join(lines), "" if measured else fill(SPOKEN, "saved_nothing", lang), "\n".join(doubts))


def _row(row: ComparedRow, subjects: Sequence[ComparedSubject], lang: Language) -> str:
    stop = "；" if lang == "zh" else "; "
    cells = stop.join(
        fill(SPOKEN, "cell", lang, subject=subject.name, text=cell_text(cell, lang))
        for subject, cell in zip(subjects, row.cells, strict=True)
    )
    return fill(SPOKEN, "row", lang, name=row_name(row, lang), cells=cells)


def _any(row: ComparedRow) -> bool:
    return any(cell.label is not None for cell in row.cells)
