"""Where a project stands on the road of seven stations, what the next sensible step is, and what must not start yet."""

from __future__ import annotations

from typing import Final

from agent.policy.reasons import reason
from agent.prompts.decisions import METHOD_CHOICES
from agent.prompts.phrases import fill
from agent.prompts.road import NEXT, REFUSALS, STATIONS
from agent.records.base import Language
from agent.records.decision import Action, Readiness, Reason, Station
from agent.records.facts import ProjectFacts
from agent.records.profile import Profile

_ARTICLES: Final[dict[Action, str]] = {
    "setup": "not-enough-evidence",
    "ingest": "documents",
    "extract": "llm-extraction",
    "review": "pair-quality",
    "validate": "validation-set",
    "mix": "domain-share",
    "tune": "ladder",
    "evaluate": "baseline",
    "decide": "verdict",
    "diagnose": "diagnosis",
    "status": "ladder",
}
_STATION_OF: Final[dict[Action, str]] = {
    "setup": "profile",
    "ingest": "documents",
    "extract": "pairs",
    "review": "pairs",
    "mix": "mix",
    "tune": "tune",
    "evaluate": "evaluate",
    "decide": "decide",
}
_JOB_STATION: Final[dict[str, str]] = {
    "ingest": "documents",
    "extract": "pairs",
    "mix": "mix",
    "tune": "tune",
    "validate": "evaluate",
    "evaluate": "evaluate",
}


def readiness(facts: ProjectFacts, lang: Language = "en") -> Readiness:
    """Return the state of every station and the next step.

    A station is `done` when its product stands and is up to date, `needs_you` when a person must act, `current` when
    it is next or running, and `waiting` otherwise.
    """
    action = _next_action(facts)
    current = _current_station(facts, action)
    stations = tuple(
        _settle(station, current, facts, lang)
        for station in (
            _profile(facts, lang),
            _documents(facts, lang),
            _pairs(facts, lang),
            _mix(facts, lang),
            _tune(facts, lang),
            _evaluate(facts, lang),
            _decide(facts, lang),
        )
    )
    why = reason(
        NEXT, action, lang, _ARTICLES[action], *_evidence(action), pending=facts.pairs_pending, job=facts.running
    )
    return Readiness(stations=stations, next_action=action, reasons=(why,))


def refusal(action: Action, facts: ProjectFacts, lang: Language = "en") -> Reason | None:
    """Return why a step must not start yet, whoever asks; `None` if it may.

    Training without a validation set is refused even on a direct command, since nobody could tell whether it helped.
    """
    match action:
        case "tune" if not facts.mixes:
            return reason(REFUSALS, "no_mix", lang, "domain-share", "mixes")
        case "tune" if not facts.validation_items:
            return reason(REFUSALS, "no_validation", lang, "validation-set", "validation_items")
        case "mix" if not facts.pairs_accepted:
            return reason(REFUSALS, "no_pairs", lang, "pair-quality", "pairs_accepted")
        case "extract" if not facts.documents:
            return reason(REFUSALS, "no_documents", lang, "documents", "documents")
        case "evaluate" if not facts.validation_items:
            return reason(REFUSALS, "no_items", lang, "validation-set", "validation_items")
        case "diagnose" if facts.evaluated_run is None:
            return reason(REFUSALS, "no_evaluation", lang, "diagnosis", "evaluated_run")
        case _:
            return None


def known_fields(profile: Profile) -> int:
    """Return how many fields of the profile are known."""
    return sum(getattr(profile, name) is not None for name in type(profile).model_fields)


def needs_training(facts: ProjectFacts) -> bool:
    """Return whether the road runs through pairs, mix and tuning: unless a decision said it does not."""
    return facts.method not in ("rag", "prompt")


def _next_action(facts: ProjectFacts) -> Action:
    if facts.running is not None:
        return "status"
    if not facts.documents:
        return "ingest" if known_fields(facts.profile) else "setup"
    training = _next_training_action(facts) if needs_training(facts) else None
    if training is not None:
        return training
    if not facts.validation_items:
        return "validate"
    if facts.evaluated_run is None or not facts.evaluation_is_current:
        return "evaluate"
    return "decide" if facts.method is None else "diagnose"


def _next_training_action(facts: ProjectFacts) -> Action | None:
    if not facts.pairs_accepted:
        return "review" if facts.pairs_pending else "extract"
    if not facts.validation_items:
        return "validate"
    if not facts.mixes or not facts.mix_is_current:
        return "mix"
    if facts.tuned_run is None or not facts.tune_is_current:
        return "tune"
    return None


def _current_station(facts: ProjectFacts, action: Action) -> str | None:
    if facts.running is not None:
        return _JOB_STATION.get(facts.running.split()[0])
    if action == "validate":
        # The validation set is no station of its own: it stands before training, or before the evaluation.
        return "tune" if needs_training(facts) else "evaluate"
    return _STATION_OF.get(action)


