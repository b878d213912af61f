"""The share of domain data by measurement: a short pilot for each share, the same sealed items, one recommendation.

    result = sweep(project, settings, SweepRequest(shares=(0.1, 0.3, 0.5)), reporter)
    result.decision.share

Every pilot learns the same domain examples for the same epochs; only the general data beside them differs. The base is
measured once. Pilots keep out of the way: their mixes and runs are no candidates for `tune`, `evaluate` or `export`.
A sweep that was killed goes on when it is asked for again: pilots that are done are not trained again, one that is not
goes on from its last epoch. Which pilots are the same is told by hashes of model, mix and request, so other sweeps find
them too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent import __version__
from agent.errors import EmptyError
from agent.policy.share import choose_share
from agent.progress import Reporter
from agent.prompts.mixing import mix_note
from agent.records.evaluation import Arm, Dimension, EvaluateRequest, EvaluationReport
from agent.records.mixture import MixManifest, SharePoint
from agent.records.tuning import TuneRequest, TuneResult
from agent.settings import Settings
from knowledge.files import read_record, sha256_of, write_record
from tools.evaluation.run import evaluate
from tools.hardware import this_machine
from tools.mixing.domain import pair_lines
from tools.mixing.request import MixRequest
from tools.mixing.run import mix, pairs_fingerprint
from tools.mixing.swept import PILOT, Pilot, SweepMark, SweepRequest, SweepResult
from tools.models import resolve_base_model
from tools.tuning.run import tune
from tools.workspace import Project

_MEASURED: Final[tuple[Dimension, Dimension]] = ("domain_knowledge", "general_ability")
_TOKENS_OF_EXAMPLE: Final = 50
"""Tokens of an example of a mix, for the estimate; measured on the bundled corpus."""


_DONE: Final = "result.json"
_MODEL_FILES: Final = frozenset({".safetensors", ".json", ".model", ".jinja", ".txt"})


@dataclass(frozen=True)
class _Scores:
    domain: float
    general: float
    items: int


def sweep(project: Project, settings: Settings, request: SweepRequest, reporter: Reporter) -> SweepResult:
    """Train and measure a pilot for each share, and recommend one.

    Args:
        project: The project, owned by the caller.
        settings: Base model, threads, language of the reasons.
        request: Shares and length of the pilots.
        reporter: Hears of the progress; may stop the work.

    Raises:
        EmptyError: There are no pairs, or no sealed items of domain knowledge or general ability.
        RefusedError: Something leaks that cannot be left out.
    """
    weights = _hash_of_base(settings)
    run = _run_of_sweep(project, settings, request, weights, reporter)
    base = _measure(project, settings, request, run / "base", None, reporter)
    pilots: list[Pilot] = []
    taken_over = 0
    # The lowest share needs most general data, so it says how many domain pairs all pilots can have.
    most = request.pairs
    made: dict[float, MixManifest] = {}
    for share in sorted(set(request.shares)):
        asked = MixRequest(
            domain_share=share, general=request.general, seed=request.seed, max_domain=most, drop_leaks=True
        )
        made[share] = mix(project, settings, asked, reporter, prefix=PILOT)
        most = min(most, made[share].domain_examples)
    for number, (share, manifest) in enumerate(made.items()):
        reporter.progress(number, len(made), "pilots", f"{share:.0%}")
        folder = _run_of_pilot(project, settings, request, manifest, weights)
        tuned = _trained(folder)
        if tuned:
            taken_over += 1
            reporter.note(mix_note("pilot_kept", settings.lang, share=f"{share:.0%}", run=folder.name))
        else:
            if (folder / "checkpoints").is_dir():
                reporter.note(mix_note("pilot_goes_on", settings.lang, share=f"{share:.0%}", run=folder.name))
            tuned = tune(project, settings, _training(settings, request, manifest), folder, reporter)
            write_record(folder / _DONE, tuned)
        scores = _measure(project, settings, request, run / f"{share:g}", folder.name, reporter)
        pilots.append(
            Pilot(
                share=share,
                examples=manifest.examples,
                domain_examples=manifest.domain_examples,
                domain=scores.domain,
                general=scores.general,
                items=scores.items,
                seconds=tuned.seconds,
                run=folder.name,
            )
        )
    points = tuple(
        SharePoint(share=p.share, domain_gain=p.domain - base.domain, general_drop=base.general - p.general)
        for p in pilots
    )
    result = SweepResult(
        run=run.name,
        base_domain=base.domain,
        base_general=base.general,
        pilots=tuple(pilots),
        points=points,
        decision=choose_share(points, lang=settings.lang),
        taken_over=taken_over,
    )
    write_record(run / _DONE, result)
    reporter.progress(len(made), len(made), "pilots", f"{result.decision.share:.0%}")
    return result


def forecast(request: SweepRequest, tokens_a_second: tuple[float, float]) -> tuple[float, float]:
    """Return how long the pilots will train, at least and at most, in seconds; measuring comes on top.

    Args:
        request: The sweep.
        tokens_a_second: Slowest and fastest training on this machine.
    """
    examples = sum(request.pairs / share for share in set(request.shares))
    tokens = examples * _TOKENS_OF_EXAMPLE * request.epochs
    return tokens / tokens_a_second[1], tokens / tokens_a_second[0]


def _training(settings: Settings, request: SweepRequest, mix: MixManifest) -> TuneRequest:
    overrides = {"epochs": request.epochs}
    return TuneRequest(
        method=request.method, base_model=settings.base_model, mix=mix.id, overrides=overrides, seed=request.seed
    )


def _hash_of_base(settings: Settings) -> str:
    """Return a hash over the files of the base model; one that was replaced in place is another model."""
    folder = resolve_base_model(settings)
    names = sorted(path for path in folder.iterdir() if path.suffix in _MODEL_FILES)
    return _digest(*(f"{path.name} {sha256_of(path)}" for path in names))


def _run_of_sweep(
    project: Project, settings: Settings, request: SweepRequest, weights: str, reporter: Reporter
) -> Path:
    """Return the run of the same sweep that broke off, or a new one."""
    sealed = sha256_of(project.validation) if project.validation.exists() else ""
    key = _digest(weights, sealed, pairs_fingerprint(pair for pair, _, _ in pair_lines(project)), request.line())
    for run in _marked(project, "sweep", key):
        if not (run / _DONE).exists():
            reporter.note(mix_note("sweep_goes_on", settings.lang, run=run.name))
            return run
    return _marked_new(project, "sweep", key)


def _run_of_pilot(project: Project, settings: Settings, request: SweepRequest, mix: MixManifest, weights: str) -> Path:
    """Return the run of the same pilot, done or not, or a new one.

    The key has all that a checkpoint must agree with; one that does not would stop every further sweep.
    """
    validation = project.mixes / mix.id / "validation.jsonl"
    held = sha256_of(validation) if validation.exists() else ""
    device = this_machine()
    made_by = (settings.base_model, weights, mix.sha256, held, device.backend, device.compute_type)
    key = _digest(*made_by, request.method, f"{request.epochs:g}", str(request.seed))
    runs = _marked(project, PILOT, key)
    return next((run for run in runs if _trained(run)), runs[-1] if runs else _marked_new(project, PILOT, key, mix.id))


def _trained(run: Path) -> TuneResult | None:
    """Return what a pilot's training gave; `None` if it is not done, or its weights are not there any more."""
    if not (run / _DONE).exists():
        return None
    result = read_record(run / _DONE, TuneResult)
    return result if any((run / result.adapter).glob("*.safetensors")) else None


