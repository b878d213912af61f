"""Tasks of lm-evaluation-harness: what is refused without running it, and our engine behind the harness's interface."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from agent.errors import InputError, RefusedError
from agent.progress import Silent
from agent.records.evaluation import EvaluateRequest, HarnessDifference, HarnessReport, HarnessScore
from agent.settings import Settings
from tests.tiny_model import build_tiny_model
from tools.calling import require_open
from tools.evaluation.harness import ask_harness
from tools.evaluation.harness_report import harness_lines
from tools.evaluation.harness_tasks import check_harness, harness_tasks, local_files, tasks_of
from tools.generation import Generator, load_generator

INSTALLED = importlib.util.find_spec("lm_eval") is not None
needs_harness = pytest.mark.skipif(
    not INSTALLED, reason='lm-evaluation-harness is an extra: pip install -e ".[harness]"'
)

TASK = "task: {name}\ndataset_path: json\ndataset_kwargs: {{data_files: {{test: rows.jsonl}}}}\ntest_split: test\n"
CHOICE = TASK + (
    "output_type: multiple_choice\ndoc_to_text: '{{{{question}}}}'\n"
    "doc_to_target: 0\ndoc_to_choice: '{{{{options}}}}'\n"
    "metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]\n"
)
WRITTEN = TASK + (
    "output_type: generate_until\ndoc_to_text: '{{{{question}}}}'\ndoc_to_target: '{{{{options[0]}}}}'\n"
    "generation_kwargs: {{until: ['e'], max_gen_toks: 12}}\n"
    "metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]\n"
)
READ = TASK + (
    "output_type: loglikelihood_rolling\ndoc_to_text: ''\ndoc_to_target: '{{{{question}}}}'\n"
    "metric_list: [{{metric: word_perplexity, aggregation: weighted_perplexity, higher_is_better: false}}]\n"
)
ROWS = [
    {"question": "What is the rated pressure of the pump?", "options": ["12 bar", "34 hours"]},
    {"question": "Which cartridge does it use? ", "options": ["56 months", "12 bar and more"]},
    {"question": "请问过滤器？", "options": ["资料中没有说明。", "没有"]},
]


def task_file(folder: Path, text: str, name: str = "task.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.fixture(scope="module")
def arms(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    folder = tmp_path_factory.mktemp("models")
    tuned = build_tiny_model(folder / "tuned", seed=5)
    return load_generator(Settings(base_model=str(build_tiny_model(folder / "base")), threads=1), tuned)


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"lm-evaluation-harness is not installed.*\.\[harness\]"):
        check_harness(["blimp"])


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("process_results: !function steps.score", r"!function"),
        ("class: steps.Task", "`class`"),
        ("unsafe_code: true", "`unsafe_code`"),
        ("use_prompt: promptsource:x", "`use_prompt`"),
        ("dataset_kwargs: {trust_remote_code: true}", "`trust_remote_code`"),
        ("metric_list: [{metric: their/metric, hf_evaluate: true}]", "`hf_evaluate`"),
        ("description: !!python/object/apply:os.getcwd []", "python/object"),
    ],
)
def test_a_task_file_that_would_run_a_program_is_refused(tmp_path: Path, more: str, why: str) -> None:
    file = task_file(tmp_path, f"task: mine\n{more}\n")
    with pytest.raises(InputError, match=f"would run a program.*{why}"):
        local_files([str(file)])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- a\n- b\n", "holds no fields"),
        ("task: [", "no valid YAML"),
        ("output_type: multiple_choice\n", "there is no task in it"),
        ("task: mine\ninclude: task.yaml\n", "includes itself"),
        ("task: mine\ninclude: absent.yaml\n", "cannot be read"),
    ],
)
def test_a_wrong_task_file_is_named(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(InputError, match=f"{why}.*{tmp_path}"):
        local_files([str(task_file(tmp_path, text))])


def test_a_folder_gives_its_tasks_and_leaves_what_they_include(tmp_path: Path) -> None:
    file = task_file(tmp_path, "task: mine\ninclude: _shared.yaml\n")
    task_file(tmp_path, "output_type: multiple_choice\n", "_shared.yaml")
    assert local_files([f"{tmp_path}/", "blimp"]) == [file]
    with pytest.raises(InputError, match="no such file or folder"):
        local_files(["./absent"])


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("task: mine\n", "other/task.yaml"),
        ("task: mine\ninclude: ../other/task.yaml\n", "other/task.yaml"),
        (TASK.format(name="mine").replace("rows.jsonl", "[rows.jsonl, ../other/rows.jsonl]"), "other/rows.jsonl"),
        (TASK.format(name="mine").replace("rows.jsonl", "/etc/passwd"), "/etc/passwd"),
    ],
    ids=["the file itself", "what it includes", "its data", "a whole path"],
)
def test_a_server_reads_tasks_from_opened_folders_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, refused: str
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    task_file(tmp_path / "other", "task: theirs\n")
    mine = task_file(tmp_path / "open", text)
    settings = Settings(home=tmp_path / "home", document_roots=(tmp_path / "open",))
    asked = tmp_path / refused if refused.endswith("task.yaml") and "include" not in text else mine
    with pytest.raises(RefusedError, match=f"not open.*{refused}"):
        check_harness([str(asked)], lambda path: require_open(path, settings))
    check_harness([str(task_file(tmp_path / "open", TASK.format(name="mine")))], lambda p: require_open(p, settings))


@needs_harness
def test_names_are_told_from_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = task_file(tmp_path, "task: mine\n")
    monkeypatch.chdir(tmp_path)
    assert harness_tasks(" blimp, task.yaml,,blimp") == ("blimp", str(file))
    assert harness_tasks(None) == ()


@needs_harness
@pytest.mark.parametrize(
    ("text", "error", "why"),
    [
        (TASK.format(name="a").replace("json", "owner/data", 1), RefusedError, "downloads are off"),
        (TASK.format(name="a").replace("rows.jsonl", "'https://host/rows.jsonl'"), InputError, "on this machine"),
        (TASK.format(name="a").replace("rows.jsonl", "absent.jsonl"), InputError, "cannot be set up"),
        (CHOICE.format(name="a").replace("question", "absent"), InputError, "cannot be set up.*absent"),
        (
            CHOICE.format(name="a").replace("question", "question.__class__.__mro__[1].__subclasses__()"),
            InputError,
            "cannot be set up.*unsafe",
        ),
        (CHOICE.format(name="a").replace("metric: acc,", "metric: absent_metric,"), InputError, "program from a hub"),
    ],
    ids=["hub", "address", "absent data", "absent field", "sandbox", "metric"],
)
def test_a_task_that_leaves_its_bounds_is_refused(tmp_path: Path, text: str, error: type[Exception], why: str) -> None:
    file = task_file(tmp_path / "tasks", text)
    with pytest.raises(error, match=why), tasks_of([str(file)], tmp_path / "cache", allow_downloads=False):
        pass


@needs_harness
def test_our_engine_answers_as_the_harness_does(tmp_path: Path, arms: Generator) -> None:
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    from tools.evaluation.harness_model import ArmLM

    peer = HFLM(pretrained=arms._model, tokenizer=arms.tokenizer, device="cpu", batch_size=2)
    ours = ArmLM(arms, Silent(), adapter=False)

    def asked(kind: Any, *arguments: Any) -> list[Instance]:
        return [Instance(request_type=kind, doc={}, arguments=a, idx=0, task_name="t") for a in arguments]

    pairs = asked(
        "loglikelihood",
        ("", " the pump is rated"),
        ("What does it use? ", "12 bar"),  # the harness moves the space to the answer
        ("What does it use?", " 34 hours"),
        ("资料：", "没有说明。"),
        ("pump " * 1500 + "rated", " 12 bar"),  # longer than the model reads: the beginning goes
    )
    for (mine, greedy), (theirs, likewise) in zip(ours.loglikelihood(pairs), peer.loglikelihood(pairs), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-3)
        assert greedy == likewise
    texts = asked("loglikelihood_rolling", ("The pump is rated 12 bar.",), ("hours and months " * 900,))
    assert ours.loglikelihood_rolling(texts) == pytest.approx(peer.loglikelihood_rolling(texts), rel=1e-4)
    contexts = [
        ("Which cartridge?", {"until": ["e", "\n"], "max_gen_toks": 9}),
        ("12", {"max_gen_toks": 6, "until": []}),
    ]
    assert ours.generate_until(asked("generate_until", *contexts)) == peer.generate_until(
        asked("generate_until", *contexts)
    )
    with pytest.raises(InputError, match="at random"):
        ours.generate_until(asked("generate_until", ("a", {"do_sample": True, "temperature": 0.8})))


@needs_harness
def test_local_tasks_are_asked_of_both_arms(tmp_path: Path, arms: Generator) -> None:
    names = {"choice": CHOICE, "written": WRITTEN, "read": READ}
    for name, text in names.items():
        task_file(tmp_path / "tasks", text.format(name=name), f"{name}.yaml")
    request = EvaluateRequest(harness=(f"{tmp_path}/tasks",), limit=2)
    folder = tmp_path / "eval"
    report = ask_harness(folder, request, ("base", "rag", "tuned"), lambda: arms, Settings(), ["m"], Silent())
    assert set(report.arms) == {"base", "tuned"}
    for scores in report.arms.values():
        by_task = {score.task: score for score in scores}
        assert {task: (score.metric, score.n) for task, score in by_task.items()} == {
            "choice": ("acc", 2),
            "written": ("exact_match", 2),
            "read": ("word_perplexity", 2),
        }
        low, high = by_task["choice"].low, by_task["choice"].high
        assert low is not None
        assert high is not None
        assert 0 <= low <= by_task["choice"].value <= high <= 1
        assert by_task["read"].value > 1
    assert {difference.task for difference in report.differences} == {"choice", "written"}
    assert HarnessReport.model_validate_json((folder / "harness.json").read_bytes()) == report

    def gone() -> Generator:
        raise AssertionError("a finished arm was asked again")

    assert ask_harness(folder, request, ("base", "tuned"), gone, Settings(), ["m"], Silent()) == report
    with pytest.raises(AssertionError, match="asked again"):
        ask_harness(folder, request, ("base",), gone, Settings(), ["another model"], Silent())
    with pytest.raises(InputError, match="base and tuned"):
        ask_harness(folder, request, ("rag",), gone, Settings(), ["m"], Silent())


SCORE = HarnessScore(
    task="t", metric="acc", filter="none", value=0.5, low=0.25, high=0.75, stderr=0.1, n=12, higher_is_better=True
)


@pytest.mark.parametrize(
    ("lang", "lead", "row"),
    [
        (
            "en",
            "no dimension, difference or verdict above counts them",
            "| task | metric | base | tuned | tuned − base |",
        ),
        ("zh", "上面的维度、差异与结论均不计入", "| 任务 | 指标 | 基座 | 微调 | 微调 − 基座 |"),
    ],
)
def test_the_report_keeps_them_apart(lang: Any, lead: str, row: str) -> None:
    tuned = SCORE.model_copy(update={"value": 0.75, "low": None, "high": None})
    difference = HarnessDifference(task="t", metric="acc", filter="none", difference=0.25, low=-0.1, high=0.5, n=12)
    report = HarnessReport(version="1", arms={"base": (SCORE,), "tuned": (tuned,)}, differences=(difference,), limit=12)
    text = "\n".join(harness_lines(report, lang))
    assert lead in text
    assert row in text
    assert "| t | acc ↑ | 0.500 [0.250, 0.750] (12) | 0.750 (12) | +0.250 [-0.100, +0.500] |" in text
    assert harness_lines(None, lang) == []
