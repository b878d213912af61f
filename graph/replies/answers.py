"""Side-by-side answers in words: each arm with its time and its sources, whether they agree, what votes say so far."""

from __future__ import annotations

import re

from agent.prompts.assistant import RESULTS
from agent.prompts.phrases import fill, listed
from agent.records.base import Language
from agent.records.conversation import Option
from agent.records.corpus import Answer
from agent.records.evaluation import ARMS, Arm
from agent.records.vote import PairTally
from agent.settings import Settings
from graph.replies.said import Said, joined
from tools.asking import SideBySide
from tools.evaluation.wording import arm_name
from tools.workspace import Project


def side_by_side(answered: SideBySide, project: Project, settings: Settings, lang: Language) -> Said:
    """Return what every arm said."""
    blocks = [_block(arm, answer, lang) for arm, answer in answered.answers.items()]
    spoken = [_plain(answer.text) for answer in answered.answers.values() if not answer.abstained]
    agree = ""
    if len(spoken) > 1:
        agree = fill(RESULTS, "compare_agree" if len(set(spoken)) == 1 else "compare_differ", lang)
    chunks = dict.fromkeys(one.chunk for answer in answered.answers.values() for one in answer.citations)
    clarify = answered.clarify
    options = (
        tuple(Option(label=one, message=f"{answered.question} ({one})") for one in clarify.options) if clarify else ()
    )
    return Said(
        joined(clarify.question if clarify else "", "\n\n".join(blocks), agree, _votes(project, settings, lang)),
        question=clarify.question if clarify else None,
        options=options,
        evidence=tuple(chunks),
        articles=("rag",),
        answers={arm: answer.model_dump(mode="json") for arm, answer in answered.answers.items()},
    )


def _block(arm: Arm, answer: Answer, lang: Language) -> str:
    text = answer.text.strip() or "–"
    page = {"en": "p. {page}", "zh": "第 {page} 页"}[lang]
    sources = [
        f"[{one.document}{', ' + page.format(page=one.page) if one.page else ''}] “{' '.join(one.quote.split())}”"
        for one in answer.citations
    ]
    return "\n".join(
        [f"**{arm_name(arm, lang)}** ({answer.seconds:.1f} s): {text}", *(f"> {source}" for source in sources)]
    )


def _votes(project: Project, settings: Settings, lang: Language) -> str:
    from tools.rounds import backing_of
    from tools.vote_tally import tally
    from tools.votes import load_votes

    votes = load_votes(project)
    if not votes:
        return ""
    counted = tally(votes, backing_of(project, settings, ARMS))
    parts = tuple(fill(RESULTS, "vote_pair", lang, **_pair(pair, lang)) for pair in counted.pairs)
    return fill(RESULTS, "votes", lang, n=counted.votes, tally=listed(parts, lang)) if parts else ""


def _pair(pair: PairTally, lang: Language) -> dict[str, object]:
    standing = fill(RESULTS, f"vote_{pair.standing}", lang, a=arm_name(pair.a, lang), b=arm_name(pair.b, lang))
    return {
        "a": arm_name(pair.a, lang),
        "b": arm_name(pair.b, lang),
        "for_a": pair.a_preferred,
        "for_b": pair.b_preferred,
        "ties": pair.ties,
        "standing": standing,
    }


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().casefold()
