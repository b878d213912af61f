"""What can be compared, by its names: saved benchmarks, files of them, devices; never a path from the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from agent.errors import InputError, NotFoundError
from agent.prompts.benchmark import BENCHMARK
from agent.prompts.comparison import COMPARISON
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.benchmark import Capability, Machine, Outcome
from tests.tools.benchmark.compared import here, point, result
from tools.benchmark.comparison import USUAL_SIZE, compare
from tools.benchmark.emitting import read_result
from tools.benchmark.saved import save
from tools.benchmark.subjects import (
    USUAL_DEVICES,
    Chosen,
    choose,
    everything,
    holds_figures,
    is_this_machine,
    measured_name,
    measured_of,
    newest_here,
    of_result,
    refuse_empty,
    said_moment,
    spoken_name,
)
from tools.hardware import catalogue, find_device

LANGUAGES: tuple[Language, ...] = get_args(Language)


def test_what_names_mean(tmp_path: Path) -> None:
    old, new = result(at="2026-04-01T10:00:00Z"), result()
    first, last = save(tmp_path, old), save(tmp_path, new)
    elsewhere = tmp_path / "came.json"
    unprinted = result("Chip Two", device=Machine(name="Chip Two", backend="cpu", gib=16.0))
    elsewhere.write_text(unprinted.model_dump_json())
    found = choose(tmp_path, [first.stem, "0123456789ab", "mtt s4000", "S4000", str(elsewhere)])
    assert [one.id for one in found] == [first.stem, last.stem, "Moore Threads S4000", "came"]
    assert [one.result for one in found] == [old, new, None, read_result(elsewhere)]
    assert found[-1].result is not None
    assert found[-1].result.place == "script", "a file is of no machine at hand, whatever it says"


@pytest.mark.parametrize("worse", [{"measurements": ()}, {"complete": False, "stopped": "cancelled"}])
def test_neither_a_partial_nor_an_empty_benchmark_hides_a_whole_one(worse: dict[str, Any], tmp_path: Path) -> None:
    name = here().device.name
    save(tmp_path, here(at="2026-03-01T10:00:00Z"))
    whole = save(tmp_path, here(at="2026-04-01T10:00:00Z"))
    save(tmp_path, here(**worse))
    wanted = Chosen(whole.stem, result=here(at="2026-04-01T10:00:00Z"))
    assert newest_here(tmp_path) == wanted
    assert everything(tmp_path)[0] == wanted
    assert choose(tmp_path, ["0123456789ab"]) == choose(tmp_path, [name]) == (wanted,)
    assert measured_of(tmp_path, find_device("A800").model_copy(update={"name": name})) == wanted


def test_a_partial_benchmark_with_speeds_comes_before_a_probe_alone(tmp_path: Path) -> None:
    stopped = save(tmp_path, here(at="2026-04-01T10:00:00Z", complete=False, stopped="cancelled"))
    failed = point(1.0).model_copy(update={"tokens_per_s": None, "errors": {"timeout": 3}})
    save(tmp_path, here(measurements=(failed,)))
    found = newest_here(tmp_path)
    assert found is not None
    assert found.id == stopped.stem


@pytest.mark.parametrize("changed", [{"name": "Chip of another machine"}, {"backend": "musa"}])
def test_a_benchmark_of_what_is_not_here_is_not_of_this_machine(changed: dict[str, Any], tmp_path: Path) -> None:
    save(tmp_path, here(device=here().device.model_copy(update=changed)))
    assert newest_here(tmp_path) is None


def test_a_result_without_figures_is_refused() -> None:
    untried = {"nf4": Capability(outcome="not_tried")}
    failed = point(1.0).model_copy(update={"tokens_per_s": None, "errors": {"timeout": 3}})
    empty = result(capabilities=untried, measurements=(failed,), training=())
    assert not holds_figures(empty)
    with pytest.raises(InputError, match="没有测得任何数据") as caught:
        refuse_empty(empty, "came.json", "zh")
    assert caught.value.where == "came.json"
    for part in ("capabilities", "measurements", "training"):
        whole = empty.model_copy(update={part: getattr(result(), part)})
        assert holds_figures(whole), part
        refuse_empty(whole, "came.json", "zh")


def test_a_file_that_was_changed_is_refused_where_it_is_named(tmp_path: Path) -> None:
    file = tmp_path / "changed.json"
    file.write_text(result().model_dump_json())
    with pytest.raises(InputError, match="changed after it was measured"):
        choose(tmp_path, [str(file)])


def test_the_name_of_one_device_of_several() -> None:
    eight = Machine(name="NVIDIA H100", backend="cuda", count=8, gib=80.0)
    assert measured_name(eight, "en") == "NVIDIA H100 (1 of 8)"
    assert measured_name(eight, "zh") == "NVIDIA H100（8 块中的 1 块）"
    assert measured_name(eight.model_copy(update={"count": 1}), "zh") == "NVIDIA H100"


@pytest.mark.parametrize(("lang", "says"), [("en", "the machine is noisy"), ("zh", "机器不安静")])
def test_what_a_benchmark_recorded_is_told_in_the_language_of_the_comparison(lang: Language, says: str) -> None:
    for recorded in LANGUAGES:
        noisy = fill(BENCHMARK, "noisy", recorded, variation="30%", samples=9, load="0.9")
        stopped = fill(BENCHMARK, "cancelled", recorded, done=2, total=5)
        made = compare([of_result(result(warnings=(noisy,), complete=False, stopped=stopped))], lang=lang)
        assert made.subjects[0].warnings[0].startswith(says)
        assert made.subjects[0].stopped == fill(BENCHMARK, "cancelled", lang, done=2, total=5)
        assert any(says in note for note in made.notes)


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
    save(tmp_path, here(place="script"))
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


@pytest.mark.parametrize(("outcome", "device"), [("supported", "910B"), ("refused", "910A"), ("emulated", "910A")])
def test_a_910b_without_bf16_was_measured_as_one_of_the_first_generation(
    tmp_path: Path, outcome: Outcome, device: str
) -> None:
    made = result("Ascend910B")
    probed = {"matmul_bf16": Capability(outcome=outcome)}
    of_npu = made.device.model_copy(update={"backend": "npu"})
    save(tmp_path, made.model_copy(update={"device": of_npu, "capabilities": probed}))
    found = {name: measured_of(tmp_path, find_device(f"Ascend {name}")) is not None for name in ("910A", "910B")}
    assert found == {"910A": device == "910A", "910B": device == "910B"}
