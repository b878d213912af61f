"""The training mix: accepted domain pairs and general data in the asked share, sealed items kept out.

    manifest = mix(project, settings, MixRequest(domain_share=0.3), reporter)

Writes `mixes/<id>/{train.jsonl,validation.jsonl,manifest.json,README.md}`, the last a dataset card. The same pairs,
general data and request give the same bytes and the same id. Two passes over the data, none of which holds it: the
first notes where each row stands and what is known of it, the second reads the chosen rows again in their seeded order.
A mix is made in a folder of its own and shows up whole; what a killed one left is removed by the next.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from agent.errors import EmptyError
from agent.progress import Reporter
from agent.records.mixture import MixManifest
from agent.records.pairs import Pair
from agent.settings import Settings
from knowledge.files import read_record, sync_folder, write_bytes_atomically, write_record, write_text
from tools.cleaning.personal import find_personal, mask
from tools.conversations import Turn
from tools.mixing.card import CARD, mix_card
from tools.mixing.domain import Domain, documents_of, pair_lines, place_of, turns_of_pair
from tools.mixing.general import General, nothing_in, open_general, source_of
from tools.mixing.leakage import Seals
from tools.mixing.parts import same_words
from tools.mixing.pool import Pool, Rows, scan
from tools.mixing.portions import portion, shuffled
from tools.mixing.remarks import cleaning_notes, leak_notes
from tools.mixing.repetitions import without_near
from tools.mixing.request import BUILTIN_GENERAL, SELF_GENERAL, MixRequest
from tools.mixing.sealed import seals_of
from tools.mixing.swept import PILOT
from tools.mixing.writing import Counted, PersonalLog, Written, held_lines, text_of, training_lines, words_of
from tools.workspace import Project

_LEAKS_KEPT: Final = 100
_STRATA_NAMED: Final = 50
_MAKING: Final = ".making-"
"""Beginning of the name of a folder in which a mix is being made."""
_NO_MIX: Final = (_MAKING, PILOT)


def mix(
    project: Project,
    settings: Settings,
    request: MixRequest,
    reporter: Reporter,
    count_tokens: Callable[[str], int] | None = None,
    *,
    prefix: str = "mix",
) -> MixManifest:
    """Write a training mix.

    Args:
        project: The project, owned by the caller.
        settings: Whether downloads are allowed, and the base model whose tokens count.
        request: Share, sources and limits.
        reporter: Hears of the progress.
        count_tokens: Tokens of a text; if `None`, the base model's tokenizer is loaded for a share by tokens, and words
            stand in for tokens otherwise.
        prefix: Beginning of the mix's id; `latest_mix` passes over a `pilot`.

    Returns:
        The manifest, as written.

    Raises:
        EmptyError: There are no accepted pairs.
        InputError: The general data cannot be read or is too little for the share.
        RefusedError: Something leaks from the sealed items into training, or a download is not allowed.
    """
    if not any(pair.status == "accepted" and pair.split == "train" for pair, _, _ in pair_lines(project)):
        raise EmptyError(
            "there are no accepted pairs yet", mend="`domainsmith extract` makes them, `review` accepts them"
        )
    with _making(project) as work:
        return _mixed(project, settings, request, reporter, count_tokens, work, prefix)


def _mixed(
    project: Project,
    settings: Settings,
    request: MixRequest,
    reporter: Reporter,
    count_tokens: Callable[[str], int] | None,
    work: Path,
    prefix: str,
) -> MixManifest:
    seals = seals_of(project, request.against)
    log = PersonalLog(request.personal, request.names, request.people)
    count = count_tokens or (_tokenizer(settings) if request.by == "tokens" else None)
    size: Counted = count or words_of
    reporter.progress(0, 4, "steps", "reading the pairs")
    domain, seen = _domain(project, request, seals, log, reporter)
    reporter.progress(1, 4, "steps", "reading general data, looking for leaks")
    opened = _opened(project, settings, request, work, reporter)
    log.trusted = request.general == BUILTIN_GENERAL
    pool = scan(
        opened,
        weigh=_weighing(request, size),
        seals=seals,
        seen=seen,
        drop_same=request.duplicates != "keep",
        refuse=(lambda row, turns: log.forbids(f"general-{row + 1}", turns))
        if request.personal == "drop" and not log.trusted
        else None,
        reporter=reporter,
    )
    if not len(pool):
        raise nothing_in(opened)
    notes = leak_notes(domain, pool, settings.lang, drop=request.drop_leaks)
    if not domain.training:
        raise EmptyError(
            "no pair is left to train on", mend="`domainsmith extract` again makes other wordings, or keep more of them"
        )
    with Rows(project.pairs) as pairs, Rows(opened.path) as general:
        if request.duplicates == "near":
            pool.repeated += without_near(pool, general, reporter)
        reporter.progress(2, 4, "steps", "choosing examples")
        weigh = _weighing(request, size)
        portions = portion(
            domain.training,
            None if weigh is None else lambda number: weigh(_turns_at(pairs, domain, number)),
            np.where(pool.usable, pool.weights, 0),
            pool.strata,
            request,
            settings.lang,
        )
        order = shuffled(len(portions.domain) + len(portions.general), request.seed)
        reporter.progress(3, 4, "steps", f"writing {len(order)} examples")
        written, held = Written(), Written()
        lines = training_lines(order, portions, domain.training, pool, pairs, general, log, count, written)
        write_bytes_atomically(work / "train.jsonl", _watched(lines, reporter))
        write_bytes_atomically(
            work / "validation.jsonl", _watched(held_lines(domain.held, pairs, log, count, held), reporter)
        )
        pairs.unchanged()
        general.unchanged()
        accepted = _fingerprint_of(project, pairs)
    sha256 = written.digest.hexdigest()
    folder = project.mixes / f"{prefix}-{sha256[:12]}"
    chosen = [domain.training[number] for number in portions.domain.tolist()]
    manifest = MixManifest(
        id=folder.name,
        examples=len(order),
        domain_examples=len(portions.domain),
        general_examples=len(portions.general),
        domain_share_examples=len(portions.domain) / len(order),
        domain_share_tokens=written.tokens["domain"] / max(1, sum(written.tokens.values())),
        requested_share=request.domain_share,
        by=request.by,
        seed=request.seed,
        sha256=sha256,
        pairs_sha256=hashlib.sha256("\n".join(place.id for place in chosen).encode()).hexdigest(),
        accepted_sha256=accepted,
        general=source_of(opened, pool.sha256, len(pool)),
        documents=documents_of(chosen),
        files={name: str(folder / name) for name in ("train.jsonl", "validation.jsonl", "manifest.json", CARD)},
        general_repeats=portions.repeats,
        validation_examples=held.examples,
        leaks_dropped=sum(domain.leaking.values()) + sum(pool.leaking.values()),
        personal=log.report(),
        duplicates_dropped=pool.repeated,
        general_strata=_strata_of(pool, portions.general.tolist()),
        token_unit="words" if count is None else "tokens",
        notes=(*portions.notes, *notes, *cleaning_notes(log, pool, settings.lang)),
    )
    _publish(work, folder, manifest, mix_card(manifest, settings.lang))
    reporter.progress(4, 4, "steps", f"{len(order)} examples")
    return manifest


def pairs_fingerprint(pairs: Iterable[Pair]) -> str:
    """Return a hash over what the accepted pairs say; a mix made from other pairs is out of date."""
    return _digest(sorted((pair for pair in pairs if pair.status == "accepted"), key=lambda pair: pair.id))


def mix_manifests(project: Project) -> list[Path]:
    """Return the manifests of a project's mixes; those of pilots and of mixes in the making are none."""
    found = project.mixes.glob("*/manifest.json")
    return [path for path in found if not path.parent.name.startswith(_NO_MIX)]


