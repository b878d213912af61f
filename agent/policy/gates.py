"""What measurements say about the method: one gate for each row of the table, on intervals and never on means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from agent.policy.measurements import Difference, Level, Measurements
from agent.policy.power import items_needed, items_to_add, smallest_detectable
from agent.policy.reasons import reason
from agent.policy.thresholds import Thresholds
from agent.prompts.decisions import GATES
from agent.prompts.phrases import count_points, fill, percent
from agent.records.base import Language
from agent.records.decision import Reason
from agent.records.evaluation import Arm

Verdict = Literal["yes", "no", "undecided"]


@dataclass
class Gates:
    """Which gates fired; `None` where nothing was measured for one."""

    fix_retrieval: bool = False
    knowledge_gap: bool = False
    weak_reader: bool = False
    form_fails: bool = False
    distractors: bool = False
    forgetting: bool = False
    held_out: bool = False
    """Only retrieval knows the facts of documents that no pair came from."""
    rag_helps: Verdict | None = None
    """RAG against the closed book."""
    tuning_pays: Verdict | None = None
    """The tuned arm against the same arm without tuning, or against RAG."""
    compared: tuple[Arm, Arm] | None = None
    """The arms of that comparison, the tuned one second."""
    rag_beside_tuned: Verdict | None = None
    """Tuned with RAG against tuned alone."""
    rag_below_target: bool = False
    more_items: int = 0
    """Items still needed where an interval spans zero."""
    target_assumed: bool = False
    """A gate fired on the default target."""
    reasons: list[Reason] = field(default_factory=list)
    verdict: list[Reason] = field(default_factory=list)
    """Reasons of the comparison that decides about tuning; they stand first."""


@dataclass(frozen=True)
class _Ground:
    """What every gate looks at."""

    seen: Measurements
    target: float | None
    thresholds: Thresholds
    lang: Language

    def say(self, key: str, article: str, one: Difference | Level, **values: object) -> Reason:
        name = "difference" if isinstance(one, Difference) else "level"
        text = one.text(self.lang, self.thresholds)
        return reason(GATES, key, self.lang, article, *one.evidence, **{name: text}, **values)

    @property
    def limit(self) -> float:
        return self.thresholds.default_target if self.target is None else self.target

    @property
    def limit_text(self) -> str:
        key = "target_assumed" if self.target is None else "target"
        return fill(GATES, key, self.lang, target=percent(self.limit))

    @property
    def worthwhile(self) -> str:
        return count_points(self.thresholds.worthwhile)


def apply_gates(seen: Measurements, target: float | None, thresholds: Thresholds, lang: Language) -> Gates:
    """Return every gate that fires, with its reason.

    Args:
        seen: What was measured.
        target: Accuracy that is good enough, a fraction; `None` takes the default and says so.
        thresholds: The numbers to decide by.
        lang: Language of the reasons.
    """
    ground, gates = _Ground(seen, target, thresholds, lang), Gates()
    _retrieval(ground, gates)
    _reader(ground, gates)
    _rag(ground, gates)
    _form(ground, gates)
    _tuning(ground, gates)
    _side_effects(ground, gates)
    return gates


def _retrieval(ground: _Ground, gates: Gates) -> None:
    lost, limit = ground.seen.differences.get(("rag", "oracle")), ground.thresholds.gap
    if lost is None or lost.low <= limit:
        return
    recall = ground.seen.recall
    if recall is not None and recall >= ground.thresholds.good_recall:
        gates.distractors = True
        gates.reasons.append(ground.say("distractors", "fine-tuning", lost, recall=percent(recall)))
    else:
        gates.fix_retrieval = True
        gates.reasons.append(ground.say("fix_retrieval", "retrieval-first", lost, gap=count_points(limit)))


def _reader(ground: _Ground, gates: Gates) -> None:
    oracle = ground.seen.levels.get("oracle")
    if oracle is None or oracle.high >= ground.limit:
        return
    gates.weak_reader, gates.target_assumed = True, ground.target is None
    gates.reasons.append(ground.say("weak_reader", "fine-tuning", oracle, target=ground.limit_text))


def _rag(ground: _Ground, gates: Gates) -> None:
    rag = ground.seen.levels.get("rag")
    gates.rag_below_target = rag is not None and rag.high < ground.limit
    gain, gap = ground.seen.differences.get(("base", "rag")), ground.thresholds.gap
    if gain is None:
        return
    if gain.low > gap:
        gates.knowledge_gap, gates.rag_helps = True, "yes"
        gates.reasons.append(ground.say("knowledge_gap", "rag", gain, gap=count_points(gap)))
        return
    gates.rag_helps = _verdict(gain, ground.thresholds)
    match gates.rag_helps:
        case "yes":
            gates.reasons.append(ground.say("rag_helps", "rag", gain, gap=count_points(gap)))
        case "no":
            gates.reasons.append(ground.say("rag_useless", "rag", gain, effect=ground.worthwhile))
        case "undecided":
            gates.reasons.append(_open(ground, gates, gain))


def _form(ground: _Ground, gates: Gates) -> None:
    rag, form = ground.seen.levels.get("rag"), ground.seen.form
    if rag is None or form is None or rag.low < ground.limit or form.high >= ground.limit:
        return
    gates.form_fails, gates.target_assumed = True, gates.target_assumed or ground.target is None
    why = reason(
        GATES,
        "form_fails",
        ground.lang,
        "fine-tuning",
        *rag.evidence,
        *form.evidence,
        level=rag.text(ground.lang, ground.thresholds),
        form=form.text(ground.lang, ground.thresholds),
        target=ground.limit_text,
        curated=ground.thresholds.curated_examples,
    )
    gates.reasons.append(why)


def _tuning(ground: _Ground, gates: Gates) -> None:
    """Compare the tuned arm with the best that needs no tuning: RAG, or the closed book where RAG was not measured."""
    pairs: tuple[tuple[Arm, Arm], ...] = (("rag", "tuned+rag"), ("rag", "tuned"), ("base", "tuned"))
    hit = next((pair for pair in pairs if pair in ground.seen.differences), None)
    if hit is None:
        return
    gain, gates.compared = ground.seen.differences[hit], hit
    gates.tuning_pays = _verdict(gain, ground.thresholds)
    match gates.tuning_pays:
        case "yes":
            gates.verdict.append(ground.say("tuning_pays", "verdict", gain))
        case "no":
            key = "ship_rag" if hit == ("rag", "tuned+rag") else "tuning_fails"
            gates.verdict.append(ground.say(key, "verdict", gain, effect=ground.worthwhile))
        case "undecided":
            gates.verdict.append(_open(ground, gates, gain))
    beside = ground.seen.differences.get(("tuned", "tuned+rag"))
    if beside is not None:
        gates.rag_beside_tuned = _verdict(beside, ground.thresholds)


def _side_effects(ground: _Ground, gates: Gates) -> None:
    seen, limit = ground.seen, ground.thresholds.general_drop
    if seen.held_out is not None and seen.held_out.low > ground.thresholds.gap:
        gates.held_out = True
        gates.reasons.append(ground.say("held_out", "retrieval-first", seen.held_out))
    if seen.general is not None and seen.general.high < -limit:
        gates.forgetting = True
        gates.reasons.append(ground.say("forgetting", "replay", seen.general, limit=count_points(limit)))
    for dimension, one in seen.harms:
        gates.reasons.append(ground.say("harm", "dimensions", one, dimension=dimension))
    if 0 < seen.items < ground.thresholds.full_verdict_items:
        full = ground.thresholds.full_verdict_items
        text = reason(GATES, "small_set", ground.lang, "statistics", "items", n=seen.items, full=full)
        gates.reasons.append(text)


def rag_dropped(seen: Measurements, thresholds: Thresholds, lang: Language) -> Reason:
    """Return the reason for which a tuned model goes without RAG; both arms must have been measured."""
    beside = seen.differences["tuned", "tuned+rag"]
    ground = _Ground(seen, None, thresholds, lang)
    return ground.say("rag_dropped", "verdict", beside, effect=ground.worthwhile)


def _verdict(gain: Difference, thresholds: Thresholds) -> Verdict:
    """Say whether there is a gain; what was not shown is not therefore absent.

    "No" takes a loss, or enough items by the power rule and an interval that leaves no room for a gain worth having:
    the rule of an equivalence test (Schuirmann 1987), here at 2.5% on the one side that matters.
    """
    if gain.low > 0:
        return "yes"
    enough = _missing_items(gain, thresholds.worthwhile, thresholds) == 0
    if gain.high < 0 or (enough and gain.high < thresholds.worthwhile):
        return "no"
    return "undecided"


def _open(ground: _Ground, gates: Gates, gain: Difference) -> Reason:
    """Return why a comparison decides nothing, and ask for the items that would."""
    thresholds = ground.thresholds
    more = _missing_items(gain, thresholds.worthwhile, thresholds)
    more_fine = _missing_items(gain, thresholds.fine_difference, thresholds)
    fine = count_points(thresholds.fine_difference)
    gates.more_items = max(gates.more_items, more or more_fine)
    if not more:
        values = {"effect": ground.worthwhile, "more": more_fine, "fine": fine}
        return ground.say("still_open", "not-enough-evidence", gain, **values)
    smallest = gain.smallest
    if smallest is None:
        smallest = smallest_detectable(gain.n, thresholds.discordance, thresholds.power, 1 - thresholds.confidence)
    return ground.say(
        "too_few",
        "not-enough-evidence",
        gain,
        n=gain.n,
        smallest=count_points(round(smallest, 2)),
        more=more,
        effect=ground.worthwhile,
        more_fine=more_fine,
        fine=fine,
    )


def _missing_items(gain: Difference, difference: float, thresholds: Thresholds) -> int:
    """Return how many more items the power rule asks for; the measured disagreement goes before the assumed one."""
    alpha = 1 - thresholds.confidence
    if gain.smallest is not None:
        return items_to_add(gain.n, difference, gain.smallest, gain.discordance, gain.design, thresholds.power, alpha)
    needed = items_needed(difference, thresholds.discordance, thresholds.power, alpha)
    return max(0, needed - gain.n)
