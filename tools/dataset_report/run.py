"""The dataset report of a project: measured from its pairs and chunks, written as JSON, Markdown and a card.

report = dataset_report(project)
write_report(project, report, Path("out"), "en")
"""

from __future__ import annotations

from pathlib import Path

from agent.errors import EmptyError
from agent.records.base import Language
from agent.records.dataset import DatasetReport
from knowledge.files import write_record, write_records, write_text
from knowledge.store import CorpusStore
from tools.dataset_report.markdown import card_markdown, report_markdown
from tools.dataset_report.measure import measure
from tools.extraction.split import saved_split
from tools.pairs import load_pairs, select
from tools.workspace import Project


def dataset_report(project: Project) -> DatasetReport:
    """Return the report on a project's pairs as they are now.

    Raises:
        EmptyError: The project has no pairs.
    """
    pairs = load_pairs(project)
    if not pairs:
        raise EmptyError("this project has no pairs yet", mend="`domainsmith extract` makes them")
    store = CorpusStore(project.root)
    split = saved_split(project)
    names = {document.id: document.name for document in store.readable()}
    return measure(project.info.name, pairs, list(store.chunks()), names, frozenset(split.held_out if split else ()))


def write_report(
    project: Project, report: DatasetReport, folder: Path, lang: Language, *, licence: str = "other"
) -> DatasetReport:
    """Write `dataset.json`, `dataset.md`, the card `README.md` and the accepted pairs it describes into a folder.

    Args:
        project: Whose pairs.
        report: The report.
        folder: Where to; made if it is not there.
        lang: Language of the Markdown.
        licence: Licence named on the card.

    Returns:
        The report with the paths of the files.
    """
    files = {
        "json": folder / "dataset.json",
        "markdown": folder / "dataset.md",
        "card": folder / "README.md",
        "pairs": folder / "pairs.jsonl",
    }
    written = report.model_copy(update={"files": {name: str(path) for name, path in files.items()}})
    write_text(files["markdown"], report_markdown(report, lang))
    write_text(files["card"], card_markdown(report, lang, licence=licence))
    write_records(files["pairs"], select(load_pairs(project), status="accepted"))
    write_record(files["json"], written)
    return written
