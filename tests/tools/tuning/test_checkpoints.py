"""Checkpoints are whole or not there, and are written as often as their cost allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import InputError
from tools.tuning.checkpoints import COST, Pace, drop_unfinished, newest, publish, save


def fill(folder: Path) -> None:
    (folder / "weights").write_text("w")


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_only_the_newest_whole_checkpoints_stay(tmp_path: Path) -> None:
    root = tmp_path / "checkpoints"
    assert newest(root, "k") is None
    for step in (9, 10, 1000):
        save(root, step, "k", fill)
    assert names(root) == ["step-00000010", "step-00001000"]
    assert newest(root, "k") == root / "step-00001000"
    (root / "step-00001000" / "manifest.json").write_text("{")
    assert newest(root, "k") == root / "step-00000010"
    assert names(root) == ["step-00000010"], "what is not whole would be kept instead of what is written next"


def test_checkpoints_of_whole_epochs_by_an_earlier_version_are_older_than_any(tmp_path: Path) -> None:
    root = tmp_path / "checkpoints"
    for epoch in (1, 2):
        publish(root / f"epoch-{epoch:04d}", fill, {"epoch": epoch, "key": "k"})
    assert newest(root, "k") == root / "epoch-0002"
    save(root, 3, "k", fill)
    assert names(root) == ["epoch-0002", "step-00000003"]
    assert newest(root, "k") == root / "step-00000003"


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "run" / "checkpoints", 3, "k", fill)
    with pytest.raises(InputError, match="other settings: run/step-00000003 - start a new run"):
        newest(tmp_path / "run" / "checkpoints", "another")


def test_a_failed_save_leaves_the_old_folder_whole(tmp_path: Path) -> None:
    target = tmp_path / "adapter"
    publish(target, fill, {})

    def fail(folder: Path) -> None:
        (folder / "weights").write_text("half")
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        publish(target, fail, {})
    assert (target / "weights").read_text() == "w"
    assert names(tmp_path) == ["adapter"]


def test_what_a_killed_process_left_goes_and_nothing_else(tmp_path: Path) -> None:
    for folder in (".adapter-x.part", ".kept", "adapter"):
        (tmp_path / folder).mkdir()
    (tmp_path / ".file.part").touch()
    drop_unfinished(tmp_path)
    assert names(tmp_path) == [".file.part", ".kept", "adapter"]


@pytest.mark.parametrize(
    ("least", "cost", "trained", "due"),
    [
        (30, 0.0, 29.0, False),
        (30, 0.0, 30.0, True),
        (30, 0.5, 30.0, True),
        (30, 6.0, 30.0, False),
        (30, 6.0, 119.0, False),
        (30, 6.0, 121.0, True),
        (0, 60.0, 0.0, True),
    ],
    ids=["soon", "first", "cheap", "dear", "still dear", "paid for", "every step"],
)
def test_saving_takes_a_twentieth_of_the_time_at_most(least: float, cost: float, trained: float, due: bool) -> None:
    pace = Pace(least)
    pace.trained(1000)
    pace.saved(cost)
    pace.trained(trained / 2)
    pace.trained(trained / 2)
    assert pace.is_due is due
    if due and least:
        assert cost <= COST * trained
