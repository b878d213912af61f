"""The method decision for a profile, or for a project with what was measured in it."""

from __future__ import annotations

from collections.abc import Mapping

from agent.policy.method import choose_method, decide_from_report
from agent.policy.thresholds import THRESHOLDS
from agent.records.base import Language
from agent.records.decision import MethodDecision
from agent.records.evaluation import EvaluationReport
from agent.records.hardware import Device
from agent.records.profile import Profile
from knowledge.files import read_record, write_record
from tools.hardware import catalogue
from tools.status import read_profile
from tools.workspace import Project


def decide_for_profile(profile: Profile, lang: Language = "en") -> MethodDecision:
    """Decide from what a team says, and from measurements it brings along."""
    return choose_method(profile, THRESHOLDS, lang, devices=_devices())


def decide_for_project(project: Project, lang: Language = "en") -> MethodDecision:
    """Decide from the project's newest evaluation, or without one from its profile; the decision is kept.

    A kept decision lets the road skip training where the decision was against it.
    """
    profile = read_profile(project)
    run = project.latest_run("evaluate")
    if run is None:
        decision = decide_for_profile(profile, lang)
    else:
        report = read_record(run / "result.json", EvaluationReport)
        decision = decide_from_report(report, profile, THRESHOLDS, lang, recall=report.recall, devices=_devices())
    with project.owned("decide"):
        write_record(project.decision, decision)
    return decision


def _devices() -> Mapping[str, Device]:
    return {device.name: device for device in catalogue()}
