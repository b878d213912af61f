"""Faults of `evaluation.md`, each planted in a copy of the healthy project at three strengths.

A fault says which cause a diagnosis has to find. What it took away is noted in the trial, for `tests.planted.mends`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from agent.records.diagnosis import Cause
from agent.records.evaluation import Item
from agent.records.pairs import Pair
from knowledge.files import read_records
from knowledge.store import CorpusStore
from tests.planted.world import Trial, World
from tools.extraction.fact import Fact
from tools.extraction.run import facts_file
from tools.pairs import load_pairs, save_pairs

Plant = Callable[[World, Trial, float, random.Random], Trial]


@dataclass(frozen=True)
class Fault:
    """One thing that can be wrong with a project."""

    name: str
    cause: Cause
    strengths: tuple[float, float, float]
    """From slight to heavy; what they mean is the fault's."""
    plant: Plant
    in_weights: bool = False
    """Whether the model has to be trained again, with the fault and to be rid of it."""


def missing_documents(world: World, trial: Trial, share: float, chance: random.Random) -> Trial:
    """Drop a share of the documents that are asked about."""
    store = CorpusStore(trial.project.root)
    names = sorted({item.document for item in trial.items() if item.document and item.kind == "knowledge"})
    known = {document.id: document.name for document in store.documents()}
    gone = _some([name for name in names if name in known], share, chance)
    for document in gone:
        store.remove(document)
    return trial.noting("missing_documents", tuple(known[document] for document in gone))


def corrupt_golds(world: World, trial: Trial, share: float, chance: random.Random) -> Trial:
    """Change a digit or a word of the accepted answers of a share of the items."""
    return _other_golds(trial, "corrupt_golds", share, chance, lambda item, _: _misprinted(item, chance))


def swapped_golds(world: World, trial: Trial, share: float, chance: random.Random) -> Trial:
    """Give a share of the items the accepted answer of another item of the same document."""

    def other(item: Item, items: Sequence[Item]) -> str | None:
        found = [
            one.answers[0]
            for one in items
            if one.document == item.document
            and one.fact != item.fact
            and one.answers
            and one.answers[0] not in item.context
            and one.language == item.language
        ]
        return chance.choice(found) if found else None

    return _other_golds(trial, "swapped_golds", share, chance, other)


def few_chunks(world: World, trial: Trial, k: float, chance: random.Random) -> Trial:
    """Retrieve too few chunks."""
    return trial.asking(k=int(k)).noting("few_chunks")


def strict_gate(world: World, trial: Trial, threshold: float, chance: random.Random) -> Trial:
    """Have the search doubt what it rightly found."""
    return trial.asking(abstain_below=threshold).noting("strict_gate")


def open_gate(world: World, trial: Trial, threshold: float, chance: random.Random) -> Trial:
    """Let the model read whatever was found where the documents are silent."""
    return trial.asking(abstain_below=threshold).noting("open_gate")


def few_tokens(world: World, trial: Trial, tokens: float, chance: random.Random) -> Trial:
    """Cut every answer short."""
    return trial.asking(most_tokens=int(tokens)).noting("few_tokens")


def vague_questions(world: World, trial: Trial, share: float, chance: random.Random) -> Trial:
    """Leave out which thing a share of the questions are about."""
    items = trial.items()
    facts = tuple(read_records(facts_file(world.healthy), Fact))
    vague = {item.id: shortened for item in items if (shortened := _without_entity(item, facts))}
    chosen = set(_some(sorted(vague), share, chance))
    trial.seal([_asking(item, vague[item.id]) if item.id in chosen else item for item in items])
    return trial.noting("vague_questions", {item.id: item for item in items if item.id in chosen})


def poisoned_pairs(world: World, trial: Trial, share: float, chance: random.Random) -> Trial:
    """Teach another value in every wording of a share of the facts that are asked for."""
    pairs = load_pairs(trial.project)
    facts = _asked_facts(trial)
    answers = {pair.fact: pair for pair in pairs if pair.fact and _teaches(pair)}
    poisoned: dict[str, str] = {}
    for fact in _some([one for one in facts if one in answers], share, chance):
        own = answers[fact]
        others = sorted({p.messages[-1].content for p in answers.values() if _alike(p, own)})
        if others:
            poisoned[fact] = chance.choice(others)
    changed = [
        _answering(pair, poisoned[pair.fact]) if pair.fact in poisoned and _teaches(pair) else pair for pair in pairs
    ]
    save_pairs(trial.project, changed)
    world.train(trial.project)
    noted = trial.noting("poisoned_pairs", {pair.id: pair for pair in pairs if pair.fact in poisoned})
    return replace(noted, touched=frozenset(poisoned))


