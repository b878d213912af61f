"""The dataset report and card as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import yaml

from agent.prompts.dataset import name_in, said
from agent.prompts.pair_reasons import CHECK_NAMES, reason_in, reason_of_check
from agent.records.base import Language
from agent.records.dataset import DatasetReport

MOST_SECTIONS: Final = 200
"""Rows of the heat map; of more, the thinnest are shown, since a map is looked at for its gaps. All are in the JSON."""
_BLOCKS: Final = "·░▒▓█"
_SIZES: Final = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def report_markdown(report: DatasetReport, lang: Language) -> str:
    """Return the report as Markdown."""
    return "\n\n".join(
        [
            f"# {said('title', lang, project=cell(report.project))}",
            said(
                "counts",
                lang,
                pairs=report.pairs,
                facts=report.facts,
                pending=report.pending,
                rejected=report.rejected,
            ),
            *_sections(report, lang),
        ]
    ) + "\n"  # fmt: skip


def card_markdown(
    report: DatasetReport,
    lang: Language,
    *,
    licence: str = "other",
    file: str = "pairs.jsonl",
    rows: str = "card_field_rows",
) -> str:
    """Return a dataset card with the front matter of the Hugging Face hub.

    Args:
        report: What is known of the dataset.
        lang: Language of the text.
        licence: Identifier of the licence; `other` where nobody has said.
        file: Name of the data file beside the card.
        rows: Which phrase says what its fields are.
    """
    front = {
        "pretty_name": report.project,
        "license": licence,
        "language": sorted(report.languages),
        "task_categories": ["question-answering", "text-generation"],
        "size_categories": [size_category(report.pairs)],
        "annotations_creators": ["machine-generated"],
        "source_datasets": ["original"],
        "tags": ["domainsmith", "sft", "grounded"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": file}]}],
    }
    taught = sum(not one.held_out for one in report.documents)
    return "\n\n".join(
        [
            f"---\n{yaml.safe_dump(front, allow_unicode=True, sort_keys=False).strip()}\n---",
            f"# {cell(report.project)}",
            said("card_summary", lang, pairs=report.pairs, documents=taught),
            f"## {said('card_fields', lang)}\n\n{said(rows, lang)}",
            f"## {said('card_limits', lang)}\n\n{said('card_limit_rows', lang)}",
            *_sections(report, lang),
        ]
    ) + "\n"  # fmt: skip


def size_category(pairs: int) -> str:
    """Return the hub's name for a size."""
    return next((name for most, name in _SIZES if pairs < most), "1M<n<10M")


def _sections(report: DatasetReport, lang: Language) -> list[str]:
    return [
        _titled("coverage", lang, _documents(report, lang)),
        _titled("heat", lang, heat_map(report, lang)),
        _titled("kinds", lang, _kinds(report, lang)),
        _titled("lengths", lang, _lengths(report, lang)),
        _titled("diversity", lang, _diversity(report, lang)),
        _titled(
            "repeats",
            lang,
            said("repeats_row", lang, pairs=report.repeats.pairs, share=report.repeats.share),
        ),
        _titled("imbalance", lang, _imbalance(report, lang)),
        _titled("error", lang, error_line(report, lang)),
        _titled("rejects", lang, _rejects(report, lang)),
    ]


def _titled(key: str, lang: Language, body: str) -> str:
    return f"## {said(key, lang)}\n\n{body}"


def _documents(report: DatasetReport, lang: Language) -> str:
    heads = [said(key, lang) for key in ("document", "characters", "sections", "pairs", "facts")]
    rows = [
        [
            cell(one.name) + (f" ({said('held_out', lang)})" if one.held_out else ""),
            str(one.characters),
            f"{one.sections_covered}/{one.sections}",
            str(one.pairs),
            str(one.facts),
        ]
        for one in report.documents
    ]
    gaps = ", ".join(cell(name) for name in report.documents_without_pairs)
    return table(heads, rows) + (f"\n\n{said('without', lang, names=gaps)}" if gaps else "")


