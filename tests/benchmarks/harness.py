"""Scoring beside lm-evaluation-harness: the same requests of the same model, item by item, in one run.

    python -m tests.benchmarks.harness [--pairs FOLDER] [--passages FILE] [--limit N] [--questions 80] [--threads 2]

Two workloads: the minimal pairs of BLiMP files, and questions with four options of which several share a passage (made
from a SQuAD-style file: the passage is a chunk of ours, the wrong options answer other questions). Each engine runs in
a process of its own, with the same weights in single precision and the same number of threads. lm-evaluation-harness
gets its tasks as YAML files, as it ships them for BLiMP, and the best of several batch sizes, tried on a part of the
requests before the clock starts. Requests a second are those of the scoring alone, texts to tokens included; the ratio
of processor time beside them does not depend on what else the machine does. `differ` counts items whose chosen sentence
or option, by the highest sum of log-probabilities, is another one, `largest` is the largest difference of a sum.

`peer, our kernel` is lm-evaluation-harness with the matrix kernel that our loader chooses, so that what the engine
gains can be told from what the kernel gains; `--no-kernel` leaves it out.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("TQDM_DISABLE", "1")  # lm-evaluation-harness shows a bar for each batch size tried

from agent.prompts.choices import option_pairs, sentence_pairs
from agent.settings import load_settings
from tests.benchmarks.measured import measure
from tests.benchmarks.retrieval import load
from tools.validation.readers import read_questions

Pair = tuple[str, str]
"""Context and continuation."""
BATCHES = {"pairs": (16, 32, 64, 128), "passages": (1, 2, 4)}
"""Batch sizes tried for lm-evaluation-harness; on a CPU larger and smaller ones were slower."""
TRIED = {"pairs": 160, "passages": 12}
"""Requests of a try."""
LONGEST_OPTION = 120
"""Characters of an option."""
PAIRS_TASK = """task: {name}
dataset_path: json
dataset_kwargs:
  data_files:
    train: {file}
  cache_dir: {cache}
output_type: multiple_choice
validation_split: train
doc_to_text: ""
doc_to_target: 0
doc_to_choice: "{{{{[sentence_good, sentence_bad]}}}}"
num_fewshot: 0
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
"""
PASSAGES_TASK = """task: {name}
dataset_path: json
dataset_kwargs:
  data_files:
    train: {file}
  cache_dir: {cache}
output_type: multiple_choice
validation_split: train
doc_to_text: "{{{{prompt}}}}"
doc_to_target: "{{{{answer}}}}"
doc_to_choice: "{{{{options}}}}"
num_fewshot: 0
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
"""


def minimal_pairs(folder: Path, limit: int | None) -> dict[str, list[list[Pair]]]:
    """Return the requests of each BLiMP file, item by item, read and framed as `evaluate --questions` does."""
    found = {}
    for file in sorted(folder.glob("*.jsonl")):
        items = list(read_questions(file))[:limit]
        found[file.stem] = [list(sentence_pairs(item.options, item.language)) for item in items]
    return found


def passage_items(file: Path, count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Return questions with four options; several are about one passage."""
    chunks, questions = load(file, None)
    answers = {q.text: _answer(chunks, q) for q in questions}
    short = [answer for answer in answers.values() if answer and len(answer) <= LONGEST_OPTION]
    dice = random.Random(seed)
    items = []
    for chunk in chunks:
        own = [q for q in questions if q.document == chunk.document and _holds(chunk, q) and answers[q.text] in short]
        if len(own) < 2:
            continue
        for question in own:
            right = answers[question.text]
            wrong = dice.sample(sorted({answer for answer in short if answer != right}), 3)
            options = dice.sample([right, *wrong], 4)
            items.append(
                {"passage": chunk.text, "question": question.text, "options": options, "answer": options.index(right)}
            )
        if len(items) >= count:
            break
    return items


def _holds(chunk: Any, question: Any) -> bool:
    return any(chunk.start <= start and end <= chunk.end for start, end in question.spans)


def _answer(chunks: Sequence[Any], question: Any) -> str:
    """Return a question's first answer that lies whole in a chunk."""
    for chunk in chunks:
        if chunk.document == question.document:
            for start, end in question.spans:
                if chunk.start <= start and end <= chunk.end:
                    return str(chunk.text[start - chunk.start : end - chunk.start]).strip()
    return ""


def framed(item: dict[str, Any]) -> list[Pair]:
    """Return the requests of a question with options, framed as the product does."""
    return list(option_pairs(item["question"], item["options"], "en", passages=[item["passage"]]))


