"""The conversation as messages of Gradio's Chatbot: pure functions, every text of whoever it is inert."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

from agent.prompts.interview import FIELD_NAMES
from agent.prompts.phrases import duration
from agent.records.base import Language
from agent.records.conversation import Approval, ChatMessage, ToolStep, Turn
from agent.records.corpus import Answer, Chunk
from tools.evaluation.wording import arm_name
from ui.i18n import phrase, phrases
from ui.pages.assistant_text import RUN_ID, anchor, spoken, typed
from ui.pages.assistant_turns import Ask
from ui.pages.compare_view import passage
from ui.pages.sites import address

MOST_MESSAGES: Final = 200
"""Messages drawn; of a longer conversation the newest."""
_MOST_SOURCES: Final = 8
_SIGNS: Final[Mapping[str, str]] = {"running": "…", "done": "✓", "failed": "✗", "refused": "–"}


@dataclass(frozen=True)
class Shown:
    """What a conversation's messages may refer to."""

    lang: Language
    project: str | None = None
    """Id of the project."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Titles of the guide's articles by id."""
    runs: Mapping[str, str] = field(default_factory=dict)
    """Run of a job by the job's id."""
    passages: Mapping[str, Chunk] = field(default_factory=dict)
    """Cited chunks by id."""

    def say(self, key: str, **values: object) -> str:
        """Return a phrase, escaped."""
        return escape(phrase(key, self.lang, **values))

    def spoken(self, text: str) -> str:
        """Return what the assistant says, with its links."""
        return spoken(text, self.run_link, self.article_link, self.titles)

    def run_link(self, run: str) -> str:
        """Return the address of a run."""
        return address(self.lang, "runs", project=self.project, run=run) if self.project else ""

    def article_link(self, article: str) -> str:
        """Return the address of an article; empty if there is none of that id."""
        return address(self.lang, "guide", project=self.project, article=article) if article in self.titles else ""


def open_approval(history: Sequence[ChatMessage], asks: Sequence[Ask] = ()) -> Approval | None:
    """Return the step that waits for a yes; none while a yes or no to it is under way."""
    turn = next((one.turn for one in reversed(history) if one.turn is not None), None)
    if turn is None or turn.approval is None or any(one.once == turn.approval.id for one in asks):
        return None
    return turn.approval


def messages(history: Sequence[ChatMessage], asks: Sequence[Ask], shown: Shown) -> list[dict[str, Any]]:
    """Return a conversation, with what is under way at its end."""
    known = list(asks[0].before if asks and asks[0].before is not None else history)
    waits = open_approval(history, asks)
    drawn: list[dict[str, Any]] = []
    if len(known) > MOST_MESSAGES:
        drawn.append(
            _message("assistant", f"<p>{shown.say('assistant_earlier', count=len(known) - MOST_MESSAGES)}</p>")
        )
    for one in known[-MOST_MESSAGES:]:
        drawn.append(_kept(one, waits, shown))
    for ask in asks:
        if ask.said:
            drawn.append(_message("user", typed(ask.said)))
        drawn.append(_message("assistant", under_way(ask, shown)))
    if drawn and not asks and known:
        drawn[-1]["options"] = _options(known[-1], waits)
    return drawn


def under_way(ask: Ask, shown: Shown) -> str:
    """Return what is being done, or that it waits its turn."""
    if ask.state == "waiting":
        return f'<p class="ds-quiet" role="status">{shown.say("assistant_waits")}</p>'
    lines = "".join(f"<li>{_step_line(step, shown)}</li>" for step in ask.steps)
    listed = f'<ol class="ds-steps-open">{lines}</ol>' if lines else ""
    if ask.text:
        return f"{listed}\n\n{shown.spoken(ask.text)}"
    if ask.steps and ask.steps[-1].state == "running":
        return listed
    return f'{listed}<p class="ds-quiet" role="status">{shown.say("assistant_working")}</p>'


def steps(done: Sequence[ToolStep], shown: Shown) -> str:
    """Return what was done in a turn: one line with its time, the details folded away."""
    if not done:
        return ""
    if len(done) == 1:
        summary = _step_line(done[0], shown)
    else:
        names = escape("、".join(s.title for s in done) if shown.lang == "zh" else "; ".join(s.title for s in done))
        worst = next((s.state for s in done if s.state != "done"), "done")
        spent = [s.seconds for s in done if s.seconds is not None]
        summary = f"{_sign(worst, shown)} {names}{_time(sum(spent) if spent else None, shown)}"
    items = "".join(f"<li>{_step_detail(step, shown)}</li>" for step in done)
    return f'<details class="ds-steps"><summary>{summary}</summary><ul>{items}</ul></details>'


def reply(turn: Turn, waits: Approval | None, shown: Shown) -> str:
    """Return what the assistant said; what the card below says is not said twice."""
    text = turn.reply
    if waits is not None and turn.approval == waits and waits.summary in text:
        before = text[: text.index(waits.summary)].rstrip()
        pointer = phrase("assistant_see_card", shown.lang, title=waits.title)
        text = f"{before}\n\n{pointer}" if before else pointer
    elif turn.answers:
        text = _around_answers(turn)
    return shown.spoken(text)


def columns(turn: Turn, shown: Shown) -> str:
    """Return answers side by side, each with its sources and its time; empty where nothing was compared."""
    drawn = "".join(_column(arm, Answer.model_validate(answer), shown) for arm, answer in turn.answers.items())
    label = shown.say("assistant_answers")
    return f'<div class="ds-answers" role="group" aria-label="{label}">{drawn}</div>' if drawn else ""


