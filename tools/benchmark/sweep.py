"""The local sweep: one model as it is, with an adapter, merged and in 4 bit, over batches and lengths; then training.

found = Findings()
sweep(folder, plan_for(detect(), quick=False), detect(), Silent(), found)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, get_args

from agent.errors import CancelledError, InputError, WorkFailedError
from agent.progress import Reporter
from agent.records.benchmark import Capability, Variant
from agent.records.hardware import Device
from agent.records.tuning import ComputeType, Hyperparameters, Method
from tools.benchmark.answering import Point, answer
from tools.benchmark.backends import Accelerator
from tools.benchmark.findings import Findings, part_of, release
from tools.benchmark.following import Course
from tools.benchmark.guarding import cannot_train, refused
from tools.benchmark.part_names import part_name
from tools.benchmark.roofline import Shape
from tools.benchmark.stepping import TrainingShape, train
from tools.hardware import this_machine
from tools.models import load_model
from tools.tuning.memory import ran_out
from tools.tuning.room import model_in
from tools.tuning.run import prepare

POINT_SECONDS: Final = 20.0
"""After which a point gets no further repeat: a model too large for the machine still gives one figure a point, and the
whole sweep of the built-in model stays within minutes on a busy machine."""


@dataclass(frozen=True)
class Plan:
    """What is measured."""

    points: tuple[Point, ...]
    repeats: int
    training: TrainingShape
    methods: tuple[Method, ...] = get_args(Method)
    seconds: float = POINT_SECONDS

    def only(self, *, answering: bool, training: bool) -> Plan:
        """Return the plan with one half left out."""
        return replace(self, points=self.points if answering else (), methods=self.methods if training else ())


def plan_for(device: Accelerator, *, quick: bool) -> Plan:
    """Return the sweep of hardware.md's method on an accelerator, a smaller one on a processor.

    Args:
        device: What is measured.
        quick: One point of the base and one of 4 bit, LoRA steps alone.
    """
    on_cpu = device.backend == "cpu"
    batches, lengths = ((1, 4), ((64, 32), (256, 32))) if on_cpu else ((1, 8, 32), ((512, 128), (2048, 128)))
    shape = TrainingShape(2, 128, 3) if on_cpu else TrainingShape(4, 512, 5)
    first = Point(1, *lengths[0])
    if quick:
        return Plan((first, replace(first, variant="4bit")), 2, replace(shape, steps=2), ("lora",))
    base = tuple(Point(batch, *length) for length in lengths for batch in batches)
    others: tuple[Variant, ...] = ("adapter", "merged", "4bit")
    return Plan((*base, *(replace(first, variant=one) for one in others)), 3 if on_cpu else 5, shape)


def sweep(
    folder: Path,
    plan: Plan,
    device: Accelerator,
    reporter: Reporter,
    found: Findings,
    *,
    machine: Device | None = None,
    capabilities: Mapping[str, Capability] | None = None,
    name: str = "",
    course: Course | None = None,
    seed: int = 0,
) -> None:
    """Measure every point and method of the plan; what cannot be measured is left out with a warning that says why.

    An error of one part costs that part alone.

    Args:
        folder: A checked model folder.
        plan: What to measure.
        device: Where.
        reporter: Told of every part and asked to stop between tokens and steps.
        found: Takes what is measured.
        machine: What is known of the device, with what the probe found; `None` takes what was known before.
        capabilities: What the probe found; what it saw refused or crash is not tried in this process.
        name: Of the model, for the record.
        course: Tells of the whole work's progress; by default of this sweep's.
        seed: Of prompts and training tokens.

    Raises:
        InputError: The model's files cannot be used.
        WorkFailedError: Nothing was measured, and a part failed other than for memory.
        CancelledError: The reporter asked to stop.
    """
    machine, capabilities = machine or this_machine(), capabilities or {}
    course = course or Course(reporter, len(plan.points) + len(plan.methods), weights(plan), lang=found.lang)
    for variant in dict.fromkeys(point.variant for point in plan.points):
        points = [point for point in plan.points if point.variant == variant]
        why = refused(capabilities, variant, device.backend)
        if why:
            found.warn("no_4bit", why=why)
            course.skip(points)
            continue
        _answer_all(folder, plan, variant, points, device, reporter, found, name, machine.compute_type, course, seed)
    base = model_in(folder)
    for method in plan.methods:
        course.begin(method)
        said = part_name(method, found.lang)
        with part_of(found, said, device):
            why = cannot_train(method, base, plan.training, machine, capabilities, found.lang)
            if why:
                found.warn("method_left_out", method=said, why=why)
            else:
                step = train(
                    folder,
                    method,
                    plan.training,
                    device,
                    reporter,
                    name=name,
                    compute_type=machine.compute_type,
                    seed=seed,
                )
                found.training.append(step)
                found.judge(said, step.spread)
        release(device)
        found.noise.sample()
        course.end(method)
    if found.failed and not (found.measurements or found.training):
        raise WorkFailedError(found.failed)


def weights(plan: Plan) -> dict[str, float]:
    """Return roughly how long each part takes beside the others, by its name."""
    training = 3 * plan.training.batch * plan.training.tokens / 20 * (plan.training.steps + 1)
    return {
        **{str(point): point.work * plan.repeats for point in plan.points},
        **dict.fromkeys(plan.methods, training),
    }


def shape_of(model: Any) -> Shape:
    """Return what of a loaded model its limits depend on."""
    config = model.config.get_text_config()
    heads = config.num_attention_heads
    embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    own = [one for one in model.parameters() if one is not embedding and one is not head]
    return Shape(
        # Of a 4-bit weight two parameters lie in one byte.
        prompt_parameters=sum(one.numel() * (2 if one.dtype.itemsize == 1 else 1) for one in own),
        weight_bytes=sum(one.numel() * one.element_size() for one in (*own, head)),
        layers=config.num_hidden_layers,
        kv_heads=getattr(config, "num_key_value_heads", None) or heads,
        head_size=getattr(config, "head_dim", None) or config.hidden_size // heads,
        kv_value_bytes=model.dtype.itemsize,
    )


def _answer_all(
    folder: Path,
    plan: Plan,
    variant: Variant,
    points: Sequence[Point],
    device: Accelerator,
    reporter: Reporter,
    found: Findings,
    name: str,
    compute: ComputeType,
    course: Course,
    seed: int,
) -> None:
    course.begin(points[0])
    loaded = _loaded(folder, variant, compute, found, device)
    if loaded is None:
        course.skip(points)
        return
    model, shape = loaded
    for wanted in points:
        course.begin(wanted)
        point = _that_fits(wanted, getattr(model.config, "max_position_embeddings", None), found)
        said = part_name(point, found.lang)
        with part_of(found, said, device):
            measured = answer(
                model,
                point,
                device,
                repeats=plan.repeats,
                reporter=reporter,
                name=name,
                compute_type=compute,
                budget=plan.seconds,
                seed=seed,
            )
            found.measurements.append((measured, shape))
            if measured.repeats == 1 < plan.repeats and measured.tokens_per_s:
                took = point.batch * point.output / measured.tokens_per_s
                found.warn("one_repeat", point=said, seconds=f"{took:.0f}")
            found.judge(said, measured.spread)
        found.noise.sample()
        course.end(wanted)
    del model, loaded
    release(device)


def _loaded(
    folder: Path, variant: Variant, compute: ComputeType, found: Findings, device: Accelerator
) -> tuple[Any, Shape] | None:
    """Return the model as the product loads it, and its shape; `None` with a warning where this machine cannot.

    Raises:
        InputError: The base itself cannot be used.
    """
    load: Callable[[], Any]
    match variant:
        case "base":
            load = partial(load_model, folder, compute_type=compute)
        case "4bit":
            load = partial(load_model, folder, quantized=True, compute_type=compute)
        case "adapter" | "merged":
            load = partial(_with_adapter, folder, compute, merged=variant == "merged")
    try:
        model = load()
        return model, shape_of(model)
    except CancelledError:
        raise
    except Exception as error:
        # What a vendor's torch or bitsandbytes cannot do is a finding; the sweep goes on with what it can.
        if variant == "base" and isinstance(error, InputError) and not ran_out(error):
            raise
        key = "no_4bit" if variant == "4bit" else "variant_left_out"
        found.fail(key, error, point=part_name(variant, found.lang))
    release(device)
    return None


def _with_adapter(folder: Path, compute: ComputeType, *, merged: bool) -> Any:
    """Return the model with a fresh LoRA adapter, as training starts with, at its side or merged into it."""
    settings = Hyperparameters(epochs=1, learning_rate=1e-5, batch_size=1, max_length=8, compute_type=compute)
    model = prepare(folder, "lora", settings).eval()
    return model.merge_and_unload() if merged else model


def _that_fits(point: Point, positions: int | None, found: Findings) -> Point:
    if positions is None or point.prompt + point.output <= positions:
        return point
    used = max(1, positions - point.output)
    found.warn("too_long", wanted=point.prompt, used=used, positions=positions)
    return replace(point, prompt=used)
