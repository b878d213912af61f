"""What cannot be done is said in the language of the conversation, whichever module refuses it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import Any

import pytest

from agent.errors import EmptyError
from agent.policy.fixes import fixes_for
from agent.records.diagnosis import CauseCount, DiagnosedItem, Preamble
from agent.records.evaluation import EvaluateRequest
from graph.context import Context
from graph.fixing import fix_move
from graph.following import job_report
from graph.looking import look_at_plan
from graph.performing import perform_at_once
from graph.state import ConversationState, Step
from knowledge.files import write_record
from tests.graph.worlds import World
from tools.jobs.store import JobStore
from tools.requests import PlanRequest

WATCH: dict[str, Any] = {"run": "gone", "arm": "rag", "ids": [], "fixes": [], "applied": {"action": "look further"}}
SAYS = {
    "en": ("nothing was diagnosed", "no fix number 3", "nothing was evaluated", "plan for 7B", "no scored question"),
    "zh": ("还没有做过诊断", "没有第 3 条修正", "还没有做过评测", "按 7B 规划", "没有共同的已评分题目"),
}


@pytest.fixture(params=["en", "zh"])
def state(request: pytest.FixtureRequest, machines: World) -> ConversationState:
    return ConversationState(thread="t", lang=request.param, project="machines")


@pytest.fixture
def context(machines: World) -> Context:
    return machines.assistant()._context


def test_a_fix_where_nothing_was_diagnosed(state: ConversationState, context: Context) -> None:
    with pytest.raises(EmptyError, match=SAYS[state["lang"]][0]):
        fix_move(state, context, 1)


def test_a_fix_that_does_not_exist(state: ConversationState, context: Context) -> None:
    said = fix_move({**state, "watch": WATCH}, context, 3).said
    assert said is not None
    assert SAYS[state["lang"]][1] in said.text


def test_right_pairs_with_a_preamble_are_left_to_a_person(state: ConversationState, context: Context) -> None:
    begun = Preamble(text="Thank you", words=("thank", "you"), pairs=("p000000000000001",), tells_apart=True)
    late = DiagnosedItem(id="i1", arm="tuned", cause="format", evidence={"preamble": begun.text})
    counted = (CauseCount(cause="format", count=1, share=1.0, low=0.2, high=1.0),)
    (fix,), _ = fixes_for(counted, [late], "machines", preambles=[begun], lang=state["lang"])
    project = context.project(state)
    assert project is not None
    run = project.new_run("evaluate")
    write_record(run / "request.json", EvaluateRequest())
    move = fix_move({**state, "watch": {**WATCH, "run": run.name, "fixes": [fix.model_dump()]}}, context, 1)
    shutil.rmtree(run)
    assert not move.tool, "the pairs are to be shortened and not rejected"
    assert move.said is not None
    assert fix.command in move.said.text


def test_a_diagnosis_before_any_evaluation(state: ConversationState, context: Context) -> None:
    context.workspace.create("fresh")
    with pytest.raises(EmptyError, match=SAYS[state["lang"]][2]):
        perform_at_once(Step(tool="diagnose", arguments={}), {**state, "project": "fresh"}, context)


def test_a_plan_for_a_model_of_unknown_size(state: ConversationState, context: Context) -> None:
    context = replace(context, settings=context.settings.model_copy(update={"base_model": "owner/not-at-hand"}))
    with pytest.raises(EmptyError, match=SAYS[state["lang"]][3]):
        look_at_plan(PlanRequest(device="NVIDIA A800"), state, context, None, "zh" if state["lang"] == "zh" else "en")


def test_a_report_on_items_that_were_not_measured_again(state: ConversationState, context: Context) -> None:
    project = context.workspace.open("machines")
    job = JobStore(project.jobs).list()[0]
    said, well, remember = job_report(project, {"job": job.id}, {**state, "watch": WATCH}, context)
    assert well
    assert said.text.startswith(("The two evaluations (gone", "两次评测（gone"))
    assert SAYS[state["lang"]][4] in said.text
    assert remember["watch"]["applied"] is None
