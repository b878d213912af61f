"""What the hardware page says of benchmarks: every figure with its label, nothing of another machine as markup."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from agent.errors import InputError
from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult, Machine
from agent.settings import Settings
from tests.tools.benchmark.compared import here, point, result
from tests.ui.pages.payloads import PAYLOADS
from tools.benchmark.comparison import compare
from tools.benchmark.comparison_charts import bars, drawable, radar
from tools.benchmark.saved import save, saved
from tools.benchmark.subjects import of_device, of_result
from tools.hardware import find_device
from ui.i18n import phrases
from ui.pages import hardware_bench, hardware_charts, hardware_measured
from ui.pages import measured_view as view
from ui.pages.frame import Frame
from ui.pages.hardware_charts import MOST, bars_figure, devices_radar
from ui.pages.hardware_measured import take_over
from ui.web.desk import Desks


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", html)).strip()


@pytest.mark.parametrize(("lang", "says"), [("en", "Nothing has been measured yet"), ("zh", "还没有实测结果")])
def test_without_any_the_command_is_named(lang: Language, says: str) -> None:
    html = view.saved_table([], lang)
    assert says in html
    assert "<code>domainsmith bench</code>" in html


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        (
            "en",
            [
                *("2 May 2026 10:00 UTC", "endpoint", "incomplete: cancelled after 2 of 5 parts", "2 warnings"),
                *("base 1 × 64/32: left out, memory ran out", "270 tokens/s", "measured"),
            ],
        ),
        (
            "zh",
            [
                *("2026年5月2日 10:00 UTC", "端点", "不完整：已取消，完成 5 项中的 2 项", "2 条警告"),
                *("基座 1 × 64/32：内存不足，略过", "270 tokens/s", "实测"),
            ],
        ),
    ],
)
def test_saved_results_come_newest_first_with_what_is_doubtful(lang: Language, says: list[str]) -> None:
    late = result(
        "Chip Two", 90.0, at="2026-05-02T10:00:00Z", place="endpoint", endpoint="http://10.0.0.5/v1", complete=False,
        stopped="cancelled after 2 of 5 parts", warnings=("base 1 × 64/32: left out, memory ran out", "hot"),
    )  # fmt: skip
    html = view.saved_table([(Path("a.json"), result()), (Path("b.json"), late)], lang)
    assert html.index("Chip Two") < html.index("Chip One")
    text = plain(html)
    assert [part for part in says if part not in text] == []
    assert "http://10.0.0.5/v1" in text
    assert 'href="/download/hardware/results/b.json"' in html


def test_what_a_result_lacks_is_none() -> None:
    bare = result(capabilities={}, measurements=(), complete=False)
    text = plain(view.saved_table([(Path("a.json"), bare)], "en"))
    assert "none none ! incomplete: the reason was not kept" in text
    several = result(device=Machine(name="Chip", backend="cuda", count=4, gib=80.0), warnings=("one",))
    text = plain(view.saved_table([(Path("a.json"), several)], "en"))
    assert "Chip (1 of 4)" in text
    assert "1 warning" in text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_known_cell_of_the_comparison_has_a_label(lang: Language) -> None:
    made = compare([of_result(result()), of_device(find_device("S3000"))], 0.5, lang)
    html = view.comparison_table(made, lang)
    known = sum(cell.label is not None for row in made.rows for cell in row.cells)
    assert html.count('class="ds-tag ds-tag-') == known
    unknown = sum(cell.label is None for row in made.rows for cell in row.cells)
    assert html.count('class="ds-unknown"') == unknown > 0
    assert html.count('<tbody><tr class="ds-group"><th scope="rowgroup"') == 4
    assert ("product page" in html) == (lang == "en"), "sources speak the page's language"


def test_a_ranking_that_is_none_says_so() -> None:
    other = result("Chip Two", measurements=(point(20, model="Other-2M"),))
    made = compare([of_result(result()), of_result(other), of_device(find_device("A800"))])
    row = made.row("share")
    assert row is not None
    html = view.bars_text(bars(made, row), "en")
    assert 'role="note"' in html
    assert "NVIDIA A800 PCIe: not measured" in html


def test_too_little_for_a_radar_says_so() -> None:
    seen = result(device=Machine(name="m", backend=None), capabilities={}, roofline=None)
    assert "Too little is known" in view.radar_text(radar(compare([of_result(seen)])), "en")
    whole = radar(compare([of_device(find_device("S3000"))], lang="zh"), "zh")
    assert "未知" in view.radar_text(whole, "zh")


def test_links_carry_what_was_compared() -> None:
    html = view.downloads(["a b", "c&d"], 7.0, "zh")
    assert "/download/hardware/comparison.md?of=a+b&amp;of=c%26d&amp;size=7&amp;lang=zh" in html
    assert html.count("<a ") == 3
    assert view.SCRIPT in view.script_link("en")


def test_nothing_of_another_machine_is_markup() -> None:
    for payload in PAYLOADS:
        seen = result(payload, stopped=payload, complete=False, warnings=(payload,), endpoint=payload)
        kept = view.saved_table([(Path("a.json"), seen)], "en")
        made = compare([of_result(seen, payload)])
        row = made.row("gib")
        assert row is not None
        html = kept + view.comparison_table(made, "en") + view.bars_text(bars(made, row), "en")
        html += view.radar_text(radar(made), "en") + view.downloads([payload], 7.0, "en")
        tags = set(re.findall(r"<([a-z]+)", html))
        assert tags <= {
            "a", "br", "code", "details", "div", "h", "li", "p", "small", "span", "summary", "table", "tbody", "td",
            "th", "thead", "time", "tr", "ul",
        }, payload  # fmt: skip


# Charts


def test_bars_are_told_apart_by_pattern_and_word() -> None:
    made = compare([of_device(find_device(name)) for name in ("A800", "910A")], lang="zh")
    row = made.row("bandwidth")
    assert row is not None
    figure = bars_figure(bars(made, row, "zh"), "zh")
    assert [(trace.name, trace.marker.pattern.shape) for trace in figure.data] == [("规格书", "/"), ("估算", ".")]
    assert figure.data[0].text == ("1935（规格书）",)
    assert figure.layout.xaxis.title.text == "GB/s"
    assert figure.layout.yaxis.categoryarray[-1].replace("<br>", " ") == "NVIDIA A800 PCIe", "the first on top"


def test_every_line_of_the_radar_looks_different_and_gaps_stay_open() -> None:
    names = ("A800", "S4000", "S3000", "910A", "4090")
    figure = devices_radar(radar(compare([of_device(find_device(name)) for name in names])))
    assert len({(trace.marker.symbol, trace.line.dash) for trace in figure.data}) == len(names) == MOST
    gaps = figure.data[2]
    assert None in list(gaps.r)[:-1] or len([value for value in gaps.r if value is not None]) == 3
    closed = [value for value in figure.data[0].r if value is not None]
    assert closed[0] == closed[-1], "a full circle closes"
    assert "Speed: decoding<br>7B (estimated)" in figure.layout.polar.angularaxis.ticktext


def test_names_in_charts_are_text() -> None:
    made = compare([of_result(result("<img src=x>&"))])
    row = made.row("gib")
    assert row is not None
    assert bars_figure(bars(made, row), "en").data[0].y == ("&lt;img src=x>&amp;",)


def texts_of(figure: Any) -> Iterator[str]:
    """Yield whatever a figure shows; line breaks and the tag of what is shown on hovering are the chart's own."""

    def inside(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value.replace("<br>", "").replace("<extra>", "").replace("</extra>", "")
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        for one in parts:
            yield from inside(one)

    yield from inside(json.loads(figure.to_json()))


def test_no_text_of_a_chart_is_markup() -> None:
    markup = '<a href="javascript:1">&lt;b'
    models = ((markup, 10.0), (markup, 40.0))
    seen = [
        result(f"Chip {markup}{number}", measurements=(point(speed, model=model),))
        for number, (model, speed) in enumerate(models)
    ]
    made = compare([of_result(one) for one in seen], 0.5)
    other = compare([of_result(seen[0]), of_result(result("Chip Two", measurements=(point(9.0, model="other"),)))], 0.5)
    figures = [bars_figure(bars(one, row), "en") for one in (made, other) for row in drawable(one)]
    shown = [text for figure in (*figures, devices_radar(radar(made))) for text in texts_of(figure)]
    assert [text for text in shown if "javascript" in text], "the names are there"
    assert [text for text in shown if "<" in text or "&lt;b" in text.replace("&amp;lt;b", "")] == []


# Taking over


def written(folder: Path, value: BenchmarkResult) -> Path:
    file = folder / "came.json"
    file.write_text(value.model_dump_json())
    return file


def test_a_result_from_elsewhere_is_saved_once_and_never_as_of_this_machine(tmp_path: Path) -> None:
    home = Settings(home=tmp_path / "home", _env_file=None)
    unprinted = result(device=Machine(name="Chip One", backend="cpu", gib=16.0))
    took, new = take_over(written(tmp_path, unprinted), home)
    assert new
    assert took.place == "script"
    assert len(took.device.fingerprint) == 12
    assert take_over(written(tmp_path, unprinted), home) == (took, False)
    assert [one for _, one in saved(home)] == [took]
    endpoint = unprinted.model_copy(update={"place": "endpoint"})
    assert take_over(written(tmp_path, endpoint), home)[0].place == "endpoint"


def measured_part(home: Path) -> Any:
    """Return the part of the page outside of a browser; a loop of its own, since Blocks leave theirs open."""

    async def build() -> Any:
        with gr.Blocks() as blocks:
            frame = Frame("en", "hardware", Desks(Settings(home=home, _env_file=None)), blocks)
            return hardware_measured._Measured(frame)

    return asyncio.run(build())


def test_the_toast_of_what_was_taken_over_holds_no_markup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("gradio.Info", said.append)
    request: Any = SimpleNamespace(query_params={}, cookies={}, state=SimpleNamespace(account="", home=""))
    seen = result(device=Machine(name="<img src=x onerror=alert(1)>", backend="cpu", gib=16.0))
    page = measured_part(tmp_path / "home")
    for begins in ("Taken over: ", "That result is already here: "):
        picked = page._taken(request, written(tmp_path, seen), ["NVIDIA A800 PCIe"])
        assert len(picked) == 2
        assert said[-1].startswith(begins)
        assert "&lt;img src=x onerror=alert(1)&gt;" in said[-1]
        assert "<" not in said[-1]


def test_the_best_benchmarks_are_compared_to_begin_with(tmp_path: Path) -> None:
    home = tmp_path / "home"
    days = [save(home, result(at=f"2026-04-0{day}T10:00:00Z")).stem for day in (1, 2)]
    save(home, result(at="2026-05-01T10:00:00Z", measurements=()))
    save(home, result(at="2026-05-02T10:00:00Z", complete=False))
    request: Any = SimpleNamespace(query_params={}, cookies={}, state=SimpleNamespace(account="", home=""))
    assert measured_part(home)._first(request)[:3] == [days[1], days[0], "NVIDIA A800 PCIe"]


def test_two_accounts_see_the_servers_machine_and_each_its_own_results(tmp_path: Path) -> None:
    home = tmp_path / "home"
    kept = save(home, here(at="2026-05-01T10:00:00Z"))
    save(home, result("Secret", place="endpoint", endpoint="http://inside:8000/v1", at="2026-05-03T10:00:00Z"))
    page, shown, said = measured_part(home), {}, {}
    for account in ("ann", "ben"):
        request: Any = SimpleNamespace(
            query_params={}, cookies={}, state=SimpleNamespace(account=account, home=account)
        )
        desk = page._frame.desk(request)
        device = Machine(name=f"Chip of {account}", backend="npu", gib=32.0)
        took, new = take_over(written(tmp_path, result(device=device, at="2026-05-02T10:00:00Z")), desk.settings)
        assert new
        assert saved(desk.settings.home)[0][1] == took
        names = page._first(request)
        *_, shown[account] = page._compared(request, names, 7.0, None)
        shown[account] += view.saved_table(saved(desk.settings), "en")
        said[account] = desk.assistant.send("t", "how fast is this machine?")
        assert names[:2] == [saved(desk.settings.home)[0][0].stem, kept.stem]
    assert len(saved(home)) == 2, "what an account takes over is kept in its own home"
    for account, other in (("ann", "ben"), ("ben", "ann")):
        assert f"Chip of {account}" in shown[account]
        assert f"Chip of {other}" not in shown[account]
        assert "inside:8000" not in shown[account]
        assert kept.name in shown[account]
        assert kept.stem in said[account].evidence, "the assistant knows what was measured of this machine"


def test_a_copy_of_the_servers_own_result_gets_a_name_of_its_own(tmp_path: Path) -> None:
    kept = save(tmp_path / "home", result())
    settings = Settings(home=tmp_path / "ann", machine_home=tmp_path / "home", _env_file=None)
    copy = result().model_copy(update={"device": result().device.model_copy(update={"fingerprint": ""})})
    first, _ = take_over(written(tmp_path, copy), settings)
    again = save(settings.home, result(), beside=settings.machine_folder)
    assert again.stem == f"{kept.stem}-2"
    assert len({file.stem for file, _ in saved(settings)}) == 3
    assert first.place == "script"


def test_prices_of_the_servers_file_give_costs_on_the_page(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    page = measured_part(home)
    request: Any = SimpleNamespace(query_params={}, cookies={}, state=SimpleNamespace(account="ann", home="ann"))
    names = ["NVIDIA A800 PCIe", "Moore Threads S4000"]
    without = page._compared(request, names, 7.0, "cost_decode_32")
    (home / "devices.yaml").write_text('prices: {A800: [10, offer of May], S4000: [4, "<b>offer</b>"]}', "utf-8")
    _, title, drawn, _, radar_drawn, table, _ = page._compared(request, names, 7.0, "cost_decode_32")
    assert "Least cost of a million output tokens" in title
    assert "Least cost" in str(radar_drawn.value["plot"])
    assert drawn.visible
    assert "given by you" in table
    assert "offer of May" in table
    assert "<b>offer" not in table
    assert not any("ost of" in str(part) for part in without)


def test_the_assistant_tells_costs_where_a_price_was_given(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    asked = "how does the S4000 compare with the A800 for inference?"
    desk = Desks(Settings(home=home, _env_file=None)).for_account("ann", "ann")
    assert "Price of one device" not in desk.assistant.send("a", asked).reply
    (home / "devices.yaml").write_text("prices: {A800: [10, offer of May]}", "utf-8")
    told = desk.assistant.send("b", asked).reply
    assert "Price of one device for an hour" in told
    assert "no price given" in told
    assert "Least cost of a million output tokens" in told


def test_a_result_without_figures_is_not_taken_over(tmp_path: Path) -> None:
    device = Machine(name="Chip One", backend="cpu", gib=16.0)
    empty = result(device=device, capabilities={}, measurements=(), training=())
    with pytest.raises(InputError, match="没有测得任何数据"):
        take_over(written(tmp_path, empty), Settings(home=tmp_path / "home", _env_file=None), "zh")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "domainsmith-bench/1"}', "not json"])
def test_what_is_no_result_is_refused_by_its_name(text: str, tmp_path: Path) -> None:
    file = tmp_path / "came.json"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        take_over(file, Settings(home=tmp_path / "home", _env_file=None))
    assert caught.value.where.startswith("came.json")
    assert str(tmp_path) not in str(caught.value)
    assert not (tmp_path / "home").exists()


def test_every_phrase_is_used_and_every_used_one_exists() -> None:
    modules = (view, hardware_bench, hardware_charts, hardware_measured)
    code = "".join(Path(module.__file__ or "").read_text(encoding="utf-8") for module in modules)
    known = {key for key in phrases("en") if key.startswith("measured_")}
    literal = set(re.findall(r"""["'](measured_[a-z_]+)["']""", code))
    stems = (*re.findall(r'f["\'](measured_[a-z]+_)\{', code), "measured_ended_")
    head = {f"measured_{name}" for name in view._HEAD}
    assert literal <= known
    assert {key for key in known - literal - head if not key.startswith(stems)} == set()


def test_what_is_saved_is_listed(tmp_path: Path) -> None:
    kept = save(tmp_path, result())
    assert saved(tmp_path) == ((kept, result()),)
