"""Where a project stands, told from its records: each record moves exactly the recommendations it speaks of."""

from __future__ import annotations

import pytest

from agent.records.corpus import Document, DocumentSplit
from agent.records.decision import MethodDecision
from agent.records.diagnosis import Diagnosis, Fix
from agent.records.evaluation import Estimate, EvaluationReport, Item
from agent.records.mixture import GeneralSource, MixManifest
from agent.records.tuning import TuneRequest
from knowledge.files import write_record, write_records
from tests.tools.evaluation.scripted import tune_result
from tests.tools.test_pairs import pair
from tools.recommendations import SPOKES, standings
from tools.workspace import Workspace


@pytest.fixture
def project(tmp_path):
    return Workspace(tmp_path).create("x")


def told(project):
    return {one.article: one for one in standings(project)}


def manifest(**fields):
    given = {
        "id": "mix-1",
        "examples": 100,
        "domain_examples": 30,
        "general_examples": 70,
        "domain_share_examples": 0.3,
        "domain_share_tokens": 0.4,
        "requested_share": 0.3,
        "by": "examples",
        "seed": 0,
        "sha256": "",
        "pairs_sha256": "",
        "general": GeneralSource(name="builtin", licence="", sha256="", examples=70),
        "documents": (),
        "files": {},
    }
    return MixManifest.model_validate({**given, **fields})


def tuned(project, name, method, wanted=None, base=None):
    run = project.runs / name
    write_record(run / "result.json", tune_result(name).model_copy(update={"method": method}))
    if wanted:
        write_record(run / "request.json", TuneRequest(method=wanted, base_model="builtin", mix="m"))


def report(project, arms=("base", "rag"), n=120, recall=0.95, dimensions=("domain_knowledge", "syntax")):
    run = project.runs / "20250101T000000Z-evaluate"
    one = Estimate(mean=0.5, low=0.4, high=0.6, n=n, chance=0, normalised=0.5, errors=0)
    made = EvaluationReport(
        run=run.name,
        tune_run=None,
        base_model="builtin",
        items_sha256="",
        languages=("en",),
        arms={arm: dict.fromkeys(dimensions, one) for arm in arms},
        comparisons=(),
        seconds={},
        recall=recall,
    )
    write_record(run / "result.json", made)
    return run


def test_of_an_empty_project_nothing_is_claimed(project):
    found = standings(project)
    assert {one.state for one in found if one.article != "validation-set"} == {"unknown"}
    assert len({one.article for one in found}) == len(found)


def test_the_decision(project):
    decided = MethodDecision(
        method="rag", first_rung=None, reasons=(), missing=(), next_action="ingest", confidence="rule"
    )
    write_record(project.decision, decided)
    assert (told(project)["two-remedies"].state, told(project)["two-remedies"].values) == (
        "followed",
        {"method": "rag"},
    )
    write_record(project.decision, decided.model_copy(update={"method": "insufficient_evidence"}))
    assert told(project)["not-enough-evidence"].state == "open"


@pytest.mark.parametrize(("status", "state"), [("read", "followed"), ("failed", "open")])
def test_documents(project, status, state):
    document = {
        "id": "d",
        "name": "d",
        "sha256": "",
        "format": "text",
        "language": "en",
        "pages": None,
        "characters": 1,
        "chunks": 1,
    }
    write_records(project.document_list, [Document.model_validate({**document, "status": status})])
    assert told(project)["documents"].state == state


