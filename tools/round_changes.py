"""What differs between two evaluations, as plain facts from their records: model, data, documents, reading, items."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

from agent.records.base import Record
from agent.records.corpus import IngestResult
from agent.records.evaluation import Arm, EvaluateRequest, EvaluationReport
from agent.records.iteration import ChangedFact, ChangeKind, DimensionChange
from agent.records.mixture import MixManifest
from agent.records.tuning import TuneRequest, TuneResult
from agent.settings import Settings
from knowledge.files import read_record
from tools.evaluation.arms import TUNED, WITH_RETRIEVAL
from tools.workspace import Project, run_moment

R = TypeVar("R", bound=Record)

_READ: Final[tuple[ChangeKind, ...]] = ("documents", "search", "k", "passages", "passage_characters", "abstain_below")
"""Recorded changes that explain why other passages are shown."""


@dataclass(frozen=True)
class Measured:
    """One evaluation, as far as it tells what was measured."""

    run: Path
    report: EvaluationReport
    request: EvaluateRequest
    settings: Settings | None
    """Of the job; `None` where none were kept, as in a run from Python."""
    items: int
    """Items asked."""
    contexts: Mapping[tuple[Arm, str], tuple[str, ...]]
    """Ids of the chunks that an arm was shown with an item."""


def changed_facts(
    project: Project,
    before: Measured,
    after: Measured,
    main: DimensionChange,
    arms: Collection[Arm],
    match: Mapping[str, str],
) -> tuple[ChangedFact, ...]:
    """Return what differs between two rounds and bears on the arms compared, in the order in which it is told.

    Args:
        project: The project.
        before: The earlier round.
        after: The later round.
        main: The change on the deciding dimension.
        arms: All arms of the later round that are compared.
        match: Earlier id by later id of the items compared.

    Raises:
        InputError: A record of a run is damaged; names file and field.
    """
    found = [*_differing("arm", main.arm_before, main.arm)]
    found += _differing("base_model", before.report.base_model, after.report.base_model)
    if any(arm in TUNED for arm in arms):
        found += _tuning(project, before.report.tune_run, after.report.tune_run)
    if any(arm in WITH_RETRIEVAL for arm in arms):
        found += _reading(project, before, after)
        if not any(fact.what in _READ for fact in found):
            found += _index(before, after, match)
    for name in ("max_new_tokens", "most_tokens"):
        found += _differing("tokens", getattr(before.request, name), getattr(after.request, name), name)
    corrected = sum(old != new for new, old in match.items())
    if corrected:
        found.append(ChangedFact(what="references", before="", after=str(corrected)))
    if before.report.items_sha256 != after.report.items_sha256:
        found.append(ChangedFact(what="items", before=str(before.items), after=str(after.items)))
    return tuple(sorted(found, key=lambda fact: get_args(ChangeKind).index(fact.what)))


def _tuning(project: Project, before: str | None, after: str | None) -> Iterator[ChangedFact]:
    if before == after:
        return
    yield ChangedFact(what="tune_run", before=before or "", after=after or "")
    first, second = (_record(project, name, "result.json", TuneResult) for name in (before, after))
    yield from _differing("method", first and first.method, second and second.method)
    mixes = [None if one is None else _manifest(project, one.mix) for one in (first, second)]
    yield from _data(first, second, mixes[0], mixes[1])
    if first is None or second is None:
        return
    asked = [_record(project, name, "request.json", TuneRequest) for name in (before, after)]
    same_data = first.mix == second.mix and (first.method, first.base_model) == (second.method, second.base_model)
    # The policy sets what nobody asked for by the size of model and data; then the data is what changed.
    followed = not same_data and None not in asked and _set_by_hand(asked[0]) == _set_by_hand(asked[1])
    kind: ChangeKind = "followed" if followed else "hyperparameter"
    for name in type(first.hyperparameters).model_fields:
        old, new = getattr(first.hyperparameters, name), getattr(second.hyperparameters, name)
        yield from _differing(kind, old, new, name)


def _data(
    first: TuneResult | None, second: TuneResult | None, before: MixManifest | None, after: MixManifest | None
) -> Iterator[ChangedFact]:
    if before is None or after is None or before.sha256 != after.sha256:
        yield from _differing("mix", first and first.mix, second and second.mix)
    if after is not None and (before is not None or first is None):
        yield from _differing("domain_share", before and before.requested_share, after.requested_share)
    if before is None or after is None:  # nothing is known of a mix that was deleted
        return
    if before.pairs_sha256 != after.pairs_sha256:
        yield ChangedFact(what="pairs", before=str(before.domain_examples), after=str(after.domain_examples))
    if before.general.sha256 != after.general.sha256:
        names = (before.general.name, after.general.name)
        if names[0] == names[1]:
            names = (f"{names[0]} {before.general.sha256[:8]}", f"{names[1]} {after.general.sha256[:8]}")
        yield ChangedFact(what="general", before=names[0], after=names[1])


def _reading(project: Project, before: Measured, after: Measured) -> Iterator[ChangedFact]:
    read = removed = 0
    for run in project.run_folders("ingest"):
        if run_moment(before.run.name) < run_moment(run.name) <= run_moment(after.run.name):
            result = _record(project, run.name, "result.json", IngestResult)
            read += result.read if result else 0
            removed += result.removed if result else 0
    if read or removed:
        yield ChangedFact(what="documents", before=str(removed), after=str(read))
    if before.settings is not None and after.settings is not None:
        for name in ("embedding_model", "reranker"):
            old, new = getattr(before.settings, name), getattr(after.settings, name)
            yield from _differing("search", old and Path(old).name, new and Path(new).name, name)
    yield from _differing("k", before.request.k, after.request.k)
    kinds: tuple[ChangeKind, ...] = ("passages", "passage_characters", "abstain_below")
    for kind in kinds:
        asked = [getattr(one.request, kind) for one in (before, after)]
        known = before.settings is not None and after.settings is not None
        # What nobody asked for is as it was set; where that is not known on both sides, nothing is made of it.
        if known or asked[0] != asked[1]:
            yield from _differing(kind, _in_force(before, kind), _in_force(after, kind))


def _in_force(one: Measured, name: str) -> Any:
    asked = getattr(one.request, name)
    return asked if asked is not None or one.settings is None else getattr(one.settings, name)


def _index(before: Measured, after: Measured, match: Mapping[str, str]) -> Iterator[ChangedFact]:
    """Tell that other passages were shown although no record says why: another index, synonyms, another version."""
    both = [
        (before.contexts[arm, match[name]], shown)
        for (arm, name), shown in after.contexts.items()
        if arm == "rag" and name in match and (arm, match[name]) in before.contexts
    ]
    other = sum(old != new for old, new in both)
    if other:
        yield ChangedFact(what="index", before=str(other), after=str(len(both)))


def _differing(what: ChangeKind, before: object, after: object, name: str = "") -> Iterator[ChangedFact]:
    if before != after:
        yield ChangedFact(what=what, before=_text(before), after=_text(after), name=name)


def _text(value: object) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _set_by_hand(request: TuneRequest | None) -> object:
    return request and (request.hyperparameters, request.overrides, request.seed)


def _manifest(project: Project, mix: str) -> MixManifest | None:
    path = project.mixes / mix / "manifest.json"
    return read_record(path, MixManifest) if path.exists() else None


def _record(project: Project, run: str | None, file: str, kind: type[R]) -> R | None:
    path = project.runs / run / file if run else None
    return read_record(path, kind) if path is not None and path.exists() else None
