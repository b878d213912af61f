"""What the hardware page says of machines and devices."""

from __future__ import annotations

import re

import pytest

from agent.errors import DomainsmithError
from agent.prompts.device_notes import has_translation
from agent.prompts.phrases import gib_range
from agent.records.hardware import Device
from tools.benchmark.subjects import USUAL_DEVICES
from tools.doctor import _PROBES, Check, DoctorReport
from tools.hardware import catalogue, find_device, this_machine
from tools.model_shape import BUILTIN_MODEL
from tools.plan import plan, trained_like_here
from ui.i18n import phrases
from ui.pages import hardware_view as view
from ui.pages.hardware import HERE, taken_apart, what_fits

CPU = this_machine().model_copy(update={"name": "this machine (Chip <1>)", "bf16": "emulated", "gib": 7.5})


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", html)).strip()


def test_every_word_of_the_catalogue_is_translated():
    words = set()
    for device in (*catalogue(), this_machine()):
        words |= {*device.notes, *device.why_not.values(), *(figure.source for figure in device.figures.values())}
    assert [text for text in words if not has_translation(text) and "`" not in text] == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_check_has_a_name(lang):
    keys = {f"hardware_check_name_{re.sub('[^a-z0-9]+', '_', name.lower())}" for name, _, _ in _PROBES}
    assert keys <= phrases(lang).keys()


def test_this_machine_tells_what_works_what_is_emulated_and_what_is_refused():
    html = view.machine(CPU, "en")
    assert "Chip &lt;1&gt;" in html
    assert "7.5 GiB measured" in plain(html)
    works, emulated, refused = (
        re.search(f'class="ds-{kind}">(.*?)</section>', html)[1] for kind in ("works", "emulated", "refused")
    )
    assert "Q-LoRA" in works
    assert "bf16" in emulated
    assert "Nothing." in refused
    assert "本机（Chip &lt;1&gt;）" in view.machine(CPU, "zh")


def test_a_refusal_has_its_reason():
    html = plain(view.machine(find_device("MTT S3000"), "zh"))
    assert "Q-LoRA：bitsandbytes 没有 MUSA 后端" in html
    assert "没有发布支持 S3000 的 torch_musa 安装包" in html


def test_checks_come_with_the_worst_first():
    report = DoctorReport(
        healthy=False,
        checks=(
            Check(name="torch", state="works", detail="torch 2.9", seconds=1.24),
            Check(name="chinese font", state="warning", detail="none", mend="x", needed=False),
            Check(name="new thing", state="missing", detail="<b>gone</b>", mend="get <it>"),
        ),
    )
    html = view.checks(report, "en")
    assert html.index("new thing") < html.index("Chinese font") < html.index("torch 2.9")
    assert "&lt;b&gt;gone" in html
    assert "→ get &lt;it&gt;" in html
    assert "✗ missing" in html
    assert "1.2 s" in html
    chinese = view.checks(report, "zh")
    assert "请安装含中文字符的字体" in chinese
    assert "缺少必需的功能" in chinese


@pytest.mark.parametrize(
    ("device", "row", "cells"),
    [
        ("NVIDIA A800 PCIe", "7B", ["✓ fits", "✓ fits", "✗ does not fit", "Q-LoRA"]),
        ("NVIDIA A800 PCIe", "70B", ["✓ fits", "✗ does not fit", "✗ does not fit", "Q-LoRA"]),
        ("Huawei Ascend 910A", "7B", ["✗ refused", "✓ fits", "✗ does not fit", "LoRA"]),
        ("MTT S3000", "135M", ["✗ refused", "✗ refused", "✗ refused", "nothing fits"]),
    ],
)
def test_what_fits(device, row, cells):
    found = re.search(rf'<tr><th scope="row">{row}</th>(.*?)</tr>', what_fits(device, 1, None, "en"))
    assert found
    told = [plain(cell) for cell in re.findall("<td>(.*?)(?:<details|</td>)", found[1])]
    assert [cell.startswith(expected) for cell, expected in zip(told, cells, strict=True)] == [True] * 4
    assert all("estimated" in cell for cell in told if "fits" in cell and "GiB" in cell)


def test_the_built_in_model_takes_on_the_page_what_its_plan_says():
    made = plan(HERE, 1, BUILTIN_MODEL, trained_like_here())
    row = re.search(r'<tr><th scope="row">135M</th>(.*?)</tr>', what_fits(HERE, 1, None, "en"))
    for method in made.methods:
        assert f"{gib_range(method.gib_low, method.gib_high)} GiB" in plain(row[1])


def test_own_size_count_and_language_change_the_table():
    assert '<th scope="row">9B</th>' in what_fits(HERE, None, 9, "en")
    several = what_fits("NVIDIA A800 PCIe", 4, None, "zh")
    assert "4 × NVIDIA A800 PCIe， 80 GiB 规格书 （每块）" in plain(several)
    assert "this machine" not in what_fits(HERE, 1, None, "zh")
    assert "no torch_musa" not in what_fits("MTT S3000", 1, None, "zh")


@pytest.mark.parametrize(("device", "count", "size"), [("no such", 1, None), (HERE, 0, None), (HERE, 1, -1)])
def test_nonsense_is_refused(device, count, size):
    with pytest.raises(DomainsmithError):
        what_fits(device, count, size, "en")


def test_devices_stand_side_by_side_with_labels_and_sources():
    html = view.side_by_side([*(find_device(name) for name in USUAL_DEVICES), CPU], "en")
    assert html.count('scope="col"') == 5
    told = plain(html)
    assert "80 GiB data sheet" in told
    assert "1200 GB/s estimated" in told
    assert "not known" in told
    assert "~ emulated" in told
    assert "Memory bandwidth: not found in a source that could be read" in told
    assert "400 GB/s data sheet" in told, "the link between devices"
    sources = plain(html[html.index("<details>") :])
    assert "Link between devices" in sources
    assert "LoRA, full fine-tuning: PyTorch documentation" in sources, "what it can do has a source too"
    assert "domainsmith" not in told
    assert "Choose devices" in view.side_by_side([], "en")


def test_an_unknown_note_stays_in_its_own_words():
    device = Device.model_validate({**CPU.model_dump(), "notes": ("brand <new>",)})
    assert "brand &lt;new&gt;" in view.side_by_side([device], "zh")


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        (
            "en",
            ("What 3B takes, part by part", "Activations and logits", "Time for 1,000,000 tokens", "8 examples a step"),
        ),
        ("zh", ("3B 的内存组成", "激活值与 logits", "1,000,000 个词元所需时间", "每步 8 条")),
    ],
)
def test_a_size_of_ones_own_is_taken_apart(lang, says):
    html = taken_apart("NVIDIA A800 PCIe", 1, 3.0, 8, 256, lang)
    assert [part for part in says if part not in plain(html)] == []
    assert taken_apart("NVIDIA A800 PCIe", None, None, None, None, lang) == ""


def test_a_longer_example_takes_more():
    def activations(length):
        text = plain(taken_apart("NVIDIA A800 PCIe", 1, 3.0, 1, length, "en"))
        return float(re.search(r"Activations and logits ([\d.]+)", text)[1])

    assert activations(2048) > activations(256)
    assert activations(None) == activations(512)


@pytest.mark.parametrize(("batch", "length"), [(0, 512), (16, 0), (65_537, 512), (16, 2_000_000)])
def test_senseless_work_is_refused(batch, length):
    with pytest.raises(DomainsmithError, match="out of range"):
        taken_apart(HERE, 1, 3.0, batch, length, "en")
