"""Benchmarks on the disk: named by machine and moment, the newest readable one counts."""

from __future__ import annotations

from pathlib import Path

from agent.records.benchmark import BenchmarkResult, Capability, Machine
from tools.benchmark.backends import fingerprint
from tools.benchmark.saved import capabilities_here, has_results, save, saved, take_over

MACHINE = Machine(name="X100", backend="cuda")
PRINT = fingerprint(MACHINE)


def result(at: str, outcome: str = "supported", **changes: object) -> BenchmarkResult:
    values = {
        "place": "local",
        "at": at,
        "device": MACHINE.model_copy(update={"fingerprint": PRINT}),
        "capabilities": {"lora_step": Capability(outcome=outcome)},  # type: ignore[arg-type]
    }
    return BenchmarkResult.model_validate(values | changes)


def test_nothing_saved_is_nothing_found(tmp_path: Path) -> None:
    assert not has_results(tmp_path)
    assert capabilities_here(tmp_path, PRINT) == {}
    assert saved(tmp_path) == ()


def test_the_newest_of_a_machine_counts(tmp_path: Path) -> None:
    old, new = result("2026-01-01T10:00:00+00:00"), result("2026-01-01T13:00:00+02:00", "refused")
    assert save(tmp_path, new).name == f"{PRINT}-20260101T110000Z.json"
    save(tmp_path, old)
    other = MACHINE.model_copy(update={"fingerprint": "0" * 12})
    save(tmp_path, result("2026-02-01T10:00:00+00:00", device=other))
    assert capabilities_here(tmp_path, PRINT) == new.capabilities
    assert capabilities_here(tmp_path, "1" * 12) == {}
    assert [one.at for _, one in saved(tmp_path)] == [old.at, new.at, "2026-02-01T10:00:00+00:00"]
    assert has_results(tmp_path)


def test_two_of_one_second_both_stay_and_the_later_counts(tmp_path: Path) -> None:
    files = [save(tmp_path, result("2026-01-01T10:00:00+00:00", outcome)) for outcome in ("refused", "supported") * 6]
    assert len(set(files)) == 12
    assert capabilities_here(tmp_path, PRINT) == {"lora_step": Capability(outcome="supported")}


def test_what_was_taken_over_before_is_not_kept_twice(tmp_path: Path) -> None:
    came = result("2026-01-01T10:00:00+00:00", place="script")
    first, new = take_over(tmp_path, came, tmp_path)
    assert (new, take_over(tmp_path, came, tmp_path)) == (True, (first, False))
    other, new = take_over(tmp_path, came.model_copy(update={"seconds": 2.0}), tmp_path)
    assert (new, other.name) == (True, first.name.replace(".json", "-2.json"))


def test_without_capabilities_a_result_says_nothing_of_them(tmp_path: Path) -> None:
    first = result("2026-01-01T10:00:00+00:00")
    save(tmp_path, first)
    save(tmp_path, result("2026-01-02T10:00:00+00:00", capabilities={}))
    assert capabilities_here(tmp_path, PRINT) == first.capabilities


def test_every_item_counts_as_it_was_last_found_here(tmp_path: Path) -> None:
    def of(**outcomes: str) -> dict[str, Capability]:
        return {name: Capability(outcome=outcome) for name, outcome in outcomes.items()}  # type: ignore[arg-type]

    days = (
        ("local", of(lora_step="supported", nf4="supported", full_step="refused")),
        ("local", of(lora_step="crashed", nf4="not_tried")),
        ("script", of(full_step="supported")),
    )
    for day, (place, capabilities) in enumerate(days, start=1):
        save(tmp_path, result(f"2026-01-0{day}T10:00:00+00:00", place=place, capabilities=capabilities))
    assert capabilities_here(tmp_path, PRINT) == of(lora_step="crashed", nf4="supported", full_step="refused")
    assert capabilities_here(tmp_path, "1" * 12) == {}


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    good = save(tmp_path, result("2026-01-01T10:00:00+00:00"))
    folder = good.parent
    (folder / f"{PRINT}-20270101T100000Z.json").write_text('{"format": "domainsmith-bench/9"}')
    (folder / f"{PRINT}-20270102T100000Z.json").write_bytes(good.read_bytes()[:50])
    (folder / "notes.json").write_text("{}")
    ancient = result("0001-01-01T00:00:00+14:00")
    (folder / f"{PRINT}-20270104T100000Z.json").write_text(ancient.model_dump_json())
    (folder / f"{PRINT}-20270103T100000Z.json").mkdir()
    assert capabilities_here(tmp_path, PRINT) == {"lora_step": Capability(outcome="supported")}
    assert [file for file, _ in saved(tmp_path)] == [good]


def test_the_fingerprint_is_that_of_all_other_fields() -> None:
    assert len(PRINT) == 12
    assert fingerprint(MACHINE.model_copy(update={"fingerprint": "x"})) == PRINT
    for changes in ({"driver": "1"}, {"gib": 80.0}, {"packages": {"torch": "2"}}, {"count": 2}):
        assert fingerprint(MACHINE.model_copy(update=changes)) != PRINT
