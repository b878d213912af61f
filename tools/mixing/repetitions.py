"""Rows of the general data that say nearly the same as an earlier one."""

from __future__ import annotations

import numpy as np

from agent.progress import Reporter
from tools.cleaning.near import duplicates_of, says_another_thing
from tools.mixing.parts import read_turns
from tools.mixing.pool import Pool, Rows
from tools.mixing.writing import text_of


def without_near(pool: Pool, rows: Rows, reporter: Reporter) -> int:
    """Mark the usable rows that nearly repeat an earlier usable one as unusable; returns how many.

    Rows that differ in a number or code on both sides stay: they ask about two things.
    """
    usable = np.flatnonzero(pool.usable).tolist()
    texts = (text_of(read_turns(rows.line(int(pool.offsets[row]), int(pool.lengths[row])))) for row in usable)
    twins = duplicates_of(texts, distinct=says_another_thing, check=lambda _: reporter.check())
    for number in twins:
        pool.usable[usable[number]] = False
    return len(twins)