def _settle(station: Station, current: str | None, facts: ProjectFacts, lang: Language) -> Station:
    if station.name != current:
        return station
    if facts.running is not None:
        return station.model_copy(
            update={"state": "current", "detail": fill(STATIONS, "running", lang, job=facts.running)}
        )
    return station if station.state == "needs_you" else station.model_copy(update={"state": "current"})


def _profile(facts: ProjectFacts, lang: Language) -> Station:
    known, every = known_fields(facts.profile), len(type(facts.profile).model_fields)
    if not known:
        return Station(name="profile", state="needs_you", detail=fill(STATIONS, "profile_empty", lang))
    return Station(name="profile", state="done", detail=fill(STATIONS, "profile_done", lang, known=known, all=every))


def _documents(facts: ProjectFacts, lang: Language) -> Station:
    if not facts.documents:
        return Station(name="documents", state="waiting", detail=fill(STATIONS, "documents_none", lang))
    key = "documents_failed" if facts.documents_failed else "documents_done"
    detail = fill(STATIONS, key, lang, documents=facts.documents, chunks=facts.chunks, failed=facts.documents_failed)
    return Station(name="documents", state="needs_you" if facts.documents_failed else "done", detail=detail)


def _pairs(facts: ProjectFacts, lang: Language) -> Station:
    if facts.pairs_pending:
        detail = fill(STATIONS, "pairs_waiting", lang, accepted=facts.pairs_accepted, pending=facts.pairs_pending)
        return Station(name="pairs", state="needs_you", detail=detail)
    if facts.pairs_accepted:
        detail = fill(STATIONS, "pairs_done", lang, accepted=facts.pairs_accepted, held_out=facts.held_out_documents)
        return Station(name="pairs", state="done", detail=detail)
    if not needs_training(facts):
        return Station(name="pairs", state="waiting", detail=_not_needed(facts, lang))
    key = "pairs_none" if facts.documents else "pairs_first_documents"
    return Station(name="pairs", state="waiting", detail=fill(STATIONS, key, lang))


def _mix(facts: ProjectFacts, lang: Language) -> Station:
    if facts.mixes and facts.mix_is_current:
        return Station(name="mix", state="done", detail=fill(STATIONS, "mix_done", lang, mixes=facts.mixes))
    if not needs_training(facts):
        return Station(name="mix", state="waiting", detail=_not_needed(facts, lang))
    key = "mix_stale" if facts.mixes else "mix_none" if facts.pairs_accepted else "mix_first_pairs"
    return Station(name="mix", state="waiting", detail=fill(STATIONS, key, lang))


def _tune(facts: ProjectFacts, lang: Language) -> Station:
    if facts.tuned_run is not None and facts.tune_is_current:
        return Station(name="tune", state="done", detail=fill(STATIONS, "tune_done", lang, run=facts.tuned_run))
    if not needs_training(facts):
        return Station(name="tune", state="waiting", detail=_not_needed(facts, lang))
    if facts.tuned_run is not None:
        key = "tune_stale"
    elif not facts.validation_items and facts.pairs_accepted:
        key = "tune_no_items"
    else:
        key = "tune_ready" if facts.mixes else "tune_first_mix"
    detail = fill(STATIONS, key, lang, run=facts.tuned_run, items=facts.validation_items)
    return Station(name="tune", state="waiting", detail=detail)


def _evaluate(facts: ProjectFacts, lang: Language) -> Station:
    run = facts.evaluated_run
    if run is not None and facts.evaluation_is_current:
        return Station(name="evaluate", state="done", detail=fill(STATIONS, "evaluate_done", lang, run=run))
    waiting = "evaluate_ready" if facts.validation_items else "evaluate_no_items"
    key = waiting if run is None else "evaluate_stale"
    detail = fill(STATIONS, key, lang, run=run, items=facts.validation_items)
    return Station(name="evaluate", state="waiting", detail=detail)


def _decide(facts: ProjectFacts, lang: Language) -> Station:
    measured = facts.evaluated_run is not None and facts.evaluation_is_current
    if measured and facts.method is not None:
        detail = fill(STATIONS, "decide_done", lang, method=fill(METHOD_CHOICES, facts.method, lang))
        return Station(name="decide", state="done", detail=detail)
    key = "decide_ready" if measured else "decide_waiting"
    return Station(name="decide", state="waiting", detail=fill(STATIONS, key, lang))


def _evidence(action: Action) -> tuple[str, ...]:
    return {
        "setup": ("profile", "documents"),
        "ingest": ("documents",),
        "extract": ("documents", "pairs_accepted"),
        "review": ("pairs_pending", "pairs_accepted"),
        "validate": ("validation_items",),
        "mix": ("pairs_accepted", "validation_items", "mixes"),
        "tune": ("mixes", "validation_items", "tuned_run"),
        "evaluate": ("validation_items", "evaluated_run"),
        "decide": ("evaluated_run",),
        "diagnose": ("evaluated_run", "method"),
        "status": ("running",),
    }[action]


def _not_needed(facts: ProjectFacts, lang: Language) -> str:
    return fill(STATIONS, "not_needed", lang, method=fill(METHOD_CHOICES, str(facts.method), lang))
