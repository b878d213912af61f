"""The offline assistant reads messages right: the golden set, by which nothing was tuned, and what makes it so.

`golden.jsonl` was written from the definitions of the actions alone, by somebody who saw neither the teaching examples
nor the code. Its errors are not looked at; only the figures below are.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph.understanding.brain import Brain
from graph.understanding.classifier import ACTIONS, examples, fingerprint, load_weights
from graph.understanding.features import concepts, pieces
from graph.understanding.training import train

GOLDEN = Path(__file__).with_name("golden.jsonl")


def golden() -> list[dict[str, Any]]:
    return [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").split("\n") if line]


def test_there_are_enough_teaching_examples() -> None:
    counts = Counter((action, bool(re.search(r"[\u4e00-\u9fff]", text))) for action, text in examples())
    for action in ACTIONS:
        assert counts[action, True] >= 30, action
        assert counts[action, False] >= 30, action


def test_the_golden_set_is_big_enough_and_nothing_of_it_was_taught() -> None:
    lines = golden()
    assert len(lines) >= 250
    assert sum(line["lang"] == "zh" for line in lines) * 2 >= len(lines)
    assert {line["style"] for line in lines} >= {"terse", "chatty", "misspelt", "mixed", "indirect"}
    taught = {_folded(text) for _, text in examples()}
    assert [line["text"] for line in lines if _folded(line["text"]) in taught] == []


def test_the_weights_belong_to_the_examples() -> None:
    assert load_weights().examples == fingerprint(), "`make understanding` trains them anew"


@pytest.mark.slow
def test_golden_messages_are_read_right() -> None:
    brain = Brain()
    read = [(line, brain.understand(line["text"]).action) for line in golden()]
    clear = [(line, action) for line, action in read if line["action"] != "clarify"]
    right = [action == line["action"] or action in line["also"] for line, action in clear]
    asked = [action == "clarify" for line, action in read if line["action"] == "clarify"]
    print(f"\ngolden: {sum(right)}/{len(right)} clear ones right, {sum(asked)}/{len(asked)} ambiguous ones asked back")
    assert sum(right) >= 0.92 * len(right)
    assert sum(asked) >= 0.85 * len(asked)


@pytest.mark.slow
def test_training_is_deterministic_and_learns_what_it_is_taught() -> None:
    texts = ["train it", "start training", "run the training", "开始训练", "read the files", "import files", "读入文件"]
    actions = ["tune"] * 4 + ["ingest"] * 3
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(len(texts), 384)).astype(np.float32)
    first, second = train(texts, actions, rows), train(texts, actions, rows)  # type: ignore[arg-type]
    assert np.array_equal(first.matrix, second.matrix)


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("finetune teh modle", "train"),
        ("evalutae the model", "measure_quality"),
        ("read /srv/docs", "path"),
        ("微调一下", "train"),
        ("为什么这么差", "why"),
        ("tokens per second on a 4090", "speed"),
    ],
)
def test_concepts_survive_typing_errors_and_languages(text: str, concept: str) -> None:
    assert concept in concepts(text)


def test_pieces_hold_words_and_characters() -> None:
    found = pieces("Tune 微调")
    assert {"w:tune", "微调", "微"} <= set(found)


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
