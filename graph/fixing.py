"""Applying a proposed fix: the step behind it, what must follow, and the same items measured again at the end.

Data first: a fix of the data is followed by a new mix, training (which asks for its own yes) and the same evaluation;
a fix of the retrieval needs no training and is followed by the evaluation alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agent.errors import EmptyError
from agent.prompts.assistant import DIAGNOSIS
from agent.prompts.phrases import fill
from agent.prompts.steps import STEPS
from agent.records.base import Language
from agent.records.diagnosis import Fix
from agent.records.evaluation import EvaluateRequest
from agent.settings import Settings
from graph.context import Context, language
from graph.replies.said import Said
from graph.state import ConversationState
from knowledge.files import read_record
from tools.diagnosis.narrowing import Narrowed
from tools.diagnosis.remedy import BlockedRemedy, LookUpRemedy, PersonRemedy, StepRemedy, remedy
from tools.workspace import Project

Following = tuple[tuple[str, dict[str, Any], str], ...]
"""Tool, arguments and title of each step to follow."""
_APPLY: Final = re.compile(
    r"^\W*(?:please )?(?:apply|do|take|use|only|just)\s+(?:fix |number |no\.? ?|#)?(?P<en>\d)\W*$"
    r"|^\W*(?:请)?(?:应用|执行|采用|做|用|只做)\s*第?\s*(?P<zh>[\d一二三四五])\s*(?:条|个|项)?\W*$",
    re.IGNORECASE,
)
_CHINESE: Final = "一二三四五"


@dataclass(frozen=True)
class FixMove:
    """What applying a fix comes to."""

    said: Said | None = None
    tool: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    following: Following = ()
    remember: dict[str, Any] = field(default_factory=dict)
    applies: str = ""
    """The fix in words."""


def fix_number(text: str) -> int | None:
    """Return the number, from 1, of the fix that a message asks to apply."""
    match = _APPLY.match(text.strip())
    if match is None:
        return None
    said = match["en"] or match["zh"]
    return _CHINESE.index(said) + 1 if said in _CHINESE else int(said)


def applicable(found: Narrowed, project: Project, settings: Settings) -> tuple[int, ...]:
    """Return the numbers, from 0, of the fixes that a yes can apply."""
    return tuple(
        number
        for number, fix in enumerate(found.fixes)
        if isinstance(remedy(fix, project, settings), StepRemedy | LookUpRemedy) or _pairs_of(fix)
    )


def fix_move(state: ConversationState, context: Context, number: int) -> FixMove:
    """Return the step behind fix `number` (from 1) of the diagnosis that the thread watches, and what follows it."""
    lang = language(state)
    watch = state.get("watch") or {}
    project = context.project(state)
    if project is None or not watch:
        raise EmptyError(fill(DIAGNOSIS, "nothing_diagnosed", lang))
    fixes = [Fix.model_validate(one) for one in watch.get("fixes", ())]
    if not 1 <= number <= len(fixes):
        words = fill(DIAGNOSIS, "no_such_fix", lang, number=number)
        return FixMove(said=Said(words, evidence=(str(watch["run"]),)))
    fix = fixes[number - 1]
    measured = _same_items(project, str(watch["run"]))
    again = ("evaluate", measured.model_dump(mode="json"), _title("evaluate_again", lang))
    train: Following = (
        ("make_mix", {"drop_leaks": True}, _title("mix_again", lang)),
        ("tune", {}, _title("tune_again", lang)),
    )
    remember = {"watch": {**watch, "applied": fix.model_dump(mode="json")}}
    pairs = _pairs_of(fix)
    if pairs:
        reason = fill(DIAGNOSIS, "reject_reason", lang)
        return FixMove(
            tool="reject_pairs",
            arguments={"ids": pairs, "reason": reason},
            following=(*train, again),
            applies=fix.action,
            remember=remember,
        )
    match remedy(fix, project, context.for_language(lang), measured):
        case LookUpRemedy(k=k):
            wider = measured.model_copy(update={"k": k})
            return FixMove(
                tool="evaluate", arguments=wider.model_dump(mode="json"), applies=fix.action, remember=remember
            )
        case StepRemedy(kind="extract", request=request):
            return FixMove(
                tool="make_pairs",
                arguments=request.model_dump(mode="json"),
                following=(*train, again),
                applies=fix.action,
                remember=remember,
            )
        case StepRemedy(kind="mix", request=request):
            arguments = request.model_dump(mode="json")
            return FixMove(
                tool="make_mix", arguments=arguments, following=(train[1], again), applies=fix.action, remember=remember
            )
        case StepRemedy(kind="tune"):
            return FixMove(tool="tune", following=(again,), applies=fix.action, remember=remember)
        case StepRemedy(kind="evaluate", request=request):
            arguments = request.model_dump(mode="json")
            return FixMove(tool="evaluate", arguments=arguments, applies=fix.action, remember=remember)
        case BlockedRemedy(why=why):
            return FixMove(said=Said(why, articles=(fix.article,)))
        case PersonRemedy() | StepRemedy():
            text = f"{fix.action} — {fill(DIAGNOSIS, 'fix_person', lang)}: `{fix.command}`"
            return FixMove(said=Said(text, evidence=fix.targets[:5], articles=(fix.article,)))


def _pairs_of(fix: Fix) -> Sequence[str]:
    """Return the training pairs that a fix names; none where its targets are items."""
    return fix.targets if fix.article == "pair-quality" and "review" in fix.command and _are_pairs(fix) else ()


def _are_pairs(fix: Fix) -> bool:
    return bool(fix.targets) and all(re.fullmatch(r"p[0-9a-f]{15}", one) for one in fix.targets)


def _same_items(project: Project, run: str) -> EvaluateRequest:
    """Return the request that asks the same items of the same arms again, with the newest model."""
    before = read_record(Path(project.runs / run / "request.json"), EvaluateRequest)
    return before.model_copy(update={"tune_run": None})


def _title(key: str, lang: Language) -> str:
    return fill(STEPS, key, lang)
