"""Which arm answers which item, from what prompt and with which context.

    base    the base model alone          oracle      the base model with the gold passage
    rag     the base model with retrieval tuned       the tuned model alone
                                          tuned+rag   the tuned model with retrieval

Reading items bring their passage along, so `base` and `tuned` read it; `faithfulness` is read from the item's own
passage by `base` and `tuned` and from retrieval by `rag` and `tuned+rag`. An unanswerable item made by putting the
passage of another thing before a question is unanswerable from that passage only, so retrieval is not asked it. Spokes
that no context can change are asked of `base` and `tuned` only: `rag` is the base model there and stays absent, not
copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from agent.progress import Reporter
from agent.prompts.choices import GAP, filled_pairs, option_pairs, sentence_pairs
from agent.prompts.forms import closed_book, with_context
from agent.records.base import Language
from agent.records.corpus import Chunk, Retrieved
from agent.records.evaluation import ARMS, Arm, Dimension, EvaluateRequest, Item
from agent.records.pairs import Message
from tools.evaluation.normalisation import tokenise
from tools.generated import Generated

ARMS_OF: Final[dict[Dimension, tuple[Arm, ...]]] = {
    "domain_knowledge": ARMS,
    "domain_knowledge_held_out": ARMS,
    "faithfulness": ("base", "rag", "tuned", "tuned+rag"),
    "understanding": ("base", "tuned"),
    "syntax": ("base", "tuned"),
    "disambiguation": ("base", "tuned"),
    "tokenization": ("base", "tuned"),
    "instruction_following": ("base", "tuned"),
    "general_ability": ("base", "tuned"),
}
TUNED: Final[tuple[Arm, ...]] = ("tuned", "tuned+rag")
"""Arms answered with the adapter on."""
WITH_RETRIEVAL: Final[tuple[Arm, ...]] = ("rag", "tuned+rag")
"""Arms that read what retrieval found."""
KEPT_TO_ITS_PASSAGE: Final[tuple[Arm, ...]] = ("oracle", *WITH_RETRIEVAL)
"""Arms that answer as the product does; `base` and `tuned` show what a model alone makes of a passage."""
READS_ITS_PASSAGE: Final[tuple[Dimension, ...]] = ("understanding", "faithfulness", "disambiguation")
"""Dimensions whose `base` and `tuned` arms read the item's own passage."""
CONFLATED: Final = "conflated"
"""Question kind of a sentence with a gap, whose continuation is scored; `tools.validation.conflated`."""
INSTRUCTION_TOKENS: Final = 64
"""Room for the longest built-in instruction: five bullets or a small JSON object."""
TOKENS_PER_GOLD_TOKEN: Final = 3
"""Model tokens allowed for each word or character of the longest accepted answer."""

Form = Literal["generate", "options", "pair", "term"]


class ArmModel(Protocol):
    """What an evaluation needs of a model; `tools.generation.Generator` is one."""

    tokenizer: Any
    """Has `encode(text, add_special_tokens=False)` and `decode(ids)`."""

    def generate(
        self,
        conversations: Sequence[Sequence[Message]],
        max_new_tokens: int,
        reporter: Reporter | None = None,
        *,
        adapter: bool | None = None,
    ) -> Sequence[Generated]:
        """Answer conversations, greedily."""

    def logprobs(
        self, pairs: Sequence[tuple[str, str]], reporter: Reporter | None = None, *, adapter: bool | None = None
    ) -> Sequence[tuple[float, int]]:
        """Return summed log-probability and number of tokens of each continuation."""


@dataclass(frozen=True)
class BuiltContext:
    """Passages as the model sees them."""

    passages: tuple[str, ...]
    chunks: tuple[str, ...]
    """Chunk ids behind the passages, best first."""
    silent: bool = False
    """Whether retrieval doubts the passages so much that none is read; the answer is an abstention."""
    told: tuple[str, str] | None = None
    """(of what, what) the one passage tells, where it is a table's cell or a `Label: value` line."""

    @property
    def text(self) -> str:
        """The passages as one text."""
        return "\n\n".join(self.passages)


@dataclass(frozen=True)
class Reading:
    """How context is cut for a question and how an abstention is told: `knowledge.answering`, or a test's stand-in."""

    build: Callable[[str, Sequence[Retrieved], Language], BuiltContext]
    abstained: Callable[[str, Language], bool]
    kept_to: Callable[[tuple[str, str] | None, str, str, Language], str]
    """Of (told, answer, question, language): the answer, or the passage's own words where it leaves them out."""


