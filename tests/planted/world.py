"""A healthy project of the example company, and copies of it to break: real documents, search, model and adapter.

The model's answers are remembered by prompt, since a fault changes few of them and greedy decoding repeats the rest.

    world = World(Path("planted"))
    trial = world.trial("healthy")
    run = world.evaluate(trial)
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from agent.progress import Silent
from agent.records.base import Record
from agent.records.corpus import IngestRequest, Retrieved
from agent.records.evaluation import Dimension, EvaluateRequest, Item
from agent.records.job import JobKind
from agent.records.tuning import TuneRequest, TuneResult
from agent.settings import Settings
from knowledge.company.build import build_documents, sealed_file
from knowledge.files import read_record, read_records, sha256_of, write_json, write_record, write_records
from knowledge.retrieval import Retriever
from knowledge.store import CorpusStore
from tests.planted.memory import Memory
from tools.evaluation.items import to_retrieve
from tools.evaluation.retrieved import retrieve_for
from tools.evaluation.run import evaluate
from tools.extraction.request import ExtractRequest
from tools.jobs.work import perform
from tools.mixing.request import MixRequest
from tools.mixing.run import latest_mix
from tools.validation.request import ValidateRequest
from tools.workspace import Project, Workspace

TAUGHT: Final = ("tarvo-manual.*", "tarvo-spec.*", "yanhe-manual-zh.*")
"""Documents that pairs are made of, English and Chinese; the others only test."""
WORDINGS: Final = 8
MOST_DOMAIN: Final = 200
SHARE: Final = 0.5
"""Half domain data: enough general data to forget nothing in a run of two minutes."""
COUNTS: Final[dict[Dimension, int]] = {"domain_knowledge": 80, "domain_knowledge_held_out": 60}
LIMITS: Final[dict[Dimension, int]] = {"domain_knowledge": 130, "domain_knowledge_held_out": 90, "faithfulness": 60}
FEWER: Final[dict[Dimension, int]] = {
    "domain_knowledge": 130,
    "domain_knowledge_held_out": 12,
    "faithfulness": 12,
    "general_ability": 60,
}
"""Where every trial has new weights and nothing can be remembered: all that is taught, and a sample of the rest."""
DIMENSIONS: Final[tuple[Dimension, ...]] = (
    "domain_knowledge",
    "domain_knowledge_held_out",
    "faithfulness",
    "general_ability",
)
_READ: Final = 5
"""Chunks compared piece by piece at least; what a trial reads beyond is looked up again."""


@dataclass(frozen=True)
class Trial:
    """A project that may be broken, and what it is asked."""

    name: str
    project: Project
    settings: Settings
    request: EvaluateRequest
    faults: tuple[str, ...] = ()
    broken: Mapping[str, Any] = field(default_factory=dict)
    """What a fault took away, by the fault's name, for whoever mends it."""
    touched: frozenset[str] | None = None
    """Facts that a fault in the weights is about; `None` where it may change every answer."""

    def items(self) -> list[Item]:
        """Return the sealed items."""
        return list(read_records(self.project.validation, Item))

    def seal(self, items: Sequence[Item]) -> None:
        """Replace the sealed items."""
        write_records(self.project.validation, items)

    def asking(self, **changes: Any) -> Trial:
        """Return the trial with another request."""
        return replace(self, request=self.request.model_copy(update=changes))

    def noting(self, fault: str, broken: Any = None) -> Trial:
        """Return the trial with a fault planted."""
        return replace(self, faults=(*self.faults, fault), broken={**self.broken, fault: broken})


