"""`bench` on the command line: exit codes, what is kept, what is printed, in both languages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from agent.records.benchmark import BenchmarkResult, Capability
from tests.tiny_model import build_tiny_model
from tests.tools.benchmark.test_emitting import told, written
from tests.tools.benchmark.test_endpoint_load import ROOT
from tests.tools.benchmark.test_endpoint_load import process as server_process
from tests.tools.benchmark.test_sweep import RATES, small
from tests.tools.benchmark.timed_server import Timing, timed
from tests.ui.conftest import Ran
from tests.ui.test_cli import assert_one_line, fill
from tools.benchmark import endpoint_load
from tools.benchmark import run as run_module
from tools.benchmark.answering import Point
from tools.benchmark.stepping import TrainingShape
from tools.benchmark.sweep import Plan
from ui.commands import bench as bench_command

Cli = Callable[..., Ran]
SMALL = Plan((Point(1, 16, 4),), 1, TrainingShape(1, 16, 1), ("lora",))


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")


def kept(home: Path) -> list[BenchmarkResult]:
    files = sorted((home / "benchmarks").glob("*.json"))
    return [BenchmarkResult.model_validate_json(file.read_bytes()) for file in files]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "everything"], ["probe, sweep, train"]),
        (["--compare", "--endpoint", "http://h"], ["one thing at a time"]),
        (["A800"], ["--compare"]),
        (["--price", "A800=3"], ["--compare"]),
        (["--compare", "A800", "--price", "A800"], ["NAME=AMOUNT"]),
        (["--compare", "A800", "--price", "A800=-1"], ["A800=-1"]),
        (["--compare", "A800", "--price", "H100=3"], ["h100", "NVIDIA A800 PCIe"]),
        (["--compare", "Foo 9000"], ["Foo 9000"]),
        (["--compare", "NVIDIA T4", "--params-b", "0"], ["params_b"]),
        (["--import", "gone.json"], ["gone.json"]),
        (["--endpoint", "nowhere"], ["nowhere", "http://"]),
        (["--endpoint", "http://127.0.0.1:9"], ["127.0.0.1:9", "OPENAI_API_KEY"]),
        (["--endpoint", "http://h", "--concurrency", "1,x"], ["--concurrency 1,x"]),
        (["--endpoint", "http://h", "--concurrency", "0"], ["from 1 to"]),
        (["--emit-script", "."], ["folder"]),
        (["--only", "sweep", "--model", "./none/such"], ["none/such"]),
    ],
)
def test_bad_usage_is_one_line(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: list[str]
) -> None:
    monkeypatch.setattr(run_module, "probe", lambda *_, **__: {})
    assert_one_line(cli("bench", *arguments), 2, *words)


ENDPOINT = ["--endpoint", "http://h"]
SCRIPT = ["--emit-script", "new.py"]


@pytest.mark.parametrize(
    ("asked", "option", "goes_with"),
    [
        (ENDPOINT, ["--only", "sweep"], "this machine"),
        (ENDPOINT, ["--params-b", "7"], "--compare"),
        (ENDPOINT, ["--price", "A800=3"], "--compare"),
        ([], ["--concurrency", "1"], "--endpoint"),
        ([], ["--prompt-tokens", "512"], "--endpoint"),
        ([], ["--output-tokens", "128"], "--endpoint"),
        ([], ["--goodput-ttft", "500"], "--endpoint"),
        ([], ["--goodput-tpot", "50"], "--endpoint"),
        ([], ["--tokenizer", "."], "--endpoint"),
        ([], ["--params-b", "7"], "--compare"),
        ([], ["A800"], "--compare"),
        (["--only", "probe"], ["--model", "builtin"], "--endpoint"),
        (["--only", "probe"], ["--quick"], "--endpoint"),
        (["--only", "probe"], ["--seed", "0"], "--endpoint"),
        (["--compare"], ["--quick"], "this machine"),
        (["--compare"], ["--model", "x"], "this machine"),
        (["--compare"], ["--only", "probe"], "this machine"),
        (["--compare"], ["--seed", "1"], "this machine"),
        (SCRIPT, ["--quick"], "this machine"),
        (SCRIPT, ["--model", "x"], "this machine"),
        (["--emit-script", "-"], ["--json"], "--emit-script FILE"),
        (["--import", "x.json"], ["--seed", "0"], "this machine"),
        (["--import", "x.json"], ["--concurrency", "1"], "--endpoint"),
    ],
    ids=str,
)
@pytest.mark.parametrize(("lang", "says"), [("en", "has no effect"), ("zh", "不起作用")])
def test_an_option_without_effect_is_refused(
    cli: Cli,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: list[str],
    option: list[str],
    goes_with: str,
    lang: str,
    says: str,
) -> None:
    def measured(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing is to be measured")

    monkeypatch.setattr(run_module, "measure", measured)
    monkeypatch.setattr(endpoint_load, "load", measured)
    with_it = goes_with if lang == "en" else goes_with.replace("this machine", "本机")
    ran = cli("bench", *asked, *option, "--lang", lang)
    assert_one_line(ran, 2, option[0], says, with_it)
    assert ran.out == ""
    assert not Path("new.py").exists()
    assert not (home / "benchmarks").exists()


SHARED = {"json", "lang", "install_completion", "show_completion"}


def test_every_option_is_for_something() -> None:
    app = typer.Typer()
    bench_command.register(app)
    known = {one.name for one in typer.main.get_command(app).params}
    asks = {"endpoint", "emit_script", "import_file", "compare"}
    assert set(bench_command.EFFECT) == known - asks - SHARED


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_two_things_at_once_are_refused_in_either_language(cli: Cli, lang: str) -> None:
    ran = cli("bench", "--compare", "--import", "x.json", "--lang", lang)
    assert_one_line(ran, 2, "--import --compare", "one thing at a time" if lang == "en" else "一次只做一件事")


def test_an_endpoint_is_measured_kept_and_shown(cli: Cli, home: Path) -> None:
    options = ["--concurrency", "1,2", "--prompt-tokens", "40", "--output-tokens", "12", "--quick"]
    with timed(Timing(faults=("", "", "", "500"))) as server:
        ran = cli("bench", "--endpoint", server.url, *options, "--json")
        shown = cli("bench", "--endpoint", server.url, *options, "--lang", "zh")
    assert (ran.code, shown.code) == (0, 0), ran.err + shown.err
    assert [one["batch"] for one in ran.json["measurements"]] == [1, 2]
    assert ran.json["measurements"][0]["label"] == "measured"
    assert [one.place for one in kept(home)] == ["endpoint", "endpoint"]
    assert "http_500 1" in shown.out
    assert "并发" in shown.out
    assert "词元按服务器计数" in shown.out
    assert "sk-secret" not in ran.out + ran.err + shown.out + shown.err


@pytest.mark.parametrize(("lang", "says"), [("en", "broke off"), ("zh", "测量中断")])
def test_a_server_that_dies_in_the_middle_is_a_failure_that_keeps_its_part(
    cli: Cli, home: Path, lang: str, says: str
) -> None:
    options = ["--concurrency", "2,4,1", "--prompt-tokens", "40", "--output-tokens", "12", "--lang", lang]
    with server_process('{"first": 0.05, "each": 0.01, "die_at": 6}') as server:
        ran = cli("bench", "--endpoint", server.url, *options, "--json")
    (part,) = kept(home)
    (file,) = (home / "benchmarks").glob("*.json")
    assert_one_line(ran, 1, says, file.name)
    assert (ran.json["complete"], part.complete) == (False, False)
    assert part.measurements[0].errors == {}


@pytest.mark.parametrize(("lang", "says"), [("en", "mend that"), ("zh", "请排除后")])
def test_an_error_in_the_middle_is_a_failure_that_keeps_its_part(
    cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str, says: str
) -> None:
    def sweep(*_: Any, **__: Any) -> None:
        raise OSError("the disk is gone")

    small(monkeypatch, RATES)
    monkeypatch.setattr(run_module, "sweep", sweep)
    ran = cli("bench", "--model", str(build_tiny_model(tmp_path / "tiny")), "--lang", lang, "--json")
    (part,) = kept(home)
    (file,) = (home / "benchmarks").glob("*.json")
    assert_one_line(ran, 1, says, file.name)
    assert (ran.json["complete"], part.complete) == (False, False)
    assert "OSError: the disk is gone" in part.stopped
    assert part.capabilities["memory_sum"].figure == 10.0


def test_prices_that_are_given_give_costs(cli: Cli, home: Path) -> None:
    plain = cli("bench", "--compare", "A800", "S4000", "--json").json
    assert not [row for row in plain["rows"] if row["group"] == "cost"]
    ran = cli("bench", "--compare", "A800", "S4000", "--price", "A800=10", "--price", "S4000=4", "--json")
    rows = {row["key"]: row["cells"] for row in ran.json["rows"]}
    assert [cell["value"] for cell in rows["price"]] == [10.0, 4.0]
    assert [cell["label"] for cell in rows["price"]] == ["given", "given"]
    speeds, costs = rows["decode_32"], rows["cost_decode_32"]
    for price, speed, cost in zip((10, 4), speeds, costs, strict=True):
        assert cost["value"] == pytest.approx(price / 3600 / speed["value"] * 1e6)
    home.mkdir(exist_ok=True)
    (home / "devices.yaml").write_text("prices:\n  S4000: [3, offer]\n  A800: [9, offer]\n", encoding="utf-8")
    shown = cli("bench", "--compare", "A800", "S4000", "--price", "A800=10", "--lang", "zh").out
    assert "10（由您提供）" in shown, "what is given now goes before the file"
    assert "3（由您提供）" in shown
    assert "每百万输出词元成本" in shown


def probe_of(monkeypatch: pytest.MonkeyPatch, does: Callable[[], None] = lambda: None) -> None:
    def probe(device: Any, lang: Any, **given: Any) -> dict[str, Capability]:
        for name in given["names"]:
            unit = "GB/s" if name.startswith("memory") else "TFLOPS"
            given["on_item"](name, Capability(outcome="supported", figure=2.0, unit=unit))
        does()
        return {}

    monkeypatch.setattr(run_module, "plan_for", lambda *_, **__: SMALL)
    monkeypatch.setattr(run_module, "probe", probe)


def test_this_machine_is_measured_kept_and_compared(
    cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe_of(monkeypatch)
    model = build_tiny_model(tmp_path / "tiny")
    ran = cli("bench", "--model", model)
    assert ran.code == 0, ran.err
    for word in ("What the device can do", "base fp32", "LoRA fp32", "of the roofline", "(measured)", "Saved as"):
        assert word in ran.out
    assert "parts" in ran.err
    assert [one.place for one in kept(home)] == ["local"]
    assert kept(home)[0].training[0].model == "tiny"
    assert kept(home)[0].training[0].compute_type == "fp32"
    chinese = cli("bench", "--model", model, "--lang", "zh")
    assert "基座 fp32" in chinese.out
    assert "显存/内存：复制" in chinese.out
    assert "显存/内存：复制" in chinese.err, "progress"
    assert not [word for word in ("base", "memory_copy", "matmul") if word in chinese.out + chinese.err]
    name = kept(home)[0].device.name
    told = cli("bench", "--compare", name, "NVIDIA A800 PCIe", "--params-b", "14", "--json").json
    assert [one["kind"] for one in told["subjects"]] == ["benchmark", "catalogue"]
    assert told["params_b"] == 14
    table = cli("bench", "--compare", "--lang", "zh").out
    assert "实测" in table
    assert "NVIDIA A800 PCIe" in table


def test_ctrl_c_keeps_and_names_what_was_measured(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def press() -> None:
        raise KeyboardInterrupt

    probe_of(monkeypatch, press)
    ran = cli("bench", "--json")
    (file,) = (home / "benchmarks").glob("*.json")
    assert_one_line(ran, 130, "what was measured is kept", file.name)
    assert not ran.json["complete"]
    assert ran.json["stopped"] == f"cancelled after {len(run_module.ITEMS)} of {len(run_module.ITEMS) + 2} parts"
    assert kept(home)[0].capabilities


@pytest.mark.parametrize(("lang", "says"), [("en", "Nothing was measured, so nothing"), ("zh", "没有测得任何数据")])
def test_where_nothing_was_measured_nothing_is_kept(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch, lang: str, says: str
) -> None:
    def press(*_: Any, **__: Any) -> dict[str, Capability]:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_module, "probe", press)
    ran = cli("bench", "--lang", lang)
    assert ran.code == 130
    assert says in ran.out
    assert not (home / "benchmarks").exists()


def test_an_imported_result_without_figures_is_refused(cli: Cli, home: Path, tmp_path: Path) -> None:
    file = written(tmp_path, told(capabilities={}, measurements=[], training=[]))
    assert_one_line(cli("bench", "--import", file), 2, "nothing was measured", file.name)
    assert not (home / "benchmarks").exists()


def test_the_script_is_written_and_its_result_comes_back(cli: Cli, home: Path, tmp_path: Path) -> None:
    ran = cli("bench", "--emit-script", "probe.py")
    assert ran.code == 0
    assert "python probe.py" in ran.out
    printed = cli("bench", "--emit-script", "-")
    assert printed.out == (tmp_path / "probe.py").read_text(encoding="utf-8")
    file = written(tmp_path, told())
    taken = cli("bench", "--import", file)
    assert taken.code == 0
    assert "Imported Ascend 910A" in taken.out
    assert "no bf16" in taken.out
    assert kept(home)[0].device.name == "Ascend 910A"
    again = cli("bench", "--import", file, "--lang", "zh")
    assert "该结果已在此处：Ascend 910A" in again.out
    assert cli("bench", "--import", file, "--json").json["device"]["fingerprint"]
    assert len(kept(home)) == 1
    file.write_text(json.dumps(told(seconds="long")), encoding="utf-8")
    assert_one_line(cli("bench", "--import", file), 2, "seconds", "--emit-script")


def test_figures_are_printed_where_the_disk_is_full(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, small_disk: Path
) -> None:
    monkeypatch.setenv("DOMAINSMITH_HOME", str(small_disk))
    fill(small_disk)
    options = ["--concurrency", "1", "--prompt-tokens", "40", "--output-tokens", "12", "--quick"]
    with server_process('{"first": 0.02, "each": 0.005}') as server:
        ran = cli("bench", "--endpoint", server.url, *options)
        as_json = cli("bench", "--endpoint", server.url, *options, "--json")
    assert_one_line(ran, 1, "the disk is full")
    assert "tokens/s" in ran.out
    assert_one_line(as_json, 1, "the disk is full")
    assert as_json.json["measurements"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_benchmark_that_is_told_to_end_keeps_its_part(home: Path, number: int) -> None:
    options = ["--concurrency", "1,2", "--prompt-tokens", "40", "--output-tokens", "8"]
    with timed(Timing(each=0.2)) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "ui.cli", "bench", "--endpoint", server.url, *options],
            cwd=ROOT,
            env={**os.environ, "DOMAINSMITH_HOME": str(home)},
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if "1/2" in line:
                break
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "what was measured is kept" in err
    assert "Saved as" in out
    (part,) = kept(home)
    assert (part.complete, len(part.measurements)) == (False, 1)
