"""How an evaluated model reads documents: exactly as the product's answers do."""

from __future__ import annotations

from collections.abc import Sequence

from agent.records.base import Language
from agent.records.corpus import Retrieved
from agent.records.evaluation import EvaluateRequest
from agent.settings import Settings
from tools.evaluation.arms import BuiltContext, Reading


def reading_settings(settings: Settings, request: EvaluateRequest) -> Settings:
    """Return the settings with what an evaluation was asked to read otherwise."""
    asked = {
        "passages": request.passages,
        "passage_characters": request.passage_characters,
        "abstain_below": request.abstain_below,
    }
    return settings.model_copy(update={name: value for name, value in asked.items() if value is not None})


def documents_reading(settings: Settings) -> Reading:
    """Return the cutting of context and the telling of abstentions that `domainsmith ask` uses.

    Args:
        settings: Say how much is shown, and when nothing is read.
    """
    from knowledge.answering import abstained, build_context, kept_to

    def build(question: str, retrieved: Sequence[Retrieved], language: Language) -> BuiltContext:
        built = build_context(
            question,
            retrieved,
            language,
            settings.passage_characters,
            settings.passages,
            abstain_below=settings.abstain_below,
        )
        return BuiltContext(built.passages, built.chunks, silent=built.silent, told=built.told)

    return Reading(build=build, abstained=abstained, kept_to=kept_to)
