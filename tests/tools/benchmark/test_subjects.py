"""What can be compared, by its names: saved benchmarks, files of them, devices; never a path from the network."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from agent.errors import InputError, NotFoundError
from agent.prompts.comparison import COMPARISON
from agent.records.base import Language
from tests.tools.benchmark.compared import result
from tools.benchmark.comparison import USUAL_SIZE, compare
from tools.benchmark.saved import save
from tools.benchmark.subjects import (
    USUAL_DEVICES,
    Chosen,
    choose,
    everything,
    is_this_machine,
    measured_of,
    newest_here,
    said_moment,
    spoken_name,
)
from tools.hardware import catalogue, find_device

LANGUAGES: tuple[Language, ...] = get_args(Language)


def test_what_names_mean(tmp_path: Path) -> None:
    old, new = result(at="2026-04-01T10:00:00Z"), result()
    first, last = save(tmp_path, old), save(tmp_path, new)
    elsewhere = tmp_path / "came.json"
    elsewhere.write_text(result("Chip Two").model_dump_json())
    found = choose(tmp_path, [first.stem, "0123456789ab", "mtt s4000", "S4000", str(elsewhere)])
    assert [one.id for one in found] == [first.stem, last.stem, "Moore Threads S4000", "came"]
    assert [one.result for one in found] == [old, new, None, result("Chip Two")]
    assert newest_here(tmp_path) == Chosen(last.stem, result=new)


def test_a_part_of_a_name_finds_the_newest_and_never_hides_a_device(tmp_path: Path) -> None:
    save(tmp_path, result("Far S4000 Chip", at="2026-04-01T10:00:00Z"))
    kept = save(tmp_path, result("Far S4000 Chip"))
    found = choose(tmp_path, ["far s4000", "S4000"])
    assert [one.id for one in found] == [kept.stem, "Moore Threads S4000"]
    with pytest.raises(NotFoundError):
        choose(tmp_path, ["--"])


def test_everything_is_the_newest_of_each_machine_and_the_catalogue(tmp_path: Path) -> None:
    save(tmp_path, result(at="2026-04-01T10:00:00Z"))
    kept = [save(tmp_path, result()), save(tmp_path, result(place="endpoint", endpoint="http://h/v1"))]
    ids = [one.id for one in everything(tmp_path)]
    assert ids == [*(file.stem for file in kept), *(device.name for device in catalogue())]
    assert len(compare(everything(tmp_path)).subjects) == len(ids)


def test_a_path_is_no_name_where_files_are_not_read(tmp_path: Path) -> None:
    file = tmp_path / "came.json"
    file.write_text(result().model_dump_json())
    with pytest.raises(NotFoundError, match="nothing is saved yet"):
        choose(tmp_path, [str(file)], files=False)


def test_a_file_that_is_no_result(tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text('{"format": "other"}')
    with pytest.raises(InputError):
        choose(tmp_path, [str(file)])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_unknown_name_lists_what_is_saved(lang: Language, tmp_path: Path) -> None:
    kept = save(tmp_path, result())
    with pytest.raises(NotFoundError) as caught:
        choose(tmp_path, ["nothing like it"], lang)
    assert kept.stem in caught.value.mend
    assert caught.value.what == COMPARISON["no_subject"][lang]


def test_only_what_ran_here_is_of_this_machine(tmp_path: Path) -> None:
    assert newest_here(tmp_path) is None
    save(tmp_path, result(place="script"))
    assert newest_here(tmp_path) is None


def test_a_device_is_measured_by_any_of_its_names(tmp_path: Path) -> None:
    device = find_device("A800")
    assert measured_of(tmp_path, device) is None
    kept = save(tmp_path, result("NVIDIA A800 80GB PCIe"))
    assert measured_of(tmp_path, device) == Chosen(kept.stem, result=result("NVIDIA A800 80GB PCIe"))
    assert measured_of(tmp_path, find_device("S4000")) is None


def test_this_machine_by_its_names() -> None:
    assert [is_this_machine(name) for name in ("This Machine", "本机", "cpu", "A800")] == [True, True, True, False]
    assert spoken_name("this machine (Chip)", "zh") == "本机（Chip）"
    assert spoken_name("A800", "zh") == "A800"
    assert said_moment("2026-05-01T12:00:00+02:00") == "2026-05-01 10:00:00 UTC"
    assert said_moment("some day") == "some day"
    assert all(find_device(name).name == name for name in USUAL_DEVICES)
    assert USUAL_SIZE == 7.0
