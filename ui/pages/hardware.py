"""The page about hardware: this machine, what fits, the catalogue's devices side by side, and what was measured."""

from __future__ import annotations

import gradio as gr
from gradio.components import Component

from agent.errors import InputError
from agent.policy.memory_details import MOST_EXAMPLES, MOST_TOKENS
from agent.prompts.phrases import model_size
from agent.records.base import Language
from agent.records.hardware import Workload
from tools.benchmark.subjects import USUAL_DEVICES
from tools.doctor import doctor
from tools.hardware import catalogue, find_device, this_machine
from tools.model_shape import BUILTIN_MODEL, ReadModel
from tools.plan import plan, trained_like_here
from ui.pages import hardware_measured
from ui.pages import hardware_view as view
from ui.pages.frame import Frame, told
from ui.pages.hardware_parts import parts

HERE = "this machine"
"""The catalogue's name for the machine at hand, whatever it computes with."""
BATCH, LENGTH = 16, 512
"""Examples a step and tokens of each to begin with."""
OWN_SIZE = 8.0
"""A size to begin with that is not among the usual ones, thousand millions of parameters."""


def build(frame: Frame) -> None:
    """Draw the page."""
    lang, threads = frame.lang, frame.desks.settings.threads
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
    with gr.Row(equal_height=True):
        batch = gr.Number(BATCH, label=frame.say("hardware_batch"), precision=0, minimum=1, maximum=MOST_EXAMPLES)
        length = gr.Number(LENGTH, label=frame.say("hardware_length"), precision=0, minimum=1, maximum=MOST_TOKENS)
    fitting = gr.HTML(js_on_load=None, elem_id="hardware-fits")
    in_parts = gr.HTML(js_on_load=None, elem_id="hardware-parts")

    gr.HTML(_heading(frame, "hardware_catalogue"), js_on_load=None)
    several = gr.Dropdown(
        [(frame.say("hardware_here"), HERE), *names],
        value=list(USUAL_DEVICES),
        multiselect=True,
        label=frame.say("hardware_devices"),
    )
    compared = gr.HTML(js_on_load=None, elem_id="hardware-devices")

    @told
    def planned(
        device: str, number: float | None, own: float | None, examples: float | None, tokens: float | None
    ) -> tuple[str, str]:
        return (
            what_fits(device, number, own, lang, examples, tokens),
            taken_apart(device, number, own, examples, tokens, lang, threads),
        )

    @told
    def beside(devices: list[str]) -> str:
        return view.side_by_side([find_device(name) for name in devices or ()], lang)

    @told
    def tried(request: gr.Request) -> str:
        return view.checks(doctor(frame.desk(request).settings), lang)

    @told
    def opened() -> tuple[str, str, str, str]:
        fitted, detailed = (
            what_fits(HERE, 1, OWN_SIZE, lang),
            taken_apart(HERE, 1, OWN_SIZE, BATCH, LENGTH, lang, threads),
        )
        return view.machine(this_machine(), lang), fitted, detailed, beside(list(USUAL_DEVICES))

    asked: list[Component] = [chosen, count, size, batch, length]
    frame.on_load(opened, None, [machine, fitting, in_parts, compared], show_progress="hidden")
    probe.click(tried, None, seen, api_visibility="private", concurrency_limit=1)
    gr.on(
        [chosen.change, count.change, size.change, batch.change, length.change],
        planned,
        asked,
        [fitting, in_parts],
        api_visibility="private",
        show_progress="hidden",
    )
    several.change(beside, several, compared, api_visibility="private", show_progress="hidden")
    hardware_measured.build(frame)


def what_fits(
    device: str,
    count: float | None,
    own: float | None,
    lang: Language,
    batch: float | None = None,
    length: float | None = None,
) -> str:
    """Return the table of one device; a size of the user's own is a row of its own.

    Raises:
        NotFoundError: There is no such device.
        InputError: Count, size, batch or length is no sensible number.
    """
    sizes = sorted({*view.SIZES, *((own,) if own else ())})
    number, work = 1 if count is None else int(count), _work(batch, length)
    plans = [plan(device, number, _model(params_b), work, lang) for params_b in sizes]
    return view.plans(plans, find_device(device), lang)


def taken_apart(
    device: str,
    count: float | None,
    own: float | None,
    batch: float | None,
    length: float | None,
    lang: Language,
    threads: int | None = None,
) -> str:
    """Return what the size of the user's own takes, part by part; nothing where none is given.

    Raises:
        NotFoundError: There is no such device.
        InputError: Count, size, batch or length is no sensible number.
    """
    if not own:
        return ""
    number, work = 1 if count is None else int(count), _work(batch, length)
    made = plan(device, number, _model(own), work, lang, threads=threads)
    return parts(made, find_device(device), model_size(own), lang)


def _model(params_b: float) -> ReadModel | float:
    """Return a model of a size: for that of the built-in one its architecture, so that `plan` says the same."""
    return BUILTIN_MODEL if params_b == view.SIZES[0] else params_b


def _work(batch: float | None, length: float | None) -> Workload:
    return trained_like_here(batch=_whole(batch, BATCH, MOST_EXAMPLES), length=_whole(length, LENGTH, MOST_TOKENS))


def _whole(value: float | None, usual: int, limit: int) -> int:
    """Return a number of examples or tokens that was typed in; the usual one where the field is empty."""
    number = usual if value is None else int(value)
    if not 1 <= number <= limit:
        raise InputError(f"{number} is out of range", where="batch or length", mend=f"give 1 to {limit:,}")
    return number


def _heading(frame: Frame, key: str) -> str:
    return f"<h2>{frame.say(key)}</h2>"
