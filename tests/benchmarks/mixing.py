"""Mix a million general rows, beside what a plain script with `datasets` takes in the same run.

    python -m tests.benchmarks.mixing [--rows 1000000] [--pairs 30000] [--json]

Two mixes of the same project: all general rows (the share that makes it so) and the default share of 30%. Time and peak
memory are those of a process of its own each, imports included. The script loads both files, shuffles, selects,
concatenates, shuffles again and writes JSON lines; it checks no row against the sealed questions, looks for no personal
data and drops no repetition, all of which the product does.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import accumulate, product
from pathlib import Path

from agent.progress import Silent
from agent.records.evaluation import Item
from agent.records.pairs import Message, Pair
from agent.settings import Settings
from knowledge.files import write_records
from tests.benchmarks.measured import Measured, measure
from tools.mixing.request import MixRequest
from tools.mixing.run import mix
from tools.workspace import Workspace

_WORDS = [
    "".join(syllables) for syllables in product(("ba", "ke", "lo", "mi", "nu", "ra", "so", "te", "vi", "zu"), repeat=4)
]
# As in a language, the word of rank n occurs about 1/n as often as the first (Zipf).
_OFTEN = list(accumulate(1 / (rank + 5) for rank in range(len(_WORDS))))
_CHARACTERS = (
    "天地人山水火木金土日月星云风雨雪花草树鸟鱼虫马牛羊车船书画城市学校医院工厂农村老师学生医生问题方法原因结果"
)


def build(home: Path, rows: int, pairs: int, seed: int = 0) -> Path:
    """Write a project with pairs and sealed questions, and a file of general rows; returns the file."""
    draw = random.Random(seed)
    project = Workspace(home).create("bench")
    write_records(project.pairs, (_pair(n, draw) for n in range(pairs)))
    write_records(
        project.validation,
        (
            Item(
                id=f"v{n}",
                kind="skill" if n % 4 == 0 else "knowledge",
                dimension="understanding" if n % 4 == 0 else "domain_knowledge",
                language="en",
                question=random_words(draw, 9) + "?",
                answers=("x",),
                context=random_words(draw, 60) if n % 4 == 0 else "",
            )
            for n in range(1000)
        ),
    )
    file = home / "general.jsonl"
    with file.open("w", encoding="utf-8") as target:
        for number in range(rows):
            target.write(json.dumps(_row(number, draw), ensure_ascii=False) + "\n")
    return file


def random_words(draw: random.Random, count: int) -> str:
    """Return invented words, frequent and rare as in a language."""
    return " ".join(draw.choices(_WORDS, cum_weights=_OFTEN, k=count))


def _row(number: int, draw: random.Random) -> dict[str, object]:
    if number % 5 == 4:
        asked, said = ("".join(draw.choices(_CHARACTERS, k=k)) for k in (24, 60))
    else:
        asked, said = random_words(draw, 14), random_words(draw, 44)
    if number % 50 == 0:
        said += f" Write to {draw.choice(_WORDS)}{number}@example.org or call +44 20 7946 {number % 10000:04d}."
    return {
        "source": f"set-{number % 7}",
        "messages": [{"role": "user", "content": f"{asked} {number}?"}, {"role": "assistant", "content": said}],
    }


def _pair(number: int, draw: random.Random) -> Pair:
    asked = f"{random_words(draw, 10)} of unit {number // 8}?"
    said = random_words(draw, 8)
    return Pair(
        id=f"p{number:015d}",
        messages=(Message(role="user", content=asked), Message(role="assistant", content=said)),
        document=f"d{number % 40}",
        page=1,
        start=0,
        end=len(said),
        quote=said,
        kind="factual",
        language="en",
        split="train",
        checks={},
        status="accepted",
        reason="",
        fact=f"f{number // 8}",
    )


def ours(home: Path, file: Path, share: float) -> dict[str, object]:
    """Mix with the product; what it made."""
    project = Workspace(home).open("bench")
    made = mix(project, Settings(), MixRequest(domain_share=share, general=str(file), drop_leaks=True), Silent())
    return {
        "examples": made.examples,
        "domain": made.domain_examples,
        "sha256": made.sha256,
        "leaks": made.leaks_dropped,
        "personal": made.personal.by_kind,
        "repeated": made.duplicates_dropped,
    }


def script(home: Path, file: Path, share: float) -> dict[str, object]:
    """Mix with `datasets` as a plain script does; what it made."""
    from datasets import concatenate_datasets, disable_progress_bars, load_dataset

    disable_progress_bars()
    cache = str(home / "cache")
    pairs = load_dataset("json", data_files=str(home / "projects/bench/pairs.jsonl"), split="train", cache_dir=cache)
    general = load_dataset("json", data_files=str(file), split="train", cache_dir=cache)
    wanted = min(len(general), round(len(pairs) * (1 - share) / share))
    chosen = general.shuffle(seed=0).select(range(wanted)).select_columns(["messages"])
    both = concatenate_datasets([pairs.select_columns(["messages"]), chosen]).shuffle(seed=0)
    both.to_json(str(home / "script.jsonl"), force_ascii=False)
    return {"examples": len(both), "domain": len(pairs)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both, or be one of the measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=30_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--part", choices=("ours", "script"), help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--share", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.part:
        part = ours if given.part == "ours" else script
        print(json.dumps(part(given.home, given.home / "general.jsonl", given.share)))
        return
    results = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        began = time.perf_counter()
        file = build(home, given.rows, given.pairs)
        size = file.stat().st_size / 2**20
        print(f"{given.rows} rows, {size:.0f} MiB, made in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        # A little under what would use every row, so that leaks and repetitions leave enough.
        whole = given.pairs / (given.pairs + 0.99 * given.rows)
        for name, share in (("all rows", whole), ("30% domain", 0.3)):
            for part in ("ours", "script"):
                module = "tests.benchmarks.mixing"
                took = measure(module, ["--part", part, "--home", str(home), "--share", str(share)])
                results.append((name, part, took))
                _show(name, part, took)
    if given.json:
        rows = [
            {
                "mix": name,
                "by": part,
                "seconds": took.seconds,
                "cpu_seconds": took.cpu_seconds,
                "peak_mib": took.peak_mib,
                **took.said,
            }
            for name, part, took in results
        ]
        print(json.dumps({"rows": given.rows, "mib": size, "results": rows}))


def _show(name: str, part: str, took: Measured) -> None:
    said = f"{took.said['examples']} examples, {took.said['domain']} of them domain"
    print(
        f"{name:12} {part:7} {took.seconds:6.1f} s ({took.cpu_seconds:5.1f} of CPU) {took.peak_mib:5.0f} MiB  {said}",
        flush=True,
    )


if __name__ == "__main__":
    main()
