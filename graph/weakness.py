"""Where the last evaluation is weakest: what to offer to somebody who says only “make it better”."""

from __future__ import annotations

from typing import Any

from agent.prompts.assistant import TALK
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.conversation import Option
from graph.context import Context
from graph.replies.names import dimension_name
from graph.replies.said import Said, joined
from graph.state import ConversationState
from tools.diagnosis.weakest import weakest_dimensions


def weak_spots(state: ConversationState, context: Context, lang: Language) -> Said | None:
    """Return the question what to make better, with the weakest dimensions as options; `None` before an evaluation."""
    project = context.project(state)
    run = project.latest_run("evaluate") if project is not None else None
    if run is None:
        return None
    options: list[dict[str, Any]] = []
    for name, right, items in [one for one in weakest_dimensions(run) if one[1] < one[2]][:3]:
        words = dimension_name(name, lang)
        label = fill(TALK, "weak", lang, dimension=words, right=right, items=items)
        message = {"en": f"Why are {words} questions wrong?", "zh": f"{words}方面为什么答错？"}[lang]
        options.append({"label": label, "message": message, "action": "diagnose", "slots": {"dimension": name}})
    if not options:
        return None
    question = fill(TALK, "better_at", lang, run=run.name)
    rows = "\n".join(f"{number}. {option['label']}" for number, option in enumerate(options, start=1))
    return Said(
        joined(question, rows),
        question=question,
        options=tuple(Option(label=str(one["label"]), message=str(one["message"])) for one in options),
        evidence=(run.name,),
        articles=("diagnosis",),
        expecting={"kind": "options", "options": options},
    )
