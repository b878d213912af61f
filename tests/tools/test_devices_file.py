"""A user's own devices: added, replacing, and refused with file, device and field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.errors import InputError
from agent.prompts.devices import DEVICES
from agent.records.base import Language
from agent.settings import Settings
from tools.devices_file import CELLS, RATES, read_devices, read_prices
from tools.hardware import catalogue, find_device
from tools.hardware_settings import use_settings
from tools.plan import plan

GOOD = """
sources:
  page: X100 product page
devices:
  - name: Example X100
    aliases: [X100]
    cells:
      backend: [musa, datasheet, page]
      gib: [96, datasheet, page]
      bandwidth_gb_s: [1600, estimated, said by the vendor]
      bf16: ["yes", datasheet, page]
      compute_type: [bf16, estimated, page]
      qlora: [false, estimated, page]
      lora: [true, measured, domainsmith bench]
      full: [true, estimated, page]
    why_not: {qlora: bitsandbytes has no MUSA backend}
    notes: [a note]
"""


def written(folder: Path, text: str, name: str = "devices.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_device_of_the_home_is_known_and_planned(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    before = len(catalogue())
    use_settings(Settings(home=tmp_path))
    device = find_device("x-100")
    assert (device.name, device.gib, device.bandwidth_gb_s, device.fp16_tflops) == ("Example X100", 96, 1600, None)
    assert (device.figures["gib"].source, device.figures["lora"].label) == ("X100 product page", "measured")
    assert len(catalogue()) == before + 1
    assert plan("X100", 1, 7.0).start_at == "lora"
    assert find_device("A800").name == "NVIDIA A800 PCIe"


def test_the_example_of_the_readme_is_read_and_names_every_cell(tmp_path: Path) -> None:
    readme = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n(devices:.*?)```", readme, re.DOTALL)
    assert found
    (device,) = read_devices(written(tmp_path, found[1]))
    assert set(device.figures) == {*CELLS, *RATES}


def test_a_named_file_goes_before_the_homes_and_is_read_again_when_it_changes(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    file = written(tmp_path, GOOD.replace("X100", "Y200"), "mine.yaml")
    use_settings(Settings(home=tmp_path, hardware_file=file))
    assert find_device("Y200").gib == 96
    assert "Example X100" not in {device.name for device in catalogue()}
    file.write_text(file.read_text().replace("96", "128"), encoding="utf-8")
    assert find_device("Y200").gib == 128


def test_a_device_of_the_same_name_takes_the_catalogues_place(tmp_path: Path) -> None:
    written(tmp_path, GOOD.replace("Example X100", "Moore Threads S4000").replace("[X100]", "[S4000]"))
    before = [device.name for device in catalogue()]
    use_settings(Settings(home=tmp_path))
    assert find_device("S4000").gib == 96
    assert [device.name for device in catalogue()] == before


def test_no_file_in_the_home_is_no_fault_and_a_named_one_that_is_missing_is(tmp_path: Path) -> None:
    use_settings(Settings(home=tmp_path))
    assert catalogue()
    use_settings(Settings(home=tmp_path, hardware_file=tmp_path / "gone.yaml"))
    with pytest.raises(InputError, match=r"cannot be read.*gone\.yaml"):
        catalogue()


@pytest.mark.parametrize(("bare", "read"), [("yes", "yes"), ("no", "no"), ("true", "yes"), ('"emulated"', "emulated")])
def test_a_bare_yes_is_read_as_it_is_meant(tmp_path: Path, bare: str, read: str) -> None:
    (device,) = read_devices(written(tmp_path, GOOD.replace('["yes", datasheet', f"[{bare}, datasheet")))
    assert device.bf16 == read


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("gib: [96, datasheet, page]", "gib: 96", "Example X100: gib", "three parts"),
        ("gib: [96, datasheet, page]", "gib: [-1, datasheet, page]", "Example X100: gib", "no figure"),
        ("gib: [96, datasheet, page]", "gib: [.inf, datasheet, page]", "Example X100: gib", "no figure"),
        ("gib: [96, datasheet, page]", "gib: [null, datasheet, page]", "Example X100: gib", "no figure"),
        ("gib: [96, datasheet, page]", "gib: [96, guessed, page]", "Example X100: gib", "'guessed' is no label"),
        ("gib: [96, datasheet, page]", 'gib: [96, datasheet, ""]', "Example X100: gib", "no source"),
        ("      gib: [96, datasheet, page]\n", "", "Example X100: gib", "missing"),
        ('["yes", datasheet', "[maybe, datasheet", "Example X100: bf16", "'maybe' is none of its values"),
        ("backend: [musa", "backend: [yes", "Example X100: backend", "True is none"),
        ("backend: [musa", "backend: [tpu", "Example X100: backend", "'tpu' is none"),
        ("lora: [true", "lora: [maybe", "Example X100: lora", "neither true nor false"),
        ("bandwidth_gb_s: [1600", "bandwidth_gb_s: [fast", "Example X100: bandwidth_gb_s", "no figure"),
        ("bandwidth_gb_s:", "bandwidth:", "Example X100: bandwidth", "no such cell"),
        ("notes: [a note]", "remarks: [a note]", "Example X100: remarks", "no such field"),
        ("notes: [a note]", "notes: a note", "Example X100: notes", "no list"),
        ("notes: [a note]", "notes: [link (X90: 600)]", "Example X100: notes", "is no text"),
        ("[X100]", "[[X100]]", "Example X100: aliases", "is no text"),
        ("[X100]", "[yes]", "Example X100: aliases", "True is no text"),
        ("{qlora: bitsandbytes has no MUSA backend}", "{qlora: {a: b}}", "Example X100: why_not.qlora", "is no text"),
        ("why_not: {qlora: bitsandbytes has no MUSA backend}", "", "Example X100: why_not.qlora", "reason is missing"),
        ("why_not: {qlora: bitsandbytes has no MUSA backend}", "why_not: no", "Example X100: why_not", "reason"),
        ("why_not: {qlora: bitsandbytes has no MUSA backend}", "why_not: [a]", "Example X100: why_not", "no table"),
        ("{qlora: bitsandbytes has", "{qlora: x, pilot: 3, y: has", "Example X100: why_not", "'pilot' is no method"),
        ("name: Example X100", 'name: ""', "device 1: name", "needs a name"),
        ("cells:", "figures:", "Example X100: figures", "no such field"),
        ("page: X100 product page", "- page", "sources", "no table"),
        ("devices:", "machines:", "devices.yaml", "no file of devices"),
        ("devices:", "devices: [", "devices.yaml", "no YAML"),
        ("[X100]", "[A800]", "Example X100: aliases: A800", "of the catalogue has this name"),
    ],
)
def test_a_fault_is_told_with_file_device_and_field(old: str, new: str, where: str, what: str, tmp_path: Path) -> None:
    assert old in GOOD
    file = written(tmp_path, GOOD.replace(old, new))
    use_settings(Settings(home=tmp_path))
    with pytest.raises(InputError) as caught:
        catalogue()
    assert caught.value.exit_code == 2
    assert caught.value.where.startswith(str(file))
    assert where in caught.value.where
    assert what in caught.value.what
    assert caught.value.mend


def test_a_number_is_a_text_where_a_text_is_asked_for(tmp_path: Path) -> None:
    device = read_devices(written(tmp_path, GOOD.replace("[X100]", "[4090]").replace("[a note]", "[2026]")))[0]
    assert (device.aliases, device.notes) == (("4090",), ("2026",))


def test_the_catalogue_says_nothing_in_the_shape_of_a_table() -> None:
    for device in catalogue():
        for text in (*device.aliases, *device.notes, *device.why_not.values()):
            assert not text.startswith(("{", "[")), text
    assert "NVLink 400 GB/s (A100: 600)" in find_device("A800").notes


@pytest.mark.parametrize("entry", ["X100", "[X100]", "{cells: 3, name: X}", "{name: 7}"])
def test_an_entry_that_is_no_device_is_told(entry: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_devices(written(tmp_path, f"devices:\n  - {entry}\n"))


def test_two_devices_of_a_file_share_no_name(tmp_path: Path) -> None:
    entry = GOOD.partition("devices:\n")[2]
    text = GOOD + entry.replace("name: Example X100", "name: Example X200")
    with pytest.raises(InputError, match="Example X100 has this name too"):
        read_devices(written(tmp_path, text))


def test_a_fault_is_told_in_chinese_too(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD.replace("gib: [96, datasheet, page]", "gib: [0, datasheet, page]"))
    with pytest.raises(InputError) as caught:
        read_devices(file, "zh")
    assert (caught.value.what, caught.value.mend) == ("0 不是数值", "请给出大于 0 的数")


def test_every_fault_has_both_languages() -> None:
    for key, both in DEVICES.items():
        assert set(both) == {"en", "zh"}, key


def test_a_file_may_give_prices_alone_or_beside_devices(tmp_path: Path) -> None:
    prices = 'prices:\n  A800: [12.5, "offer of 3 March"]\n  4090: [1, "our own"]\n'
    alone = read_prices(written(tmp_path, prices))
    assert {name: (one.amount, one.source) for name, one in alone.items()} == {
        "A800": (12.5, "offer of 3 March"),
        "4090": (1.0, "our own"),
    }
    assert read_devices(tmp_path / "devices.yaml") == ()
    beside = written(tmp_path, GOOD + prices)
    assert (len(read_devices(beside)), read_prices(beside)) == (1, alone)
    assert read_prices(written(tmp_path, GOOD)) == {}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("prices: [A800]", "prices"),
        ("prices: {A800: 12.5}", "prices: A800"),
        ("prices: {A800: [12.5]}", "prices: A800"),
        ('prices: {A800: [12.5, ""]}', "prices: A800"),
        ("prices: {A800: [0, offer]}", "prices: A800"),
        ("prices: {A800: [true, offer]}", "prices: A800"),
        ("prices: {A800: [.inf, offer]}", "prices: A800"),
        ("prices: {A800: [.nan, offer]}", "prices: A800"),
        ('prices: {"-": [1, offer]}', "prices: -"),
        ("prices: {A800: [1, offer]}\nextra: 1", "devices.yaml"),
        ("sources: {a: b}", "devices.yaml"),
    ],
)
def test_what_is_no_price_is_refused_with_its_place(tmp_path: Path, text: str, where: str, lang: Language) -> None:
    with pytest.raises(InputError) as caught:
        read_prices(written(tmp_path, text), lang)
    assert caught.value.where.endswith(where)
    assert caught.value.mend
