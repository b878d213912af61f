"""What a step does, in words: what a yes to it is given to.

subject_of(project, settings, "mix", MixRequest(), "en")
"""

from __future__ import annotations

from pathlib import Path

from agent.prompts.judging import JUDGING
from agent.prompts.phrases import count_points, fill, listed, model_size
from agent.prompts.steps import STEPS
from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language, Record
from agent.records.corpus import IngestRequest
from agent.records.evaluation import EvaluateRequest
from agent.records.job import JobKind
from agent.records.judging import JudgeRequest
from agent.records.tuning import TuneRequest
from agent.settings import BUILTIN, Settings
from tools.benchmark.request import BenchRequest
from tools.evaluation.wording import arm_name
from tools.extraction.request import ExtractRequest
from tools.judging.asking import AGAIN
from tools.judging.report import model_name
from tools.judging.run import effort
from tools.mixing.request import MixRequest
from tools.model_size import parameters_of
from tools.workload import answers_of, arms_of, lines_of, mix_examples
from tools.workspace import Project


def subject_of(project: Project, settings: Settings, kind: JobKind, request: Record, lang: Language) -> str:
    """Return what a step does, in words."""
    match request:
        case TuneRequest():
            method = METHOD_NAMES[request.method][lang] if request.method != "auto" else fill(STEPS, "tune_auto", lang)
            params = parameters_of(request.base_model, settings)
            model = "SmolLM2-135M" if request.base_model == BUILTIN else request.base_model
            size = f" ({model_size(round(params / 1e9, 3))})" if params and request.base_model != BUILTIN else ""
            examples = mix_examples(project, request.mix)
            step = fill(STEPS, "tune", lang, method=method, model=model + size, mix=request.mix, examples=examples)
            # What a person set by hand is part of what a yes is given to.
            chosen = (
                fill(STEPS, name, lang, value=f"{value:g}") if name in STEPS else f"{name} {value:g}"
                for name, value in request.overrides.items()
            )
            return listed((step, *chosen), lang)
        case EvaluateRequest():
            arms = arms_of(project, request)
            answers = answers_of(project, request)
            return fill(
                STEPS, "evaluate", lang, arms=listed(tuple(arm_name(arm, lang) for arm in arms), lang), answers=answers
            )
        case JudgeRequest():
            told = effort(project, request)
            return fill(
                JUDGING,
                "subject",
                lang,
                model=model_name(request.model),
                a=arm_name(request.a, lang),
                b=arm_name(request.b, lang),
                run=request.run,
                pairs=told.pairs,
                calls=told.calls,
                again=AGAIN,
            )
        case ExtractRequest():
            chunks = lines_of(project.chunks)
            held_out = (
                fill(STEPS, "extract_only", lang, documents=", ".join(request.documents[:5]))
                if request.documents
                else fill(STEPS, "extract_share", lang, share=count_points(request.held_out_share))
            )
            return fill(STEPS, "extract", lang, chunks=chunks, wordings=request.wordings, held_out=held_out)
        case MixRequest():
            return fill(STEPS, "mix", lang, share=f"{count_points(request.domain_share)}%")
        case BenchRequest():
            model = model_name(request.model or settings.base_model)
            named = "SmolLM2-135M" if model == BUILTIN else model
            return fill(STEPS, "bench_quick" if request.quick else "bench_whole", lang, model=named)
        case IngestRequest():
            return reading_of(request, lang)
        case _:
            return fill(STEPS, kind, lang)


def reading_of(request: IngestRequest, lang: Language) -> str:
    """Return what a reading reads, in words."""
    return fill(STEPS, "ingest", lang, paths=", ".join(Path(path).name or path for path in request.paths[:5]))
