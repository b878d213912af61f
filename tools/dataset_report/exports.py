"""Pairs written for other programs, with their dataset card beside them.

    export_with_card(project, Path("pairs.csv"), "csv", lang="en")  # pairs.csv and pairs.csv.card.md

Data for a review has no card: it is no dataset yet.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agent.errors import InputError
from agent.records.base import Language
from agent.records.pairs import PairStatus
from knowledge.files import write_text
from tools.dataset_report.markdown import card_markdown
from tools.dataset_report.run import dataset_report
from tools.exchange.llama_factory import DATA
from tools.exchange.writing import PairFormat
from tools.pairs import export_pairs
from tools.workspace import Project

_FIELDS: Final[dict[PairFormat, str]] = {
    "messages": "card_rows_messages",
    "alpaca": "card_rows_alpaca",
    "sharegpt": "card_rows_sharegpt",
    "csv": "card_rows_table",
    "xlsx": "card_rows_table",
    "parquet": "card_rows_parquet",
    "llama-factory": "card_rows_messages",
}
"""Forms that are trained on, and the phrase that says what their fields are."""


def card_of(path: Path, form: PairFormat, status: PairStatus | None) -> Path | None:
    """Return where the card of an export stands; `None` if it has none."""
    if form not in _FIELDS or status != "accepted":
        return None
    return path / "README.md" if form == "llama-factory" else path.with_name(f"{path.name}.card.md")


def export_with_card(
    project: Project,
    path: Path,
    form: PairFormat,
    *,
    status: PairStatus | None = "accepted",
    overwrite: bool = False,
    lang: Language = "en",
    licence: str = "other",
) -> tuple[int, Path | None]:
    """Write pairs as `export_pairs` does, and their card; returns how many, and the card.

    Args:
        project: Whose pairs.
        path: Where to.
        form: See `tools.exchange.writing`.
        status: Only pairs of that status; `None` for all.
        overwrite: Whether what is there already may be replaced.
        lang: Language of the card.
        licence: Licence named on the card.

    Raises:
        InputError: The file or the card is there already, or a text does not fit into a cell.
    """
    card = card_of(path, form, status)
    if card is not None and card.exists() and not overwrite:
        raise InputError("this file is there already", where=str(card), mend="name another, or add --force")
    count = export_pairs(project, path, form, status=status, overwrite=overwrite)
    if card is None or not count:
        return count, None
    file = DATA if form == "llama-factory" else path.name
    write_text(card, card_markdown(dataset_report(project), lang, licence=licence, file=file, rows=_FIELDS[form]))
    return count, card
