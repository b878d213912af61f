"""Runs an evaluation: the arms answer the same sealed items with one model in memory, the adapter switched.

Everything lands in the run's `eval` folder: `items.jsonl` (what was asked), `answers.jsonl` (resumable: a finished arm
is never asked twice), `report.json`, `report.md`, `report.html`, `radar.png`, `radar.html`.

    evaluate(project, settings, EvaluateRequest(), project.new_run("evaluate"), Silent())
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

from agent.errors import EmptyError, InputError, WorkFailedError
from agent.policy.method import decide_from_report
from agent.policy.thresholds import THRESHOLDS
from agent.progress import Reporter
from agent.records.base import Language
from agent.records.corpus import Retrieved
from agent.records.evaluation import ARMS, Arm, Dimension, EvaluateRequest, EvaluationReport, Item, ItemAnswer
from agent.records.profile import Profile
from agent.records.tuning import TuneResult
from agent.settings import Settings
from knowledge.files import read_record, read_records, sha256_of, write_json, write_record, write_records, write_text
from knowledge.store import CorpusStore
from tools.evaluation.answers import Clock, answer_all
from tools.evaluation.arms import TUNED, WITH_RETRIEVAL, ArmModel, Reading, Task, is_asked, plan
from tools.evaluation.comparisons import compare, estimates, item_clusters, retrieval_recall, scores_by_spoke
from tools.evaluation.costs import SPENT, Meter, Spent, arm_costs
from tools.evaluation.harness import ask_harness
from tools.evaluation.harness_tasks import check_harness
from tools.evaluation.items import items_for
from tools.evaluation.radar import draw_html, draw_png
from tools.evaluation.reading import documents_reading, reading_settings
from tools.evaluation.report import count_notes, decided, markdown
from tools.evaluation.report_page import page
from tools.evaluation.retrieved import read_retrieved
from tools.evaluation.statistics import FEW
from tools.evaluation.wording import SEPARATOR, arm_name, dimension_name, say
from tools.generation import load_generator
from tools.validation.check import figures
from tools.workspace import Project

Load = Callable[[Settings, Path | None], ArmModel]
"""Loads the base model and, if a folder is given, its adapter; `tools.generation.load_generator`."""


@dataclass(frozen=True)
class Tuned:
    """The tuning run under evaluation."""

    run: str
    result: TuneResult
    folder: Path
    """Adapter, or with `full` the whole model."""


def evaluate(
    project: Project,
    settings: Settings,
    request: EvaluateRequest,
    run: Path,
    reporter: Reporter,
    *,
    retrieved: Mapping[str, Sequence[Retrieved]] | None = None,
    load: Load | None = None,
    reading: Reading | None = None,
) -> EvaluationReport:
    """Measure the arms and write the report.

    Args:
        project: The project; the caller holds it.
        settings: Base model, language of the report, threads.
        request: What to measure.
        run: Run folder; answers already in it are kept if they were given to the same request.
        reporter: Listener; asked about cancelling before every batch.
        retrieved: What retrieval found for each item id; `None` reads `eval/retrieved.jsonl` of the run.
        load: Loads the model; tests hand in a scripted one.
        reading: Cuts context and tells abstentions; tests hand in a simple one.

    Raises:
        EmptyError: There are no sealed items, or tuned arms were asked for without a tuning run.
        InputError: Arms with retrieval were asked for and nothing was retrieved.
        WorkFailedError: No item could be answered.
    """
    if request.harness:
        check_harness(request.harness)
    items, left_out = items_for(project, request)
    found = read_retrieved(run) if retrieved is None else retrieved
    tuned = find_tuned(project, request)
    arms, notes = _possible_arms(request, items, tuned, found, settings.lang)
    if tuned is not None and not set(arms) & set(TUNED):
        tuned = None
    if tuned is not None and tuned.result.base_model != settings.base_model:
        notes.append(say("tune_base", settings.lang, model=tuned.result.base_model))
        settings = settings.model_copy(update={"base_model": tuned.result.base_model})
    reading = reading or documents_reading(reading_settings(settings, request))
    tasks = plan(items, arms, found, tuple(CorpusStore(project.root).chunks()), reading, request)
    folder = run / "eval"
    write_records(folder / "items.jsonl", items)

    @cache
    def model() -> ArmModel:
        reporter.note(f"loading {settings.base_model}")
        reporter.check()
        if load is not None:
            return load(settings, tuned.folder if tuned else None)
        loaded = load_generator(settings, tuned.folder if tuned else None)
        # What a first pass sets up (kernels, a device's context) is no part of what answering takes.
        loaded.logprobs([("", "a")], adapter=False)
        return loaded

    # First, since a task that cannot be asked shows only here, and should before all others are answered.
    depends = [settings.base_model, tuned.result.adapter_sha256 if tuned else ""]
    asked = ask_harness(folder, request, arms, model, settings, depends, reporter) if request.harness else None
    answers = _answers(folder, tasks, tuned, settings, request, reporter, model, reading)
    if all(answer.score is None for answer in answers):
        raise WorkFailedError("no item could be answered", where=answers[0].error, mend="see eval/answers.jsonl")
    notes += _notes(items, answers, left_out, settings.lang)
    checked = None if request.questions else figures(project)
    report = EvaluationReport(
        run=run.name,
        tune_run=tuned.run if tuned else None,
        base_model=settings.base_model,
        items_sha256=sha256_of(folder / "items.jsonl" if request.questions else project.validation),
        languages=tuple(sorted({item.language for item in items})),
        arms=estimates(items, answers, seed=request.seed),
        comparisons=compare(items, answers, seed=request.seed),
        seconds=_median_seconds(answers),
        costs=arm_costs(items, answers, Spent.read(project, run, settings.price_per_hour)),
        recall=retrieval_recall(items, answers),
        spot_check=checked[1] if checked else None,
        notes=tuple(notes),
        harness=asked,
        files={name.replace(".", "_"): name for name in ("answers.jsonl", "items.jsonl", "report.json", "report.md")}
        | {"report_html": "report.html", "radar_png": "radar.png", "radar_html": "radar.html"}
        | ({"harness_json": "harness.json"} if asked else {}),
    )
    report = report.model_copy(update={"notes": (*count_notes(report, settings.lang), *report.notes)})
    return _publish(project, folder, report, items, answers, settings.lang)


def find_tuned(project: Project, request: EvaluateRequest) -> Tuned | None:
    """Return the tuning run to evaluate: the named one, else the latest finished one, else none.

    Raises:
        NotFoundError: The named run does not exist.
        EmptyError: The named run has not finished.
    """
    folder = project.run(request.tune_run) if request.tune_run else project.latest_run("tune")
    if folder is None:
        return None
    if not (folder / "result.json").exists():
        raise EmptyError("this tuning run has not finished", where=folder.name, mend="`domainsmith jobs list`")
    result = read_record(folder / "result.json", TuneResult)
    return Tuned(folder.name, result, folder / result.adapter)


def _possible_arms(
    request: EvaluateRequest,
    items: Sequence[Item],
    tuned: Tuned | None,
    found: Mapping[str, Sequence[Retrieved]],
    lang: Language,
) -> tuple[tuple[Arm, ...], list[str]]:
    """Return the arms to run; what was asked for by name and cannot be is an error, what was not is a note."""
    asked = request.arms or ARMS
    notes = []
    if tuned is None and (missing := [arm for arm in asked if arm in TUNED]):
        if request.arms:
            raise EmptyError("no finished tuning run", where=", ".join(missing), mend="`domainsmith tune` makes one")
        names = SEPARATOR[lang].join(arm_name(arm, lang) for arm in missing)
        notes.append(say("arms_left_out", lang, arms=names, why=say("no_tune_run", lang)))
        asked = tuple(arm for arm in asked if arm not in TUNED)
    needs = any(is_asked(item, "rag") for item in items)
    if needs and not found and (missing := [arm for arm in asked if arm in WITH_RETRIEVAL]):
        if request.arms:
            raise InputError(
                "nothing was retrieved for the items",
                where=", ".join(missing),
                mend="`domainsmith ingest` builds the index",
            )
        names = SEPARATOR[lang].join(arm_name(arm, lang) for arm in missing)
        notes.append(say("arms_left_out", lang, arms=names, why=say("no_retrieval", lang)))
        asked = tuple(arm for arm in asked if arm not in WITH_RETRIEVAL)
    return tuple(arm for arm in ARMS if arm in asked), notes


def _answers(
    folder: Path,
    tasks: Sequence[Task],
    tuned: Tuned | None,
    settings: Settings,
    request: EvaluateRequest,
    reporter: Reporter,
    model: Callable[[], ArmModel],
    reading: Reading,
) -> list[ItemAnswer]:
    """Return the answers to all tasks; finished groups of an earlier try are read, new ones written as they finish."""
    path = folder / "answers.jsonl"
    fingerprint = _fingerprint(tasks, tuned, settings, request)
    marker = folder / "resume.json"
    if marker.exists() and json.loads(marker.read_bytes()) != {"fingerprint": fingerprint}:
        path.unlink(missing_ok=True)
        (folder / SPENT).unlink(missing_ok=True)
    write_json(marker, {"fingerprint": fingerprint})
    done = list(read_records(path, ItemAnswer))
    have = {(answer.arm, answer.item) for answer in done}
    left = [task for task in tasks if (task.arm, task.item.id) not in have]
    if not left:
        return done
    loaded = model()
    clock = Clock(left, reporter)
    for group in _groups(left):
        with Meter() as meter:
            done.extend(answer_all(group, loaded, reading, clock))
        write_records(path, done)
        meter.note(folder, group)
    return done


def _groups(tasks: Sequence[Task]) -> list[list[Task]]:
    groups: dict[tuple[Arm, Dimension], list[Task]] = {}
    for task in tasks:
        groups.setdefault((task.arm, task.item.dimension), []).append(task)
    return list(groups.values())


def _fingerprint(tasks: Sequence[Task], tuned: Tuned | None, settings: Settings, request: EvaluateRequest) -> str:
    digest = hashlib.sha256()
    model = [settings.base_model, tuned.result.adapter_sha256 if tuned else "", request.seed]
    digest.update(json.dumps(model).encode())
    for task in tasks:
        prompt = [message.content for message in task.conversation]
        handled = [task.context.silent, task.context.told] if task.context else []
        asked = [task.item.line(), task.arm, prompt, task.pairs, task.max_new_tokens, handled]
        digest.update(json.dumps(asked).encode())
    return digest.hexdigest()


def _notes(
    items: Sequence[Item], answers: Sequence[ItemAnswer], left_out: Mapping[Dimension, int], lang: Language
) -> list[str]:
    notes = []
    for (arm, dimension), spoke in scores_by_spoke(items, answers).items():
        failed = [answer for answer in spoke.values() if answer.score is None]
        if failed:
            names = {"arm": arm_name(arm, lang), "dimension": dimension_name(dimension, lang)}
            notes.append(say("errors", lang, **names, count=len(failed), n=len(spoke), example=failed[0].error))
    notes += _cluster_notes(items, lang)
    if left_out:
        listed = SEPARATOR[lang].join(f"{dimension_name(name, lang)} {count}" for name, count in left_out.items())
        notes.append(say("left_out", lang, list=listed))
    builtin = dict.fromkeys(item.dimension for item in items if item.source == "builtin")
    if builtin:
        listed = SEPARATOR[lang].join(dimension_name(dimension, lang) for dimension in builtin)
        notes.append(say("builtin", lang, list=listed))
    return notes


def _cluster_notes(items: Sequence[Item], lang: Language) -> list[str]:
    """Say where intervals rest on few documents."""
    by_kind: dict[str, list[str]] = {}
    for dimension in dict.fromkeys(item.dimension for item in items):
        group = [item for item in items if item.dimension == dimension]
        if dimension == "tokenization" or all(item.source == "builtin" for item in group):
            continue
        labels, by = item_clusters(group)
        name = dimension_name(dimension, lang)
        if by != "document":
            by_kind.setdefault(by, []).append(name)
        elif len(set(labels)) < FEW:
            by_kind.setdefault("document", []).append(f"{name} ({len(set(labels))})")
    return [say(f"clusters_{by}", lang, list=SEPARATOR[lang].join(names), few=FEW) for by, names in by_kind.items()]


def _median_seconds(answers: Sequence[ItemAnswer]) -> dict[Arm, float]:
    seconds: dict[Arm, list[float]] = {}
    for answer in answers:
        if answer.seconds > 0:
            seconds.setdefault(answer.arm, []).append(answer.seconds)
    return {arm: median(values) for arm, values in seconds.items()}


def _publish(
    project: Project,
    folder: Path,
    report: EvaluationReport,
    items: Sequence[Item],
    answers: Sequence[ItemAnswer],
    lang: Language,
) -> EvaluationReport:
    profile = read_record(project.profile, Profile) if project.profile.exists() else Profile()
    decision = decide_from_report(report, profile, THRESHOLDS, lang, recall=report.recall)
    draw_png(report, folder / "radar.png", lang)
    draw_html(report, folder / "radar.html", lang)
    report = report.model_copy(update={"decided": decided(report, decision, profile)})
    text = markdown(report, decision, items, answers, lang)
    write_text(folder / "report.md", text)
    write_text(folder / "report.html", page(text, report.run, (folder / "radar.png").read_bytes(), lang))
    write_record(folder / "report.json", report)
    return report
