"""The share of domain data by measurement: a short pilot for each share, the same sealed items, one recommendation.

    result = sweep(project, settings, SweepRequest(shares=(0.1, 0.3, 0.5)), reporter)
    result.decision.share

Every pilot learns the same domain examples for the same epochs; only the general data beside them differs. The base is
measured once. Pilots keep out of the way: their mixes and runs are no candidates for `tune`, `evaluate` or `export`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.errors import EmptyError
from agent.policy.share import choose_share
from agent.progress import Reporter
from agent.records.evaluation import Arm, Dimension, EvaluateRequest, EvaluationReport
from agent.records.mixture import MixManifest, SharePoint
from agent.records.tuning import TuneRequest
from agent.settings import Settings
from knowledge.files import write_record
from tools.evaluation.run import evaluate
from tools.mixing.request import MixRequest
from tools.mixing.run import PILOT, mix
from tools.mixing.swept import Pilot, SweepRequest, SweepResult
from tools.tuning.run import tune
from tools.workspace import Project

_MEASURED: Final[tuple[Dimension, Dimension]] = ("domain_knowledge", "general_ability")
_TOKENS_OF_EXAMPLE: Final = 50
"""Tokens of an example of a mix, for the estimate; measured on the bundled corpus."""


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
    run = project.new_run("sweep")
    base = _measure(project, settings, request, run / "base", None, reporter)
    pilots: list[Pilot] = []
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
        folder = project.new_run("pilot")
        tuned = tune(
            project,
            settings,
            TuneRequest(
                method=request.method,
                base_model=settings.base_model,
                mix=manifest.id,
                overrides={"epochs": request.epochs},
                seed=request.seed,
            ),
            folder,
            reporter,
        )
        write_record(folder / "result.json", tuned)
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
    )
    write_record(run / "result.json", result)
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
