"""`demo`: the main job on the bundled company."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.options import Json, Lang, Seed
from ui.runtime import Runtime


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("demo")(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the documents and the report.")] = Path("demo-report"),
    full: Annotated[bool, typer.Option("--full", help="Tune on the whole company; takes much longer.")] = False,
    seed: Seed = 0,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Run the whole road on a bundled company: documents, pairs, mix, Q-LoRA, evaluation of all arms, verdict."""
    from ui.demo import Demonstration

    runtime = Runtime(as_json=json, lang=lang)
    report = Demonstration(runtime, out, seed, full).run()
    text = (out / "report.md").read_text(encoding="utf-8")
    done = runtime.output.say("demo_done", out=out, seconds=report["total_seconds"], peak=report["peak_gib"])
    runtime.output.emit(report, f"{text}\n{done}")
