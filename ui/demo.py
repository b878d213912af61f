"""The demonstration: the whole road on the bundled company, every station real.

The bundled documents are read, split, turned into pairs, mixed with general data and trained on; five arms answer the
same sealed questions. Nothing here knows a result: another seed gives another split, another mix and other figures.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.errors import WorkFailedError
from agent.records.base import Record
from agent.records.corpus import IngestRequest, IngestResult
from agent.records.decision import Action, MethodDecision, Readiness
from agent.records.diagnosis import Diagnosis
from agent.records.evaluation import EvaluateRequest, EvaluationReport
from agent.records.job import JobKind
from agent.records.mixture import MixManifest
from agent.records.pairs import ExtractResult
from agent.records.profile import DocumentsProfile, Profile
from agent.records.tuning import TuneResult
from knowledge.files import read_record, write_json, write_record, write_text
from tools.workspace import Project
from ui import render
from ui.output import complain
from ui.runtime import Runtime
from ui.stations import run_evaluation, run_station

WORDINGS = 12
"""Trained wordings of every fact: more wordings and fewer epochs teach a small model the fact and not the phrase."""
CHUNKS = 2
"""Passages of prose the model reads for pairs; a 135M model writes few that pass the checks, at 10 s a passage."""


@dataclass
class Demonstration:
    """One run of the demonstration.

    Args:
        runtime: Settings, workspace and output.
        out: Folder for documents and report.
        seed: Seed of split, extraction, mix and training.
        full: Tune on the whole company instead of one product family.
    """

    runtime: Runtime
    out: Path
    seed: int
    full: bool
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self) -> dict[str, Any]:
        """Take every station and write the report (JSON, Markdown, HTML) and the radar.

        Raises:
            DomainsmithError: A station failed; what was finished is kept and the next call goes on there.
        """
        from graph.pipeline import RECURSION_LIMIT, build_pipeline
        from tools.deciding import decide_for_project
        from tools.diagnosis.run import diagnose

        began = time.monotonic()
        self._begin()
        line = build_pipeline(self._stand, self._take)
        line.invoke({"taken": [], "next_action": ""}, {"recursion_limit": RECURSION_LIMIT})
        run = self.project.latest_run("evaluate")
        if run is None:
            raise WorkFailedError("the road ended before an evaluation", mend="`domainsmith status` says why")
        complain(self.runtime.output.say("demo_station", station="decide"))
        decision = decide_for_project(self.project, self.runtime.output.lang)
        found = diagnose(self.project, self.runtime.settings, run, arm=None)
        return self._publish(run, decision, found, time.monotonic() - began)

    @property
    def project(self) -> Project:
        """The demonstration's project."""
        return self.runtime.workspace.open(self._name)

    @property
    def _name(self) -> str:
        return f"demo-{'full-' if self.full else ''}{self.seed}"

    def _begin(self) -> None:
        """Make the project, or go on with an interrupted one; a finished one starts afresh."""
        from knowledge.company.build import COMPANY, build_documents

        workspace = self.runtime.workspace
        names = {info.name for info in workspace.projects()}
        if self._name in names:
            self._wait_for_running()
        if self._name in names and self._stand().next_action not in _UNFINISHED:
            with self.project.owned("demo"):
                shutil.rmtree(self.project.root)
            names.remove(self._name)
        files = build_documents(self.out / "documents")
        if self._name in names:
            complain(self.runtime.output.say("demo_resumed", project=self._name))
            return
        project = workspace.create(self._name, lang=self.runtime.output.lang)
        write_record(
            project.profile,
            Profile(
                goal=f"answer questions about the products of {COMPANY}",
                task_kind="facts",
                knowledge_change="yearly",
                documents=DocumentsProfile(count=len(files)),
                languages=("en", "zh"),
                privacy="air_gapped",
                general_ability_matters=True,
            ),
        )

    def _wait_for_running(self) -> None:
        """Follow a job that outlived the demonstration that started it."""
        from tools.jobs.reconcile import reconcile
        from tools.jobs.runner import wait
        from tools.jobs.store import JobStore
        from ui.following import reporter_of, show

        reconcile(self.project)
        active = JobStore(self.project.jobs).active()
        if active is not None:
            with reporter_of(active.kind, self.runtime.output.lang) as reporter:
                wait(self.project, active.id, lambda event: show(event, reporter))

    def _stand(self) -> Readiness:
        from tools.status import stand

        return stand(self.project, self.runtime.output.lang)

    def _take(self, action: Action) -> None:
        complain(self.runtime.output.say("demo_station", station=action))
        began = time.monotonic()
        match action:
            case "ingest":
                folder = str((self.out / "documents").resolve())
                self._job("ingest", IngestRequest(paths=(folder,)), IngestResult)
            case "extract":
                from tools.extraction.request import ExtractRequest

                asked = ExtractRequest(
                    documents=self._scope(),
                    seed=self.seed,
                    wordings=WORDINGS,
                    model_chunks=None if self.full else CHUNKS,
                )
                self._job("extract", asked, ExtractResult)
            case "validate":
                from knowledge.company.build import sealed_file
                from tools.evaluation.dimensions import DOMAIN
                from tools.validation.request import ValidateRequest, ValidateResult

                sealed = ValidateRequest(
                    questions=(str(sealed_file()),), counts=dict.fromkeys(DOMAIN, 0), seed=self.seed
                )
                self._job("validate", sealed, ValidateResult)
            case "mix":
                from tools.mixing.request import MixRequest

                self._job("mix", MixRequest(seed=self.seed, drop_leaks=True), MixManifest)
            case "tune":
                from tools.tuning.request import tune_request

                request = tune_request(self.project, self.runtime.settings, seed=self.seed)
                self._job("tune", request, TuneResult)
            case "evaluate":
                from tools.evaluation.items import QUICK

                measured = EvaluateRequest(limits={} if self.full else dict(QUICK), seed=self.seed)
                run_evaluation(self.runtime, self.project, measured)
            case _:
                raise AssertionError(f"the line has no station {action}")
        self.seconds[action] = round(time.monotonic() - began, 1)

    def _scope(self) -> tuple[str, ...]:
        """Return the documents that teach: all, or half of the family's, drawn by the seed; the others only test."""
        from knowledge.company.build import DEMO_FAMILY, sources

        if self.full:
            return ()
        family = [f"{source.id}.*" for source in sources(DEMO_FAMILY)]
        return tuple(sorted(random.Random(self.seed).sample(family, len(family) // 2)))

    def _job(self, kind: JobKind, request: Record, result: type[Record]) -> None:
        run_station(self.runtime, self.project, kind, request, result)

    def _publish(self, run: Path, decision: MethodDecision, found: Diagnosis, seconds: float) -> dict[str, Any]:
        from knowledge.company.build import COMPANY, DEMO_FAMILY
        from tools.evaluation.report_page import page
        from tools.mixing.run import latest_mix

        output = self.runtime.output
        report = read_record(run / "result.json", EvaluationReport)
        tuned = read_record(self.project.run(report.tune_run or "") / "result.json", TuneResult)
        mix = latest_mix(self.project)
        data: dict[str, Any] = {
            "company": COMPANY,
            "family": None if self.full else DEMO_FAMILY,
            "taught": list(self._scope()),
            "seed": self.seed,
            "verdict": decision.model_dump(mode="json"),
            **report.model_dump(mode="json"),
            "mix": mix.model_dump(mode="json") if mix else None,
            "tune": tuned.model_dump(mode="json", exclude={"history"}),
            "diagnosis": found.model_dump(mode="json", exclude={"items"}),
            "station_seconds": self.seconds,
            "total_seconds": round(seconds, 1),
            "peak_gib": round(_peak_gib(), 2),
            "files": {name: name for name in ("report.json", "report.md", "report.html", "radar.png", "radar.html")},
        }
        write_json(self.out / "report.json", data)
        text = (run / "eval" / "report.md").read_text(encoding="utf-8")
        text = f"{text.rstrip()}\n\n{render.diagnosis(found, output)}\n"
        write_text(self.out / "report.md", text)
        radar = (run / "eval" / "radar.png").read_bytes()
        write_text(self.out / "report.html", page(text, report.run, radar, output.lang))
        for name in ("radar.png", "radar.html"):
            shutil.copyfile(run / "eval" / name, self.out / name)
        return json.loads(json.dumps(data))  # type: ignore[no-any-return]


_UNFINISHED = frozenset({"ingest", "extract", "validate", "mix", "tune", "evaluate", "status"})


def _peak_gib() -> float:
    """Return the largest resident memory of this process or one of its workers, GiB (Linux counts in KiB)."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return float(max(own, workers)) / 2**20
