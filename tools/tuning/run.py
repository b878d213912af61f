"""One training run: a mix and a base model in, an adapter (or, for full fine-tuning, a model) out.

    result = tune(project, settings, TuneRequest(base_model="builtin", mix="m1"), run, reporter)

Called again on the same run folder it goes on from the last checkpoint, within an epoch too, and on a CPU ends with the
very weights an uninterrupted run would have.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.progress import Reporter
from agent.records.pairs import Pair
from agent.records.tuning import Hyperparameters, Method, TuneRequest, TuneResult
from agent.settings import BUILTIN, Settings
from knowledge.files import read_records, sha256_of
from tools.hardware import this_machine
from tools.models import load_model, load_tokenizer, resolve_base_model
from tools.quiet import quiet_libraries
from tools.tuning.batches import as_rows
from tools.tuning.checkpoints import drop_unfinished, newest, publish
from tools.tuning.choice import Choice, choose, taught_by
from tools.tuning.course import Course, course_of
from tools.tuning.examples import Example, Mix, open_mix, read_examples, refuse_long
from tools.tuning.memory import free_gib, memory_named, peak_gib
from tools.tuning.room import model_in
from tools.workspace import Project

_BUILTIN_HUB_NAME: Final = "HuggingFaceTB/SmolLM2-135M-Instruct"
_OUTPUT: Final[dict[Method, str]] = {"qlora": "adapter", "lora": "adapter", "full": "model"}


@dataclass(frozen=True)
class _Material:
    """What a run learns from."""

    mix: Mix
    examples: list[Example]
    validation: list[Example]


def tune(project: Project, settings: Settings, request: TuneRequest, run: Path, reporter: Reporter) -> TuneResult:
    """Train on a mix and write `adapter/` (Q-LoRA, LoRA) or `model/` (full) into the run folder.

    Args:
        project: Holds the mix and the pairs behind it.
        settings: Threads, cache and language; the base model is the request's.
        request: What to do.
        run: The run's folder; checkpoints in it are gone on from.
        reporter: Told of every step and asked before each whether to stop.

    Raises:
        InputError: The base model or the mix cannot be used, an example is too long.
        EmptyError: The mix is empty.
        DoesNotFitError: Method, model or batch do not fit the memory; nothing is changed to make them fit.
        CancelledError: Somebody cancelled; the last checkpoint is kept.
    """
    import torch

    quiet_libraries()
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    folder = resolve_base_model(settings.model_copy(update={"base_model": request.base_model}), reporter)
    tokenizer = load_tokenizer(folder)
    material = _material(project, request, tokenizer, reporter)
    device = this_machine()
    model = model_in(folder)
    taught = taught_by(read_records(project.pairs, Pair), {example.id for example in material.examples})
    free = free_gib()
    choice = choose(request, device, free, model, material.examples, taught, settings.lang)
    refuse_long(material.examples, choice.settings.max_length, material.mix.train.name)
    refuse_long(material.validation or material.examples[:1], choice.settings.max_length, "validation.jsonl")
    for reason in choice.reasons:
        reporter.note(reason)
    with memory_named(device, free, model, material.examples, choice, settings.lang):
        return _train(request, settings, folder, tokenizer, material, choice, run, reporter)


def _material(project: Project, request: TuneRequest, tokenizer: Any, reporter: Reporter) -> _Material:
    mix = open_mix(project.mixes / request.mix)
    validation = read_examples(mix.validation, tokenizer, reporter) if mix.validation else []
    return _Material(mix, read_examples(mix.train, tokenizer, reporter), validation)


def _train(
    request: TuneRequest,
    settings: Settings,
    folder: Path,
    tokenizer: Any,
    material: _Material,
    choice: Choice,
    run: Path,
    reporter: Reporter,
) -> TuneResult:
    from transformers.trainer_callback import PrinterCallback

    from tools.tuning.listener import Listener
    from tools.tuning.trainer import make_trainer
    from tools.tuning.weights import put, restore

    drop_unfinished(run)
    key = _key(request, material, choice)
    checkpoint = newest(run / "checkpoints", key)
    course = course_of(checkpoint)
    reporter.check()
    model = prepare(folder, choice.method, choice.settings)
    validation = as_rows(material.validation)
    listener = Listener(reporter, course, run / "checkpoints", key, validation, settings.checkpoint_seconds)
    # Not in the system's folder: what a kill leaves there nobody would remove.
    with tempfile.TemporaryDirectory(prefix=".trainer-", suffix=".part", dir=run) as scratch:
        trainer = make_trainer(model, tokenizer, material.examples, choice.settings, Path(scratch), listener)
        trainer.remove_callback(PrinterCallback)  # it prints to standard output, which belongs to results
        if checkpoint:
            reporter.note(f"going on after epoch {course.points[-1]['epoch']:g}")
            if (checkpoint / "best.safetensors").exists():
                listener.best = load_best(checkpoint)
        if checkpoint and (course.finished or course.stopped):
            restore(model, checkpoint / "weights.safetensors")
        else:
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    reasons = choice.reasons
    if listener.best and course.best_epoch < course.points[-1]["epoch"]:
        put(model, listener.best)
        reasons = (*reasons, f"kept the weights of epoch {course.best_epoch:g}, where the validation loss was lowest")
    output = run / _OUTPUT[choice.method]
    weights = _write_output(model, tokenizer, request, choice.method, output)
    return _result(request, material, choice, run, course, model, output, weights, reasons)


def prepare(folder: Path, method: Method, settings: Hyperparameters) -> Any:
    """Load the base model and make trainable what the method trains."""
    import torch
    from peft import LoraConfig, get_peft_model

    # The adapters of a half-precision model are kept in fp32 by peft; a fully tuned one needs whole master weights.
    compute = "fp32" if method == "full" and settings.compute_type == "fp16" else settings.compute_type
    model = load_model(folder, quantized=method == "qlora", compute_type=compute)
    model.config.use_cache = False
    if method == "full":
        return model.requires_grad_(True).train()
    torch.manual_seed(settings.seed)
    rank = settings.rank or 16
    adapter = LoraConfig(
        r=rank,
        lora_alpha=settings.alpha or 2 * rank,
        lora_dropout=settings.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, adapter).train()


def load_best(checkpoint: Path) -> dict[str, Any]:
    """Return the best weights so far that a checkpoint holds."""
    from safetensors.torch import load_file

    return dict(load_file(checkpoint / "best.safetensors"))


def _key(request: TuneRequest, material: _Material, choice: Choice) -> str:
    """Hash everything that must be the same for a run to go on as it was begun."""
    validation = sha256_of(material.mix.validation) if material.mix.validation else ""
    parts = [request.base_model, material.mix.sha256, validation, choice.method, choice.settings.model_dump_json()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _write_output(model: Any, tokenizer: Any, request: TuneRequest, method: Method, output: Path) -> str:
    """Write the adapter or the model, whole or not at all; returns the hash of its weights."""
    name = _BUILTIN_HUB_NAME if request.base_model == BUILTIN else request.base_model

    def write(folder: Path) -> None:
        if method == "full":
            model.config.use_cache = True
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
            return
        model.peft_config["default"].base_model_name_or_path = name
        model.save_pretrained(folder, save_embedding_layers=False)
        (folder / "README.md").unlink(missing_ok=True)  # peft's blank card; `domainsmith export` writes a real one

    publish(output, write, {"method": method, "base_model": name})
    return sha256_of(output / ("model.safetensors" if method == "full" else "adapter_model.safetensors"))


def _result(
    request: TuneRequest,
    material: _Material,
    choice: Choice,
    run: Path,
    course: Course,
    model: Any,
    output: Path,
    weights: str,
    reasons: tuple[str, ...],
) -> TuneResult:
    validated = [point["validation_loss"] for point in course.points if point["validation_loss"] is not None]
    return TuneResult(
        run=run.name,
        method=choice.method,
        base_model=request.base_model,
        mix=request.mix,
        hyperparameters=choice.settings,
        examples=len(material.examples),
        steps=course.points[-1]["step"],
        tokens=course.tokens,
        trainable_parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        # Of a 4-bit weight two parameters lie in one byte.
        total_parameters=sum(p.numel() * (2 if p.dtype.itemsize == 1 else 1) for p in model.parameters()),
        first_loss=course.points[0]["loss"],
        last_loss=course.points[-1]["loss"],
        validation_loss=min(validated, default=None),
        seconds=course.seconds,
        peak_gib=peak_gib(),
        tokens_per_s=course.tokens / course.seconds if course.seconds else 0.0,
        adapter=output.name,
        adapter_sha256=weights,
        history=course.history(),
        reasons=reasons,
    )
