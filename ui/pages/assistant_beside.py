"""What the page of the assistant reads beside the conversation: profile, decision, next step, jobs, cited passages."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from agent.records.base import Language
from agent.records.conversation import ChatMessage
from agent.records.corpus import Chunk
from agent.records.decision import MethodDecision
from agent.records.job import Job
from agent.records.profile import Profile
from knowledge.files import read_record, state_of
from tools.deciding import decide_for_profile
from tools.jobs.store import TERMINAL, JobStore
from tools.removal import chunks_of
from tools.status import read_profile, stand
from tools.workspace import Project
from ui.pages import job_view
from ui.pages.assistant_cards import Standing
from ui.pages.assistant_scene import Scene
from ui.pages.assistant_view import Shown
from ui.pages.guide_titles import titles_of
from ui.pages.running import RunningJob, running_job


def shown_for(
    lang: Language, project: Project | None, history: Sequence[ChatMessage], passages: Passages | None = None
) -> Shown:
    """Return what the messages of a conversation may refer to."""
    jobs = JobStore(project.jobs).list() if project is not None and project.jobs.exists() else ()
    return Shown(
        lang,
        project.id if project is not None else None,
        titles_of(lang),
        {job.id: job.run for job in jobs},
        passages.of(project, history) if project is not None and passages is not None else {},
    )


class Passages:
    """The chunks that compared answers cite; a conversation is drawn often, and its chunks are looked for once."""

    def __init__(self) -> None:
        self._found: dict[Path, tuple[tuple[int, int, int], dict[str, Chunk | None]]] = {}

    def of(self, project: Project, history: Sequence[ChatMessage]) -> dict[str, Chunk]:
        """Return the cited chunks by id; those of documents that are gone are not there."""
        wanted = {
            str(citation["chunk"])
            for message in history
            if message.turn is not None
            for answer in message.turn.answers.values()
            for citation in answer.get("citations", ())
        }
        if not wanted or not project.chunks.exists():
            return {}
        state = state_of(project.chunks)
        held = self._found.get(project.root)
        known = held[1] if held is not None and held[0] == state else {}
        missing = wanted - known.keys()
        fresh: dict[str, Chunk | None] = dict.fromkeys(missing)
        for document in {identifier.rpartition(":")[0] for identifier in missing}:
            fresh.update({chunk.id: chunk for chunk in chunks_of(project, document) if chunk.id in missing})
        self._found[project.root] = (state, {**known, **fresh})
        return {name: chunk for name, chunk in {**known, **fresh}.items() if chunk is not None}


def profile_of(here: Scene) -> Profile:
    """Return what is known of the task: by the project, and until a conversation has joined one, by itself."""
    own = here.known is not None and here.known.project is None
    if here.project is None or (own and not here.project.profile.exists()):
        return here.desk.assistant.profile(here.thread)
    return read_profile(here.project)


def standing(here: Scene, lang: Language) -> Standing:
    """Return what is known of the task, what was decided and what comes next."""
    known, project = profile_of(here), here.project
    made = None
    if project is not None and project.decision.exists():
        made = read_record(project.decision, MethodDecision)
    if made is None or made.confidence != "measured":
        # Said anew, in the page's language: without measurements it is what the profile comes to.
        made = decide_for_profile(known, lang) if known != Profile() else None
    return Standing(known, made, stand(project, lang) if project is not None else None)


def job_line(job: Job, project: Project | None, shown: Shown) -> str:
    """Return how far the job is that a conversation waits for, with the way to its run; nothing once it has ended."""
    if job.state in TERMINAL:
        return ""  # the conversation is about to report it
    running = running_job(project) if project is not None else None
    if running is None or running.id != job.id:
        running = RunningJob(job.id, job.kind, job.state, job.run, None, "", None)
    link = escape(shown.run_link(job.run))
    return (
        f'{job_view.progress(running, shown.lang)}<p class="ds-quiet ds-note">{shown.say("assistant_job_runs")} '
        f'<a href="{link}">{shown.say("assistant_job_open")}</a></p>'
    )