def test_pairs(project):
    structured = [pair(f"s{n}", fact=f"f{n % 2}", source="table") for n in range(8)]
    write_records(project.pairs, structured)
    found = told(project)
    assert {name: found[name].state for name in ("llm-extraction", "pair-quality", "paraphrases", "scarce-data")} == {
        "llm-extraction": "departs",
        "pair-quality": "followed",
        "paraphrases": "followed",
        "scarce-data": "open",
    }
    assert found["paraphrases"].values == {"mean": 4.0, "facts": 2, "needed": 4}
    waiting = pair("w", status="pending", reason="conflict: 3 bar / 4 bar", source="model")
    written = pair("m", source="model", fact="f9")
    write_records(project.pairs, [*structured, waiting, written])
    found = told(project)
    assert {name: found[name].state for name in ("llm-extraction", "pair-quality", "conflicting-documents")} == {
        "llm-extraction": "followed",
        "pair-quality": "open",
        "conflicting-documents": "open",
    }
    assert found["llm-extraction"].values == {"model": 1, "pairs": 9}
    assert found["paraphrases"].state == "open"


@pytest.mark.parametrize(("count", "state", "key"), [(3, "open", "few_items"), (200, "followed", "items")])
def test_the_validation_set(project, count, state, key):
    item = {"kind": "knowledge", "dimension": "domain_knowledge", "language": "en", "question": "q"}
    write_records(project.validation, [Item.model_validate({**item, "id": f"i{n}"}) for n in range(count)])
    found = told(project)["validation-set"]
    assert (found.state, found.key, found.values["domain"]) == (state, key, count)


@pytest.mark.parametrize(("held_out", "state"), [((), "departs"), (("d",), "followed")])
def test_held_out_documents(project, held_out, state):
    write_record(project.split, DocumentSplit(seed=0, train=("a",), held_out=held_out))
    assert told(project)["leakage"].state == state


@pytest.mark.parametrize(
    ("share", "domain", "general"),
    [
        (0.3, "followed", "followed"),
        (0.308, "followed", "followed"),
        (0.45, "departs", "followed"),
        (1, "departs", "departs"),
    ],
)
def test_the_newest_mix(project, share, domain, general):
    write_record(project.mixes / "mix-1" / "manifest.json", manifest(domain_share_examples=share))
    found = told(project)
    assert (found["domain-share"].state, found["replay"].state) == (domain, general)
    assert found["domain-share"].evidence == ("mix-1",)


def test_the_ladder(project):
    tuned(project, "20250101T000000Z-tune", "lora", "lora")
    assert (told(project)["ladder"].state, told(project)["ladder"].key) == ("departs", "skipped_rung")
    tuned(project, "20250101T000001Z-tune", "lora", "auto")
    assert (told(project)["ladder"].state, told(project)["ladder"].key) == ("followed", "fallen_back")
    tuned(project, "20250101T000002Z-tune", "qlora")
    assert told(project)["ladder"].key == "first_rung"
    tuned(project, "20250101T000003Z-tune", "full", "full")
    found = told(project)["ladder"]
    assert (found.state, found.key, found.values["earlier"]) == ("followed", "climbed", "20250101T000002Z-tune")


def test_the_newest_evaluation(project):
    run = report(project)
    states = {name: one.state for name, one in told(project).items() if run.name in one.evidence}
    assert states == {
        "baseline": "followed",
        "retrieval-first": "followed",
        "dimensions": "open",
        "statistics": "followed",
        "verdict": "open",
        "data-first": "open",
    }
    assert told(project)["dimensions"].values == {"count": 2, "all": SPOKES}
    report(project, arms=("rag",), n=20, recall=None)
    found = told(project)
    assert (found["baseline"].state, found["statistics"].state, found["retrieval-first"].state) == (
        "departs",
        "open",
        "unknown",
    )


@pytest.mark.parametrize(
    ("kinds", "state", "key"), [(("data", "training"), "open", "mend_data"), ((), "followed", "data_mended")]
)
def test_the_diagnosis(project, kinds, state, key):
    run = report(project)
    fixes = tuple(Fix(kind=kind, action="", command="", targets=(), why="", article="") for kind in kinds)
    write_record(
        run / "eval" / "diagnosis.json",
        Diagnosis(run=run.name, failed=3, items=(), causes=(), fixes=fixes, retrain=False),
    )
    found = told(project)["data-first"]
    assert (found.state, found.key) == (state, key)