def run_peer(work: Path, threads: int, fast: bool) -> dict[str, Any]:
    """Score both workloads with lm-evaluation-harness."""
    import torch
    from lm_eval.evaluator import evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    from tools.models import use_fast_matmul

    torch.set_num_threads(threads)
    if fast:
        use_fast_matmul()

    class Timed(HFLM):  # type: ignore[misc]
        seconds = 0.0
        cpu_seconds = 0.0
        said: Sequence[tuple[float, bool]] = ()
        asked: Sequence[Pair] = ()

        def loglikelihood(self, requests: Any, disable_tqdm: bool = True) -> Any:
            started, busy = time.perf_counter(), time.process_time()
            self.said = super().loglikelihood(requests, disable_tqdm=True)
            self.seconds, self.cpu_seconds = time.perf_counter() - started, time.process_time() - busy
            self.asked = [request.args for request in requests]
            return self.said

    setting = json.loads((work / "setting.json").read_text())
    lm = Timed(pretrained=setting["model"], dtype="float32", device="cpu", batch_size=1)
    manager = TaskManager(include_path=str(work / "tasks"), include_defaults=False)
    result: dict[str, Any] = {"precision": torch.get_float32_matmul_precision()}
    for workload, names in setting["tasks"].items():
        tasks = manager.load(names)
        tried = {}
        for size in BATCHES[workload] if not fast else (setting["batches"][workload],):
            lm.batch_size_per_gpu = size
            requests = _first_requests(tasks["tasks"].values(), TRIED[workload])
            lm.loglikelihood(requests)
            tried[size] = len(requests) / lm.cpu_seconds
        lm.batch_size_per_gpu = max(tried, key=lambda size: tried[size])
        found = evaluate(lm=lm, task_dict=manager.load(names), limit=None, bootstrap_iters=0, log_samples=True)
        result[workload] = {
            "batch": lm.batch_size_per_gpu,
            "tried": tried,
            "seconds": lm.seconds,
            "cpu_seconds": lm.cpu_seconds,
            "logprobs": [logprob for logprob, _ in lm.said],
            "asked": lm.asked,
            "accuracy": {name: found["results"][name]["acc,none"] for name in names},
        }
    return result