def untaught_facts(world: World, trial: Trial, share: float, chance: random.Random) -> Trial:
    """Make no pair of a share of the facts that are asked for."""
    pairs = load_pairs(trial.project)
    gone = set(_some(_asked_facts(trial), share, chance))
    save_pairs(trial.project, [pair for pair in pairs if pair.fact not in gone])
    world.train(trial.project)
    return replace(trial.noting("untaught_facts", pairs), touched=frozenset(gone))


def wordy_pairs(world: World, trial: Trial, share: float, chance: random.Random) -> Trial:
    """Teach answers that come after a long preamble, in a share of the facts."""
    pairs = load_pairs(trial.project)
    chosen = set(_some(sorted({pair.fact for pair in pairs if pair.fact}), share, chance))
    changed = [
        _answering(pair, _PREAMBLE[pair.language] + pair.messages[-1].content) if pair.fact in chosen else pair
        for pair in pairs
    ]
    save_pairs(trial.project, changed)
    world.train(trial.project)
    return trial.noting("wordy_pairs", {pair.id: pair for pair in pairs if pair.fact in chosen})


def starved_replay(world: World, trial: Trial, epochs: float, chance: random.Random) -> Trial:
    """Train on domain data alone."""
    world.train(trial.project, share=1.0, epochs=epochs)
    return trial.noting("starved_replay")


def too_short(world: World, trial: Trial, epochs: float, chance: random.Random) -> Trial:
    """Stop training long before the examples are learnt."""
    world.train(trial.project, epochs=epochs)
    return trial.noting("too_short")


def too_long(world: World, trial: Trial, epochs: float, chance: random.Random) -> Trial:
    """Train for many epochs on one wording of every fact."""
    pairs = load_pairs(trial.project)
    seen: set[str] = set()
    kept = []
    for pair in pairs:
        if pair.split == "train" and pair.fact and pair.status == "accepted":
            if pair.fact in seen:
                continue
            seen.add(pair.fact)
        kept.append(pair)
    save_pairs(trial.project, kept)
    world.train(trial.project, epochs=epochs)
    return trial.noting("too_long", pairs)


_PREAMBLE: Final = {
    "en": "Thank you very much for your question. Before I come to the answer, let me say that all of our products are "
    "described with great care in the documents of the company, and that you can read more in them: ",
    "zh": "非常感谢您的提问。在回答之前请允许我说明，本公司的所有产品都在各类文件中有十分详细的介绍，"
    "您也可以随时查阅这些文件了解更多内容，现在回答如下：",
}

FAULTS: Final[tuple[Fault, ...]] = (
    Fault("missing_documents", "missing_source", (0.1, 0.25, 0.5), missing_documents),
    Fault("corrupt_golds", "wrong_reference", (0.1, 0.25, 0.5), corrupt_golds),
    Fault("swapped_golds", "wrong_reference", (0.1, 0.25, 0.5), swapped_golds),
    Fault("few_chunks", "retrieval_miss", (3, 2, 1), few_chunks),
    Fault("strict_gate", "context_lost", (0.9, 0.97, 0.995), strict_gate),
    Fault("open_gate", "unsupported", (0.25, 0.1, 0.0), open_gate),
    Fault("few_tokens", "truncated", (6, 4, 2), few_tokens),
    Fault("vague_questions", "ambiguous_question", (0.1, 0.25, 0.5), vague_questions),
    Fault("poisoned_pairs", "bad_training_pair", (0.15, 0.3, 0.6), poisoned_pairs, in_weights=True),
    Fault("untaught_facts", "knowledge_gap", (0.15, 0.3, 0.6), untaught_facts, in_weights=True),
    Fault("wordy_pairs", "format", (0.3, 0.6, 1.0), wordy_pairs, in_weights=True),
    Fault("starved_replay", "forgetting", (4, 8, 12), starved_replay, in_weights=True),
    Fault("too_short", "undertrained", (0.5, 0.25, 0.1), too_short, in_weights=True),
    Fault("too_long", "overfit", (10, 20, 40), too_long, in_weights=True),
)


