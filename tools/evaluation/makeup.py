"""What an evaluation asked, as sections of the report: the items of every dimension, and what tokenization rests on.

makeup_lines(items, answers, {"doc1": "manual.pdf"}, "en")
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from agent.prompts.set_check import check_line
from agent.records.base import Language
from agent.records.evaluation import Item, ItemAnswer
from agent.records.set_check import CheckFigures
from tools.evaluation.clusters import Clusters
from tools.evaluation.dimensions import in_order
from tools.evaluation.scoring import MOST_PIECES
from tools.evaluation.statistics import RESAMPLES, wilson
from tools.evaluation.wording import SEPARATOR, dimension_name, kind_name, say


def makeup_lines(items: Sequence[Item], lang: Language, checked: CheckFigures | None = None) -> list[str]:
    """Return the table of what was asked: items of every dimension, their documents, where they come from, their kinds.

    Args:
        items: What was asked.
        lang: Language of the table.
        checked: What a person found in the spot-check of the sealed set; `None` for other items.
    """
    if not items:
        return []
    head = say("asked_head", lang)
    rows = []
    for dimension in in_order(item.dimension for item in items):
        group = [item for item in items if item.dimension == dimension]
        documents = {item.document for item in group if item.document}
        sources = Counter(_source(item, lang) for item in group)
        kinds = Counter(kind_name(item.question_kind, lang) for item in group if item.question_kind)
        cells = [
            dimension_name(dimension, lang),
            str(len(group)),
            str(len(documents)) if documents else "–",
            _counted(sources, lang),
            _counted(kinds, lang) or "–",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return [
        say("asked", lang),
        "",
        say("asked_lead", lang),
        "",
        head,
        "|" + " --- |" * (head.count("|") - 1),
        *rows,
        "",
        *([say("asked_checked", lang, n=len(items), told=check_line(checked, lang)), ""] if checked else []),
    ]


def term_lines(items: Sequence[Item], answers: Sequence[ItemAnswer], lang: Language) -> list[str]:
    """Return how the tokenizer takes the terms of each language: fertility, terms cut small, round trip; with n.

    An adapter does not change the tokenizer, so one arm's answers tell it. Answers of older versions, which did not
    keep the pieces, give no section.
    """
    by_id = {item.id: item for item in items if item.dimension == "tokenization"}
    seen = {answer.item: answer for answer in answers if answer.item in by_id and answer.round_trip is not None}
    rows = []
    for language in dict.fromkeys(by_id[name].language for name in seen):
        own = [(by_id[name], answer) for name, answer in seen.items() if by_id[name].language == language]
        units = [max(1, len(item.question) if language == "zh" else len(item.question.split())) for item, _ in own]
        ratios = [answer.tokens / unit for (_, answer), unit in zip(own, units, strict=True)]
        spread = _spread(ratios, [item.id for item, _ in own])
        small = sum(answer.tokens > MOST_PIECES for _, answer in own)
        whole = sum(bool(answer.round_trip) for _, answer in own)
        cells = [
            say(f"language_{language}", lang),
            str(len(own)),
            f"{fmean(ratios):.2f}{spread} {say(f'per_{language}', lang)}",
            _rate(small, len(own)),
            _rate(whole, len(own)),
        ]
        rows.append("| " + " | ".join(cells) + " |")
    head = say("terms_head", lang, pieces=MOST_PIECES)
    return [say("terms", lang), "", head, "|" + " --- |" * (head.count("|") - 1), *rows, ""] if rows else []


def _spread(values: Sequence[float], labels: Sequence[str]) -> str:
    if len(values) < 2:
        return ""
    low, high = Clusters.of(values, labels).interval(0, RESAMPLES)
    return f" [{max(0.0, low):.2f}, {high:.2f}]"


def _source(item: Item, lang: Language) -> str:
    return say(f"from_{item.source}", lang) if item.source in ("auto", "builtin") else item.source.replace("|", "\\|")


def _counted(counts: Counter[str], lang: Language) -> str:
    return SEPARATOR[lang].join(f"{name} {count}" for name, count in counts.most_common())


def _rate(count: int, n: int) -> str:
    low, high = wilson(count, n)
    return f"{count / n:.0%} [{low:.0%}, {high:.0%}]"
