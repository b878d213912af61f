"""The training mix: accepted domain pairs and general data in the asked share, sealed items kept out.

    manifest = mix(project, settings, MixRequest(domain_share=0.3), reporter)

Writes `mixes/<id>/{train.jsonl,validation.jsonl,manifest.json}`. The same pairs, general data and request give the same
bytes and the same id.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from agent.errors import EmptyError, RefusedError
from agent.progress import Reporter
from agent.records.evaluation import Item
from agent.records.mixture import MixManifest
from agent.records.pairs import Pair
from agent.settings import Settings
from knowledge.files import read_record, read_records, write_record, write_records
from tools.extraction.split import saved_split
from tools.mixing.example import Example
from tools.mixing.general import load_general
from tools.mixing.leakage import Leak, find_leaks
from tools.mixing.portions import portion, shuffled
from tools.mixing.request import MixRequest
from tools.pairs import load_pairs
from tools.workspace import Project

_LISTED = 5
"""Leaking examples named in a refusal."""


def mix(
    project: Project,
    settings: Settings,
    request: MixRequest,
    reporter: Reporter,
    count_tokens: Callable[[str], int] | None = None,
) -> MixManifest:
    """Write a training mix.

    Args:
        project: The project, owned by the caller.
        settings: Whether downloads are allowed, and the base model whose tokens count.
        request: Share, sources and limits.
        reporter: Hears of the progress.
        count_tokens: Tokens of a text; if `None`, the base model's tokenizer is loaded for a share by tokens, and words
            stand in for tokens otherwise.

    Returns:
        The manifest, as written.

    Raises:
        EmptyError: There are no accepted pairs.
        InputError: The general data cannot be read or is too little for the share.
        RefusedError: Something leaks from the sealed items into training, or a download is not allowed.
    """
    pairs = [pair for pair in load_pairs(project) if pair.status == "accepted"]
    accepted = pairs_fingerprint(pairs)
    if not any(pair.split == "train" for pair in pairs):
        raise EmptyError(
            "there are no accepted pairs yet", mend="`domainsmith extract` makes them, `review` accepts them"
        )
    reporter.progress(0, 3, "steps", "reading general data")
    general, source = load_general(request.general, settings)
    reporter.check()
    reporter.progress(1, 3, "steps", "looking for leaks")
    leaks = _leaks(project, pairs, general)
    if leaks and not request.drop_leaks:
        raise _refusal(leaks)
    leaking = {leak.example for leak in leaks}
    pairs = [pair for pair in pairs if pair.id not in leaking]
    general = [example for example in general if example.id not in leaking]
    training = [pair for pair in pairs if pair.split == "train"]
    if not training:
        raise EmptyError(
            "no pair is left without the leaking ones", mend="`domainsmith extract` again makes other wordings"
        )
    reporter.check()
    reporter.progress(2, 3, "steps", "choosing examples")
    count = count_tokens or (_tokenizer(settings) if request.by == "tokens" else None)
    size: Callable[[Example], int] = (lambda e: e.words) if count is None else (lambda e: count(e.text))
    portions = portion(training, general, request, size)
    examples = shuffled([*portions.domain, *portions.general], request.seed)
    held = [Example.of(pair.id, "domain", pair.messages) for pair in pairs if pair.split == "validation"]
    sha256 = hashlib.sha256("".join(f"{example.line()}\n" for example in examples).encode()).hexdigest()
    folder = project.mixes / f"mix-{sha256[:12]}"
    chosen = {example.id for example in portions.domain}
    tokens = [sum(size(example) for example in part) for part in (portions.domain, portions.general)]
    notes = list(portions.notes)
    if leaks:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(Counter(leak.kind for leak in leaks).items()))
        notes.append(f"{len(leaks)} examples left out because they leak ({kinds})")
    manifest = MixManifest(
        id=folder.name,
        examples=len(examples),
        domain_examples=len(portions.domain),
        general_examples=len(portions.general),
        domain_share_examples=len(portions.domain) / len(examples),
        domain_share_tokens=tokens[0] / max(1, sum(tokens)),
        requested_share=request.domain_share,
        by=request.by,
        seed=request.seed,
        sha256=sha256,
        pairs_sha256=hashlib.sha256("\n".join(example.id for example in portions.domain).encode()).hexdigest(),
        accepted_sha256=accepted,
        general=source,
        documents=tuple(sorted({pair.document for pair in training if pair.id in chosen and pair.document})),
        files={name: str(folder / name) for name in ("train.jsonl", "validation.jsonl", "manifest.json")},
        general_repeats=portions.repeats,
        validation_examples=len(held),
        leaks_dropped=len(leaks),
        token_unit="words" if count is None else "tokens",
        notes=tuple(notes),
    )
    write_records(folder / "train.jsonl", examples)
    write_records(folder / "validation.jsonl", held)
    write_record(folder / "manifest.json", manifest)
    reporter.progress(3, 3, "steps", f"{len(examples)} examples")
    return manifest


def pairs_fingerprint(pairs: Iterable[Pair]) -> str:
    """Return a hash over what the accepted pairs say; a mix made from other pairs is out of date."""
    digest = hashlib.sha256()
    for pair in sorted((pair for pair in pairs if pair.status == "accepted"), key=lambda pair: pair.id):
        digest.update(f"{pair.id}\x1f{pair.split}\x1f{pair.question}\x1f{pair.answer}\x1e".encode())
    return digest.hexdigest()


def latest_mix(project: Project) -> MixManifest | None:
    """Return the manifest written last; `None` if nothing was mixed yet."""
    newest = max(project.mixes.glob("*/manifest.json"), key=lambda path: path.stat().st_mtime_ns, default=None)
    return read_record(newest, MixManifest) if newest else None


def _leaks(project: Project, pairs: Sequence[Pair], general: Sequence[Example]) -> list[Leak]:
    items = list(read_records(project.validation, Item))
    split = saved_split(project)
    held_out = set(split.held_out) if split else set()
    # A document whose passages are sealed stays out of training, even if the split was drawn anew since.
    held_out |= {item.document for item in items if item.kind == "skill" and item.source == "auto" and item.document}
    domain = [Example.of(pair.id, "domain", pair.messages) for pair in pairs]
    return find_leaks([*domain, *general], {pair.id: pair for pair in pairs}, items, held_out)


def _refusal(leaks: Sequence[Leak]) -> RefusedError:
    listed = "; ".join(f"{leak.example} ({leak.kind} {leak.item}: {leak.text[:60]})" for leak in leaks[:_LISTED])
    more = f"; and {len(leaks) - _LISTED} more" if len(leaks) > _LISTED else ""
    return RefusedError(
        f"{len(leaks)} training examples share something with the sealed items",
        where=f"{listed}{more}",
        mend="leave them out with --drop-leaks, reject them in `review`, or build the validation set anew",
    )


def _tokenizer(settings: Settings) -> Callable[[str], int]:
    from tools.models import load_tokenizer, resolve_base_model

    tokenizer = load_tokenizer(resolve_base_model(settings))
    return lambda text: len(tokenizer(text)["input_ids"])
