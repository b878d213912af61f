"""Find duplicates among 100,000 pairs, beside what a plain script with datasketch takes in the same run.

    python -m tests.benchmarks.deduplication [--pairs 100000] [--sample 3000] [--json]

Both look for texts whose sets of words are alike to 0.8 (Jaccard). Time and peak memory are those of a process of its
own each, imports included. The script is the usual one: MinHash with 128 permutations, `MinHashLSH(threshold=0.8)`,
each text asked for before it is added. Recall is measured on a sample whose every two texts are compared, and counted
over the texts that repeat an earlier one.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.measured import Measured, measure
from tests.benchmarks.mixing import random_words
from tools.cleaning.near import duplicates_of

_WORD = re.compile(r"[a-z0-9]+")


def build(count: int, seed: int = 0) -> list[str]:
    """Return texts of which a quarter repeat an earlier one: as it is, with one to four words changed, or reordered."""
    draw = random.Random(seed)
    texts: list[str] = []
    for number in range(count):
        if number > 100 and number % 4 == 3:
            parts = draw.choice(texts).split()
            for _ in range(draw.choice((0, 1, 1, 2, 3, 4))):
                parts[draw.randrange(len(parts))] = random_words(draw, 1)
            if draw.random() < 0.2:
                parts.reverse()
            texts.append(" ".join(parts))
        else:
            texts.append(
                f"{random_words(draw, draw.randint(6, 18))}? {random_words(draw, draw.randint(3, 30))} {number}."
            )
    return texts


def ours(texts: Sequence[str]) -> list[int]:
    """Return the texts that repeat an earlier one, by the product."""
    return list(duplicates_of(texts, 0.8))


def script(texts: Sequence[str]) -> list[int]:
    """Return the texts that repeat an earlier one, by datasketch."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=0.8, num_perm=128)
    found = []
    for number, text in enumerate(texts):
        sketch = MinHash(num_perm=128)
        sketch.update_batch([word.encode() for word in set(_WORD.findall(text.lower()))])
        if index.query(sketch):
            found.append(number)
        else:
            index.insert(str(number), sketch)
    return found


def brute(texts: Sequence[str]) -> list[int]:
    """Return the texts that repeat an earlier one that stays, by comparing every two."""
    sets = [frozenset(_WORD.findall(text.lower())) for text in texts]
    kept: list[int] = []
    found = []
    for number, here in enumerate(sets):
        if any(5 * len(here & sets[other]) >= 4 * len(here | sets[other]) for other in kept):
            found.append(number)
        else:
            kept.append(number)
    return found


def missed_by_ours(texts: Sequence[str], ours_found: Sequence[int], script_found: Sequence[int]) -> int:
    """Count what the script found and ours did not although it is alike to 0.8 to an earlier text that ours keeps."""
    found = set(ours_found)
    sets = [frozenset(_WORD.findall(text.lower())) for text in texts]
    return sum(
        any(
            5 * len(sets[number] & sets[other]) >= 4 * len(sets[number] | sets[other])
            for other in range(number)
            if other not in found
        )
        for number in script_found
        if number not in found
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both, or be one of the measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=3000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--part", choices=("ours", "script"), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.part:
        texts = json.loads(given.file.read_text(encoding="utf-8"))
        print(json.dumps({"found": (ours if given.part == "ours" else script)(texts)}))
        return
    with tempfile.TemporaryDirectory() as folder:
        texts = build(given.pairs)
        results = {part: _measured(Path(folder), part, texts) for part in ("ours", "script")}
        sample = build(given.sample, seed=1)
        true = set(brute(sample))
        recalls = {}
        for part in results:
            found = set(_measured(Path(folder), part, sample).said["found"])
            recalls[part] = (len(found & true) / len(true), len(found - true))
    missed = missed_by_ours(texts, results["ours"].said["found"], results["script"].said["found"])
    for part, took in results.items():
        recall, beyond = recalls[part]
        print(
            f"{part:7} {took.seconds:6.1f} s ({took.cpu_seconds:5.1f} of CPU) {took.peak_mib:5.0f} MiB  "
            f"{len(took.said['found'])} duplicates; "
            f"on {given.sample} compared one by one: recall {recall:.3f}, {beyond} found beyond",
            file=sys.stderr if given.json else sys.stdout,
        )
    said = f"found by the script, not by ours, although like one that ours keeps: {missed}"
    print(said, file=sys.stderr if given.json else sys.stdout)
    if given.json:
        rows = {
            part: {
                "seconds": took.seconds,
                "cpu_seconds": took.cpu_seconds,
                "peak_mib": took.peak_mib,
                "duplicates": len(took.said["found"]),
                "recall": recalls[part][0],
            }
            for part, took in results.items()
        }
        print(json.dumps({"pairs": given.pairs, "missed": missed, **rows}))


def _measured(folder: Path, part: str, texts: Sequence[str]) -> Measured:
    file = folder / "texts.json"
    file.write_text(json.dumps(texts), encoding="utf-8")
    return measure("tests.benchmarks.deduplication", ["--part", part, "--file", str(file)])


if __name__ == "__main__":
    main()
