"""What the pairs cover, as HTML: documents by kinds with counts, and the reasons of what was not accepted.

Every cell holds its number, so the shades only repeat what is written. Pure; all text escaped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from html import escape
from typing import Final, get_args

from agent.records.base import Language
from agent.records.pairs import Pair, PairKind
from tools.pairs import reason_of
from ui.i18n import phrase
from ui.pages.documents_view import escaped, number
from ui.pages.pairs_reasons import label

MOST_ROWS: Final = 60
"""Documents in the map; of more, those with the fewest pairs are shown, since a map is looked at for its gaps."""
SHADES: Final = 4
KINDS: Final[tuple[PairKind, ...]] = get_args(PairKind)

Link = Callable[..., str]
"""Makes the address of the page with filters: `link(document=…, kind=…)`."""


@dataclass
class Coverage:
    """Counts of pairs."""

    accepted: dict[str, Counter[str]] = field(default_factory=dict)
    """Accepted pairs by document id and kind."""
    statuses: Counter[str] = field(default_factory=Counter)
    by_document: dict[str, Counter[str]] = field(default_factory=dict)
    """Pairs by document id and status."""
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Pairs that are not accepted, by status and kind of reason."""

    @classmethod
    def of(cls, pairs: Iterable[Pair]) -> Coverage:
        """Count pairs."""
        counted = cls()
        for pair in pairs:
            counted.statuses[pair.status] += 1
            counted.by_document.setdefault(pair.document, Counter())[pair.status] += 1
            if pair.status == "accepted":
                counted.accepted.setdefault(pair.document, Counter())[pair.kind] += 1
            else:
                counted.reasons[(pair.status, reason_of(pair))] += 1
        return counted


def coverage_map(counted: Coverage, names: Mapping[str, str], held_out: Set[str], link: Link, lang: Language) -> str:
    """Return the map of documents and kinds.

    Args:
        counted: The counts.
        names: Name by id of every document of the project; documents without pairs are the gaps.
        held_out: Ids of documents that only test.
        link: Makes addresses of the page with filters.
        lang: Language of the page.
    """
    say = escaped(lang)
    kinds = [kind for kind in KINDS if any(row[kind] for row in counted.accepted.values())]
    everything = [*names, *(document for document in counted.by_document if document not in names)]
    rows, hidden = _chosen(everything, counted, names)
    most = max((count for row in counted.accepted.values() for count in row.values()), default=0)
    head = "".join(f'<th scope="col" class="ds-figures">{say(f"pairs_kind_{kind}")}</th>' for kind in kinds)
    head += "".join(
        f'<th scope="col" class="ds-figures">{say(f"pairs_coverage_{name}")}</th>'
        for name in ("total", "waiting", "rejected")
    )
    body = "".join(_row(document, counted, kinds, most, names, held_out, link, lang) for document in rows)
    caption = say(
        "pairs_coverage_caption",
        accepted=number(counted.statuses["accepted"]),
        pending=number(counted.statuses["pending"]),
        rejected=number(counted.statuses["rejected"]),
    )
    more = ""
    if hidden:
        pairs = sum(counted.by_document.get(document, Counter())["accepted"] for document in hidden)
        more = f'<p class="ds-quiet">{say("pairs_coverage_more", count=number(len(hidden)), pairs=number(pairs))}</p>'
    return (
        f'<h2>{say("pairs_coverage")}</h2><p class="ds-quiet" id="pairs-covered">{caption}</p><div class="ds-scroll" '
        'tabindex="0"><table class="ds-table ds-coverage" aria-describedby="pairs-covered">'
        f"<thead><tr><th scope='col'>{say('pairs_coverage_document')}</th>{head}</tr>"
        f'</thead><tbody>{body}</tbody></table></div>{more}<p class="ds-quiet">{say("pairs_coverage_legend")}</p>'
    )


def _chosen(everything: Sequence[str], counted: Coverage, names: Mapping[str, str]) -> tuple[list[str], list[str]]:
    def name(document: str) -> str:
        return names.get(document, document).casefold()

    if len(everything) <= MOST_ROWS:
        return sorted(everything, key=name), []
    fewest = sorted(everything, key=lambda document: (sum(counted.accepted.get(document, {}).values()), name(document)))
    return fewest[:MOST_ROWS], fewest[MOST_ROWS:]


def _row(
    document: str,
    counted: Coverage,
    kinds: Sequence[str],
    most: int,
    names: Mapping[str, str],
    held_out: Set[str],
    link: Link,
    lang: Language,
) -> str:
    say = escaped(lang)
    accepted = counted.accepted.get(document, Counter())
    status = counted.by_document.get(document, Counter())
    name = names.get(document, document) if document else phrase("pairs_imported", lang)
    note = f'<span class="ds-title">{say("pairs_coverage_held_out")}</span>' if document in held_out else ""
    cells = [_cell(accepted[kind], most, link(document=document, kind=kind, status="accepted")) for kind in kinds]
    cells += [_cell(status[one], 0, link(document=document, status=one)) for one in ("accepted", "pending", "rejected")]
    return (
        f'<tr><th scope="row"><a href="{escape(link(document=document))}" data-ds-walk>{escape(name)}</a>{note}</th>'
        f"{''.join(cells)}</tr>"
    )


def _cell(count: int, most: int, link: str) -> str:
    shade = 0 if not count or not most else 1 + (SHADES * count - 1) // most
    shown = f'<a href="{escape(link)}" data-ds-walk>{number(count)}</a>' if count else "0"
    return f'<td class="ds-figures ds-shade-{shade}">{shown}</td>'


def reasons(counted: Coverage, link: Link, lang: Language) -> str:
    """Return why pairs were rejected or wait, with counts."""
    say = escaped(lang)
    if not counted.reasons:
        return f'<h2>{say("pairs_reasons")}</h2><p class="ds-quiet">{say("pairs_reasons_none")}</p>'
    rows = "".join(
        f"<tr><td>{escape(label(kind, lang) or phrase('pairs_coverage_none', lang))}</td>"
        f"<td>{say(f'pairs_status_{status}')}</td>"
        f'<td class="ds-figures"><a href="{escape(link(status=status, reason=kind))}" data-ds-walk>'
        f"{number(count)}</a></td></tr>"
        for (status, kind), count in counted.reasons.most_common(MOST_ROWS)
    )
    heads = (("reasons_reason", ""), ("filter_status", ""), ("reasons_count", ' class="ds-figures"'))
    head = "".join(f'<th scope="col"{kind}>{say(f"pairs_{name}")}</th>' for name, kind in heads)
    return (
        f'<h2>{say("pairs_reasons")}</h2><div class="ds-scroll" tabindex="0"><table class="ds-table ds-reasons">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
