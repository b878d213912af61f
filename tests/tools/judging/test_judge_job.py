"""A judgement as a job: a process of its own that may be killed, and goes on without asking twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from agent.records.judging import JudgeReport, JudgeRequest
from agent.settings import Settings
from tests.tools.judging.judging_server import evaluated, judging
from tools.forecast import step_facts
from tools.jobs.reconcile import reconcile
from tools.jobs.runner import result_of, resume, submit, wait
from tools.jobs.store import TERMINAL, JobStore

WIDTH = 2
KILLS = 2


@pytest.mark.slow
def test_a_killed_judgement_asks_for_nothing_it_was_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    chance = random.Random(5)
    project, run = evaluated(tmp_path, 20, tuned=range(15))
    settings = Settings(home=tmp_path, extraction_width=WIDTH, _env_file=None)
    request = JudgeRequest(run=run.name, a="rag", b="tuned+rag", model="openai:qwen-judge")
    with judging(delay=0.1) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        job = submit(project, settings, "judge", request.model_dump(mode="json"), "judge")
        for _ in range(KILLS):
            wanted = len(server.asked) + chance.randint(4, 10)
            limit = time.monotonic() + 300
            while len(server.asked) < wanted and time.monotonic() < limit:
                time.sleep(0.01)
            pid = JobStore(project.jobs).get(job.id).pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            while JobStore(project.jobs).get(job.id).state not in TERMINAL and time.monotonic() < limit:
                reconcile(project)
                time.sleep(0.02)
            assert JobStore(project.jobs).get(job.id).state == "interrupted"
            assert not (run / "eval" / "judge.json").exists()
            job = resume(project, job.id)
        ended = wait(project, job.id)
    report = result_of(project, ended, JudgeReport)
    assert (report.scores[0].b_preferred, report.scores[0].ties, report.calls) == (15, 5, 40)
    # What was on disk was asked once; what was in flight at a kill may have been asked twice, and nothing else.
    counts = Counter(server.asked)
    assert len(counts) == 40
    assert sum(count - 1 for count in counts.values()) <= KILLS * WIDTH


def test_what_a_judgement_takes_and_where_it_sends_is_told_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://judge.example.org/v1")
    project, run = evaluated(tmp_path, 20, tuned=range(15), same=range(15, 20))
    settings = Settings(home=tmp_path, extraction_width=5, _env_file=None)
    request = JudgeRequest(run=run.name, a="rag", b="tuned+rag", model="openai:qwen-judge")
    facts = step_facts(project, settings, "judge", request)
    assert "20 pairs of answers in both orders, 30 calls" in facts.subject
    assert (facts.seconds_low, facts.seconds_high, facts.sends_to) == (6.0, 72.0, "judge.example.org")
    assert "its own figures stay" in facts.changes[0]
    chinese = step_facts(project, settings, "judge", request, "zh")
    assert "20 对回答" in chinese.subject
    local = request.model_copy(update={"model": "/models/qwen"})
    facts = step_facts(project, settings, "judge", local)
    assert (facts.seconds_low, facts.seconds_high, facts.sends_to) == (None, None, None)
