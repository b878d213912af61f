"""What a page can ask of a conversation: say something, read dropped files, settle the step that waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from agent.records.conversation import ChatMessage, Part, Turn, Verdict
from ui.pages.assistant_files import bring_in, take_back
from ui.pages.assistant_scene import Scene
from ui.pages.assistant_text import said_in
from ui.pages.assistant_turns import Ask
from ui.pages.assistant_view import open_approval
from ui.pages.frame import Frame

READING: Final = "read_documents"
"""Name of the tool that reads documents."""


def message(here: Scene, text: str) -> Ask:
    """Return the wish to say something; the reply comes in its language where that is plain."""
    assistant, thread = here.desk.assistant, here.thread
    return Ask(text, _reader(here), lambda: _tidied(here, assistant.stream(thread, text, said_in(text), here.to_join)))


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
            READING,
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
    assistant, thread = here.desk.assistant, here.thread
    return Ask(
        "",
        _reader(here),
        lambda: _tidied(here, assistant.stream_verdict(thread, approval, verdict)),
        once=approval,
    )


def _tidied(here: Scene, parts: Iterator[Part]) -> Iterator[Part]:
    """Pass a turn on; where it ended the wait for a yes to reading dropped files with a no, delete them."""
    waited = open_approval(here.desk.assistant.history(here.thread))
    for part in parts:
        yield part
        if (
            isinstance(part, Turn)
            and waited is not None
            and waited.tool == READING
            and here.project is not None
            and part.approval != waited
            and part.job is None
            and part.fault is None
        ):
            take_back(here.project, [str(path) for path in waited.arguments.get("paths", ())])


def _reader(here: Scene) -> Callable[[], tuple[ChatMessage, ...]]:
    return lambda: here.desk.assistant.history(here.thread)