def _first_requests(tasks: Any, count: int) -> list[Any]:
    """Return some requests of every task."""
    requests = []
    for task in tasks:
        task.build_all_requests(limit=max(1, count // len(tasks) // 2), rank=0, world_size=1)
        requests += task.instances
    return requests[:count]


def run_ours(work: Path, threads: int) -> dict[str, Any]:
    """Score both workloads with the product's engine."""
    import torch

    from tools.generation import load_generator

    setting = json.loads((work / "setting.json").read_text())
    settings = load_settings().model_copy(update={"base_model": setting["model"], "threads": threads})
    generator = load_generator(settings)
    generator.logprobs([("Warm", " up")])
    result: dict[str, Any] = {"precision": torch.get_float32_matmul_precision()}
    for workload in setting["tasks"]:
        asked = [tuple(pair) for pair in json.loads((work / f"{workload}.json").read_text())]
        started, busy = time.perf_counter(), time.process_time()
        found = generator.logprobs(asked)
        result[workload] = {
            "seconds": time.perf_counter() - started,
            "cpu_seconds": time.process_time() - busy,
            "logprobs": [logprob for logprob, _ in found],
            "asked": asked,
        }
    return result


def prepare(work: Path, options: argparse.Namespace) -> tuple[dict[str, list[list[Pair]]], list[int]]:
    """Write the tasks and the requests; returns the items of each task and the right option of each item."""
    from tools.models import resolve_base_model

    (work / "tasks").mkdir()
    items: dict[str, list[list[Pair]]] = {}
    right: list[int] = []
    tasks: dict[str, list[str]] = {"pairs": [], "passages": []}

    def add(workload: str, name: str, rows: list[Any], template: str, framed_items: list[list[Pair]]) -> None:
        file = work / f"{name}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        text = template.format(name=name, file=file, cache=work / "cache")
        (work / "tasks" / f"{name}.yaml").write_text(text, encoding="utf-8")
        tasks[workload].append(name)
        items[name] = framed_items

    for name, pairs in minimal_pairs(options.pairs, options.limit).items():
        lines = (options.pairs / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()[: len(pairs)]
        add("pairs", f"blimp_{name}", [json.loads(line) for line in lines], PAIRS_TASK, pairs)
        right += [0] * len(pairs)
    questions = passage_items(options.passages, options.questions)
    rows = [{**q, "prompt": framed(q)[0][0]} for q in questions]
    add("passages", "shared_passage", rows, PASSAGES_TASK, [framed(q) for q in questions])
    right += [q["answer"] for q in questions]
    for workload, names in tasks.items():
        asked = [pair for name in names for item in items[name] for pair in item]
        (work / f"{workload}.json").write_text(json.dumps(asked), encoding="utf-8")
    model = str(resolve_base_model(load_settings()))
    (work / "setting.json").write_text(json.dumps({"model": model, "tasks": tasks}), encoding="utf-8")
    return items, right


def chosen(logprobs: Sequence[float], items: Sequence[list[Pair]]) -> list[int]:
    """Return the index of the likeliest continuation of each item."""
    found, at = [], 0
    for item in items:
        own = logprobs[at : at + len(item)]
        found.append(max(range(len(own)), key=own.__getitem__))
        at += len(item)
    return found


def compare(
    workload: str,
    names: Sequence[str],
    items: dict[str, list[list[Pair]]],
    right: Sequence[int],
    engines: dict[str, Any],
) -> dict[str, Any]:
    """Return figures of one workload, each engine beside the first one, lm-evaluation-harness."""
    flat = [item for name in names for item in items[name]]
    peer = engines["lm-evaluation-harness"][workload]
    rows: dict[str, Any] = {}
    for engine, found in engines.items():
        own = found[workload]
        if [tuple(pair) for pair in own["asked"]] != [tuple(pair) for pair in peer["asked"]]:
            raise RuntimeError(f"{engine} was not asked the same requests")
        picks, theirs = chosen(own["logprobs"], flat), chosen(peer["logprobs"], flat)
        at, accuracy = 0, {}
        for name in names:
            count = len(items[name])
            hits = [pick == gold for pick, gold in zip(picks[at : at + count], right[at : at + count], strict=True)]
            accuracy[name] = sum(hits) / count
            at += count
        rate = len(own["asked"]) / own["seconds"]
        rows[engine] = {
            "accuracy": accuracy,
            "items_that_differ": sum(a != b for a, b in zip(picks, theirs, strict=True)),
            "largest_difference": max(abs(a - b) for a, b in zip(own["logprobs"], peer["logprobs"], strict=True)),
            "requests_per_s": rate,
            "ratio": peer["seconds"] / own["seconds"],
            "ratio_of_cpu_time": peer["cpu_seconds"] / own["cpu_seconds"],
            "batch": own.get("batch"),
            "tried": own.get("tried"),
        }
    theirs = peer["accuracy"]
    if any(abs(theirs[name] - rows["lm-evaluation-harness"]["accuracy"][name]) > 1e-9 for name in names):
        raise RuntimeError("our count of its decisions is not the accuracy that lm-evaluation-harness states")
    return {"items": len(flat), "requests": len(peer["asked"]), "engines": rows}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print tables and a JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pairs", type=Path, default=Path("../shared/data/blimp"), help="folder of BLiMP files")
    parser.add_argument("--passages", type=Path, default=Path("../shared/data/covidqa_dev.json"))
    parser.add_argument("--limit", type=int, help="minimal pairs of each file; all by default")
    parser.add_argument("--questions", type=int, default=80, help="questions with a shared passage, about")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--no-kernel", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--engine", choices=("peer", "fast-peer", "ours"), help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.engine:
        result = (
            run_ours(options.work, options.threads)
            if options.engine == "ours"
            else run_peer(options.work, options.threads, options.engine == "fast-peer")
        )
        (options.work / f"{options.engine}.json").write_text(json.dumps(result), encoding="utf-8")
        print(json.dumps({"precision": result["precision"]}))
        return 0
    names = {"lm-evaluation-harness": "peer", "domainsmith": "ours", "peer, our kernel": "fast-peer"}
    if options.no_kernel:
        del names["peer, our kernel"]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        items, right = prepare(work, options)
        engines, peaks = {}, {}
        for name, engine in names.items():
            flags = ["--engine", engine, "--work", folder, "--threads", str(options.threads)]
            peaks[name] = measure("tests.benchmarks.harness", flags).peak_mib
            engines[name] = json.loads((work / f"{engine}.json").read_text())
            if engine == "peer":
                setting = json.loads((work / "setting.json").read_text())
                setting["batches"] = {workload: engines[name][workload]["batch"] for workload in setting["tasks"]}
                (work / "setting.json").write_text(json.dumps(setting), encoding="utf-8")
        tasks = setting["tasks"]
    result: dict[str, Any] = {"threads": options.threads, "peak_mib": peaks}
    at = 0
    for workload, own in tasks.items():
        count = sum(len(items[name]) for name in own)
        result[workload] = compare(workload, own, items, right[at : at + count], engines)
        at += count
    if not options.json:
        show(result, print)
    print(json.dumps(result))
    return 0


def show(result: dict[str, Any], say: Callable[[str], None]) -> None:
    """Print the tables."""
    for workload in ("pairs", "passages"):
        part = result[workload]
        say(f"\n{workload}: {part['items']} items, {part['requests']} requests, {result['threads']} thread(s)")
        say(f"{'':24}{'accuracy':>10}{'differ':>8}{'largest':>10}{'requests/s':>12}{'ratio':>8}{'by CPU':>8}{'MiB':>7}")
        for engine, row in part["engines"].items():
            total = sum(row["accuracy"].values()) / len(row["accuracy"])
            say(
                f"{engine:24}{total:10.4f}{row['items_that_differ']:8}{row['largest_difference']:10.1e}"
                f"{row['requests_per_s']:12.1f}{row['ratio']:8.2f}{row['ratio_of_cpu_time']:8.2f}{result['peak_mib'][engine]:7.0f}"
            )
        for name in part["engines"]["domainsmith"]["accuracy"] if workload == "pairs" else ():
            both = "  ".join(f"{row['accuracy'][name]:.4f}" for row in part["engines"].values())
            say(f"  {name:50}{both}")


if __name__ == "__main__":
    sys.exit(main())
