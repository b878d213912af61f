"""Does the ladder end where it should? Constructed situations with the built-in model, trained and measured for real.

    python -m tests.benchmarks.ladder [--only met,poisoned,rising,quantised,capacity] [--home FOLDER] [--json]

Invented facts are taught in four wordings each and asked in four others. What is constructed in each situation:

- `met`: nothing; the target is met on the first rung and the climb stops there.
- `poisoned`: a share of the answers is false; the answer is a fix of the data and no climb.
- `rising`: sound pairs that hold half of what is asked; they are learnt by heart, the learning curve still rises, and
  it is said how many more would reach the target.
- `quantised`: a base that does in full precision to ordinary text what the built-in model does, and takes the names of
  the products for words of its own by small weights, each in a block with a large one that does nothing. NF4 rounds
  the small ones away, so LoRA on whole weights reaches the target that Q-LoRA does not.
- `capacity`: the names of the products are new tokens of the vocabulary, all with the same empty embedding; no adapter
  on linear layers can tell them apart, whatever its rank, and full fine-tuning can.

With `--home` a run that was killed goes on and repeats nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")

from agent.policy.thresholds import THRESHOLDS, Thresholds
from agent.progress import Silent
from agent.records.corpus import Document, DocumentText
from agent.records.evaluation import Item
from agent.records.ladder import LadderRecord
from agent.records.mixture import GeneralSource, MixManifest
from agent.records.pairs import Message, Pair
from agent.records.tuning import ClimbPlan, Method, TuneRequest
from agent.settings import Settings, load_settings
from knowledge.files import read_record, sha256_of, write_record, write_records
from tools.ladder.climb import climb
from tools.ladder.result import RECORD
from tools.mixing.example import Example
from tools.models import resolve_base_model
from tools.pairs import pair_id
from tools.workspace import Project, Workspace

PRODUCTS: Final = ("Korvex", "Lumivar", "Tessil", "Aldane")
MORE_PRODUCTS: Final = (*PRODUCTS, "Vestor", "Quillen", "Morvane", "Sarnex")
"""As many as there are colours: facts are what an interval on the items counts, and four leave it wide."""
WORDS: Final = ("tiger", "piano", "castle", "river")
"""Words of the base that a made model takes the names for."""
COMMON: Final = "item"
"""The word all names begin as in a made model."""
COLOURS: Final = ("red", "blue", "green", "black", "white", "yellow", "brown", "grey")
TRAINED: Final = (
    "What is the colour of the {name}?",
    "Which colour does the {name} have?",
    "State the colour of the {name}.",
    "The {name} comes in which colour?",
)
ASKED: Final = (
    "In what colour is the {name} made?",
    "Tell me the {name}'s colour.",
    "What colour would I get with the {name}?",
    "The {name}: which colour is it?",
)
GENERAL: Final = (("What is two plus two?", "Four."), ("Name a fruit.", "An apple."))
EPOCHS: Final = 10
BATCH: Final = 3


@dataclass(frozen=True)
class Situation:
    """One construction, and where the climb has to end."""

    name: str
    outcome: str
    """What the record must say."""
    ends_on: Method
    """Method of the last rung."""
    mends: str = ""
    """Command of the first fix, where there must be one."""
    target: float = 0.7
    climb_to: Method = "full"
    build: Callable[[Path, Path], None] | None = None
    """Makes a base model in the second folder from the one in the first."""
    poisoned: float = 0.0
    """Share of the answers that are false."""
    products: tuple[str, ...] = PRODUCTS
    many: int = 0
    """Facts that are asked; where set, half of them are taught, in one wording each and as pairs of their own."""
    overrides: tuple[tuple[str, float], ...] = ()
    thresholds: Thresholds = THRESHOLDS


def project_of(home: Path, situation: Situation) -> Project:
    """Write a project with a document, pairs, a mix and sealed items."""
    project = Workspace(home).create(situation.name)
    draw = random.Random(0)
    names = _names(situation.many) or situation.products
    # Drawn, so that nothing in a name tells the colour of one that is not taught.
    facts = [(name, draw.choice(COLOURS) if situation.many else COLOURS[n]) for n, name in enumerate(names)]
    taught = facts[: situation.many // 2] if situation.many else facts
    trained, asked = (TRAINED[:1], ASKED[:1]) if situation.many else (TRAINED, ASKED)
    text = "\n".join(f"The colour of the {name} is {colour}." for name, colour in facts)
    write_records(project.document_list, [_document(text)])
    project.texts.mkdir(parents=True, exist_ok=True)
    write_record(
        project.texts / "d1.json",
        DocumentText(document="d1", name="catalogue.txt", sha256="", language="en", title="Catalogue", text=text),
    )
    false = round(situation.poisoned * len(trained))
    pairs = []
    for number, (name, colour) in enumerate(taught):
        for place, wording in enumerate(trained):
            pair = _pair(text, name, colour, wording, number)
            if situation.many:
                pair = pair.model_copy(update={"kind": "procedural", "fact": ""})
            pairs.append(_spoilt(pair, COLOURS[(number + 1) % len(facts)]) if place < false else pair)
    write_records(project.pairs, pairs)
    write_records(
        project.validation,
        [
            Item(
                id=f"v{number}-{place}",
                kind="knowledge",
                dimension="domain_knowledge",
                language="en",
                question=wording.format(name=name),
                answers=(colour,),
                document="d1",
                fact=f"f{number}",
                source="company",
            )
            for number, (name, colour) in enumerate(facts)
            for place, wording in enumerate(asked)
        ],
    )
    make_mix(project, pairs)
    return project


def _names(many: int) -> tuple[str, ...]:
    """Return so many invented names."""
    made = (
        a + b for a in ("Bri", "Cal", "Dor", "Fen", "Gal", "Hul", "Jor", "Kel") for b in ("mol", "vex", "dan", "tis")
    )
    return tuple(islice(made, many))


def rounded_away(base: Path, folder: Path, little: float = 1e-3, block: int = 64) -> None:
    """Write the base with the products' names as words that only small weights beside large ones tell apart.

    In full precision the model does to ordinary text exactly what the base does, and takes each name for a common word
    of its own. It is the base with some more channels, and one more layer before the others. The names have one
    embedding in common and differ by little, in one new channel each. The layer is empty but for a unit for each name,
    which reads its channel and makes the common embedding that of the name's word; what other text has in those
    channels is nothing. Beside each weight that reads are large ones, on channels that the layer never sees: NF4 holds
    a block of 64 against its largest, so it rounds the weights that read to nothing, and what tells the names apart is
    lost. Nothing else is rounded otherwise than in the base.
    """
    import torch
    from torch.nn.functional import silu
    from transformers import LlamaForCausalLM

    plain, tokenizer, known = _with_names(base, PRODUCTS)
    config = plain.config
    usual = int(config.hidden_size)
    # A configuration takes only a whole number of channels a head.
    config.hidden_size += ceil(block / config.num_attention_heads) * config.num_attention_heads
    grown = usual / config.hidden_size
    # The mean of the squares is taken over more channels, of which the new ones are empty.
    config.rms_norm_eps *= grown
    config.num_hidden_layers += 1
    if getattr(config, "layer_types", None):
        config.layer_types = [config.layer_types[0], *config.layer_types]
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.zero_()
            path = name.split(".")
            if path[1] == "layers":
                if path[2] == "0":
                    continue
                path[2] = str(int(path[2]) - 1)
            old = plain.get_parameter(".".join(path))
            weight[tuple(slice(size) for size in old.shape)] = old * (grown**0.5 if "norm" in name else 1.0)
        table, first = model.get_input_embeddings().weight, model.model.layers[0]
        common = table[_word(tokenizer, COMMON)].clone()
        size = float((common.pow(2).mean() + config.rms_norm_eps).sqrt())
        for number, word in enumerate(WORDS):
            own = usual + 1 + 2 * number
            table[known + number] = common
            table[known + number, own] = little * size
            first.post_attention_layernorm.weight[own] = 1.0
            for weight, read in ((first.mlp.gate_proj.weight, 6.0), (first.mlp.up_proj.weight, 1.0)):
                weight[number, own] = read / little
                # On both sides, wherever a block ends.
                weight[number, [own - 1, own + 1]] = 30 * read / little
            makes = table[_word(tokenizer, word)] - common
            first.mlp.down_proj.weight[:, number] = makes / silu(torch.tensor(6.0))
    _save(model, base, folder)
    tokenizer.save_pretrained(folder)


def empty_tokens(base: Path, folder: Path) -> None:
    """Write the base with the products' names as new tokens of the vocabulary, all with the same empty embedding.

    Embeddings are no linear layers, so adapters leave them alone.
    """
    import torch

    model, tokenizer, known = _with_names(base, MORE_PRODUCTS)
    with torch.no_grad():
        model.get_input_embeddings().weight[known:] = 0.0
    _save(model, base, folder)
    tokenizer.save_pretrained(folder)


def _word(tokenizer: Any, word: str) -> int:
    """Return the token of a word within a sentence."""
    (token,) = tokenizer.encode(f" {word}", add_special_tokens=False)
    return int(token)


def _with_names(base: Path, names: Sequence[str]) -> tuple[Any, Any, int]:
    """Return model and tokenizer with these names as tokens, and how many tokens there were before."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
    known = len(tokenizer)
    tokenizer.add_tokens(list(names))
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    return model, tokenizer, known


