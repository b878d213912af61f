"""What resuming an ended run would still take, as the proposal that a person agrees to before it goes on.

card.show(propose_resumption(project, settings, job, runs.course(project, job), "en"))
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import ValidationError

from agent.errors import InputError, RefusedError
from agent.policy.consent import consent
from agent.records.base import Language, Record
from agent.records.facts import StepFacts
from agent.records.job import Job
from agent.settings import Settings
from tools.forecast import step_facts
from tools.jobs.snapshot import SNAPSHOT, load_snapshot
from tools.jobs.store import RESUMABLE
from tools.status import project_facts
from tools.workspace import Project
from ui.i18n import phrase
from ui.pages.retold import retold
from ui.pages.run_course import Course, time_left
from ui.pages.steps import REQUESTS, Proposal, cannot, proposal_of

SPREAD: Final = (0.75, 1.5)
"""What a measured speed is worth later on the same machine; the same as in `tools.forecast`."""


def propose_resumption(project: Project, settings: Settings, job: Job, course: Course, lang: Language) -> Proposal:
    """Return what a person is asked to agree to before a run goes on.

    Args:
        project: The run's project.
        settings: Settings of the account; those that the run began with go first.
        job: The run's job.
        course: What its events add up to.
        lang: Language of the words.

    Raises:
        InputError: The run cannot be resumed.
        RefusedError: Another job runs, or the policy refuses the step as the project stands.
    """
    if job.state not in RESUMABLE:
        raise InputError(phrase("runs_not_resumable", lang, state=phrase(f"runs_state_{job.state}", lang)))
    why = cannot(job.kind, project_facts(project), lang)
    if why:
        raise RefusedError(why)
    run = project.runs / job.run
    began_with = load_snapshot(run) if (run / SNAPSHOT).exists() else settings
    facts = step_facts(project, began_with, job.kind, _request(job, lang), lang)
    asked = consent(job.kind, _remaining(facts, job, course, lang), lang=lang)
    return proposal_of(project, job.kind, job.request, asked, resumes=job)


def _request(job: Job, lang: Language) -> Record:
    try:
        return REQUESTS[job.kind].model_validate(job.request)
    except ValidationError as error:
        mend = phrase("runs_resume_other_version_mend", lang)
        raise InputError(phrase("runs_resume_other_version", lang), where=job.run, mend=mend) from error


def _remaining(whole: StepFacts, job: Job, course: Course, lang: Language) -> StepFacts:
    """Return the facts of the whole step, less what the run has done."""
    if job.kind == "bench":  # nothing of it is taken up again: a machine is measured at one time
        return whole.model_copy(update={"subject": phrase("runs_resume_anew", lang, subject=whole.subject)})
    ours = phrase("runs_resume_changes", lang)
    # A new run folder is what starting it changed; the other kinds also write into the project.
    changes = (ours,) if job.kind in ("tune", "evaluate") else (*whole.changes, ours)
    low, high = _seconds_left(whole, course)
    return whole.model_copy(
        update={"subject": _subject(whole, course, lang), "changes": changes, "seconds_low": low, "seconds_high": high}
    )


def _seconds_left(whole: StepFacts, course: Course) -> tuple[float | None, float | None]:
    # Counted at the last thing heard of it: nothing was done since.
    left = time_left(course, datetime.fromisoformat(course.last_at)) if course.last_at else None
    if left is None:
        return whole.seconds_low, whole.seconds_high
    low, high = (round(left * part, 1) for part in SPREAD)
    if course.seconds_left is not None:
        return low, high
    # This is the present stage alone; those after it are known only as part of the whole.
    return low, None if whole.seconds_high is None else max(high, whole.seconds_high)


def _subject(whole: StepFacts, course: Course, lang: Language) -> str:
    last = course.progress
    if last is None or not last.total:
        return whole.subject
    done = f"{last.done or 0:g} / {last.total:g} {retold(last.unit, lang)}".rstrip()
    return phrase("runs_resume_from", lang, progress=done, subject=whole.subject)