class World:
    """A work folder with the healthy project, its adapters and all answers so far.

    Args:
        folder: Where everything lies; given again, nothing finished is done anew.
        seed: Of split, pairs, mix and training.
        most_domain: Domain examples that are trained on; fewer where many trainings are to come.
        limits: Most items of a dimension that the healthy project is asked.
        overrides: Hyperparameters of every training, where a fault does not set them.
        share: Share of domain examples in every mix that no fault sets.
        taught: Documents that pairs are made of, by name patterns.
    """

    def __init__(
        self,
        folder: Path,
        seed: int = 0,
        most_domain: int = MOST_DOMAIN,
        *,
        limits: Mapping[Dimension, int] = LIMITS,
        overrides: Mapping[str, float] | None = None,
        share: float = SHARE,
        taught: tuple[str, ...] = TAUGHT,
    ) -> None:
        self.folder = folder.resolve()
        self.seed = seed
        self.most_domain = most_domain
        self.limits = dict(limits)
        self.overrides = dict(overrides or {})
        self.share = share
        self.taught = taught
        self.settings = Settings(
            home=self.folder / "home", cache=self.folder / "cache", threads=1, extraction_model="rules", _env_file=None
        )
        self.memory = Memory(self.folder / "answers.sqlite", self.settings)
        self._retrievers: dict[str, tuple[Retriever, dict[tuple[str, int], list[Retrieved]]]] = {}

    @cached_property
    def documents(self) -> dict[str, Path]:
        """The company's files by stem."""
        return {path.stem: path for path in build_documents(self.folder / "documents")}

    @cached_property
    def healthy(self) -> Project:
        """The project that nothing is wrong with; built once."""
        made = json.dumps([self.taught, self.most_domain, self.share, self.overrides], sort_keys=True)
        name = f"healthy-{self.seed}-{hashlib.sha256(made.encode()).hexdigest()[:8]}"
        workspace = Workspace(self.settings.home)
        if any(info.name == name for info in workspace.projects()):
            project = workspace.open(name)
            if project.latest_run("tune") is not None:
                return project
            shutil.rmtree(project.root)
        project = workspace.create(name)
        folder = next(iter(self.documents.values())).parent
        self.perform(project, "ingest", IngestRequest(paths=(str(folder),)))
        self.perform(
            project, "extract", ExtractRequest(documents=self.taught, wordings=WORDINGS, seed=self.seed, model_chunks=0)
        )
        self.perform(
            project, "validate", ValidateRequest(questions=(str(sealed_file()),), counts=COUNTS, seed=self.seed)
        )
        self.train(project)
        return project

    def perform(self, project: Project, kind: JobKind, request: Record, run: Path | None = None) -> Record:
        """Do a job's work in this process."""
        run = run or project.new_run(kind)
        write_json(run / "request.json", request.model_dump(mode="json"))
        result = perform(kind, project, self.settings, request.model_dump(mode="json"), run, Silent())
        write_record(run / "result.json", result)
        return result

    def train(
        self, project: Project, *, share: float | None = None, seed: int | None = None, **overrides: float
    ) -> None:
        """Mix and tune, in a process of its own; the same mix with the same settings is trained once for all."""
        seed = self.seed if seed is None else seed
        share = self.share if share is None else share
        overrides = {**self.overrides, **overrides}
        with self._all_sealed(project):
            self.perform(project, "mix", MixRequest(domain_share=share, max_domain=self.most_domain, drop_leaks=True))
        mix = latest_mix(project)
        assert mix is not None
        train = project.mixes / mix.id / "train.jsonl"
        request = TuneRequest(method="qlora", base_model="builtin", mix=mix.id, overrides=overrides, seed=seed)
        key = hashlib.sha256(
            (sha256_of(train) + json.dumps(overrides, sort_keys=True) + str(seed)).encode()
        ).hexdigest()[:16]
        kept = self.folder / "adapters" / key
        run = project.new_run("tune")
        if not (kept / "result.json").exists():
            context = multiprocessing.get_context("spawn")
            worker = context.Process(target=_tune, args=(self.folder, self.seed, str(project.root), request, str(run)))
            worker.start()
            worker.join()
            if worker.exitcode:
                raise RuntimeError(f"training ended with {worker.exitcode}")
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(run / "checkpoints", ignore_errors=True)
            shutil.copytree(run, kept)
        else:
            shutil.copytree(kept, run, dirs_exist_ok=True)
            result = read_record(run / "result.json", TuneResult)
            write_record(run / "result.json", result.model_copy(update={"run": run.name, "mix": mix.id}))

    @contextmanager
    def _all_sealed(self, project: Project) -> Iterator[None]:
        """Seal all of the healthy project's items while a mix is made.

        Whichever of them a trial asks, the same pairs leak: two mixes differ by what was planted alone.
        """
        asked = project.validation.read_bytes()
        whole = Workspace(self.settings.home).open(project.info.name).validation.read_bytes()
        project.validation.write_bytes(whole)
        try:
            yield
        finally:
            project.validation.write_bytes(asked)

    def trial(self, name: str) -> Trial:
        """Return a copy of the healthy project to break."""
        healthy = self.healthy
        target = self.folder / "trials" / name
        shutil.rmtree(target, ignore_errors=True)
        root = target / "projects" / healthy.root.name

        def ignored(folder: str, names: list[str]) -> list[str]:
            return [one for one in names if one in ("checkpoints", "uploads") or one.endswith(("-evaluate", "-ingest"))]

        shutil.copytree(healthy.root, root, ignore=ignored)
        request = EvaluateRequest(dimensions=DIMENSIONS, limits=self.limits, seed=self.seed)
        return Trial(name, Project.at(root), self.settings, request)

    def evaluate(self, trial: Trial) -> Path:
        """Evaluate a trial as it is and return its run folder."""
        run = trial.project.new_run("evaluate")
        write_json(run / "request.json", trial.request.model_dump(mode="json"))
        retriever, known = self._retriever(trial.project)

        def search(question: str, k: int, depth: int) -> list[Retrieved]:
            read = max(k, _READ)
            if (question, read) not in known:
                known[question, read] = retriever.look_up(question, read, 30)
            return known[question, read][: max(k, depth)]

        retrieve_for(to_retrieve(trial.project, trial.request), search, trial.request.k, run, Silent())
        evaluate(trial.project, trial.settings, trial.request, run, Silent(), load=self.memory.load)
        return run

    def _retriever(self, project: Project) -> tuple[Retriever, dict[tuple[str, int], list[Retrieved]]]:
        key = sha256_of(project.chunks)
        if key not in self._retrievers:
            from knowledge.embedding import load_embedder

            # A copy: the trial's own documents may be read again while this search is kept for others like it.
            kept = self.folder / "searches" / key
            if not kept.exists():
                shutil.copytree(project.root, kept, ignore=shutil.ignore_patterns("runs", "mixes", "jobs"))
            self._retrievers[key] = (Retriever.open(CorpusStore(kept), load_embedder(self.settings)), {})
        return self._retrievers[key]


def _tune(folder: Path, seed: int, root: str, request: TuneRequest, run: str) -> None:
    World(folder, seed).perform(Project.at(Path(root)), "tune", request, Path(run))
