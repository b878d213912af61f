"""General data that the base model writes itself, so that training rehearses what it could do before.

The model is given no more than the beginning of its own chat template, up to where a user would speak, and goes on:
what it writes is an instruction as it knows them, and its own reply is the answer. Both are kept if they pass the
checks that need no document, and if nothing written before says nearly the same.
Sources: Huang et al., self-synthesized rehearsal (2024); Xu et al., Magpie (2024).

    opened = self_made(project, settings, rows=100, seed=0, reporter=reporter)

Blocks are written to `general.jsonl` one by one and each depends on the seed and its number alone, so a killed run goes
on where it was and ends with the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

from agent.errors import WorkFailedError
from agent.progress import Reporter, Silent
from agent.prompts.forms import system_message
from agent.records.base import Language, Record
from agent.records.pairs import Message
from agent.settings import Settings
from knowledge.files import read_records, write_records
from tools.extraction.checks import Candidate, first_failure, judge, scores
from tools.extraction.similarity import NEAR_DUPLICATE, is_chinese, jaccard, words
from tools.generation import Generator
from tools.mixing.general import General
from tools.models import load_model, load_tokenizer, resolve_base_model
from tools.workspace import Project

_BLOCK: Final = 16
"""Instructions written at a time."""
_TRIES: Final = 16
"""Most instructions written for one that is kept."""
_INSTRUCTION_TOKENS: Final = 64
_ANSWER_TOKENS: Final = 192
_TEMPERATURE: Final = 0.7
"""Seen with the 135M model: at 1.0 half of what it writes makes no sense."""
_TOP_P: Final = 0.9
_LONGEST: Final = (600, 1500)
"""Characters of the longest instruction and answer."""
_MARK: Final = "\x02here a user speaks\x03"
_CHECKS: Final = (
    "question_standalone",
    "no_answer_leak",
    "language_match",
    "question_is_question",
    "no_instruction",
    "no_personal_data",
)
"""The checks of pairs that need no document."""
_OF_INSTRUCTIONS: Final = ("question_standalone", "question_is_question", "no_instruction", "no_personal_data")
"""Those of them that an instruction fails whatever the answer."""
_LEAST_WORDS: Final = 3
"""Words that an instruction has at least."""


class SelfMade(Record):
    """One block of instructions and answers that a base model wrote; one line of `general.jsonl`."""

    id: str
    source: str = "self"
    made_by: str
    """The base model and a hash of what makes a block what it is: weights, template, seed and the numbers above."""
    block: int
    """Number of the block it was written in, from 0."""
    messages: tuple[Message, ...]
    """The instruction and its answer; empty for the mark that a block was finished with nothing kept."""


def self_made(project: Project, settings: Settings, *, rows: int, seed: int, reporter: Reporter) -> General:
    """Let the base model write general data, or take what it wrote before.

    Args:
        project: Keeps what was written in its `general.jsonl`; owned by the caller.
        settings: Name the base model.
        rows: Most examples; fewer come back if the model writes too little that can be kept.
        seed: Of what is written.
        reporter: Hears of the progress; may stop the work between blocks.

    Raises:
        WorkFailedError: The model wrote nothing that can be kept.
    """
    folder = resolve_base_model(settings, reporter)
    tokenizer = load_tokenizer(folder)
    opening = opening_of(tokenizer)
    key = hashlib.sha256(
        f"{_weights(folder)}\x1f{opening}\x1f{seed}\x1f{_BLOCK}\x1f{_TEMPERATURE}\x1f{_TOP_P}".encode()
    ).hexdigest()[:16]
    name = f"{settings.base_model} {key}"
    kept = [row for row in read_records(project.general, SelfMade) if row.made_by == name]
    written = 1 + max((row.block for row in kept), default=-1)
    writer: Generator | None = None
    while sum(bool(row.messages) for row in kept) < rows and written * _BLOCK < rows * _TRIES:
        reporter.check()
        reporter.progress(sum(bool(row.messages) for row in kept), rows, "examples", "the base model writes")
        if writer is None:
            model = load_model(folder, compute_type="fp32")
            writer = Generator(model, tokenizer)
        before = [row.messages for row in kept]
        asked = worth_answering(_instructions(model, tokenizer, opening, seed, written), before)
        fresh = keep(_answered(writer, asked, reporter), before)
        kept += [
            SelfMade(id=f"self-{written}-{n}", made_by=name, block=written, messages=(q, a))
            for n, (q, a) in enumerate(fresh)
        ] or [SelfMade(id=f"self-{written}", made_by=name, block=written, messages=())]
        written += 1
        write_records(project.general, kept)
    chosen = [row for row in kept if row.messages][:rows]
    if not chosen:
        raise WorkFailedError(
            "the base model wrote no instruction that passes the checks",
            where=settings.base_model,
            mend="take --general builtin or a file; a base model without a chat template of its own cannot do it",
        )
    work = project.general.with_name("general-self.jsonl")
    write_records(work, chosen)
    return General(work, "self", f"output of the base model {settings.base_model}, under its licence", made_by=name)


def opening_of(tokenizer: Any) -> str:
    """Return what a model's chat template puts before the first words of a user, with the product's system line."""
    turns = [system_message("en").model_dump(), {"role": "user", "content": _MARK}]
    text = str(tokenizer.apply_chat_template(turns, tokenize=False))
    return text.partition(_MARK)[0]


def keep(
    written: Iterable[tuple[Message, Message]], before: Sequence[Sequence[Message]]
) -> list[tuple[Message, Message]]:
    """Return the instructions and answers that pass the checks and repeat none that was kept before.

    Args:
        written: Instructions with their answers.
        before: What was kept already.
    """
    asked = [messages[0].content for messages in before if messages]
    kept: list[tuple[Message, Message]] = []
    for question, answer in written:
        if _passes(question.content, answer.content) and not _repeats(question.content, asked):
            kept.append((question, answer))
            asked.append(question.content)
    return kept


def worth_answering(written: Iterable[str], before: Sequence[Sequence[Message]]) -> list[str]:
    """Return the instructions that some answer could make an example; an answer takes most of the time.

    Args:
        written: Instructions.
        before: What was kept already.
    """
    asked = [messages[0].content for messages in before if messages]
    return [text for text in written if _passes(text, "", _OF_INSTRUCTIONS) and not _repeats(text, asked)]


def _repeats(question: str, asked: Iterable[str]) -> bool:
    return any(jaccard(question, other) >= NEAR_DUPLICATE for other in asked)


def _passes(question: str, answer: str, checks: Sequence[str] = _CHECKS) -> bool:
    language: Language = "zh" if is_chinese(question) else "en"
    if len(words(question)) < _LEAST_WORDS or len(question) > _LONGEST[0] or len(answer) > _LONGEST[1]:
        return False
    made = scores(judge(Candidate(question, answer, answer, answer, 0, language)))
    return not first_failure({name: made[name] for name in checks}) and _varied(answer)


def _varied(answer: str) -> bool:
    """Return whether an answer does not go round in circles: of its words, at least every second is a new one."""
    parts = answer.split()
    return len(parts) < 10 or 2 * len(set(parts)) >= len(parts)


def _instructions(model: Any, tokenizer: Any, opening: str, seed: int, block: int) -> list[str]:
    """Return what the model writes where a user would speak; those it did not finish are left out."""
    import torch

    prompt = tokenizer(opening, add_special_tokens=False, return_tensors="pt").to(model.device)
    drawn = int.from_bytes(hashlib.sha256(f"{seed}:{block}".encode()).digest()[:6], "big")
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(drawn)
        replies = model.generate(
            **prompt,
            do_sample=True,
            temperature=_TEMPERATURE,
            top_p=_TOP_P,
            top_k=0,
            max_new_tokens=_INSTRUCTION_TOKENS,
            num_return_sequences=_BLOCK,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    found = []
    for reply in replies[:, prompt["input_ids"].shape[1] :].tolist():
        if tokenizer.eos_token_id in reply:
            text = tokenizer.decode(reply[: reply.index(tokenizer.eos_token_id)], skip_special_tokens=True)
            found.append(str(text).strip())
    return [text for text in found if text]


def _answered(writer: Generator, asked: Sequence[str], reporter: Reporter) -> list[tuple[Message, Message]]:
    prompts = [
        (system_message("zh" if is_chinese(text) else "en"), Message(role="user", content=text)) for text in asked
    ]
    if not prompts:
        return []
    replies = writer.generate(prompts, _ANSWER_TOKENS, _Stop(reporter), adapter=False)
    return [
        (prompt[1], Message(role="assistant", content=reply.text))
        for prompt, reply in zip(prompts, replies, strict=True)
        if reply.text and not reply.truncated
    ]


def _weights(folder: Any) -> str:
    """Return a hash of what a model is, by its configuration and the sizes of its weights."""
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.suffix in (".json", ".jinja"):
            digest.update(file.read_bytes())
        elif file.suffix == ".safetensors":
            digest.update(f"{file.name}:{file.stat().st_size}".encode())
            with file.open("rb") as weights:
                digest.update(weights.read(1 << 20))
    return digest.hexdigest()


class _Stop(Silent):
    """Passes the wish to stop on, and keeps the progress of single answers out of that of the examples."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def check(self) -> None:
        """Stop where the reporter wants to."""
        self._reporter.check()
