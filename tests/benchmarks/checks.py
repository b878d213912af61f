"""Measure the checks of pairs against the labelled samples: what they keep and stop, and each check by itself.

    python -m tests.benchmarks.checks [--json] [--human] [--round-trip builtin [--every 7]]

`--human` also counts false alarms on the questions people wrote for the shared data, with the sentence that holds the
answer as the quote, how often a figure swapped for its neighbour is noticed, and how often the answer to another
question on the same sentence is. `--round-trip` asks a model (`builtin` or `openai:<model>`) every question from its
passage.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any, Final, NamedTuple

from agent.records.base import Language
from agent.settings import Settings
from knowledge.lexical import sentences
from tests.tools.extraction.labelled.sample import (
    HALF,
    LATER,
    Labelled,
    candidate,
    labelled,
    outcome,
    present,
)
from tests.tools.extraction.labelled.sources import ABSENT, DATA
from tools.evaluation.statistics import wilson
from tools.extraction.checks import CHECKS, Candidate, failed, first_failure, judge, scores
from tools.extraction.nearness import right_number
from tools.extraction.quantities import plain, quantities

SHORT: Final = 25
"""Characters of an answer that is little more than its figure."""


def rate(count: int, total: int) -> dict[str, Any]:
    """Return a rate with Wilson's interval."""
    low, high = wilson(count, total)
    return {
        "count": count,
        "of": total,
        "rate": round(count / total, 3) if total else None,
        "low": round(low, 3),
        "high": round(high, 3),
    }


def measured(pairs: Sequence[Labelled]) -> dict[str, Any]:
    """Return what the checks make of labelled pairs."""
    started = time.perf_counter()
    outcomes = [(pair, *outcome(pair)) for pair in pairs]
    seconds = time.perf_counter() - started
    good = [first for pair, _, first in outcomes if pair.good]
    bad = [first for pair, _, first in outcomes if not pair.good]
    stops = {pair.id: {n for n, verdict in verdicts.items() if failed(verdict.score)} for pair, verdicts, _ in outcomes}
    caught, alarms, alone = Counter[str](), Counter[str](), Counter[str]()
    for pair in pairs:
        (alarms if pair.good else caught).update(stops[pair.id])
        if not pair.good and len(stops[pair.id]) == 1:
            alone.update(stops[pair.id])
    faults = Counter(pair.fault for pair in pairs if not pair.good)
    stopped = Counter(pair.fault for pair, _, first in outcomes if not pair.good and first)
    return {
        "kept_of_good": rate(good.count(""), len(good)),
        "stopped_of_bad": rate(len(bad) - bad.count(""), len(bad)),
        "checks": {
            name: {"caught": caught[name], "alone": alone[name], "false_alarms": alarms[name]}
            for name in CHECKS
            if caught[name] or alarms[name]
        },
        "faults": {fault: f"{stopped[fault]}/{count}" for fault, count in sorted(faults.items())},
        "pairs_per_second": round(len(pairs) / seconds, 1),
        "errors": [
            {"id": pair.id, "good": pair.good, "fault": pair.fault, "check": first}
            for pair, _, first in outcomes
            if pair.good == bool(first)
        ],
    }


class Asked(NamedTuple):
    """A question a person wrote, with the sentence that holds its answer."""

    question: str
    answer: str
    quote: str
    text: str
    start: int
    title: str