def sources(turn: Turn, shown: Shown) -> str:
    """Return what a reply rests on, as small links: runs, documents, facts, articles of the guide."""
    found = [_evidence(one, shown) for one in turn.evidence[:_MOST_SOURCES]]
    if len(turn.evidence) > _MOST_SOURCES:
        found.append(f"+{len(turn.evidence) - _MOST_SOURCES}")
    cited = [anchor(shown.article_link(one), shown.titles.get(one, one)) for one in turn.articles]
    lines = [
        f"{shown.say(key)}{'' if shown.lang == 'zh' else ' '}{' · '.join(parts)}"
        for key, parts in (("assistant_evidence", found), ("assistant_guide", cited))
        if parts
    ]
    return f'<p class="ds-sources">{"<br>".join(lines)}</p>' if lines else ""


def _kept(message: ChatMessage, waits: Approval | None, shown: Shown) -> dict[str, Any]:
    if message.role == "user" or message.turn is None:
        said = typed(message.text) if message.role == "user" else shown.spoken(message.text)
        return _message(message.role, said)
    turn = message.turn
    # One text a message, so that it is one bubble; an empty line ends a piece of HTML.
    rests_on = "" if turn.approval is not None and turn.approval == waits else sources(turn, shown)
    parts = (steps(turn.steps, shown), reply(turn, waits, shown), columns(turn, shown), rests_on)
    return _message("assistant", "\n\n".join(part for part in parts if part))


def _options(message: ChatMessage, waits: Approval | None) -> list[dict[str, str]]:
    """Return the answers offered by the newest message; those to the card are the card's buttons."""
    turn = message.turn
    if turn is None or (waits is not None and turn.approval == waits and waits.summary in turn.reply):
        return []
    return [{"label": option.label, "value": option.message} for option in turn.options]


def _around_answers(turn: Turn) -> str:
    """Return what a comparison says beside the answers, which stand in columns."""
    text = turn.reply
    for given in turn.answers.values():
        answer = Answer.model_validate(given)
        # Names of arms are in the language of the reply, which need not be the page's.
        said = re.escape(f" ({answer.seconds:.1f} s): {answer.text.strip() or '–'}")
        block = re.search(rf"\*\*[^*\n]+\*\*{said}(?:\n> [^\n]*)*", text)
        if block is not None:
            text = f"{text[: block.start()].rstrip()}\n\n{text[block.end() :].lstrip()}".strip()
    return text


def _column(arm: str, answer: Answer, shown: Shown) -> str:
    text = f'<p class="ds-answer">{_one_line(answer.text)}</p>' if answer.text.strip() else "<p>–</p>"
    flags = "".join(
        f'<p><span class="ds-tag">{shown.say(f"compare_{name}")}</span></p>'
        for name in ("abstained", "truncated", "quoted")
        if getattr(answer, name)
    )
    cited = "".join(
        passage(one, shown.passages.get(one.chunk), shown.project or "", shown.lang) for one in answer.citations
    )
    took = escape(duration(answer.seconds, shown.lang)) if answer.seconds >= 10 else f"{answer.seconds:.1f} s"
    return _one_line(
        f'<article class="ds-column"><h3>{escape(arm_name(arm, shown.lang))}</h3>{text}{flags}{cited}'  # type: ignore[arg-type]
        f'<p class="ds-quiet ds-figures">{took}</p></article>',
        is_html=True,
    )


def _evidence(identifier: str, shown: Shown) -> str:
    if RUN_ID.fullmatch(identifier):
        return anchor(shown.run_link(identifier), identifier)
    if identifier in shown.runs:
        return anchor(shown.run_link(shown.runs[identifier]), f"{phrase('assistant_job', shown.lang)} {identifier}")
    if identifier in FIELD_NAMES:
        return escape(FIELD_NAMES[identifier][shown.lang])
    if f"assistant_fact_{identifier}" in phrases(shown.lang):
        return shown.say(f"assistant_fact_{identifier}")
    document, _, span = identifier.rpartition(":")
    start, _, end = span.partition("-")
    if document and start.isdigit() and end.isdigit() and shown.project:
        place = {"document": document, "chunk": identifier, "start": start, "end": end}
        return anchor(address(shown.lang, "documents", project=shown.project, **place), document)
    return escape(identifier)


def _step_line(step: ToolStep, shown: Shown) -> str:
    return f"{_sign(step.state, shown)} {escape(step.title)}{_time(step.seconds, shown)}"


def _step_detail(step: ToolStep, shown: Shown) -> str:
    detail = f"<br>{_one_line(step.detail)}" if step.detail else ""
    state = shown.say(f"assistant_step_{step.state}")
    return f"<code>{escape(step.tool)}</code> · {escape(step.title)} · {state}{_time(step.seconds, shown)}{detail}"


def _sign(state: str, shown: Shown) -> str:
    words = shown.say(f"assistant_step_{state}")
    return f'<span class="ds-sign ds-{state}" role="img" title="{words}">{_SIGNS[state]}</span>'


def _time(seconds: float | None, shown: Shown) -> str:
    if seconds is None:
        return ""
    said = f"{seconds:.1f} s" if seconds < 10 else duration(seconds, shown.lang)
    return f' <span class="ds-quiet ds-figures">{escape(said)}</span>'


def _one_line(text: str, *, is_html: bool = False) -> str:
    """Return text, escaped unless it is HTML already, without the line ends that would end a block of HTML."""
    return (text if is_html else escape(text)).replace("\r", "").replace("\n", "&#10;")


def _message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": {"type": "text", "text": text}}
