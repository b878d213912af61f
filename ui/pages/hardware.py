"""The page about hardware: this machine, what fits, and the catalogue's devices side by side."""

from __future__ import annotations

import gradio as gr
from gradio.components import Component

from agent.records.base import Language
from tools.doctor import doctor
from tools.hardware import catalogue, find_device, this_machine
from tools.plan import plan
from ui.pages import hardware_view as view
from ui.pages.frame import Frame, told

HERE = "cpu"
"""The catalogue's name for the machine at hand, whatever it computes with."""
COMPARED = ("NVIDIA A800 PCIe", "Moore Threads S4000", "Huawei Ascend 910A")
"""The devices the guide speaks of."""
OWN_SIZE = 8.0
"""A size to begin with that is not among the usual ones, thousand millions of parameters."""


def build(frame: Frame) -> None:
    """Draw the page."""
    lang = frame.lang
    gr.HTML(_heading(frame, "hardware_machine"), js_on_load=None)
    machine = gr.HTML(js_on_load=None, elem_id="hardware-machine")
    probe = gr.Button(frame.say("hardware_probe"), elem_id="hardware-probe")
    seen = gr.HTML(
        f'<p class="ds-empty">{frame.say("hardware_probe_hint")}</p>', js_on_load=None, elem_id="hardware-seen"
    )

    gr.HTML(_heading(frame, "hardware_fits"), js_on_load=None)
    names = [device.name for device in catalogue()]
    with gr.Row(equal_height=True):
        chosen = gr.Dropdown(
            [(frame.say("hardware_here"), HERE), *names], value=HERE, label=frame.say("hardware_device"), scale=2
        )
        count = gr.Number(1, label=frame.say("hardware_count"), precision=0, minimum=1, maximum=4096)
        size = gr.Number(OWN_SIZE, label=frame.say("hardware_own_size"))
    fitting = gr.HTML(js_on_load=None, elem_id="hardware-fits")

    gr.HTML(_heading(frame, "hardware_catalogue"), js_on_load=None)
    several = gr.Dropdown(
        [(frame.say("hardware_here"), HERE), *names],
        value=list(COMPARED),
        multiselect=True,
        label=frame.say("hardware_devices"),
    )
    compared = gr.HTML(js_on_load=None, elem_id="hardware-devices")

    @told
    def fits(device: str, number: float | None, own: float | None) -> str:
        return what_fits(device, number, own, lang)

    @told
    def beside(devices: list[str]) -> str:
        return view.side_by_side([find_device(name) for name in devices or ()], lang)

    @told
    def tried(request: gr.Request) -> str:
        return view.checks(doctor(frame.desk(request).settings), lang)

    def opened() -> tuple[str, str, str]:
        return view.machine(this_machine(), lang), what_fits(HERE, 1, OWN_SIZE, lang), beside(list(COMPARED))

    asked: list[Component] = [chosen, count, size]
    frame.on_load(opened, None, [machine, fitting, compared], show_progress="hidden")
    probe.click(tried, None, seen, api_visibility="private", concurrency_limit=1)
    gr.on(
        [chosen.change, count.change, size.change],
        fits,
        asked,
        fitting,
        api_visibility="private",
        show_progress="hidden",
    )
    several.change(beside, several, compared, api_visibility="private", show_progress="hidden")


def what_fits(device: str, count: float | None, own: float | None, lang: Language) -> str:
    """Return the table of one device; a size of the user's own is a row of its own.

    Raises:
        NotFoundError: There is no such device.
        InputError: Count or size is no sensible number.
    """
    sizes = sorted({*view.SIZES, *((own,) if own else ())})
    number = 1 if count is None else int(count)
    return view.plans([plan(device, number, params_b, lang) for params_b in sizes], find_device(device), lang)


def _heading(frame: Frame, key: str) -> str:
    return f"<h2>{frame.say(key)}</h2>"