def latest_mix(project: Project) -> MixManifest | None:
    """Return the manifest written last; `None` if nothing was mixed yet."""
    newest = max(mix_manifests(project), key=lambda path: path.stat().st_mtime_ns, default=None)
    return read_record(newest, MixManifest) if newest else None


@contextmanager
def _making(project: Project) -> Iterator[Path]:
    """Hold a folder in which a mix is made; what earlier ones left there when they were killed is removed."""
    for left in project.mixes.glob(f"{_MAKING}*"):
        shutil.rmtree(left)
    work = project.mixes / f"{_MAKING}{secrets.token_hex(6)}"
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _publish(work: Path, folder: Path, manifest: MixManifest, card: str) -> None:
    """Give a mix its name; the manifest, by which a mix is known, comes with the rest or last."""
    (work / "general.jsonl").unlink(missing_ok=True)
    write_text(work / CARD, card)
    if not folder.exists():
        write_record(work / "manifest.json", manifest)
        work.rename(folder)
        sync_folder(folder.parent)
        return
    # The same examples were mixed before; what differs is at most what the manifest says of them.
    for name in ("train.jsonl", "validation.jsonl", CARD):
        (work / name).replace(folder / name)
    sync_folder(folder)
    write_record(folder / "manifest.json", manifest)


