"""The hardware: `bench` measures this machine or an endpoint, takes what another machine measured, and compares."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, get_args

import typer

from agent.errors import CancelledError, InputError, WorkFailedError
from agent.prompts.benchmark_errors import BENCHMARK_ERRORS
from agent.prompts.phrases import fill, listed
from agent.records.base import Language
from ui.options import Json, Lang, Seed
from ui.progress import TerminalReporter
from ui.runtime import Runtime
from ui.signals import ended_by_signals

if TYPE_CHECKING:
    from tools.benchmark.ended import Ended
    from tools.benchmark.request import Part

_MOST = 256
"""Requests in flight at once; each is a thread."""
_HERE: Final = "this machine"
_PROBE: Final = "--only probe"
_LOAD: Final = ("model", "quick", "seed")
EFFECT: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("names", "params_b", "price"), ("--compare",)),
    **dict.fromkeys(_LOAD, (_HERE, "--endpoint")),
    **dict.fromkeys(("only",), (_HERE, _PROBE)),
    **dict.fromkeys(("concurrency", "prompt_tokens", "output_tokens", "tokenizer"), ("--endpoint",)),
    **dict.fromkeys(("goodput_ttft", "goodput_tpot"), ("--endpoint",)),
}
"""What an option has an effect with; of those that are left out it has with all."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("bench")(bench)