def _marked(project: Project, slug: str, key: str) -> list[Path]:
    marks = sorted(project.runs.glob(f"*-{slug}*/{slug}.json"))
    return [path.parent for path in marks if read_record(path, SweepMark).key == key]


def _marked_new(project: Project, slug: str, key: str, mix: str = "") -> Path:
    run = project.new_run(slug)
    write_record(run / f"{slug}.json", SweepMark(key=key, mix=mix))
    return run


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join((__version__, *parts)).encode()).hexdigest()


def _measure(
    project: Project, settings: Settings, request: SweepRequest, run: Path, tune_run: str | None, reporter: Reporter
) -> _Scores:
    arm: Arm = "tuned" if tune_run else "base"
    asked = EvaluateRequest(
        arms=(arm,),
        tune_run=tune_run,
        dimensions=_MEASURED,
        limit=request.items,
        seed=request.seed,
    )
    report: EvaluationReport = evaluate(project, settings, asked, run, reporter, retrieved={})
    found = report.arms.get(arm, {})
    missing = [dimension for dimension in _MEASURED if dimension not in found]
    if missing:
        raise EmptyError(
            f"there are no sealed items of {', '.join(missing)}",
            where=project.info.name,
            mend="`domainsmith validate` builds them",
        )
    domain, general = (found[dimension] for dimension in _MEASURED)
    return _Scores(domain.mean, general.mean, domain.n)
