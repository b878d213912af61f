from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from agent.records.pairs import Pair
from knowledge.files import read_records, sha256_of
from tools.ladder.portion import nested, portion_of
from tools.mixing.run import latest_mix
from tools.tuning.examples import open_mix
from tools.workspace import Project

ROWS = [{"id": f"f{fact}w{wording}", "origin": "domain"} for fact in range(6) for wording in range(4)]
ROWS += [{"id": f"g{n}", "origin": "general"} for n in range(12)]
FACTS = {row["id"]: row["id"][:2] for row in ROWS if row["origin"] == "domain"}


def test_a_part_lies_within_every_larger_one() -> None:
    parts = [nested(ROWS, FACTS, share, seed=3) for share in (0.25, 0.5, 0.75)]
    for small, large in pairwise(parts):
        assert all(not one or other for one, other in zip(small, large, strict=True))
    assert [sum(part) for part in parts] == [9, 18, 27]


def test_every_fact_keeps_its_part_and_so_does_the_general_data() -> None:
    half = nested(ROWS, FACTS, 0.5, seed=1)
    kept = Counter(FACTS.get(row["id"], "general") for row, keep in zip(ROWS, half, strict=True) if keep)
    assert all(1 <= kept[fact] <= 3 for fact in set(FACTS.values()))
    assert 5 <= kept["general"] <= 7


def test_the_seed_draws_and_the_same_seed_draws_the_same() -> None:
    assert nested(ROWS, FACTS, 0.5, seed=1) == nested(ROWS, FACTS, 0.5, seed=1)
    assert nested(ROWS, FACTS, 0.5, seed=1) != nested(ROWS, FACTS, 0.5, seed=2)


def test_a_part_is_a_whole_mix_that_no_later_step_takes_for_one(project: Project) -> None:
    half = portion_of(project, "mix-invented", 0.5, 0)
    assert (half.examples, half.domain_examples + half.general_examples) == (9, 9)
    opened = open_mix(project.mixes / half.id)
    assert opened.sha256 == sha256_of(opened.train) == half.sha256
    ids = {pair.id for pair in read_records(project.pairs, Pair)}
    assert sum(name in opened.train.read_text() for name in ids) == half.domain_examples
    found = latest_mix(project)
    assert found is not None
    assert found.id == "mix-invented"
    assert portion_of(project, "mix-invented", 0.5, 0) == half


def test_all_of_the_data_is_the_mix_itself(project: Project) -> None:
    assert portion_of(project, "mix-invented", 1.0, 0).id == "mix-invented"


def test_a_part_that_was_cut_short_is_written_again(project: Project) -> None:
    half = portion_of(project, "mix-invented", 0.5, 0)
    (project.mixes / half.id / "train.jsonl").write_text("")
    portion_of(project, "mix-invented", 0.5, 0)
    assert open_mix(project.mixes / half.id).sha256 == half.sha256


@pytest.mark.parametrize("share", [0.01, 0.02])
def test_the_smallest_part_has_an_example(share: float) -> None:
    assert sum(nested(ROWS, FACTS, share, seed=0)) == 1
