"""A model that answers from a script, a simple reading, and a small bilingual project with known facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.prompts.forms import ABSTENTION
from agent.records.base import Language
from agent.records.corpus import Chunk, DocumentText, Retrieved
from agent.records.evaluation import Item
from agent.records.tuning import Hyperparameters, TrainingPoint, TuneResult
from knowledge.files import write_record, write_records
from tools.evaluation.arms import BuiltContext, Reading
from tools.generated import Generated
from tools.workspace import Project, Workspace

Say = Callable[[str, bool], str]
"""What to answer to a user turn, with the adapter on or off."""


class Characters:
    """A tokenizer with one token for every two characters."""

    def encode(self, text: str, add_special_tokens: bool = False) -> list[str]:
        return [text[at : at + 2] for at in range(0, len(text), 2)]

    def decode(self, pieces: Sequence[str]) -> str:
        return "".join(pieces)


class ScriptedModel:
    """Answers from a function, prefers the option that the function names, counts what it was asked."""

    def __init__(self, say: Say, limit: int | None = None) -> None:
        self.tokenizer = Characters()
        self.say = say
        self.limit = limit
        self.asked: list[tuple[str, bool]] = []

    def generate(self, conversations, max_new_tokens, reporter=None, *, adapter=None):
        room = min(max_new_tokens, self.limit or max_new_tokens)
        found = []
        for index, conversation in enumerate(conversations):
            user = conversation[-1].content
            self.asked.append((user, bool(adapter)))
            words = self.say(user, bool(adapter)).split(" ")
            cut = len(words) > room
            text = " ".join(words[:room])
            found.append(
                Generated(text=text, tokens=len(words[:room]), seconds=0.1, seconds_to_first_token=0.1, truncated=cut)
            )
            if reporter is not None:
                reporter.progress(index + 1, len(conversations), "answers")
                reporter.check()
        return found

    def logprobs(self, pairs, reporter=None, *, adapter=None):
        scored = []
        for prompt, continuation in pairs:
            self.asked.append((prompt, bool(adapter)))
            liked = continuation.strip() and continuation.strip() in self.say(prompt, bool(adapter))
            length = max(1, len(continuation.split()))
            scored.append((-0.5 * length if liked else -2.0 * length, length))
        return scored


def whole_chunks(question: str, retrieved: Sequence[Retrieved], language: Language) -> BuiltContext:
    """Show every chunk whole."""
    del question, language
    return BuiltContext(tuple(r.chunk.text for r in retrieved), tuple(r.chunk.id for r in retrieved))


READING = Reading(
    build=whole_chunks,
    abstained=lambda text, language: ABSTENTION[language].rstrip(".。") in text,
    kept_to=lambda told, answer, question, language: answer,
)

MACHINES = ("Arvo", "Belt", "Corin", "Dorum", "Ekko", "Fenda")
ZH = {"Arvo": "阿沃", "Belt": "贝尔", "Corin": "科林", "Dorum": "多伦", "Ekko": "艾可", "Fenda": "芬达"}


def pressure(index: int) -> str:
    return f"{4 + index}.5 bar"


def torque(index: int) -> str:
    return f"{50 + 7 * index} Nm"


def text_of(index: int) -> DocumentText:
    """One English document of two facts; the last is Chinese."""
    name = MACHINES[index]
    if index == len(MACHINES) - 1:
        text = (
            f"# {ZH[name]}手册\n\n{ZH[name]}的额定压力为{pressure(index)}。\n\n{ZH[name]}的螺栓扭矩为{torque(index)}。"
        )
        language: Language = "zh"
    else:
        pressed = f"The rated pressure of the {name} is {pressure(index)}."
        text = f"# {name} manual\n\n{pressed}\n\nThe bolt torque of the {name} is {torque(index)}."
        language = "en"
    return DocumentText(
        document=f"doc-{name.lower()}", name=f"{name}.md", sha256="0", language=language, title=name, text=text
    )


def chunk_of(text: DocumentText, sentence: str) -> Chunk:
    start = text.text.index(sentence)
    return Chunk(
        id=f"{text.document}:{start}-{start + len(sentence)}",
        document=text.document,
        name=text.name,
        title=text.title,
        headings=(),
        page=None,
        start=start,
        end=start + len(sentence),
        text=sentence,
        language=text.language,
    )


def chunks_of(text: DocumentText) -> list[Chunk]:
    return [chunk_of(text, part) for part in text.text.split("\n\n")[1:]]


def knowledge_items() -> list[Item]:
    """Two facts of every machine in two wordings; the documents of the last two machines are held out."""
    items = []
    for index, name in enumerate(MACHINES):
        text = text_of(index)
        held_out = index >= len(MACHINES) - 2
        for fact, gold, chunk in zip(
            ("pressure", "torque"), (pressure(index), torque(index)), chunks_of(text), strict=True
        ):
            subject = {"pressure": ("rated pressure", "额定压力"), "torque": ("bolt torque", "螺栓扭矩")}[fact]
            wordings = (
                (f"{ZH[name]}的{subject[1]}是多少？", f"请问{ZH[name]}的{subject[1]}？")
                if text.language == "zh"
                else (f"What is the {subject[0]} of the {name}?", f"Which {subject[0]} does the {name} have?")
            )
            items += [
                Item(
                    id=f"{name}-{fact}-{number}".lower(),
                    kind="knowledge",
                    dimension="domain_knowledge_held_out" if held_out else "domain_knowledge",
                    language=text.language,
                    question=question,
                    answers=(gold,),
                    document=text.document,
                    start=chunk.start,
                    end=chunk.end,
                    context=chunk.text,
                    fact=f"{name}-{fact}".lower(),
                    question_kind="numeric",
                )
                for number, question in enumerate(wordings)
            ]
    return items


def skill_items() -> list[Item]:
    """One or two items of every other form."""
    reading = knowledge_items()[-3].model_copy(
        update={"id": "read", "kind": "skill", "dimension": "understanding", "fact": ""}
    )
    faithful = reading.model_copy(update={"id": "faithful", "dimension": "faithfulness"})
    silent = faithful.model_copy(
        update={
            "id": "silent",
            "question": "What does the Ekko weigh?",
            "answers": (),
            "answerable": False,
            "language": "en",
        }
    )
    return [
        reading,
        faithful,
        silent,
        Item(
            id="pair",
            kind="skill",
            dimension="syntax",
            form="minimal_pair",
            language="en",
            question="",
            options=("The bolts are tight.", "The bolts is tight."),
            correct=0,
        ),
        Item(
            id="sense",
            kind="skill",
            dimension="disambiguation",
            form="choice",
            language="en",
            question="What does PRV stand for?",
            options=("pressure relief valve", "private road vehicle"),
            correct=0,
        ),
        Item(id="term", kind="skill", dimension="tokenization", language="en", question="Arvo", answers=("Arvo",)),
    ]


def retrieval(items: Sequence[Item], k: int = 2) -> dict[str, tuple[Retrieved, ...]]:
    """Find the gold chunk first, then the other chunk of the document."""
    texts = {text_of(index).document: text_of(index) for index in range(len(MACHINES))}
    found = {}
    for item in items:
        if item.document not in texts:
            continue
        chunks = sorted(chunks_of(texts[item.document]), key=lambda chunk: chunk.start != item.start)
        found[item.id] = tuple(Retrieved(chunk=chunk, score=1.0 / rank) for rank, chunk in enumerate(chunks[:k], 1))
    return found


def reads(user: str) -> str:
    """Answer as a good reader would: the value of the sentence that shares most words with the question."""
    zh = "问题：" in user
    context, _, question = user.rpartition("问题：" if zh else "Question: ")
    wanted = set(question) if zh else set(re.findall(r"\w+", question.lower()))
    best = max(
        context.split("\n"), key=lambda line: len(wanted & (set(line) if zh else set(re.findall(r"\w+", line.lower()))))
    )
    value = re.search(r"[\d.]+ (?:bar|Nm)", best)
    return value.group() if value else ABSTENTION["zh" if zh else "en"]


def knows(user: str, upto: int = 4) -> str:
    """Answer as a model tuned on the first documents would."""
    for index, name in enumerate(MACHINES[:upto]):
        if name in user or ZH[name] in user:
            return pressure(index) if "pressure" in user or "压力" in user else torque(index)
    return "99 bar"


def healthy(user: str, adapter: bool) -> str:
    """Read where there is context, know what was trained, guess otherwise; like the well-formed and right options."""
    if "weigh" in user:
        return ABSTENTION["en"]
    if user == "" or "PRV" in user:
        return "The bolts are tight. pressure relief valve"
    if "Context:" in user or "资料：" in user:
        return reads(user)
    return knows(user) if adapter else "I think it is 99 bar"


def project_in(home: Path, items: Sequence[Item], *, tuned: bool = True) -> Project:
    """Make a project of the six machines with sealed items and, if asked, a finished tuning run."""
    project = Workspace(home).create("machines")
    for index in range(len(MACHINES)):
        text = text_of(index)
        write_record(project.texts / f"{text.document}.json", text)
    write_records(project.chunks, [chunk for index in range(len(MACHINES)) for chunk in chunks_of(text_of(index))])
    write_records(project.validation, items)
    if tuned:
        folder = project.new_run("tune")
        write_record(folder / "result.json", tune_result(folder.name))
    return project


def tune_result(run: str, losses: Sequence[float] = (3.0, 1.2, 0.5, 0.3, 0.29, 0.29), **changes: object) -> TuneResult:
    """A finished run whose loss has settled."""
    history = tuple(
        TrainingPoint(step=step, epoch=step / 2, loss=loss, learning_rate=1e-3, tokens_per_s=100.0)
        for step, loss in enumerate(losses, 1)
    )
    values: dict[str, object] = {
        "run": run,
        "method": "lora",
        "base_model": "builtin",
        "mix": "m",
        "hyperparameters": Hyperparameters(
            epochs=6, learning_rate=1e-3, batch_size=8, max_length=256, rank=16, alpha=32
        ),
        "examples": 40,
        "steps": len(losses),
        "tokens": 1000,
        "trainable_parameters": 10,
        "total_parameters": 100,
        "first_loss": losses[0],
        "last_loss": losses[-1],
        "validation_loss": None,
        "seconds": 1.0,
        "peak_gib": 1.0,
        "tokens_per_s": 100.0,
        "adapter": "adapter",
        "adapter_sha256": "0",
        "history": history,
    }
    return TuneResult(**(values | changes))
