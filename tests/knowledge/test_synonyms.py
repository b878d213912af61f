"""Other names that a corpus gives its own things."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.ingest.run import ingest
from knowledge.retrieval import Retriever
from knowledge.store import CorpusStore
from knowledge.synonyms import Synonyms
from tests.fakes import HashEmbedder, RecordingReporter


@pytest.mark.parametrize(
    ("text", "question", "others"),
    [
        ("Mother-to-child transmission (MTCT) is rare.", "How common is MTCT?", ["Mother-to-child transmission"]),
        ("Mother-to-child transmission (MTCT) is rare.", "Is mother to child transmission common?", ["MTCT"]),
        ("Mother-to-child transmission (MTCT) is rare.", "Is MTCT (mother-to-child transmission) rare?", []),
        ("the odds ratio (OR) was 2", "Is it 2 or 3?", []),
        ("the odds ratio (OR) was 2", "What was the OR?", ["odds ratio"]),
        ("Kyoto Encyclopedia of Genes and Genomes (KEGG)", "KEGG?", ["Kyoto Encyclopedia of Genes and Genomes"]),
        ("Pumps were sold in Spain (UK excepted).", "Where is the UK?", []),
        ("It was sold in Spain. (US) buyers wait.", "What about the US?", []),
        (
            "The inlet strainer, also known as the suction filter, is steel.",
            "Clean the suction filter",
            ["inlet strainer"],
        ),
        ("世界卫生组织（WHO）成立于1948年。", "WHO何时成立？", ["世界卫生组织"]),
        ("首钢集团有限公司，简称首钢，在北京。", "首钢在哪里？", ["首钢集团有限公司"]),
        ("黄鳍姬鲷，又称黄鳍紫鱼，为鱼类。", "黄鳍姬鲷吃什么？", ["黄鳍紫鱼"]),
        ("该装置在车间里（俗称“药撬”）使用。", "天气怎么样？", []),
        ("", "What?", []),
    ],
)
def test_a_question_is_also_asked_by_the_other_name(text: str, question: str, others: list[str]) -> None:
    assert Synonyms([text]).of(question) == others


def test_the_usual_long_form_wins() -> None:
    texts = ["positive airway pressure (PAP)", "papillary thyroid (PT)", "pulmonary artery pressure (PAP)"] * 2
    assert Synonyms([*texts, "pulmonary artery pressure (PAP)"]).of("PAP?") == ["pulmonary artery pressure"]


def test_a_passage_that_says_only_the_other_name_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "glossary.md").write_text("# Words\n\nThe pressure relief valve (PRV) protects the pump.\n")
    (folder / "faq.md").write_text("# Questions\n\nThe PRV opens at nine bar.\n")
    (folder / "other.md").write_text("# Cleaning\n\nThe drain valve is wiped each week.\n")
    store = CorpusStore(tmp_path / "project")
    ingest([folder], store, HashEmbedder(), RecordingReporter())
    with Retriever.open(store, HashEmbedder()) as retriever:
        found = retriever.search("When does the pressure relief valve open?", 5)
    ranks = {hit.chunk.name: hit.lexical_rank for hit in found}
    assert ranks["faq.md"] is not None
    assert ranks["other.md"] is None or ranks["faq.md"] < ranks["other.md"]
