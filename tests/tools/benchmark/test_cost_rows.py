"""What tokens cost: a price that somebody gave over a speed; without a price nothing, anywhere."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.errors import InputError
from agent.records.base import Language
from agent.records.benchmark import Machine
from agent.settings import Settings
from tests.tools.benchmark.compared import here, result
from tools.benchmark.backends import detect
from tools.benchmark.comparison import compare
from tools.benchmark.comparison_charts import bars, radar
from tools.benchmark.comparison_markdown import as_markdown
from tools.benchmark.prices import price_of, prices_of, refuse_idle, stated
from tools.benchmark.subjects import Chosen, of_device, of_result
from tools.hardware import find_device, this_machine

ONE = of_result(result("Chip One", 40.0), "one-1")
TWO = of_result(
    result("Chip Two", 80.0, device=Machine(name="Chip Two", backend="npu", gib=32.0, fingerprint="a" * 12)), "two-1"
)
A800, S4000 = (of_device(find_device(name)) for name in ("A800", "S4000"))


def test_a_price_over_a_measured_speed_is_what_tokens_cost() -> None:
    made = compare((ONE, TWO), prices=stated(["Chip One=3.6", "Chip Two=3.6"]))
    price = made.row("price")
    assert price is not None
    assert [(one.value, one.label, one.source) for one in price.cells] == 2 * [
        (3.6, "given", "given with the comparison")
    ]
    speeds = [row for row in made.rows if row.key.startswith("tokens_per_s|")]
    costs = [row for row in made.rows if row.key.startswith("cost_tokens_per_s|")]
    assert [row.key for row in costs] == [f"cost_{row.key}" for row in speeds]
    # 3.6 an hour is a thousandth a second: at 40 tokens a second 25 for a million, at 80 the half.
    assert [cell.value for cell in costs[0].cells] == pytest.approx([25.0, 12.5])
    assert all(cell.label == "estimated" for cell in costs[0].cells)
    assert "given with the comparison" in costs[0].cells[0].source
    assert "benchmark of 2026-05-01" in costs[0].cells[0].source
    assert costs[0].better == "lower"


def test_a_price_over_a_bound_is_the_least_that_tokens_cost() -> None:
    made = compare((A800, S4000), prices=stated(["A800=10"]))
    bound, cost = made.row("decode_32"), made.row("cost_decode_32")
    assert bound is not None
    assert cost is not None
    assert bound.cells[0].value is not None
    assert cost.cells[0].value == pytest.approx(10 / 3600 / bound.cells[0].value * 1e6)
    assert (cost.cells[1].value, cost.cells[1].label, cost.cells[1].text) == (None, None, "no price given")


@pytest.mark.parametrize("prices", [None, {}, stated(["Foo 9000=3"])])
def test_without_a_price_nothing_speaks_of_costs(prices: dict[str, object] | None) -> None:
    made = compare((ONE, A800), prices=prices)  # type: ignore[arg-type]
    assert [row.key for row in made.rows if row.group == "cost"] == []
    assert "cost" not in as_markdown(made).casefold()
    assert not any("Cost" in spoke.name for spoke in radar(made).spokes)


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        (
            "en",
            ("Price of one device for an hour", "(given by you)", "Cost of a million output tokens", "one currency"),
        ),
        ("zh", ("单设备每小时价格", "（由您提供）", "每百万输出词元成本", "同一货币")),
    ],
)
def test_table_bars_and_radar_show_costs(lang: Language, says: tuple[str, ...]) -> None:
    made = compare((ONE, TWO), lang=lang, prices=stated(["Chip One=3.6", "Chip Two=36"], lang))
    text = as_markdown(made, lang)
    assert [part for part in says if part not in text] == []
    row = next(row for row in made.rows if row.key.startswith("cost_tokens_per_s|"))
    drawn = bars(made, row, lang)
    assert [(bar.name, round(bar.value, 3)) for bar in drawn.bars] == [("Chip One", 25.0), ("Chip Two", 125.0)]
    assert "Chip One" in drawn.title, "the cheaper one leads"
    axis = next(spoke for spoke in radar(made, lang).spokes if says[2] in spoke.name)
    assert axis.shares == pytest.approx((1.0, 0.2)), "less is better"


def test_a_price_that_one_subject_lacks_is_a_gap_of_the_radar() -> None:
    spokes = radar(compare((ONE, TWO), prices=stated(["Chip One=3.6"])))
    axis = next(spoke for spoke in spokes.spokes if "Cost" in spoke.name)
    assert axis.shares == (1.0, None)
    assert any("Cost" in note and "Chip Two" in note for note in spokes.notes)


def test_the_narrowest_name_of_a_benchmark_is_its_price() -> None:
    device = Machine(name="NVIDIA A800 80GB PCIe", backend="cuda", gib=80.0, fingerprint="b" * 12)
    measured = of_result(result(device=device), "run-7")
    given = stated(["A800=1", "NVIDIA A800 80GB PCIe=2", f"{'b' * 12}=3", "run-7=4"])
    for wanted, name in ((4.0, "run7"), (3.0, "b" * 12), (2.0, "nvidiaa80080gbpcie"), (1.0, "a800")):
        found = price_of(measured, given)
        assert found is not None
        assert found.amount == wanted
        del given[name]
    assert price_of(measured, given) is None


def test_this_machine_has_the_price_of_the_file_or_of_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path, price_per_hour=0.5, _env_file=None)
    own, elsewhere = of_result(here(), "h"), of_result(here(place="script"), "s")
    for one, wanted in ((of_device(this_machine()), 0.5), (own, 0.5), (elsewhere, None), (A800, None)):
        found = price_of(one, prices_of(settings))
        assert (found and found.amount) == wanted
    assert prices_of(settings)["local"].source == "DOMAINSMITH_PRICE_PER_HOUR"
    several = detect().machine().model_copy(update={"count": 2})
    monkeypatch.setattr("tools.benchmark.prices.detect", lambda: SimpleNamespace(machine=lambda: several))
    assert prices_of(settings) == {}, "of two devices the machine's price is not one's"
    monkeypatch.undo()
    (tmp_path / "devices.yaml").write_text("prices:\n  this machine: [2, reckoned]\n  S4000: [6, offer]\n")
    told = prices_of(settings)
    assert (told["local"].amount, told["local"].source) == (2.0, "reckoned")
    found = price_of(S4000, told)
    assert found is not None
    assert found.amount == 6.0


@pytest.mark.parametrize("text", ["A800", "=3", "A800=", "A800=none", "A800=0", "A800=nan", "A800=inf"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no price"):
        stated([text])


def test_a_price_for_nobody_is_a_slip() -> None:
    subjects: tuple[Chosen, ...] = (ONE, A800)
    refuse_idle(stated(["Chip One=1", "A800=2"]), subjects, "en")
    with pytest.raises(InputError, match="has that name") as caught:
        refuse_idle(stated(["Chip One=1", "S4000=2"]), subjects, "en")
    assert "Chip One" in str(caught.value.mend)
