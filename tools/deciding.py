"""The method decision for a profile, or for a project with what was measured in it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from agent.errors import BusyError
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
    decision = _decided(project, lang)
    with project.owned("decide"):
        write_record(project.decision, decision)
    return decision


def decide_if_free(project: Project, lang: Language = "en") -> MethodDecision:
    """Decide as `decide_for_project` does; while another process owns the project the decision is not kept."""
    with suppress(BusyError):
        return decide_for_project(project, lang)
    return _decided(project, lang)


def _decided(project: Project, lang: Language) -> MethodDecision:
    profile = read_profile(project)
    run = project.latest_run("evaluate")
    if run is None:
        return decide_for_profile(profile, lang)
    report = read_record(run / "result.json", EvaluationReport)
    return decide_from_report(report, profile, THRESHOLDS, lang, recall=report.recall, devices=_devices())


def _devices() -> Mapping[str, Device]:
    return {device.name: device for device in catalogue()}
