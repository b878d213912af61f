"""How an evaluated model reads documents: exactly as the product's answers do."""

from __future__ import annotations

from collections.abc import Sequence

from agent.records.base import Language
from agent.records.corpus import Retrieved
from tools.evaluation.arms import BuiltContext, Reading


def documents_reading(abstain_below: float) -> Reading:
    """Return the cutting of context and the telling of abstentions that `domainsmith ask` uses.

    Args:
        abstain_below: The setting of that name.
    """
    from knowledge.answering import abstained, build_context, kept_to

    def build(question: str, retrieved: Sequence[Retrieved], language: Language) -> BuiltContext:
        built = build_context(question, retrieved, language, abstain_below=abstain_below)
        return BuiltContext(built.passages, built.chunks, silent=built.silent, told=built.told)

    return Reading(build=build, abstained=abstained, kept_to=kept_to)
