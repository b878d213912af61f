"""The page of the documents: drop or name files, see what was read and why not, open the text, remove a document.

`?document=ID&chunk=ID&start=N&end=N` opens a document at a chunk with the quote from `start` to `end` marked, which is
where citations link to.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from agent.errors import DomainsmithError, InputError, NotFoundError, RefusedError
from agent.records.corpus import IngestRequest, IngestResult
from agent.records.job import Job
from graph.forgetting import forget
from knowledge.files import read_record
from knowledge.store import CorpusStore
from tools.calling import ingest_request, may_read
from tools.erasure import wordings
from tools.jobs.worker import RESULT
from tools.removal import UPLOADS, chunks_of, remove_document, traces
from tools.requests import IngestAsk
from tools.uploads import take_in
from tools.workspace import Project
from ui.pages import documents_passage, documents_view
from ui.pages.documents_passage import Place, place
from ui.pages.frame import Frame, told
from ui.pages.job_panel import JobPanel
from ui.web.desk import Desk

SHOW_PASSAGE = "() => window.dsDocuments?.show()"
FORGET_PASSAGE = "() => window.dsDocuments?.forget()"


class Entry(NamedTuple):
    """Where files come in."""

    group: gr.Group
    drop: gr.File
    folder: gr.Textbox
    read: gr.Button


class Reader(NamedTuple):
    """Where a document's text is read and from where it is removed."""

    passage: gr.HTML
    remove: gr.Button
    confirm: gr.Group
    card: gr.HTML
    yes: gr.Button
    no: gr.Button


def build(frame: Frame) -> None:
    """Draw the page."""
    with gr.Row(elem_classes="ds-columns"):
        with gr.Column(scale=3, min_width=300):
            entry = _entry(frame)
            panel = JobPanel(frame, "ingest", "documents", lambda project, job: describe(frame, project, job))
            search = gr.Textbox(
                "",
                label=frame.say("documents_search"),
                placeholder=frame.say("documents_search_hint"),
                max_lines=1,
                visible=False,
                elem_id="documents-search",
            )
            table = gr.HTML(apply_default_css=False, js_on_load=None, elem_id="documents-table")
        with gr.Column(scale=2, min_width=300):
            reader = _reader(frame)
    # The links of the table change the address and press this button, so no page is loaded anew.
    opener = gr.Button("", elem_id="documents-open", elem_classes="ds-offstage")
    _wire(frame, entry, panel, search, table, reader, opener)


def _entry(frame: Frame) -> Entry:
    with gr.Group(visible=False) as group:
        gr.HTML(documents_view.invitation(frame.lang), apply_default_css=False, js_on_load=None)
        drop = gr.File(
            label=frame.say("documents_drop"),
            show_label=False,
            file_count="multiple",
            height=96,
            elem_id="documents-drop",
        )
        with gr.Row():
            folder = gr.Textbox(
                label=frame.say("documents_folder"),
                placeholder=frame.say("documents_folder_hint"),
                info=frame.say("documents_folder_info"),
                max_lines=1,
                scale=4,
                elem_id="documents-folder",
            )
            read = gr.Button(frame.say("documents_read"), scale=0, min_width=90, elem_id="documents-read")
    return Entry(group, drop, folder, read)


def _reader(frame: Frame) -> Reader:
    passage = gr.HTML(apply_default_css=False, js_on_load=None, elem_id="documents-passage")
    remove = gr.Button(frame.say("documents_remove"), visible=False, size="sm", elem_id="documents-remove")
    with gr.Group(visible=False, elem_id="documents-confirm") as confirm:
        card = gr.HTML(apply_default_css=False, js_on_load=None, padding=True)
        with gr.Row():
            yes = gr.Button(frame.say("documents_remove_yes"), variant="stop", elem_id="documents-remove-yes")
            no = gr.Button(frame.say("documents_remove_no"), elem_id="documents-remove-no")
    return Reader(passage, remove, confirm, card, yes, no)