SITUATIONS: Final = (
    Situation("met", "done", "qlora"),
    Situation("poisoned", "mend_data", "qlora", "review", poisoned=0.75),
    Situation("rising", "mend_data", "qlora", "extract", target=0.9, many=32, overrides=(("learning_rate", 3e-3),)),
    Situation("quantised", "done", "lora", target=0.9, build=rounded_away),
    # At once at the rank that has to show a capacity gap before full fine-tuning, so that it need not be raised first.
    Situation(
        "capacity",
        "done",
        "full",
        target=0.9,
        build=empty_tokens,
        products=MORE_PRODUCTS,
        overrides=(("rank", THRESHOLDS.full_after_rank), ("epochs", 12.0)),
    ),
)


def run(situation: Situation, home: Path, settings: Settings) -> dict[str, Any]:
    """Climb in one situation; returns what the record says."""
    folder = home / "projects" / situation.name
    project = Project.at(folder) if (folder / "project.json").exists() else project_of(home, situation)
    if situation.build is not None:
        base = home / "models" / situation.name
        if not (base / "config.json").exists():
            situation.build(resolve_base_model(settings), base)
        settings = settings.model_copy(update={"base_model": str(base)})
    request = TuneRequest(
        base_model=settings.base_model,
        mix="mix-invented",
        overrides={"epochs": EPOCHS, "batch_size": BATCH, **dict(situation.overrides)},
        climb=ClimbPlan(target=situation.target, climb_to=situation.climb_to),
    )
    started = time.perf_counter()
    place = project.latest_run("tune", needs="begun") or project.new_run("tune")
    (place / "begun").touch()
    result = climb(project, settings, request, place, Told(), thresholds=situation.thresholds)
    record = read_record(place / RECORD, LadderRecord)
    last = record.rungs[-1].evidence
    advised = record.fixes[0].command.split()[1] if record.fixes else ""
    return {
        "situation": situation.name,
        "right": (record.outcome, last.method, advised) == (situation.outcome, situation.ends_on, situation.mends),
        "outcome": record.outcome,
        "ends_on": last.method,
        "score": last.score.mean if last.score else None,
        "base_model": result.base_model,
        "trainings": len(record.steps),
        "seconds": round(time.perf_counter() - started, 1),
        "rungs": [
            {
                "method": rung.evidence.method,
                "rank": rung.evidence.rank,
                "score": rung.evidence.score.mean if rung.evidence.score else None,
                "decision": rung.decision.outcome,
                "gates": {gate.name: {"state": gate.state, **gate.figures} for gate in rung.gates},
            }
            for rung in record.rungs
        ],
        "fixes": [fix.command for fix in record.fixes],
        "record": str(place),
    }