def asked_by_people(name: str, language: Language) -> Iterator[Asked]:
    """Yield the questions of a SQuAD-style file of the shared data."""
    for article in json.loads((DATA / name).read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            text = paragraph["context"]
            title = article.get("title") or text.lstrip().split("\n")[0]
            spans = sentences(text, language)
            for question in paragraph["qas"]:
                answers = question["answers"]
                start = answers[0]["answer_start"] if answers else -1
                end = start + len(answers[0]["text"]) if answers else -1
                covering = [span for span in spans if span[0] < end and span[1] > start]
                if not covering or text[start:end] != answers[0]["text"] or not question["question"].strip():
                    continue
                low, high = covering[0][0], covering[-1][1]
                yield Asked(question["question"].strip(), text[start:end], text[low:high], text, low, title)


def human(name: str, language: Language) -> dict[str, Any]:
    """Return how often each check stops a question that a person wrote, with its own answer and sentence."""
    alarms, total, stopped = Counter[str](), 0, 0
    for one in asked_by_people(name, language):
        pair = Candidate(one.question, one.answer, one.quote, one.text, one.start, language, title=one.title)
        wrong = {check for check, verdict in judge(pair).items() if failed(verdict.score)}
        alarms.update(wrong)
        total, stopped = total + 1, stopped + bool(wrong)
    return {"questions": total, "stopped": rate(stopped, total), "checks": dict(alarms.most_common())}


def swapped(name: str, language: Language) -> dict[str, Any]:
    """Return how often a figure of a short answer, and another of its sentence and unit in its place, is stopped."""
    draw = random.Random(1)
    right, wrong = [], []
    for one in asked_by_people(name, language):
        given, there = quantities(one.answer), quantities(one.quote)
        if not given or len(one.answer) > SHORT or len({number.value for number in there}) < 2:
            continue
        right.append(failed(right_number(one.question, one.answer, one.quote, one.title, language).score))
        values = {number.value for number in (*given, *quantities(one.question))}
        others = [number for number in there if number.value not in values and number.unit == given[0].unit]
        if others:
            other = draw.choice(others)
            figure = plain(one.quote)[other.start : other.end]
            wrong.append(failed(right_number(one.question, figure, one.quote, one.title, language).score))
    return {"right_stopped": rate(sum(right), len(right)), "swapped_stopped": rate(sum(wrong), len(wrong))}


def crossed(name: str, language: Language) -> dict[str, Any]:
    """Return how often the answer to another question on the same sentence is stopped, by the check that stops it."""
    sentence: dict[tuple[str, int, str], list[Asked]] = {}
    for one in asked_by_people(name, language):
        sentence.setdefault((one.title, one.start, one.quote), []).append(one)
    stopped, total = Counter[str](), 0
    for group in sentence.values():
        for one, other in permutations(group, 2):
            if one.answer in other.answer or other.answer in one.answer or one.question == other.question:
                continue
            pair = Candidate(one.question, other.answer, one.quote, one.text, one.start, language, title=one.title)
            total += 1
            stopped[first_failure(scores(judge(pair)))] += 1
    return {"stopped": rate(total - stopped.pop("", 0), total), "checks": dict(stopped.most_common())}


def round_trip(model: str, pairs: Sequence[Labelled]) -> dict[str, Any]:
    """Return what asking a model every question from its passage adds."""
    from tools.extraction.asking_again import Asked as Pair
    from tools.extraction.asking_again import round_trips
    from tools.extraction.model import load_writer

    writer = load_writer(model, Settings())
    started = time.perf_counter()
    asked = [Pair(one.question, one.answer, around(one), one.language) for one in map(candidate, pairs)]
    found = [verdict.score for verdict in round_trips(asked, writer)]
    by_rules = [outcome(pair)[1] != "" for pair in pairs]
    good = [number for number, pair in enumerate(pairs) if pair.good]
    bad = [number for number, pair in enumerate(pairs) if not pair.good]
    return {
        "model": model,
        "seconds": round(time.perf_counter() - started, 1),
        "alone": {
            "kept_of_good": rate(sum(not failed(found[n]) for n in good), len(good)),
            "stopped_of_bad": rate(sum(failed(found[n]) for n in bad), len(bad)),
        },
        "with_rules": {
            "kept_of_good": rate(sum(not failed(found[n]) and not by_rules[n] for n in good), len(good)),
            "stopped_of_bad": rate(sum(failed(found[n]) or by_rules[n] for n in bad), len(bad)),
        },
    }


def around(pair: Candidate, reach: int = 200) -> str:
    """Return a quote with some text before and after it, as a passage would show it."""
    return pair.text[max(0, pair.start - reach) : pair.start + len(pair.quote) + reach]


def printed(name: str, result: dict[str, Any]) -> str:
    """Return one sample's figures as a table."""
    lines = [f"{name}"]
    for key in ("kept_of_good", "stopped_of_bad"):
        one = result[key]
        if one["rate"] is None:
            lines.append(f"  {key:16} no such pair whose document is here ({ABSENT})")
            continue
        lines.append(f"  {key:16} {one['count']}/{one['of']} = {one['rate']:.3f} ({one['low']:.3f}-{one['high']:.3f})")
    for check, counts in result["checks"].items():
        lines.append(
            f"  {check:22} caught {counts['caught']:3}  alone {counts['alone']:3}  false {counts['false_alarms']:3}"
        )
    lines.append("  faults stopped: " + ", ".join(f"{fault} {share}" for fault, share in result["faults"].items()))
    lines.append(f"  {result['pairs_per_second']} pairs/s")
    return "\n".join(lines)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--human", action="store_true")
    parser.add_argument("--round-trip", metavar="MODEL")
    parser.add_argument("--every", type=int, default=1, help="ask the model about every n-th pair only")
    arguments = parser.parse_args()
    pairs = labelled()
    samples = {
        "first hundred": pairs[:HALF],
        "second hundred": pairs[HALF:],
        "all 200": pairs,
        **{file.stem: labelled(file) for file in LATER},
    }
    samples = {name: [pair for pair in some if present(pair)] for name, some in samples.items()}
    for name in [name for name, some in samples.items() if not some]:
        print(f"{name}: not measured, its documents are not here ({ABSENT})", file=sys.stderr)
        del samples[name]
    report: dict[str, Any] = {name: measured(some) for name, some in samples.items()}
    if arguments.human and DATA.is_dir():
        report["human"] = {"cmrc": human("cmrc_trial.json", "zh"), "covidqa": human("covidqa_dev.json", "en")}
        report["crossed"] = {"cmrc": crossed("cmrc_trial.json", "zh"), "covidqa": crossed("covidqa_dev.json", "en")}
        report["swapped"] = {"cmrc": swapped("cmrc_trial.json", "zh"), "covidqa": swapped("covidqa_dev.json", "en")}
    if arguments.round_trip:
        report["round_trip"] = round_trip(arguments.round_trip, samples["all 200"][:: arguments.every])
    if arguments.json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
        return
    for name in samples:
        print(printed(name, report[name]))
    for name in ("human", "swapped", "crossed", "round_trip"):
        if name in report:
            print(name, json.dumps(report[name], ensure_ascii=False))


if __name__ == "__main__":
    main()
