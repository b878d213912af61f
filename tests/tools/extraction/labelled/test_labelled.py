"""The checks against pairs that a person labelled; the figures are printed by `python -m tests.benchmarks.checks`."""

import pytest

from tests.tools.extraction.labelled.sample import LATER, labelled, outcome, present
from tests.tools.extraction.labelled.sources import ABSENT, DATA


def test_the_sample_is_what_its_readme_says():
    pairs = labelled()
    assert (len(pairs), sum(pair.good for pair in pairs)) == (200, 100)
    assert sum(pair.language == "zh" for pair in pairs) == 90
    assert len({pair.fault for pair in pairs if not pair.good}) == 16
    everything = [*pairs, *(pair for file in LATER for pair in labelled(file))]
    assert len({pair.id for pair in everything}) == len(everything) == 685
    assert all(pair.why and bool(pair.fault) != pair.good for pair in pairs)


def test_the_company_pairs_are_judged_without_shared_data():
    pairs = [pair for pair in labelled() if pair.source == "company"]
    good = [pair for pair in pairs if pair.good]
    bad = [pair for pair in pairs if not pair.good]
    assert sum(outcome(pair)[1] == "" for pair in good) >= 0.95 * len(good)
    assert sum(outcome(pair)[1] != "" for pair in bad) >= 0.9 * len(bad)


def test_a_sample_without_its_documents_is_printed_as_such(monkeypatch, capsys):
    from tests.benchmarks import checks

    here = next(pair for pair in labelled() if pair.source == "company" and pair.good)
    monkeypatch.setattr(checks, "present", lambda pair: pair == here)
    monkeypatch.setattr("sys.argv", ["checks"])
    checks.main()
    said = capsys.readouterr()
    assert "kept_of_good     1/1 = 1.000" in said.out
    assert "stopped_of_bad   no such pair whose document is here" in said.out
    assert len([line for line in said.err.splitlines() if "not measured" in line]) == len(LATER) + 1


@pytest.mark.skipif(not DATA.is_dir(), reason=ABSENT)
def test_good_pairs_are_kept_and_bad_ones_stopped():
    pairs = [pair for pair in labelled() if present(pair)]
    good = [pair for pair in pairs if pair.good]
    bad = [pair for pair in pairs if not pair.good]
    assert sum(outcome(pair)[1] == "" for pair in good) >= 0.95 * len(good)
    assert sum(outcome(pair)[1] != "" for pair in bad) >= 0.9 * len(bad)


@pytest.mark.skipif(not DATA.is_dir(), reason=ABSENT)
def test_later_pairs_are_told_apart_too():
    pairs = [pair for file in LATER for pair in labelled(file)]
    good = [pair for pair in pairs if pair.good]
    bad = [pair for pair in pairs if not pair.good]
    assert sum(outcome(pair)[1] == "" for pair in good) >= 0.95 * len(good)
    assert sum(outcome(pair)[1] != "" for pair in bad) >= 0.9 * len(bad)
