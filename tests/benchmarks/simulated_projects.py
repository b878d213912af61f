"""Projects whose truth is known: sealed items, answers of every arm, and what the arms are really worth.

Every answer is right where a normal latent value falls below the arm's threshold, so an arm's accuracy is exact while
answers hang together as they do in practice: by the document and its facts (some are hard for every arm), by how an arm
takes to a document or a fact (which clusters the differences), and by the item. Arms agree on most items, so
discordance is realistic: about a quarter of the pairs at accuracies around 0.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from agent.records.evaluation import Arm, Dimension, Item, ItemAnswer
from tools.evaluation.arms import ARMS_OF
from tools.evaluation.statistics import FEWEST_DOCUMENTS

Floats = npt.NDArray[np.float64]
Accuracy = Mapping[Arm, float]

WORDINGS: Final = 2
"""Items a fact."""
GENERAL: Final = 100
"""Items of general ability, whatever the size of the domain's set, as the built-in ones."""
STEP: Final = 0.15
"""A graded answer earns a third for each of three thresholds so far apart; their mean is the arm's accuracy."""


@dataclass(frozen=True)
class Spread:
    """Where the variance of an answer's latent value comes from; the parts sum to 1."""

    document: float = 0.10
    fact: float = 0.25
    item: float = 0.25
    document_arm: float = 0.03
    """How differently arms take to a document."""
    fact_arm: float = 0.15
    item_arm: float = 0.22


DOMAIN_SPREAD: Final = Spread()
GENERAL_SPREAD: Final = Spread(document=0, fact=0, item=0.9, document_arm=0, fact_arm=0, item_arm=0.1)
"""Tuning leaves most general answers as they were."""


@dataclass(frozen=True)
class Truth:
    """What the arms of a project are worth, as fractions."""

    family: str
    domain: Accuracy
    held_out: Accuracy = field(default_factory=dict)
    general: tuple[float, float] = (0.62, 0.62)
    """Before and after tuning."""
    faithful: Accuracy = field(default_factory=dict)
    form: tuple[float, float] = (0.72, 0.72)
    """Instructions followed before and after tuning."""
    recall: float = 0.80
    """Share of questions whose answer is in what the `rag` arm was shown."""
    graded: bool = False

    def accuracies(self) -> dict[Dimension, Accuracy]:
        """Return the accuracy of every arm on every dimension that is asked."""
        found: dict[Dimension, Accuracy] = {"domain_knowledge": self.domain}
        if self.held_out:
            found["domain_knowledge_held_out"] = self.held_out
        if self.faithful:
            found["faithfulness"] = self.faithful
        if "tuned" in self.domain:
            found["general_ability"] = {"base": self.general[0], "tuned": self.general[1]}
            found["instruction_following"] = {"base": self.form[0], "tuned": self.form[1]}
        return found


@dataclass(frozen=True)
class Simulated:
    """One project as an evaluation finds it."""

    items: tuple[Item, ...]
    answers: tuple[ItemAnswer, ...]
    truth: dict[tuple[Dimension, Arm], float]
    """Accuracy over all items that could have been asked: of all documents of the kind, or, below the fewest documents
    from which an interval speaks for others, of the documents at hand."""


def simulate(truth: Truth, items: int, documents: int, seed: int) -> Simulated:
    """Draw a project.

    Args:
        truth: What the arms are worth.
        items: Sealed items of domain knowledge; the other dimensions have a quarter as many, general ability its own.
        documents: Documents they come from; at most one for two facts.
        seed: Of everything drawn.
    """
    dice = np.random.default_rng(seed)
    asked: list[Item] = []
    said: list[ItemAnswer] = []
    known: dict[tuple[Dimension, Arm], float] = {}
    for dimension, accuracy in truth.accuracies().items():
        count = _count(dimension, items)
        spread = GENERAL_SPREAD if dimension == "general_ability" else DOMAIN_SPREAD
        sources = 0 if dimension == "general_ability" else min(documents, max(2, count // (2 * WORDINGS)))
        graded = truth.graded and dimension == "domain_knowledge"
        scores, worth = answered(accuracy, count, sources, spread, dice, graded=graded)
        known |= {(dimension, arm): value for arm, value in worth.items()}
        asked += [_item(dimension, number, count, sources) for number in range(count)]
        shown = dice.random(count) < truth.recall
        for arm, values in scores.items():
            if arm not in ARMS_OF[dimension]:
                continue
            for number in range(count):
                gold = bool(shown[number]) if arm == "rag" else None
                answer = ItemAnswer(
                    item=f"{dimension}-{number}", arm=arm, text="", score=float(values[number]), context_has_gold=gold
                )
                said.append(answer)
    return Simulated(tuple(asked), tuple(said), known)


def _count(dimension: Dimension, items: int) -> int:
    match dimension:
        case "domain_knowledge":
            return items
        case "general_ability":
            return GENERAL
        case _:
            return max(8, items // 4)


def document_of(number: int, count: int, documents: int) -> int:
    """Return the document of an item; documents differ in size, the wordings of a fact stay together."""
    facts = -(-count // WORDINGS)
    # The largest document has about three times the facts of the smallest.
    share = (number // WORDINGS + 0.5) / facts
    return int(documents * (share + share**2) / 2)


def _item(dimension: Dimension, number: int, count: int, documents: int) -> Item:
    place = f"{dimension}-d{document_of(number, count, documents)}" if documents else ""
    return Item(
        id=f"{dimension}-{number}",
        kind="general" if dimension == "general_ability" else "knowledge",
        dimension=dimension,
        language="en",
        question=f"question {number}",
        answers=("x",),
        document=place,
        fact=f"{dimension}-f{number // WORDINGS}" if documents else "",
    )


def answered(
    accuracy: Accuracy, count: int, documents: int, spread: Spread, dice: np.random.Generator, *, graded: bool
) -> tuple[dict[Arm, Floats], dict[Arm, float]]:
    """Return every arm's scores, and what each arm is worth.

    Args:
        accuracy: Of every arm, over all documents of the kind.
        count: Items.
        documents: They come from; 0 for items that come from none.
        spread: Where the variance comes from.
        dice: Draws.
        graded: Whether scores have steps between right and wrong.
    """
    number = np.arange(count)
    fact = number // WORDINGS
    document = np.array([document_of(one, count, documents) for one in range(count)])
    shape = (max(1, documents), fact[-1] + 1, count)
    level = _drawn(dice, spread.document, shape[0])
    shared = _drawn(dice, spread.fact, shape[1])[fact] + _drawn(dice, spread.item, shape[2])
    few = 0 < documents < FEWEST_DOCUMENTS
    scores: dict[Arm, Floats] = {}
    worth: dict[Arm, float] = {}
    for arm, rate in accuracy.items():
        of_document = level + _drawn(dice, spread.document_arm, shape[0])
        noise = _drawn(dice, spread.fact_arm, shape[1])[fact] + _drawn(dice, spread.item_arm, shape[2])
        latent = of_document[document] + shared + noise
        thresholds = [ndtri(one) for one in ((rate - STEP, rate, rate + STEP) if graded else (rate,))]
        scores[arm] = np.mean([latent < one for one in thresholds], axis=0)
        if few:
            left = np.sqrt(1 - spread.document - spread.document_arm)
            worth[arm] = float(np.mean([ndtr((one - of_document[document]) / left) for one in thresholds]))
        else:
            worth[arm] = rate
    return scores, worth


def _drawn(dice: np.random.Generator, variance: float, count: int) -> Floats:
    drawn: Floats = np.sqrt(variance) * dice.standard_normal(count)
    return drawn