@dataclass(frozen=True)
class Task:
    """One answer to obtain."""

    item: Item
    arm: Arm
    form: Form
    conversation: tuple[Message, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    context: BuiltContext | None = None
    """`None` for a closed-book question."""
    max_new_tokens: int = 0
    error: str = ""
    """Why the task cannot be asked; it is counted as an error."""
    cost: float = field(default=1.0)
    """Work to expect, in prompt tokens; only for the estimate of the time left."""


def plan(
    items: Sequence[Item],
    arms: Sequence[Arm],
    retrieved: Mapping[str, Sequence[Retrieved]],
    chunks: Sequence[Chunk],
    reading: Reading,
    request: EvaluateRequest,
) -> list[Task]:
    """Return every answer to obtain, arm by arm, dimension by dimension, short prompts first.

    Args:
        items: What to ask.
        arms: Of whom.
        retrieved: What retrieval found for each item id.
        chunks: The project's chunks; they lend gold passages the headings they stand under.
        reading: Cuts the context.
        request: Length of answers.
    """
    of_document: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        of_document.setdefault(chunk.document, []).append(chunk)
    gold = {item.id: gold_passage(item, of_document.get(item.document, ())) for item in items if item.context}
    tasks = []
    for arm in (arm for arm in ARMS if arm in arms):
        for dimension in dict.fromkeys(item.dimension for item in items):
            group = [
                _task(item, arm, retrieved, gold.get(item.id), reading, request)
                for item in items
                if item.dimension == dimension and is_asked(item, arm)
            ]
            # Neighbours of one length share a batch without padding.
            tasks.extend(sorted(group, key=lambda task: (task.form, task.max_new_tokens, task.cost)))
    return tasks


def is_asked(item: Item, arm: Arm) -> bool:
    """Whether an item is put to an arm."""
    if arm not in ARMS_OF[item.dimension] or (arm == "oracle" and not item.context):
        return False
    if item.dimension != "faithfulness":
        return True
    return item.answerable or item.source != "auto" if arm in WITH_RETRIEVAL else bool(item.context)


def _task(
    item: Item,
    arm: Arm,
    retrieved: Mapping[str, Sequence[Retrieved]],
    gold: Retrieved | None,
    reading: Reading,
    request: EvaluateRequest,
) -> Task:
    if item.dimension == "tokenization":
        return Task(item, arm, "term", cost=0.1)
    if item.form == "minimal_pair":
        return Task(item, arm, "pair", pairs=sentence_pairs(item.options, item.language), cost=_size(item.options))
    context: BuiltContext | None = None
    if arm in WITH_RETRIEVAL:
        if item.id not in retrieved:
            return Task(item, arm, "generate", error="nothing was retrieved for this item")
        context = reading.build(item.question, retrieved[item.id], item.language)
    elif gold is not None and (arm == "oracle" or item.dimension in READS_ITS_PASSAGE):
        context = reading.build(item.question, [gold], item.language)
    passages = context.passages if context else ()
    if item.form == "choice" and item.question_kind == CONFLATED and GAP in item.question:
        pairs = filled_pairs(item.question, item.options)
        return Task(item, arm, "options", pairs=pairs, cost=_size([p + c for p, c in pairs]))
    if item.form == "choice":
        cloze = item.question_kind == "cloze"
        pairs = option_pairs(item.question, item.options, item.language, passages=passages, cloze=cloze)
        return Task(item, arm, "options", pairs=pairs, context=context, cost=_size([p + c for p, c in pairs]))
    if context is None:
        conversation = closed_book(item.question, item.language)
    else:
        conversation = with_context(item.question, passages, item.language)
    needed = room_for(item, request.max_new_tokens)
    room = needed if request.most_tokens is None else min(needed, request.most_tokens)
    cost = _size([message.content for message in conversation]) + 6 * room
    return Task(item, arm, "generate", conversation, context=context, max_new_tokens=room, cost=cost)


def gold_passage(item: Item, chunks: Sequence[Chunk]) -> Retrieved:
    """Return the item's gold passage in the form of a retrieved chunk, so that every context is cut the same way.

    Args:
        item: An item with a context.
        chunks: Chunks of its document; the one the passage stands in lends its title and headings.
    """
    start = item.start or 0
    home = [chunk for chunk in chunks if item.start is not None and chunk.start <= item.start < chunk.end]
    headings = home[0].headings if home else ()
    chunk = Chunk(
        id=f"{item.document or 'gold'}:{start}-{start + len(item.context)}",
        document=item.document,
        name=home[0].name if home else item.document,
        title=home[0].title if home else "",
        headings=headings,
        page=None,
        start=start,
        end=start + len(item.context),
        text=item.context,
        language=item.language,
    )
    return Retrieved(chunk=chunk, score=1.0)


def room_for(item: Item, short: int) -> int:
    """Return how many tokens an answer to an item gets: `short`, or more where its accepted answer is long."""
    if item.form == "constraint":
        return max(short, INSTRUCTION_TOKENS)
    longest = max((len(tokenise(gold, item.language)) for gold in item.answers), default=0)
    # Few distinct sizes, so that items still share batches.
    return max(short, 16 * -(-TOKENS_PER_GOLD_TOKEN * longest // 16))


def _size(texts: Sequence[str]) -> float:
    """Estimate tokens: about four Latin letters or half a Chinese character each."""
    return sum(sum(0.25 if char < "\u2e80" else 2.0 for char in text) for text in texts)
