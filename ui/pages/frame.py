"""What every page stands in: language, the account's desk, the project of the address, the rail and the top bar.

    def build(frame: Frame) -> None:
        answer = gr.Markdown()

        @told
        def show(request: gr.Request) -> str:
            project = frame.project(request)
            return frame.say("documents_empty") if project is None else ...

        frame.on_load(show, outputs=answer)

Gradio sends the page's own query string and cookies with every event, so `request` answers the same in a load, a
click, a timer's tick and a generator.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import gradio as gr

from agent.errors import DomainsmithError, InputError, NotFoundError
from agent.records.base import Language
from agent.records.decision import Readiness
from knowledge.files import state_of
from tools.status import stand
from tools.workspace import Project
from ui.i18n import phrase
from ui.pages import rail_view
from ui.pages.rail_view import Place
from ui.pages.running import RunningJob, running_job
from ui.pages.sites import PageName, address
from ui.web.desk import Desk, Desks

Handler = TypeVar("Handler", bound=Callable[..., Any])

REFRESH_SECONDS = 2.0
"""How often the frame looks at a running job; without one it does not look at all."""

PROJECT_COOKIE = "project"


def told(handler: Handler) -> Handler:
    """Turn an expected error of a handler into a message on the page; nothing that was typed is lost."""
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def stream(*arguments: Any, **named: Any) -> Iterator[Any]:
            try:
                yield from handler(*arguments, **named)
            except DomainsmithError as error:
                raise as_message(error) from error

        return cast(Handler, stream)

    @functools.wraps(handler)
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return handler(*arguments, **named)
        except DomainsmithError as error:
            raise as_message(error) from error

    return cast(Handler, call)


def as_message(error: DomainsmithError) -> gr.Error:
    """Return an error as the toast that a page shows; plain text."""
    return gr.Error(rail_view.plain(str(error)), duration=None, print_exception=False)


class Frame:
    """One page in one language."""

    def __init__(self, lang: Language, page: PageName, desks: Desks, blocks: gr.Blocks) -> None:
        """Take the page's place.

        Args:
            lang: Language of the page.
            page: Which page it is.
            desks: The desks of the server.
            blocks: The application the page belongs to.
        """
        self.lang = lang
        self.page = page
        self.desks = desks
        self._blocks = blocks
        self._loaded: Any = None
        self._stands: dict[str, tuple[object, Readiness]] = {}
        self._top: gr.HTML
        self._rail: gr.HTML
        self._cancel: gr.Button
        self._facing: gr.Textbox
        self._timer: gr.Timer

    def say(self, key: str, **values: object) -> str:
        """Return a phrase in the page's language."""
        return phrase(key, self.lang, **values)

    def desk(self, request: gr.Request) -> Desk:
        """Return the desk of the account that asks."""
        return self.desks.for_account(request.state.account, request.state.home)

    def asked(self, request: gr.Request, name: str) -> str | None:
        """Return a parameter of the page's address, e.g. `thread`; `None` if it is not there or empty."""
        return dict(request.query_params).get(name) or None

    def project(self, request: gr.Request) -> Project | None:
        """Return the project of the address, else the one last looked at, else the only one.

        `None` if there is none, or if the address names one that this account does not have.
        """
        desk = self.desk(request)
        asked = self.asked(request, "project")
        try:
            if asked is not None:
                return desk.project(asked)
            last = dict(request.cookies).get(PROJECT_COOKIE)
            known = {info.id for info in desk.workspace.projects()}
            return desk.project(last if last in known else None)
        except (NotFoundError, InputError):
            return None

    def need(self, request: gr.Request) -> Project:
        """Return the project, for a handler that cannot do without.

        Raises:
            NotFoundError: There is none.
        """
        project = self.project(request)
        if project is None:
            raise NotFoundError(self.say("frame_need_project"))
        return project

    def link(self, page: PageName, project: Project | None = None, **query: str | None) -> str:
        """Return the address of a page in this language; escape it when it goes into HTML."""
        return address(self.lang, page, project=project.id if project else None, **query)

    def on_load(self, handler: Callable[..., Any], inputs: Any = None, outputs: Any = None, **options: Any) -> Any:
        """Run a handler when the page opens, after those registered before.

        One after the other: of several load events sent at once Gradio's client now and then drops an answer.
        """
        when = self._blocks.load if self._loaded is None else self._loaded.then
        self._loaded = when(handler, inputs, outputs, api_visibility="private", **options)
        return self._loaded

    def after(self, event: Any) -> Any:
        """Bring rail and top bar up to date after an event that changed the project or started a job."""
        return event.then(self._refresh, None, self._parts(), show_progress="hidden", api_visibility="private")

    @contextmanager
    def shell(self) -> Iterator[None]:
        """Draw top bar and rail, and open the column that the page is built in."""
        self._timer = gr.Timer(REFRESH_SECONDS, active=False)
        # Id of the job that the top bar shows: its button cancels that one, whatever has started since.
        self._facing = gr.Textbox("", visible=False)
        with gr.Row(elem_id="ds-top"):
            self._top = gr.HTML(elem_id="ds-bar", apply_default_css=False, js_on_load=None)
            self._cancel = gr.Button(self.say("frame_cancel"), visible=False, elem_id="ds-cancel", size="sm", scale=0)
        with gr.Row(elem_id="ds-body"):
            with gr.Column(elem_id="ds-rail", scale=0, min_width=0):
                self._rail = gr.HTML(elem_id="ds-rail-content", apply_default_css=False, js_on_load=None)
            with gr.Column(elem_id="ds-main", min_width=0, elem_classes=f"ds-page-{self.page}"):
                gr.HTML(rail_view.heading(self.lang, self.page), apply_default_css=False, js_on_load=None)
                self.on_load(self._refresh, None, self._parts(), show_progress="hidden")
                self._timer.tick(self._refresh, None, self._parts(), show_progress="hidden", api_visibility="private")
                self.after(self._cancel.click(self._cancel_job, self._facing, None, api_visibility="private"))
                yield

    def _parts(self) -> list[Any]:
        return [self._top, self._rail, self._cancel, self._facing, self._timer]

    def _refresh(self, request: gr.Request) -> tuple[str, str, Any, str, Any]:
        desk = self.desk(request)
        project = self.project(request)
        place = Place(self.lang, self.page, project.id if project else None, dict(request.query_params))
        job = running_job(project) if project else None
        standing = self._stand(project, job) if project else None
        return (
            rail_view.top(place, desk.account, job),
            rail_view.rail(place, desk.workspace.projects(), standing),
            gr.Button(visible=job is not None),
            job.id if job is not None else "",
            gr.Timer(REFRESH_SECONDS, active=job is not None),
        )

    def _stand(self, project: Project, job: RunningJob | None) -> Readiness:
        """Return where the project stands; counted again only when something of it has changed."""
        key = str(project.root)
        watched = (
            project.document_list,
            project.chunks,
            project.pairs,
            project.split,
            project.mixes,
            project.validation,
            project.profile,
            project.decision,
            project.runs,
        )
        state = (job and (job.id, job.state), *map(state_of, watched))
        held = self._stands.get(key)
        if held is None or held[0] != state:
            held = (state, stand(project, self.lang))
            self._stands[key] = held
        return held[1]

    def _cancel_job(self, facing: str, request: gr.Request) -> None:
        from tools.jobs.runner import cancel

        project = self.need(request)
        job = running_job(project)
        if job is None or job.id != facing:
            raise as_message(InputError(self.say("frame_ended_meanwhile")))
        try:
            cancel(project, job.id)
        except InputError as error:  # it ended by itself just now
            raise as_message(error) from error
        gr.Info(self.say("frame_cancelled", kind=self.say(f"frame_kind_{job.kind}")))