def _some(names: Sequence[str], share: float, chance: random.Random) -> list[str]:
    ordered = sorted(names)
    count = max(1, round(share * len(ordered)))
    return sorted(chance.sample(ordered, min(count, len(ordered))))


def _other_golds(
    trial: Trial,
    name: str,
    share: float,
    chance: random.Random,
    other: Callable[[Item, Sequence[Item]], str | None],
) -> Trial:
    items = trial.items()
    asked = [item for item in items if item.kind == "knowledge" and item.answerable and item.answers and item.context]
    chosen = set(_some([item.id for item in asked], share, chance))
    broken: dict[str, Item] = {}
    sealed = []
    for item in items:
        gold = other(item, asked) if item.id in chosen else None
        planted = bool(gold) and gold != item.answers[0]
        broken |= {item.id: item} if planted else {}
        sealed.append(item.model_copy(update={"answers": (gold,)}) if planted else item)
    trial.seal(sealed)
    return trial.noting(name, broken)


def _misprinted(item: Item, chance: random.Random) -> str | None:
    gold = item.answers[0]
    digits = [place for place, character in enumerate(gold) if character.isdigit()]
    if digits:
        place = chance.choice(digits)
        return gold[:place] + str((int(gold[place]) + chance.randint(1, 8)) % 10) + gold[place + 1 :]
    swapped = {"en": "the day after tomorrow", "zh": "后天上午"}[item.language]
    return None if gold.lower().rstrip(".。") in ("yes", "no", "是", "否") else swapped


def _without_entity(item: Item, facts: Sequence[Fact]) -> str | None:
    """Return the question without the name of what it asks about; `None` if it would still be clear.

    It is unclear if the documents tell the same of several things and nothing that is left tells them apart.
    """
    told = [fact for fact in facts if fact.document == item.document and fact.answer in item.answers and fact.attribute]
    if item.kind != "knowledge" or not item.answerable or not told:
        return None
    like = [one for one in facts if one.attribute == told[0].attribute and one.language == item.language]
    if len({one.answer for one in like}) < 2 or len({one.entity for one in like}) < 2:
        return None
    for name in _names(told):
        lead = r"\s*\b(?:(?:on|of|in|for|to|does|with|from|at|by|about) )?(?:(?:a|an|the|my|our|your) )?"
        pattern = lead + re.escape(name) + r"(?:'s)?" if item.language == "en" else re.escape(name) + "的?"
        shortened, count = re.subn(pattern, "", item.question, count=1, flags=re.IGNORECASE)
        left = shortened.casefold()
        if count and len(left.strip()) > 4 and not any(part in left for one in like for part in _parts(one, like)):
            return shortened.strip()
    return None


def _names(told: Sequence[Fact]) -> list[str]:
    """Return the names of the things that facts are about, whole and without their maker, longest first."""
    names = {re.sub(r"^(?:the|a|an) ", "", fact.entity.strip()) for fact in told}
    short = {" ".join(name.split()[1:]) for name in names if len(name.split()) > 2}
    return sorted((name for name in names | short if len(name) > 1), key=lambda name: (-len(name), name))


def _parts(fact: Fact, like: Sequence[Fact]) -> set[str]:
    """Return the words of a thing's name that no other thing of the same kind has."""
    others = {word for one in like if one.entity != fact.entity for word in one.entity.casefold().split()}
    return set(fact.entity.casefold().split()) - others


def _asking(item: Item, question: str) -> Item:
    return item.model_copy(update={"question": question, "fact": ""})


def _asked_facts(trial: Trial) -> list[str]:
    taught = {pair.fact for pair in load_pairs(trial.project) if pair.status == "accepted"}
    return sorted({item.fact for item in trial.items() if item.dimension == "domain_knowledge" and item.fact in taught})


def _teaches(pair: Pair) -> bool:
    return pair.kind not in ("reading", "unanswerable")


def _alike(other: Pair, own: Pair) -> bool:
    """Whether another pair's answer could stand for this one's: same language and kind, other words."""
    said, mine = other.messages[-1].content, own.messages[-1].content
    has_digits = any(character.isdigit() for character in said) == any(character.isdigit() for character in mine)
    return other.language == own.language and has_digits and said != mine and other.document == own.document


def _answering(pair: Pair, answer: str) -> Pair:
    last = pair.messages[-1].model_copy(update={"content": answer})
    return pair.model_copy(update={"messages": (*pair.messages[:-1], last)})