def _opened(project: Project, settings: Settings, request: MixRequest, work: Path, reporter: Reporter) -> General:
    if request.general == SELF_GENERAL:
        from tools.mixing.self_made import self_made

        return self_made(project, settings, rows=request.self_rows, seed=request.seed, reporter=reporter)
    return open_general(request.general, settings, work)


def _domain(
    project: Project, request: MixRequest, seals: Seals, log: PersonalLog, reporter: Reporter
) -> tuple[Domain, set[int]]:
    """Return the accepted pairs that may train, and the keys of what they say."""
    domain, seen = Domain(), set[int]()
    for number, (pair, offset, length) in enumerate(pair_lines(project)):
        if number % 1000 == 0:
            reporter.check()
        if pair.status != "accepted":
            continue
        turns = turns_of_pair(pair)
        leak = seals.leak_of(pair.id, turns, pair.document)
        if leak:
            domain.leaking[leak.kind] += 1
            if len(domain.leaks) < _LEAKS_KEPT:
                domain.leaks.append(leak)
            continue
        if request.personal == "drop" and log.forbids(pair.id, turns):
            continue
        place = place_of(pair, offset, length)
        if pair.split == "train":
            domain.training.append(place)
            seen.add(same_words(turns))
        elif pair.split == "validation":
            domain.held.append(place)
    return domain, seen


def _weighing(request: MixRequest, size: Counted) -> Callable[[Sequence[Turn]], int] | None:
    """Return how many tokens an example has as it will be trained on; `None` for a share by examples."""
    if request.by != "tokens":
        return None

    def weigh(turns: Sequence[Turn]) -> int:
        if request.personal == "mask":
            names, people = request.names, request.people
            turns = [
                (role, mask(text, find_personal(text, with_names=names, with_people=people))) for role, text in turns
            ]
        return size(text_of(turns))

    return weigh


def _turns_at(pairs: Rows, domain: Domain, number: int) -> list[Turn]:
    place = domain.training[number]
    return turns_of_pair(Pair.model_validate_json(pairs.line(place.offset, place.length)))


def _watched(lines: Iterator[bytes], reporter: Reporter) -> Iterator[bytes]:
    for number, line in enumerate(lines):
        if number % 4096 == 0:
            reporter.check()
        yield line


def _fingerprint_of(project: Project, pairs: Rows) -> str:
    """Return `pairs_fingerprint` of a project's pairs, which are read again one by one in the order of their ids."""
    spots = sorted((pair.id, offset, length) for pair, offset, length in pair_lines(project) if _is_accepted(pair))
    return _digest(Pair.model_validate_json(pairs.line(offset, length)) for _, offset, length in spots)


def _is_accepted(pair: Pair) -> bool:
    return pair.status == "accepted"


def _digest(ordered: Iterable[Pair]) -> str:
    digest = hashlib.sha256()
    for pair in ordered:
        digest.update(f"{pair.id}\x1f{pair.split}\x1f{pair.question}\x1f{pair.answer}\x1e".encode())
    return digest.hexdigest()


def _strata_of(pool: Pool, rows: Sequence[int]) -> dict[str, int]:
    counts = Counter(pool.named_strata[stratum] for stratum in pool.strata[rows].tolist())
    return dict(sorted(counts.most_common(_STRATA_NAMED)))


def _tokenizer(settings: Settings) -> Callable[[str], int]:
    from tools.models import load_tokenizer, resolve_base_model

    tokenizer = load_tokenizer(resolve_base_model(settings))
    return lambda text: len(tokenizer(text)["input_ids"])
