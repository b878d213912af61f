"""What the manifest of a mix says about what was left out or changed, and the refusal where something leaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agent.errors import RefusedError
from agent.prompts.mixing import leak_note
from agent.prompts.personal import CLEANING, cleaning_note
from agent.prompts.phrases import fill
from agent.records.base import Language
from tools.mixing.domain import Domain
from tools.mixing.leakage import Leak
from tools.mixing.pool import Pool
from tools.mixing.writing import PersonalLog

_LISTED: Final = 5
"""Examples named in a note or a refusal."""


def leak_notes(domain: Domain, pool: Pool, lang: Language, *, drop: bool) -> list[str]:
    """Return what was left out because it leaks.

    Args:
        domain: The pairs.
        pool: The general rows.
        lang: Language of the notes.
        drop: Whether leaving out is what was asked for.

    Raises:
        RefusedError: Something leaks and may not be left out.
    """
    leaking = domain.leaking + pool.leaking
    if not leaking:
        return []
    if not drop:
        raise _refusal([*domain.leaks, *pool.leaks], sum(leaking.values()))
    return [leak_note(leaking, lang)]


def cleaning_notes(log: PersonalLog, pool: Pool, lang: Language) -> list[str]:
    """Return what was done about repetitions and personal data."""
    notes = []
    if pool.repeated:
        notes.append(fill(CLEANING, "repeated", lang, count=pool.repeated))
    if log.examples:
        by_kind = dict(sorted(log.by_kind.items()))
        notes.append(cleaning_note(log.choice, log.examples, by_kind, tuple(log.ids[:_LISTED]), lang))
    return notes


def _refusal(leaks: Sequence[Leak], count: int) -> RefusedError:
    listed = "; ".join(f"{leak.example} ({leak.kind} {leak.item}: {leak.text[:60]})" for leak in leaks[:_LISTED])
    more = f"; and {count - _LISTED} more" if count > _LISTED else ""
    return RefusedError(
        f"{count} training examples share something with the sealed items",
        where=f"{listed}{more}",
        mend="leave them out with --drop-leaks, reject them in `review`, or build the validation set anew",
    )
