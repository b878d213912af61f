"""The figures of a dataset report. Pure.

measure("pumps", pairs, chunks, names, held_out)
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import pairwise
from statistics import mean, median
from typing import Final

from agent.records.corpus import Chunk
from agent.records.dataset import (
    DatasetReport,
    Diversity,
    DocumentCoverage,
    Imbalance,
    Rejects,
    RejectSample,
    Repeats,
    SectionCoverage,
    SpotCheck,
    Spread,
)
from agent.records.pairs import Pair
from tools.cleaning.near import NearDuplicates
from tools.evaluation.statistics import wilson
from tools.extraction.checks import first_failure
from tools.extraction.similarity import is_chinese, words
from tools.pairs import reason_of

MOST_RATIO: Final = 10.0
"""Ratio of group sizes from which a dataset is out of balance; source: `policy.md`, data first."""
SPOT_CHECK: Final = 50
"""Pairs drawn for a look: with no error among them the rate is below 7.1% (Wilson)."""
SAMPLES: Final = 3
OPENINGS: Final = 10


def measure(
    project: str, pairs: Sequence[Pair], chunks: Sequence[Chunk], names: Mapping[str, str], held_out: Set[str]
) -> DatasetReport:
    """Return the report on a dataset.

    Args:
        project: Name of the project.
        pairs: All its pairs.
        chunks: All chunks of its documents.
        names: Name by id of every document.
        held_out: Ids of the documents that only test.
    """
    accepted = [pair for pair in pairs if pair.status == "accepted"]
    sections = section_coverage(accepted, chunks)
    documents = document_coverage(accepted, sections, names, held_out)
    facts = Counter(pair.fact for pair in accepted if pair.fact)
    return DatasetReport(
        project=project,
        pairs=len(accepted),
        pending=sum(pair.status == "pending" for pair in pairs),
        rejected=sum(pair.status == "rejected" for pair in pairs),
        facts=len(facts),
        documents=documents,
        sections=sections,
        documents_without_pairs=tuple(one.name for one in documents if not one.pairs and not one.held_out),
        kinds=_counts(pair.kind for pair in accepted),
        sources=_counts(pair.source for pair in accepted),
        languages=_counts(pair.language for pair in accepted),
        splits=_counts(pair.split for pair in accepted),
        question_lengths=spread([len(pair.question) for pair in accepted]),
        answer_lengths=spread([len(pair.answer) for pair in accepted]),
        wordings_per_fact=round(mean(facts.values()), 2) if facts else 0.0,
        diversity={
            language: diversity([pair.question for pair in _closed_book(accepted) if pair.language == language])
            for language in sorted({pair.language for pair in accepted})
        },
        repeats=repeats(_closed_book(accepted)),
        imbalance=imbalance(accepted, names),
        spot_check=spot_check(pairs),
        rejects=rejects(pairs),
    )


def section_coverage(accepted: Sequence[Pair], chunks: Sequence[Chunk]) -> tuple[SectionCoverage, ...]:
    """Return every section with the pairs whose quote begins in it, in the order of the documents."""
    sizes: dict[tuple[str, str], int] = {}
    spans: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for chunk in chunks:
        section = " > ".join(chunk.headings) or chunk.title
        sizes[chunk.document, section] = sizes.get((chunk.document, section), 0) + len(chunk.text)
        spans[chunk.document].append((chunk.start, chunk.end, section))
    found: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in accepted:
        for start, end, section in spans.get(pair.document, ()):
            if start <= pair.start < end:
                found[pair.document, section].append(pair)
                break
    return tuple(
        SectionCoverage(
            document=document,
            section=section,
            characters=size,
            pairs=len(found[document, section]),
            facts=(facts := len({pair.fact or pair.id for pair in found[document, section]})),
            density=round(1000 * facts / size, 2) if size else 0.0,
        )
        for (document, section), size in sizes.items()
    )


def document_coverage(
    accepted: Sequence[Pair], sections: Sequence[SectionCoverage], names: Mapping[str, str], held_out: Set[str]
) -> tuple[DocumentCoverage, ...]:
    """Return every document with its pairs, by name."""
    made: dict[str, list[Pair]] = defaultdict(list)
    for pair in accepted:
        made[pair.document].append(pair)
    parts: dict[str, list[SectionCoverage]] = defaultdict(list)
    for section in sections:
        parts[section.document].append(section)
    return tuple(
        DocumentCoverage(
            document=key,
            name=name,
            held_out=key in held_out,
            characters=sum(one.characters for one in parts[key]),
            sections=len(parts[key]),
            sections_covered=sum(one.pairs > 0 for one in parts[key]),
            pairs=len(made[key]),
            facts=len({pair.fact or pair.id for pair in made[key]}),
            by_kind=_counts(pair.kind for pair in made[key]),
        )
        for key, name in sorted(names.items(), key=lambda one: one[1].casefold())
    )


def spread(lengths: Sequence[int]) -> Spread:
    """Return how lengths are distributed; zeros for none."""
    if not lengths:
        return Spread(n=0, low=0, median=0, high=0, longest=0)
    ordered = sorted(lengths)
    return Spread(
        n=len(ordered),
        low=ordered[int(0.05 * (len(ordered) - 1))],
        median=median(ordered),
        high=ordered[round(0.95 * (len(ordered) - 1))],
        longest=ordered[-1],
    )


def diversity(questions: Sequence[str]) -> Diversity:
    """Return how varied questions are (distinct-n: Li et al. 2016, 1510.03055)."""
    split = [words(question) for question in questions]
    ones = [word for some in split for word in some]
    twos = [pair for some in split for pair in pairwise(some)]
    openings: Counter[str] = Counter(
        "".join(some[:4]) if is_chinese(question) else " ".join(some[:2])
        for question, some in zip(questions, split, strict=True)
    )
    commonest = openings.most_common(OPENINGS)
    return Diversity(
        n=len(questions),
        distinct_1=round(len(set(ones)) / len(ones), 4) if ones else 0.0,
        distinct_2=round(len(set(twos)) / len(twos), 4) if twos else 0.0,
        openings=dict(commonest),
        commonest_opening=round(commonest[0][1] / len(questions), 3) if commonest else 0.0,
    )


def repeats(pairs: Sequence[Pair]) -> Repeats:
    """Return the questions with a near-duplicate that belongs to another fact: the same asked, another answer meant."""
    index = NearDuplicates([pair.question for pair in pairs])
    twins = []
    for number, pair in enumerate(pairs):
        other = next(
            (pairs[at] for at in index.alike(pair.question) if at != number and pairs[at].fact != pair.fact), None
        )
        if other is not None:
            twins.append((pair.id, other.id))
    return Repeats(
        pairs=len(twins),
        share=round(len(twins) / len(pairs), 4) if pairs else 0.0,
        samples=tuple(twins[:SAMPLES]),
    )


def imbalance(accepted: Sequence[Pair], names: Mapping[str, str]) -> tuple[Imbalance, ...]:
    """Return the groupings whose largest group is more than ten times the smallest."""
    groupings = {
        "kind": _counts(pair.kind for pair in accepted),
        "language": _counts(pair.language for pair in accepted),
        "document": _counts(names.get(pair.document, pair.document) for pair in accepted if pair.document),
    }
    found = []
    for by, counts in groupings.items():
        if len(counts) < 2:
            continue
        largest = max(counts, key=lambda name: counts[name])
        smallest = min(counts, key=lambda name: counts[name])
        ratio = counts[largest] / counts[smallest]
        if ratio > MOST_RATIO:
            found.append(Imbalance(by=by, largest=largest, smallest=smallest, ratio=round(ratio, 1)))
    return tuple(found)


def spot_check(pairs: Sequence[Pair]) -> SpotCheck:
    """Return what people found among pairs drawn by chance from those that the checks passed, and which are left.

    Only drawn pairs count: what somebody chose to look at says little about the others.
    """
    passed = [pair for pair in pairs if pair.source != "import" and not first_failure(pair.checks)]
    drawn = sorted(passed, key=lambda pair: hashlib.sha256(f"spot:{pair.id}".encode()).hexdigest())[:SPOT_CHECK]
    looked = [pair for pair in drawn if pair.reviewed]
    wrong = sum(pair.status == "rejected" or pair.edited for pair in looked)
    low, high = wilson(wrong, len(looked))
    return SpotCheck(
        reviewed=len(looked),
        wrong=wrong,
        rate=round(wrong / len(looked), 4) if looked else None,
        low=round(low, 4),
        high=round(high, 4),
        sample=tuple(pair.id for pair in drawn if not pair.reviewed),
    )


def rejects(pairs: Sequence[Pair]) -> tuple[Rejects, ...]:
    """Return the reasons of rejects with samples, the commonest first."""
    groups: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.status == "rejected":
            groups[reason_of(pair)].append(pair)
    return tuple(
        Rejects(
            reason=reason,
            count=len(members),
            samples=tuple(
                RejectSample(id=one.id, question=one.question, answer=one.answer, reason=one.reason)
                for one in sorted(members, key=lambda one: one.id)[:SAMPLES]
            ),
        )
        for reason, members in sorted(groups.items(), key=lambda one: (-len(one[1]), one[0]))
    )


def _closed_book(accepted: Sequence[Pair]) -> list[Pair]:
    """Return the pairs whose user turn is the question alone; a turn with a passage would count the passage's words."""
    return [pair for pair in accepted if pair.kind not in ("reading", "unanswerable")]


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda one: (-one[1], one[0])))
