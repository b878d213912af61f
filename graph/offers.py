"""What a reply ends with: the next sensible step as an offer, or the question of another reply."""

from __future__ import annotations

from agent.records.base import Language
from agent.records.decision import Action
from graph.replies import results
from graph.replies.said import Said, joined
from tools.status import stand
from tools.workspace import Project


def with_next(said: Said, project: Project, lang: Language) -> Said:
    """Add the next sensible step of the project as an offer."""
    action: Action = stand(project, lang).next_action
    if action == "validate" and not project.split.exists():
        action = "extract"  # questions are made from pairs, whose making splits the documents
    if action in ("status", "setup"):
        return said
    return after(said.text, results.offer(action, lang), said)


def after(before: str, said: Said, sources: Said | None = None) -> Said:
    """Return what is said after a text, with the evidence and articles of `sources` before its own."""
    evidence, articles = (sources.evidence, sources.articles) if sources is not None else ((), ())
    return Said(
        joined(before, said.text),
        question=said.question,
        options=said.options,
        evidence=tuple(dict.fromkeys((*evidence, *said.evidence))),
        articles=tuple(dict.fromkeys((*articles, *said.articles))),
        answers=said.answers,
        expecting=said.expecting,
    )