def bench(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help="With --compare: parts of measured names, or devices; all by default.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Folder, hub id or builtin; with --endpoint its name of the model.")
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="Measure this OpenAI-compatible server, e.g. http://host:8000/v1.")
    ] = None,
    emit_script: Annotated[
        Path | None,
        typer.Option("--emit-script", help="Write a script that measures a machine with torch alone; - prints it."),
    ] = None,
    import_file: Annotated[
        Path | None, typer.Option("--import", help="Take the JSON that the script or another domainsmith wrote.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show saved results beside the catalogue's devices.")
    ] = False,
    params_b: Annotated[
        float | None, typer.Option("--params-b", help="With --compare: size of the model for the bounds; 7 by default.")
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option("--price", help="With --compare: NAME=AMOUNT, what an hour of one such device costs; repeatable."),
    ] = None,
    only: Annotated[str | None, typer.Option("--only", help="One part: probe, sweep or train.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer points and repeats.")] = False,
    concurrency: Annotated[
        str | None, typer.Option("--concurrency", help="Endpoint: requests at once, by comma; 1,8,32 by default.")
    ] = None,
    prompt_tokens: Annotated[
        str | None, typer.Option("--prompt-tokens", help="Endpoint: lengths by comma; 512,2048 by default.")
    ] = None,
    output_tokens: Annotated[int, typer.Option("--output-tokens", min=2, help="Endpoint: tokens of a reply.")] = 128,
    goodput_ttft: Annotated[float, typer.Option("--goodput-ttft", min=1, help="Endpoint: limit in ms.")] = 500,
    goodput_tpot: Annotated[float, typer.Option("--goodput-tpot", min=1, help="Endpoint: limit in ms.")] = 50,
    tokenizer: Annotated[
        Path | None,
        typer.Option("--tokenizer", help="Endpoint: the model's folder, where the server reports no usage."),
    ] = None,
    seed: Seed = 0,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Measure what this machine or an endpoint can do and how fast; take and compare what others measured."""
    runtime = Runtime(as_json=json, lang=lang)
    asked = {
        "--endpoint": endpoint,
        "--emit-script": emit_script,
        "--import": import_file,
        "--compare": compare or None,
    }
    _refuse_without_effect(context, _asked(asked, only, runtime.output.lang), runtime.output.lang)
    if compare:
        _compare(runtime, names or [], params_b, price or [])
    elif emit_script is not None:
        _emit(runtime, emit_script)
    elif import_file is not None:
        _import(runtime, import_file)
    elif endpoint is not None:
        from tools.benchmark.endpoint_load import LoadRequest, load

        levels = _whole(concurrency, "--concurrency", (1, 8) if quick else (1, 8, 32), _MOST)
        prompts = _whole(prompt_tokens, "--prompt-tokens", (512,) if quick else (512, 2048), 1_000_000)
        request = LoadRequest(
            url=endpoint,
            model=model or "",
            concurrency=levels,
            lengths=tuple((tokens, output_tokens) for tokens in prompts),
            rounds=2 if quick else 3,
            ttft_ms=goodput_ttft,
            tpot_ms=goodput_tpot,
            tokenizer=str(tokenizer) if tokenizer is not None else "",
            seed=seed,
        )
        with ended_by_signals(), TerminalReporter("bench", lang=runtime.output.lang) as reporter:
            ended = load(runtime.settings, request, reporter)
        _show(runtime, ended)
    else:
        from tools.benchmark.request import BenchRequest
        from tools.benchmark.run import measure

        wanted = BenchRequest(model=model, only=_part(only), quick=quick, seed=seed)
        with ended_by_signals(), TerminalReporter("bench", lang=runtime.output.lang) as reporter:
            ended = measure(runtime.settings, wanted, reporter)
        _show(runtime, ended)


def _asked(asked: Mapping[str, object], only: str | None, lang: Language) -> str:
    """Return the one thing that is asked for, by the option that asks for it.

    Raises:
        InputError: More than one is.
    """
    given = [name for name, value in asked.items() if value is not None]
    if len(given) > 1:
        says = partial(fill, BENCHMARK_ERRORS, lang=lang)
        raise InputError(says("one_thing"), where=" ".join(given), mend=says("one_thing_mend"))
    return given[0] if given else _PROBE if only == "probe" else _HERE


def _refuse_without_effect(context: typer.Context, asked: str, lang: Language) -> None:
    """Refuse an option that changes nothing about what is asked for: whoever gives it expects that it does.

    Raises:
        InputError: One was given.
    """
    for one in context.command.params:
        name = one.name or ""
        uses, source = EFFECT.get(name, (asked,)), context.get_parameter_source(name)
        if asked not in uses and source is not None and source.name == "COMMANDLINE":  # what is a default nobody gave
            where = max(one.opts, key=len) if one.param_type_name == "option" else " ".join(context.params[name])
            raise _no_effect(where, asked, uses, lang)


def _no_effect(where: str, asked: str, uses: tuple[str, ...], lang: Language) -> InputError:
    says = partial(fill, BENCHMARK_ERRORS, lang=lang)
    told = tuple(says("use_here") if use == _HERE else use for use in uses)
    what = says("no_effect_here") if asked == _HERE else says("no_effect", asked=asked)
    return InputError(what, where=where, mend=says("no_effect_mend", uses=listed(told, lang)))


def _part(only: str | None) -> Part | None:
    from tools.benchmark.request import Part

    for known in get_args(Part):
        if only == known:
            part: Part = known
            return part
    if only is None:
        return None
    raise InputError("no such part", where=f"--only {only}", mend=f"one of {', '.join(get_args(Part))}")


def _whole(text: str | None, option: str, default: tuple[int, ...], most: int) -> tuple[int, ...]:
    """Return numbers by comma.

    Raises:
        InputError: One is none, or out of bounds.
    """
    if text is None:
        return default
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= most for part in parts):
        raise InputError("whole numbers by comma are expected", where=f"{option} {text}", mend=f"from 1 to {most}")
    return tuple(dict.fromkeys(map(int, parts)))


def _show(runtime: Runtime, ended: Ended) -> None:
    """Keep and print a result, a partial one too; one that measured nothing is not kept.

    Raises:
        CancelledError: It was cancelled; names the file with what was measured, if anything was.
        InputError: It was printed, and cannot be kept; so with an OSError.
        WorkFailedError: What was measured went away in the middle, or an error ended it; a script must not take the
            part for the whole.
    """
    from tools.benchmark.saved import save
    from tools.benchmark.subjects import holds_figures
    from ui.bench_tables import bench as shown

    output = runtime.output
    file, trouble = None, None
    try:
        file = save(runtime.settings.machine_folder, ended.result) if holds_figures(ended.result) else None
    except (OSError, InputError) as error:
        trouble = error  # a disk that is full must not take the figures along
    if trouble is not None:
        output.emit(ended.result, shown(ended.result, output))
        raise trouble
    saved = output.say("bench_not_saved") if file is None else output.say("bench_saved", file=file)
    output.emit(ended.result, f"{shown(ended.result, output)}\n{saved}")
    if ended.cancelled and file is None:
        raise CancelledError(output.say("bench_cancelled_early"))
    if ended.cancelled:
        raise CancelledError(output.say("bench_cancelled"), where=str(file))
    if not ended.result.complete:
        where = str(file) if file is not None else ended.result.endpoint or ""
        mend = "bench_broke_off_mend" if ended.result.place == "endpoint" else "bench_broke_off_here_mend"
        raise WorkFailedError(output.say("bench_broke_off"), where=where, mend=output.say(mend)) from ended.error
    if output.as_json:
        print(saved, file=sys.stderr)


def _emit(runtime: Runtime, file: Path) -> None:
    from knowledge.files import write_text
    from tools.benchmark.emitting import script

    if str(file) == "-":
        if runtime.output.as_json:
            raise _no_effect("--json", "--emit-script -", ("--emit-script FILE",), runtime.output.lang)
        print(script(), end="")
        return
    if file.is_dir():
        raise InputError("this is a folder", where=str(file), mend="name a file, e.g. bench.py")
    write_text(file.absolute(), script())
    said = runtime.output.say("bench_written", file=file.absolute(), name=file.name)
    runtime.output.emit({"script": str(file.absolute())}, said)


def _import(runtime: Runtime, file: Path) -> None:
    """Keep and print what another machine measured.

    Raises:
        InputError: The file is no result, or one without any figure.
        NotFoundError: There is no such file.
    """
    from tools.benchmark.emitting import read_result
    from tools.benchmark.saved import take_over
    from tools.benchmark.subjects import refuse_empty
    from ui.bench_tables import bench as shown

    output = runtime.output
    result = read_result(file, output.lang)
    refuse_empty(result, str(file), output.lang)
    home = runtime.settings.machine_folder
    kept_in, new = take_over(home, result, home)
    kept = output.say("bench_saved", file=kept_in)
    head = output.say("bench_imported" if new else "bench_known", name=result.device.name, at=result.at)
    output.emit(result, f"{head}\n\n{shown(result, output)}\n{kept}")


def _compare(runtime: Runtime, names: list[str], params_b: float | None, prices: list[str]) -> None:
    from tools.benchmark.comparison import USUAL_SIZE, compare
    from tools.benchmark.prices import prices_of, refuse_idle, stated
    from tools.benchmark.subjects import choose, everything
    from ui.bench_tables import comparison

    home, lang = runtime.settings.machine_folder, runtime.output.lang
    chosen, given = choose(home, names, lang) if names else everything(home), stated(prices, lang)
    refuse_idle(given, chosen, lang)
    size = USUAL_SIZE if params_b is None else params_b
    told = compare(chosen, size, lang, {**prices_of(runtime.settings, lang), **given})
    runtime.output.emit(told, comparison(told, runtime.output))