def _wire(
    frame: Frame, entry: Entry, panel: JobPanel, search: gr.Textbox, table: gr.HTML, reader: Reader, opener: gr.Button
) -> None:
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    asked_about = gr.State("")
    """Id of the document that the card asks about; a yes means that one, whatever has been opened since."""

    @told
    def start(files: list[str] | None, path: str, request: gr.Request) -> tuple[None, str]:
        submit_reading(frame, request, [Path(file) for file in files or ()], path.strip())
        gr.Info(frame.say("documents_started"))
        return None, ""

    def listed(request: gr.Request, text: str = "") -> tuple[Any, Any, str]:
        shown = page_table(frame, request, text)
        project = frame.project(request)
        return gr.Group(visible=project is not None), gr.Textbox(visible=bool(shown[1])), shown[0]

    def opened(request: gr.Request) -> tuple[str, Any, Any]:
        text, is_there = page_passage(frame, request, asked_place(frame, request))
        return text, gr.Button(visible=is_there), gr.Group(visible=False)

    def everything(request: gr.Request) -> tuple[Any, ...]:
        folder = gr.Textbox(visible=has_paths(frame.desk(request)))
        return *listed(request), *opened(request), folder, *panel.shown(request)

    def found(text: str, request: gr.Request) -> str:
        return page_table(frame, request, text)[0]

    @told
    def ask(request: gr.Request) -> tuple[Any, str, str]:
        project, identifier = frame.need(request), asked_place(frame, request).document
        document = CorpusStore(project.root).document(identifier)
        is_upload = (project.root / UPLOADS).resolve() in Path(document.origin).parents
        return (
            gr.Group(visible=True),
            documents_view.removal(document, traces(project, identifier), is_upload, frame.lang),
            identifier,
        )

    @told
    def take_out(identifier: str, request: gr.Request) -> tuple[Any, ...]:
        project = frame.need(request)
        with project.owned("removal of a document"):
            store = CorpusStore(project.root)
            name, words = store.document(identifier).name, wordings(store, identifier)
            forgotten = forget(frame.desk(request).assistant, {project.id, project.info.name}, name, words)
            removed = remove_document(project, identifier, words, lang=frame.lang)
        gr.Info(documents_view.removed(removed, forgotten, frame.lang))
        hint, _ = page_passage(frame, request, Place(""))
        return *listed(request), hint, gr.Button(visible=False), gr.Group(visible=False)

    tables, passages = [entry.group, search, table], [reader.passage, reader.remove, reader.confirm]
    loaded = [*tables, *passages, entry.folder, *panel.parts]
    frame.on_load(everything, None, loaded, show_progress="hidden").then(
        None, None, None, js=SHOW_PASSAGE, api_visibility="private"
    )
    panel.follow(listed, tables)
    given = [entry.drop, entry.folder]
    for event in (entry.drop.upload, entry.read.click, entry.folder.submit):
        panel.started(event(start, given, given, api_visibility="private"))
    # Not `input`: that one is told of typed keys only, not of a paste or an input method.
    search.change(found, search, table, trigger_mode="always_last", **quiet)
    opener.click(opened, None, passages, **quiet).then(None, None, None, js=SHOW_PASSAGE, api_visibility="private")
    reader.remove.click(ask, None, [reader.confirm, reader.card, asked_about], **quiet)
    reader.no.click(lambda: gr.Group(visible=False), None, reader.confirm, **quiet)
    removed = reader.yes.click(take_out, asked_about, [*tables, *passages], api_visibility="private")
    frame.after(removed.success(None, None, None, js=FORGET_PASSAGE, api_visibility="private"))


def submit_reading(frame: Frame, request: gr.Request, files: Sequence[Path], path: str) -> Job:
    """Start a job that reads uploaded files, a folder or both.

    Raises:
        InputError: Nothing was given, or there is no such folder.
        RefusedError: The settings do not open that folder.
        BusyError: Another job of the project runs; the uploads wait where they are.
    """
    from tools.jobs.runner import submit

    desk, project = frame.desk(request), frame.need(request)
    if not files and not path:
        raise InputError(frame.say("documents_nothing_given"))
    uploads, move = take_in(project, files)
    named: tuple[str, ...] = ()
    if path:
        if not has_paths(desk):
            raise InputError(frame.say("documents_folder_refused"))
        given = Path(path).expanduser()
        if not given.is_absolute():
            raise InputError(frame.say("documents_absolute"), where=path)
        if not may_read(given, desk.settings):
            folders = ", ".join(str(root) for root in desk.settings.document_roots or ())
            mend = frame.say("documents_folder_closed_mend", folders=folders)
            raise RefusedError(frame.say("documents_folder_closed"), where=path, mend=mend)
        named = ingest_request(IngestAsk(paths=(path,)), desk.settings).paths
    wanted = IngestRequest(paths=(*uploads.paths, *named))
    return submit(
        project, desk.settings, "ingest", wanted.model_dump(mode="json"), "ingest", prepare=lambda _run: move()
    )


def has_paths(desk: Desk) -> bool:
    """Return whether an account may name a path on the server: where a folder is open, and without login anywhere."""
    roots = desk.settings.document_roots
    # With login and nothing set a path would name any file that the server can read, other people's included.
    return bool(roots) if roots is not None else not desk.account


def describe(frame: Frame, project: Project, job: Job) -> str:
    """Return what a finished reading did."""
    return documents_view.ended(read_record(project.runs / job.run / RESULT, IngestResult), frame.lang)


def asked_place(frame: Frame, request: gr.Request) -> Place:
    """Return what the page's address wants opened."""
    parts = (frame.asked(request, name) for name in ("document", "chunk", "start", "end"))
    return place(*parts)


def page_table(frame: Frame, request: gr.Request, search: str) -> tuple[str, int]:
    """Return the table, or what stands in its place, and how many documents there are."""
    project = frame.project(request)
    if project is None:
        return f'<p class="ds-empty">{documents_view.escaped(frame.lang)("frame_need_project")}</p>', 0
    documents = CorpusStore(project.root).documents()
    if not documents:
        return documents_view.empty(frame.lang), 0
    chosen = asked_place(frame, request).document
    shown = documents_view.table(
        documents,
        search,
        chosen,
        lambda identifier: frame.link("documents", project, document=identifier),
        frame.lang,
    )
    return shown, len(documents)


def page_passage(frame: Frame, request: gr.Request, opened: Place) -> tuple[str, bool]:
    """Return the text of a document, and whether there is such a document."""
    say = documents_view.escaped(frame.lang)
    project = frame.project(request)
    if project is None:
        return "", False
    store = CorpusStore(project.root)
    if not opened.document:
        hint = say("documents_choose") if store.documents() else ""
        return f'<p class="ds-quiet">{hint}</p>' if hint else "", False
    try:
        document = store.document(opened.document)
    except NotFoundError:
        return f'<p class="ds-note">{say("documents_gone")}</p>', False
    try:
        text = store.text(document.id)
    except DomainsmithError:
        why = documents_view.status(document, frame.lang)
        return (
            f'{documents_passage.heading(document, frame.lang)}<p class="ds-note">'
            f"{say('documents_no_text', reason=why)}</p>",
            True,
        )
    shown = documents_passage.passage(
        document,
        text,
        chunks_of(project, document.id),
        opened,
        lambda at: frame.link("documents", project, document=document.id, start=str(at)),
        frame.lang,
    )
    return shown, True