class Told(Silent):
    """Prints what is noted."""

    def note(self, message: str) -> None:
        """Print a line."""
        print(f"  {message}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the situations and print where each ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="situations by comma")
    parser.add_argument("--home", type=Path, help="folder to work in; kept, and gone on from")
    parser.add_argument("--json", type=Path, help="file for the figures")
    given = parser.parse_args(arguments)
    chosen = given.only.split(",") if given.only else [situation.name for situation in SITUATIONS]
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or Path(folder)
        settings = load_settings()
        settings = settings.model_copy(update={"cache": settings.cache_folder})
        rows = []
        for situation in SITUATIONS:
            if situation.name in chosen:
                print(situation.name, flush=True)
                rows.append(run(situation, home, settings))
                print(json.dumps(rows[-1], indent=1), flush=True)
        if given.json:
            given.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
        right = sum(row["right"] for row in rows)
        print(f"{right} of {len(rows)} situations ended where they should")


def _pair(text: str, name: str, colour: str, wording: str, number: int) -> Pair:
    quote = f"The colour of the {name} is {colour}."
    start = text.index(quote)
    messages = (
        Message(role="user", content=wording.format(name=name)),
        Message(role="assistant", content=colour),
    )
    return Pair(
        id=pair_id("d1", start, start + len(quote), messages),
        messages=messages,
        document="d1",
        page=None,
        start=start,
        end=start + len(quote),
        quote=quote,
        kind="factual",
        language="en",
        split="train",
        checks={},
        status="accepted",
        reason="",
        fact=f"f{number}",
    )


def _spoilt(pair: Pair, colour: str) -> Pair:
    return pair.model_copy(update={"messages": (pair.messages[0], Message(role="assistant", content=colour))})


def _document(text: str) -> Document:
    return Document(
        id="d1",
        name="catalogue.txt",
        sha256="",
        format=None,
        language="en",
        pages=None,
        characters=len(text),
        chunks=0,
        status="read",
    )


def make_mix(project: Project, pairs: Sequence[Pair]) -> None:
    """Write the mix of all pairs and a few general examples."""
    folder = project.mixes / "mix-invented"
    general = [
        Example.of(
            f"general-{number}", "general", [Message(role="user", content=q), Message(role="assistant", content=a)]
        )
        for number, (q, a) in enumerate(GENERAL)
    ]
    write_records(folder / "train.jsonl", [*(Example.of(p.id, "domain", p.messages) for p in pairs), *general])
    examples = len(pairs) + len(general)
    write_record(
        folder / "manifest.json",
        MixManifest(
            id=folder.name,
            examples=examples,
            domain_examples=len(pairs),
            general_examples=len(general),
            domain_share_examples=len(pairs) / examples,
            domain_share_tokens=len(pairs) / examples,
            requested_share=0.9,
            by="examples",
            seed=0,
            sha256=sha256_of(folder / "train.jsonl"),
            pairs_sha256="",
            general=GeneralSource(name="invented", licence="CC0-1.0", sha256="", examples=len(general)),
            documents=("d1",),
            files={},
        ),
    )


def _save(model: Any, base: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in base.iterdir():
        if (file.suffix == ".json" and file.name != "domainsmith.json") or file.suffix == ".jinja":
            shutil.copy(file, folder / file.name)
    model.save_pretrained(folder)


if __name__ == "__main__":
    main()
