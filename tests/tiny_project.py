"""A project that every arm can answer from: two short documents, and an adapter of the tiny random model.

settings = tiny_settings(home, build_tiny_model(home / "tiny"))
project = build_tiny_project(settings, "Pumps", tuned=True)
"""

from __future__ import annotations

from pathlib import Path

from agent.records.corpus import Chunk
from agent.settings import Settings
from knowledge.files import write_record, write_records
from tests.tools.evaluation.scripted import tune_result
from tools.workspace import Project, Workspace

PASSAGES = (
    ("pump.md", "en", "The rated pressure of the pump is 12 bar. The cartridge is changed after 34 hours."),
    ("pump-zh.md", "zh", "泵的额定压力是十二巴。滤芯每五百小时更换一次。"),
)


def tiny_settings(home: Path, model: Path) -> Settings:
    """Return settings of a home that answer with the model in a folder."""
    return Settings(home=home, cache=home / "cache", base_model=str(model), threads=1)


def build_tiny_project(settings: Settings, name: str, *, documents: bool = True, tuned: bool = False) -> Project:
    """Make a project with documents and a finished tuning run, as wanted."""
    project = Workspace(settings.home).create(name)
    if documents:
        write_records(project.chunks, [_chunk(*passage) for passage in PASSAGES])
    if tuned:
        add_tuning(project, settings)
    return project


def add_tuning(project: Project, settings: Settings, *, seed: int = 1) -> Path:
    """Add a finished tuning run with a random adapter and return its folder."""
    import torch
    from peft import LoraConfig, get_peft_model

    from tools.models import load_model

    run = project.new_run("tune")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        lora = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
        get_peft_model(load_model(Path(settings.base_model)), lora).save_pretrained(run / "adapter")
    result = tune_result(run.name, base_model=settings.base_model)
    write_record(run / "result.json", result)
    return run


def _chunk(name: str, language: str, text: str) -> Chunk:
    return Chunk.model_validate(
        {
            "id": f"{name}:0-{len(text)}",
            "document": name,
            "name": name,
            "title": "",
            "headings": (),
            "page": 3,
            "start": 0,
            "end": len(text),
            "text": text,
            "language": language,
        }
    )
