"""What a page reads of one evaluation: report, items, answers, what was retrieved, the decision, the causes.

    seen = Evaluation.read(project, newest_first(project)[0])
    seen.decision("en").method

Files are read when they are first asked for: most visits look at the report alone.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from agent.errors import NotFoundError
from agent.policy.method import decide_from_report
from agent.policy.thresholds import THRESHOLDS
from agent.records.base import Language
from agent.records.corpus import Retrieved
from agent.records.decision import MethodDecision
from agent.records.diagnosis import DiagnosedItem, Diagnosis
from agent.records.evaluation import ARMS, Arm, EvaluateRequest, EvaluationReport, Item, ItemAnswer
from agent.records.judging import JudgeFindings
from agent.records.profile import Profile
from agent.settings import Settings
from knowledge.files import read_record, read_records, state_of
from tools.evaluation.retrieved import read_retrieved
from tools.hardware import catalogue
from tools.judging.run import judged_before
from tools.status import read_profile
from tools.workspace import Project

REPORT = "eval/report.json"
KEPT = 8
"""Diagnoses that a page keeps at hand."""


def newest_first(project: Project) -> tuple[str, ...]:
    """Return the names of the runs with a finished evaluation."""
    if not project.runs.is_dir():
        return ()
    done = [path for path in project.runs.iterdir() if (path / REPORT).exists() and (path / "result.json").exists()]
    done.sort(key=lambda path: ((path / "result.json").stat().st_mtime_ns, path.name), reverse=True)
    return tuple(path.name for path in done)


@dataclass(frozen=True)
class Evaluation:
    """One finished evaluation."""

    project: Project
    run: Path
    report: EvaluationReport

    @classmethod
    def read(cls, project: Project, name: str) -> Evaluation:
        """Open an evaluation by the name of its run.

        Raises:
            NotFoundError: The project has no such evaluation.
        """
        if name not in newest_first(project):
            raise NotFoundError("no such evaluation", where=name)
        run = project.runs / name
        return cls(project, run, read_record(run / REPORT, EvaluationReport))

    def decision(self, lang: Language) -> MethodDecision:
        """Return what this evaluation speaks for; nothing is kept."""
        devices = {device.name: device for device in catalogue()}
        report = self.report
        return decide_from_report(report, self.profile, THRESHOLDS, lang, recall=report.recall, devices=devices)

    @cached_property
    def profile(self) -> Profile:
        """What is known of the team's task now."""
        return read_profile(self.project)

    @property
    def profile_changed(self) -> bool:
        """Whether the verdict is by another profile now than when the evaluation ended; unknown of older ones."""
        then = self.report.decided.profile_sha256 if self.report.decided is not None else ""
        return bool(then) and then != self.profile.sha256()

    @cached_property
    def request(self) -> EvaluateRequest:
        """What the evaluation was asked."""
        path = self.run / "request.json"
        return read_record(path, EvaluateRequest) if path.exists() else EvaluateRequest()

    @cached_property
    def judged(self) -> JudgeFindings:
        """What judge models found of two arms' answers."""
        return judged_before(self.run)

    @cached_property
    def items(self) -> Mapping[str, Item]:
        """What was asked, by id."""
        return {item.id: item for item in read_records(self.run / "eval" / "items.jsonl", Item)}

    @cached_property
    def answers(self) -> Mapping[str, Mapping[Arm, ItemAnswer]]:
        """What every arm answered, by item; arms in their fixed order."""
        found: dict[str, dict[Arm, ItemAnswer]] = {}
        for answer in read_records(self.run / "eval" / "answers.jsonl", ItemAnswer):
            found.setdefault(answer.item, {})[answer.arm] = answer
        return {name: {arm: by_arm[arm] for arm in ARMS if arm in by_arm} for name, by_arm in found.items()}

    @cached_property
    def retrieved(self) -> Mapping[str, Sequence[Retrieved]]:
        """What retrieval found, by item."""
        return read_retrieved(self.run)

    def failures(self, diagnosis: Diagnosis) -> list[tuple[DiagnosedItem, Item, ItemAnswer]]:
        """Return the failed answers with their items; what the files no longer hold is left out."""
        found = []
        for one in diagnosis.items:
            item = self.items.get(one.id)
            answer = next((a for arm, a in self.answers.get(one.id, {}).items() if arm == one.arm), None)
            if item is not None and answer is not None:
                found.append((one, item, answer))
        return found


class Diagnoses:
    """Causes of failure, found once for every state of a project: finding them reads all pairs and documents."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[object, ...], Diagnosis] = OrderedDict()

    def of(self, seen: Evaluation, settings: Settings) -> Diagnosis:
        """Return why items of an evaluation failed, in the settings' language."""
        from tools.diagnosis.run import diagnose

        project = seen.project
        watched = (seen.run / REPORT, project.pairs, project.chunks, project.mixes)
        stamps = map(state_of, watched)
        key = (seen.run, settings.lang, *stamps)
        with self._lock:
            known = self._known.get(key)
        if known is not None:
            return known
        found = diagnose(project, settings, seen.run)
        with self._lock:
            self._known[key] = found
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return found
