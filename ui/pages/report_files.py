"""The report of a finished evaluation as files, in either language: what was measured is kept, what is said is retold.

write_report(Evaluation.read(project, run), Path("out"), "zh")
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from agent.records.base import Language
from agent.records.evaluation import EvaluationReport
from knowledge.files import write_bytes_atomically, write_record, write_text
from tools.evaluation.radar import draw_html, draw_png
from tools.evaluation.report import decided, markdown
from tools.evaluation.report_page import page
from tools.evaluation.wording import say
from tools.judging.report import with_sections
from tools.validation.check import figures
from ui.pages.evaluation_records import Evaluation
from ui.pages.retold import retold

NAMES: Final = ("report.md", "report.html", "report.json", "radar.png", "radar.html")
"""What `write_report` writes."""


def radar_png(report: EvaluationReport, lang: Language) -> bytes:
    """Return the radar of the evaluation's report; in English where no font can show Chinese."""
    with tempfile.TemporaryDirectory(prefix="domainsmith-radar-") as folder:
        path = Path(folder) / "radar.png"
        draw_png(report, path, lang)
        return path.read_bytes()


def report_in(seen: Evaluation, lang: Language) -> EvaluationReport:
    """Return the report with its notes and its verdict in a language; no figure changes.

    The verdict is judged anew, by the project's profile as it stands; where that changed since, a note says so. What a
    person has found in the same sealed set since is told too.
    """
    # What the run noted down in its own language is told in the reader's.
    notes = tuple(retold(note, lang) for note in seen.report.notes)
    changed = (say("profile_changed", lang),) if seen.profile_changed else ()
    verdict = decided(seen.report, seen.decision(lang), seen.profile)
    now = figures(seen.project)
    checked = now[1] if now and now[0] == seen.report.items_sha256 else seen.report.spot_check
    return seen.report.model_copy(update={"notes": (*changed, *notes), "decided": verdict, "spot_check": checked})


def report_markdown(seen: Evaluation, lang: Language) -> str:
    """Return the report of an evaluation; its one picture is `radar.png`."""
    items = list(seen.items.values())
    answers = [answer for by_arm in seen.answers.values() for answer in by_arm.values()]
    text = markdown(report_in(seen, lang), seen.decision(lang), items, answers, lang)
    return with_sections(text, seen.judged, lang)


def report_html(seen: Evaluation, lang: Language) -> str:
    """Return the report of an evaluation as a page to print, the radar inside it."""
    return page(report_markdown(seen, lang), seen.report.run, radar_png(seen.report, lang), lang)


def write_report(seen: Evaluation, out: Path, lang: Language) -> list[Path]:
    """Write the report of an evaluation into a folder and return the files.

    Args:
        seen: The evaluation.
        out: The folder; made if it is not there.
        lang: Language of everything that is said.

    Raises:
        OSError: The folder cannot be written to.
    """
    out.mkdir(parents=True, exist_ok=True)
    report = report_in(seen, lang)
    write_text(out / "report.md", report_markdown(seen, lang))
    write_text(out / "report.html", report_html(seen, lang))
    write_record(out / "report.json", report)
    write_bytes_atomically(out / "radar.png", [radar_png(report, lang)])
    draw_html(report, out / "radar.html", lang)
    return [out / name for name in NAMES]
