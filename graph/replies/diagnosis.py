"""A diagnosis in words: how many, why, what mends it, data first, and what a fix changed."""

from __future__ import annotations

from collections.abc import Sequence

from agent.prompts.assistant import DIAGNOSIS, TALK
from agent.prompts.phrases import fill, percent, points
from agent.records.base import Language
from agent.records.conversation import Option
from graph.replies.names import cause_name, dimension_name
from graph.replies.said import Said, joined
from tools.diagnosis.change import Change
from tools.diagnosis.narrowing import Narrowed
from tools.evaluation.wording import arm_name


def narrowed(found: Narrowed, applicable: Sequence[int], retrain: bool, lang: Language) -> Said:
    """Return what one part of an evaluation shows.

    Args:
        found: The part.
        applicable: Numbers, from 0, of the fixes that a yes can apply; the others need a person.
        retrain: Whether training again is justified.
        lang: Language of the reply.
    """
    what = found.topic or (dimension_name(found.dimension, lang) if found.dimension else fill(DIAGNOSIS, "all", lang))
    evidence = (found.run, *(one.item for one in found.examples))
    if not found.items:
        text = fill(DIAGNOSIS, "none_found", lang, run=found.run, topic=what)
        return Said(text, options=weak_options(found, lang), evidence=(found.run,), articles=("diagnosis",))
    head = fill(
        DIAGNOSIS,
        "head",
        lang,
        run=found.run,
        arm=arm_name(found.arm, lang),
        items=found.items,
        what=what,
        right=found.right,
        share=percent(found.share),
        low=percent(found.low),
        high=percent(found.high),
    )
    wrong = found.items - found.right
    if not wrong:
        return Said(joined(head, fill(DIAGNOSIS, "all_right", lang)), evidence=evidence, articles=("diagnosis",))
    causes = [fill(DIAGNOSIS, "cause", lang, count=c.count, cause=cause_name(c.cause, lang)) for c in found.causes]
    examples = [
        fill(
            DIAGNOSIS,
            "example",
            lang,
            question=one.question,
            expected=one.expected or "–",
            answered=" ".join(one.answered.split())[:120],
            item=one.item,
        )
        for one in found.examples[:2]
    ]
    fixes = []
    for number, fix in enumerate(found.fixes):
        line = fill(DIAGNOSIS, "fix", lang, number=number + 1, action=fix.action, why=fix.why, article=fix.article)
        person = "" if number in applicable else f" — {fill(DIAGNOSIS, 'fix_person', lang)}: `{fix.command}`"
        fixes.append(line + person)
    text = joined(
        head,
        "\n".join([fill(DIAGNOSIS, "wrong", lang, wrong=wrong), *causes]),
        "\n".join(examples),
        fill(DIAGNOSIS, "training" if retrain else "no_training", lang),
        "\n".join([fill(DIAGNOSIS, "would", lang), *fixes]),
        fill(DIAGNOSIS, "again", lang, items=found.items) if applicable else "",
    )
    options = tuple(
        Option(label=words, message=words)
        for words in ({"en": f"Apply {n + 1}", "zh": f"应用第 {n + 1} 条"}[lang] for n in applicable)
    )
    articles = tuple(dict.fromkeys(("diagnosis", "data-first", *(fix.article for fix in found.fixes))))
    return Said(text, options=options, evidence=evidence, articles=articles)


def weak_options(found: Narrowed, lang: Language) -> tuple[Option, ...]:
    """Return the weakest dimensions of a run as buttons."""
    options = []
    for name, right, items in found.weakest[:3]:
        words = dimension_name(name, lang)
        label = fill(TALK, "weak", lang, dimension=words, right=right, items=items)
        message = {"en": f"Why are {words} questions wrong?", "zh": f"{words}方面为什么答错？"}[lang]
        options.append(Option(label=label, message=message))
    return tuple(options)


def changed(change: Change, lang: Language) -> Said:
    """Return what a fix did to the same items."""
    text = fill(
        DIAGNOSIS,
        "changed",
        lang,
        n=change.n,
        arm=arm_name(change.arm, lang),
        before=change.right_before,
        after=change.right_after,
        difference=points(change.difference),
        low=points(change.low),
        high=points(change.high),
        run_before=change.before,
        run_after=change.after,
    )
    key = "better" if change.low > 0 else "worse" if change.high < 0 else "no_difference"
    return Said(
        joined(text, fill(DIAGNOSIS, key, lang)), evidence=(change.before, change.after), articles=("statistics",)
    )