def heat_map(report: DatasetReport, lang: Language) -> str:
    """Return the heat map of sections as a table whose shade repeats its number."""
    names = {one.document: one for one in report.documents}
    taught = [one for one in report.sections if not (one.document in names and names[one.document].held_out)]
    shown = taught if len(taught) <= MOST_SECTIONS else sorted(taught, key=lambda one: one.density)[:MOST_SECTIONS]
    most = max((one.density for one in shown), default=0.0)
    heads = [said(key, lang) for key in ("document", "section", "characters", "facts", "density")]
    rows = [
        [
            cell(names[one.document].name if one.document in names else one.document),
            cell(one.section),
            str(one.characters),
            str(one.facts),
            f"{_BLOCKS[shade(one.density, most)]} {one.density:.1f}",
        ]
        for one in shown
    ]
    return f"{table(heads, rows)}\n\n{said('heat_note', lang)}"


def shade(density: float, most: float) -> int:
    """Return the shade of a cell, 0 for none to 4."""
    return 0 if density <= 0 or most <= 0 else min(4, 1 + int(3.999 * density / most))


def _kinds(report: DatasetReport, lang: Language) -> str:
    groups: Sequence[tuple[str, Mapping[str, int]]] = (
        ("kind", report.kinds),
        ("source", report.sources),
        ("language", report.languages),
        ("split", report.splits),
    )
    return "\n\n".join(
        table(
            [said(key, lang), said("count", lang), said("share", lang)],
            [
                [name_in(key, name, lang), str(count), f"{count / max(1, report.pairs):.1%}"]
                for name, count in counts.items()
            ],
        )
        for key, counts in groups
    )


def _lengths(report: DatasetReport, lang: Language) -> str:
    rows = (("question", report.question_lengths), ("answer", report.answer_lengths))
    return "\n".join(
        "- "
        + said(
            "length_row",
            lang,
            what=said(key, lang),
            median=one.median,
            low=one.low,
            high=one.high,
            longest=one.longest,
        )
        for key, one in rows
    )


def _diversity(report: DatasetReport, lang: Language) -> str:
    lines = [
        "- "
        + said(
            "diversity_row",
            lang,
            language=name_in("language", language, lang),
            n=one.n,
            one=one.distinct_1,
            two=one.distinct_2,
            opening=cell(next(iter(one.openings), "")),
            share=one.commonest_opening,
        )
        for language, one in report.diversity.items()
    ]
    return "\n".join([*lines, "- " + said("wordings", lang, mean=report.wordings_per_fact)])


def _imbalance(report: DatasetReport, lang: Language) -> str:
    return imbalance_lines(report, lang) or said("none", lang)


def imbalance_lines(report: DatasetReport, lang: Language) -> str:
    """Return the imbalances as a list; empty if there are none."""
    return "\n".join(
        "- "
        + said(
            "imbalance_row",
            lang,
            by=said(one.by, lang),
            largest=cell(name_in(one.by, one.largest, lang)),
            smallest=cell(name_in(one.by, one.smallest, lang)),
            ratio=one.ratio,
        )
        for one in report.imbalance
    )


def error_line(report: DatasetReport, lang: Language) -> str:
    """Return the estimated error rate with its interval, or that it is unknown."""
    check = report.spot_check
    if check.rate is None:
        return said("error_unknown", lang, count=len(check.sample))
    told = said(
        "error_row",
        lang,
        wrong=check.wrong,
        reviewed=check.reviewed,
        rate=check.rate,
        low=check.low,
        high=check.high,
    )
    return f"{told} {said('error_note', lang)}"


def _rejects(report: DatasetReport, lang: Language) -> str:
    rows = [
        [cell(reason_label(one.reason, lang)), str(one.count), cell(sample.question), cell(sample.answer), cell(why)]
        for one in report.rejects
        for sample in one.samples
        for why in [reason_in(sample.reason, lang) or sample.reason]
    ]
    heads = [said(key, lang) for key in ("reason", "count", "question", "answer", "reason")]
    return table(heads, rows) if rows else said("none", lang)


def reason_label(reason: str, lang: Language) -> str:
    """Return what a kind of reason means."""
    return reason_of_check(reason, lang) if reason in CHECK_NAMES else reason


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a pipe table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    """Return a text that cannot leave its cell or become markup."""
    flat = " ".join(text.split())[:200]
    for sign in "\\`*_[]<>|#":
        flat = flat.replace(sign, f"\\{sign}")
    return flat
