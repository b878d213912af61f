"""Tools that only look: what fits, what the guide says, what is known of machines, pairs, results, the road."""

from __future__ import annotations

from shlex import quote
from typing import get_args

from agent.errors import EmptyError
from agent.policy.memory import TOKENS
from agent.policy.readiness import readiness, refusal
from agent.prompts.assistant import RESULTS, TALK
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.facts import ProjectFacts
from agent.records.hardware import MemoryPlan
from agent.records.pairs import Pair, PairStatus
from agent.records.tuning import TuneResult
from graph.context import Context
from graph.performed import Performed
from graph.replies import plans, results
from graph.replies.plain import said_json
from graph.replies.said import Said, joined
from graph.state import ConversationState
from knowledge.files import read_record
from knowledge.guide.library import load_library
from tools.hardware import file_of_devices, find_device
from tools.requests import (
    GuideRequest,
    PlanRequest,
    ReviewRequest,
)
from tools.status import project_facts, stand
from tools.workspace import Project


def look_at_plan(
    request: PlanRequest, state: ConversationState, context: Context, project: Project | None, lang: Language
) -> Performed:
    """Show what fits a device; where somebody wants to train at once, say what is missing before."""
    from tools.plan import model_at_hand, plan, trained_like_here

    model = request.params_b or model_at_hand(context.settings.base_model, context.settings)
    if model is None:
        raise EmptyError(fill(RESULTS, "size_unknown", lang), mend=fill(RESULTS, "size_unknown_mend", lang))
    made = plan(
        request.device,
        request.count,
        model,
        trained_like_here(batch=request.batch, length=request.length),
        lang,
        tokens=request.tokens or TOKENS,
        threads=context.settings.threads,
    )
    said = _planned(made, request, context, lang)
    asked = next((one for one in made.methods if one.method == request.method), None)
    wish = (state.get("expecting") or {}).get("kind") == "wish"
    if wish and asked is not None and not (asked.fits and asked.available):
        said = Said(
            joined(fill(TALK, "policy", lang, why=asked.why), said.text), evidence=said.evidence, articles=said.articles
        )
    if wish and not state.get("following"):
        # Somebody wants to train at once: say what is missing before any training, and offer that.
        facts = project_facts(project) if project is not None else ProjectFacts()
        why = refusal("tune", facts, lang)
        action = readiness(facts, lang).next_action
        offer = results.offer(action, lang)
        said = Said(
            joined(said.text, fill(TALK, "policy", lang, why=why.text) if why is not None else "", offer.text),
            question=offer.question,
            options=offer.options,
            evidence=said.evidence,
            articles=(*said.articles, *((why.article,) if why is not None else ())),
            expecting=offer.expecting,
        )
    return Performed(said_json(said), made.model_dump(mode="json"))


def _planned(made: MemoryPlan, request: PlanRequest, context: Context, lang: Language) -> Said:
    """Return what a plan says to what is asked of it, the answer to that first."""
    from tools.benchmark.prices import price_of, prices_of
    from tools.benchmark.subjects import of_device

    sized = request.params_b is not None
    match request.about:
        case "training":
            return results.memory(made, lang, sized=sized)
        case "time":
            return plans.times(made, lang, named=request.tokens is not None, sized=sized)
        case "cost":
            price = price_of(of_device(find_device(request.device, lang)), prices_of(context.settings, lang))
            told = plans.costs(made, price, str(file_of_devices(context.settings)), lang)
            said = plans.times(made, lang, named=request.tokens is not None, sized=sized)
            return Said(joined(told, said.text), evidence=said.evidence, articles=said.articles)
        case "inference" | "both":
            answer = plans.inference(made, find_device(request.device, lang).gib, request.length, lang)
            said = results.memory(made, lang, sized=sized)
            if not sized:
                return said  # it begins with the largest models, those for inference first
            return plans.with_inference(answer, said, made, lang, alone=request.about == "inference")


def look_into_guide(request: GuideRequest, lang: Language) -> Performed:
    """Say what the guide says."""
    library = load_library()
    found = library.search(request.question, lang) or library.search(request.question, "en" if lang == "zh" else "zh")
    data = {"articles": [{"id": one.id, "title": one.title, "text": one.text} for one in found]}
    return Performed(said_json(results.guide(found, lang)), data)


def look_at_pairs(request: ReviewRequest, project: Project, lang: Language) -> Performed:
    """Show how many pairs stand in which state, and a few of them."""
    from tools.pairs import load_pairs, select

    pairs = load_pairs(project)
    counts = {state: sum(one.status == state for one in pairs) for state in get_args(PairStatus)}
    found: list[Pair] = select(pairs, status=request.status, containing=request.containing)
    shown = found[: request.limit]
    data = {"counts": counts, "pairs": [one.model_dump(mode="json") for one in shown]}
    return Performed(said_json(results.pairs(counts, shown, lang)), data, document_text=True)


def look_at_results(project: Project, lang: Language) -> Performed:
    """List what can be handed over."""
    facts = project_facts(project)
    rows, evidence = [], []
    tuned = project.latest_run("tune")
    if tuned is not None:
        result = read_record(tuned / "result.json", TuneResult)
        path = tuned / result.adapter
        rows.append(fill(RESULTS, "results_adapter", lang, run=tuned.name, method=result.method, path=path))
        evidence.append(tuned.name)
    measured = project.latest_run("evaluate")
    if measured is not None:
        path = measured / "eval" / "report.md"
        rows.append(fill(RESULTS, "results_report", lang, run=measured.name, path=path))
        evidence.append(measured.name)
    if facts.pairs_accepted:
        gaps = {"count": facts.pairs_accepted, "project": quote(project.info.name)}
        rows.append(fill(RESULTS, "results_pairs", lang, **gaps))
    said = Said("\n".join(rows) or fill(RESULTS, "results_none", lang), evidence=tuple(evidence))
    return Performed(said_json(said), {"results": rows})


def look_at_road(project: Project, lang: Language) -> Performed:
    """Say where the project stands."""
    from tools.jobs.progress import progress_of
    from tools.jobs.store import JobStore

    ready = stand(project, lang)
    active = JobStore(project.jobs).active()
    running = progress_of(project, active, lang) if active is not None else ""
    said = results.stand(ready, project.info.name, lang, running)
    return Performed(said_json(said), ready.model_dump(mode="json"))
