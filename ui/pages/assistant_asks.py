"""What a page can ask of a conversation: say something, read dropped files, settle the step that waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from agent.records.conversation import ChatMessage, Part, Verdict
from ui.pages.assistant_files import bring_in, take_back
from ui.pages.assistant_scene import Scene
from ui.pages.assistant_text import said_in
from ui.pages.assistant_turns import Ask
from ui.pages.assistant_view import open_approval
from ui.pages.frame import Frame


def message(here: Scene, text: str) -> Ask:
    """Return the wish to say something; the reply comes in its language where that is plain."""
    assistant, thread = here.desk.assistant, here.thread
    return Ask(text, _reader(here), lambda: assistant.stream(thread, text, said_in(text), here.to_join))


def reading(here: Scene, files: Sequence[Path], frame: Frame) -> Ask:
    """Move dropped files into the project and return the wish to read them.

    Raises:
        BusyError: The project is being worked on; the files wait where they are.
    """
    project = here.project
    assert project is not None
    paths = bring_in(project, files)
    names = ("、" if frame.lang == "zh" else ", ").join(Path(path).name for path in paths)
    said = frame.say("assistant_dropped", names=names)

    def read() -> Iterator[Part]:
        turn = here.desk.assistant.propose(
            here.thread,
            "read_documents",
            {"paths": paths},
            lang=None if here.known is not None else frame.lang,
            project=project.info.name,
            said=said,
        )
        if turn.job is None and turn.approval is None:
            take_back(project, paths)
        yield turn

    return Ask(said, _reader(here), read)


def settling(here: Scene, approval: str, verdict: Verdict) -> Ask:
    """Return a person's yes or no to the step of that id; asked twice it is one."""

    def settle() -> Iterator[Part]:
        waits = open_approval(here.desk.assistant.history(here.thread))
        yield from here.desk.assistant.stream_verdict(here.thread, approval, verdict)
        if verdict == "decline" and waits is not None and waits.id == approval and here.project is not None:
            take_back(here.project, [str(path) for path in waits.arguments.get("paths", ())])

    return Ask("", _reader(here), settle, once=approval)


def _reader(here: Scene) -> Callable[[], tuple[ChatMessage, ...]]:
    return lambda: here.desk.assistant.history(here.thread)
