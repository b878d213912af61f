"""The hardware: `bench` measures this machine or an endpoint, takes what another machine measured, and compares."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from agent.errors import CancelledError, InputError, WorkFailedError
from ui.options import Json, Lang, Seed
from ui.progress import TerminalReporter
from ui.runtime import Runtime

if TYPE_CHECKING:
    from tools.benchmark.ended import Ended
    from tools.benchmark.request import Part

_MOST = 256
"""Requests in flight at once; each is a thread."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("bench")(bench)


def bench(
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
    _refuse_mixed(endpoint, emit_script, import_file, compare, names)
    if price and not compare:
        raise InputError("prices are for --compare", where="--price", mend="`domainsmith bench --compare --price ...`")
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
        with TerminalReporter("bench", lang=runtime.output.lang) as reporter:
            ended = load(runtime.settings, request, reporter)
        _show(runtime, ended)
    else:
        from tools.benchmark.request import BenchRequest
        from tools.benchmark.run import measure

        wanted = BenchRequest(model=model, only=_part(only), quick=quick, seed=seed)
        with TerminalReporter("bench", lang=runtime.output.lang) as reporter:
            ended = measure(runtime.settings, wanted, reporter)
        _show(runtime, ended)


def _refuse_mixed(
    endpoint: str | None, emit: Path | None, file: Path | None, compare: bool, names: list[str] | None
) -> None:
    """Refuse two things at once, and names that nothing is done with.

    Raises:
        InputError: More than one was asked for.
    """
    asked = {"--endpoint": endpoint, "--emit-script": emit, "--import": file, "--compare": compare or None}
    given = [name for name, value in asked.items() if value is not None]
    if len(given) > 1:
        raise InputError("one thing at a time", where=" ".join(given), mend="give one of them")
    if names and not compare:
        raise InputError("names are for --compare", where=" ".join(names), mend="`domainsmith bench --compare NAME...`")


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
        WorkFailedError: What was measured went away in the middle; a script must not take the part for the whole.
    """
    from tools.benchmark.saved import save
    from tools.benchmark.subjects import holds_figures
    from ui.bench_tables import bench as shown

    output = runtime.output
    file = save(runtime.settings.machine_folder, ended.result) if holds_figures(ended.result) else None
    saved = output.say("bench_not_saved") if file is None else output.say("bench_saved", file=file)
    output.emit(ended.result, f"{shown(ended.result, output)}\n{saved}")
    if ended.cancelled and file is None:
        raise CancelledError(output.say("bench_cancelled_early"))
    if ended.cancelled:
        raise CancelledError(output.say("bench_cancelled"), where=str(file))
    if not ended.result.complete:
        where = str(file) if file is not None else ended.result.endpoint or ""
        raise WorkFailedError(output.say("bench_broke_off"), where=where, mend=output.say("bench_broke_off_mend"))
    if output.as_json:
        print(saved, file=sys.stderr)


def _emit(runtime: Runtime, file: Path) -> None:
    from knowledge.files import write_text
    from tools.benchmark.emitting import script

    if str(file) == "-":
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
