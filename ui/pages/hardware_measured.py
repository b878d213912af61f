"""The measured part of the hardware page: saved benchmarks, results from elsewhere, and the comparison with devices."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

import gradio as gr

from agent.errors import DomainsmithError, InputError
from agent.records.base import Language
from agent.records.benchmark import BenchmarkResult
from agent.settings import Settings
from tools.benchmark.comparison import USUAL_SIZE, compare
from tools.benchmark.comparison_charts import bars, drawable, radar
from tools.benchmark.comparison_markdown import row_name
from tools.benchmark.emitting import read_result
from tools.benchmark.prices import prices_of
from tools.benchmark.saved import saved
from tools.benchmark.saved import take_over as keep
from tools.benchmark.subjects import USUAL_DEVICES, best_first, choose, refuse_empty
from tools.hardware import catalogue
from ui.i18n import phrase
from ui.pages import measured_view as view
from ui.pages.charts import as_plot
from ui.pages.frame import Frame, told
from ui.pages.hardware_bench import Measuring
from ui.pages.hardware_charts import MOST, bars_figure, devices_radar
from ui.pages.moments import moment_text

FIRST_ROW: Final = "decode_1"
"""Row that is drawn until another is chosen: what most people mean by speed."""
_OWN: Final = 2
"""Saved benchmarks that are compared to begin with, the best; see `best_first`."""
_JSON: Final = ".json"


def build(frame: Frame) -> None:
    """Draw the part."""
    _Measured(frame).wire()


def take_over(file: Path, settings: Settings, lang: Language = "en") -> tuple[BenchmarkResult, bool]:
    """Save a result that was made elsewhere in the account's home; returns it, and whether it is new.

    Raises:
        InputError: The file is no result, which names its field, or one without any figure.
    """
    try:
        result = read_result(file, lang)
    except DomainsmithError as error:
        # The page knows the file by its name; the folder it was uploaded to says nothing to anybody.
        where = error.where.replace(str(file), file.name)
        raise InputError(error.what, where=where, mend=error.mend) from error
    refuse_empty(result, file.name, lang)
    _, new = keep(settings.home, result, settings, beside=settings.machine_folder)
    return result, new


class _Measured:
    """The components of the part in one language, and what fills them."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        say = frame.say
        gr.HTML(f"<h2>{say('measured_title')}</h2>", js_on_load=None)
        self._measuring = Measuring(frame)
        self._saved = gr.HTML(js_on_load=None, elem_id="measured-saved")
        gr.HTML(view.script_link(frame.lang), js_on_load=None, elem_id="measured-script")
        self._upload = gr.File(label=say("measured_upload"), file_types=[_JSON], height=120, elem_id="measured-upload")
        gr.HTML(f"<h3>{say('measured_compare')}</h3>", js_on_load=None)
        self._chosen = gr.Dropdown(
            [],
            value=[],
            multiselect=True,
            max_choices=MOST,
            label=say("measured_choose", most=MOST),
            elem_id="measured-chosen",
        )
        with gr.Row():
            self._size = gr.Number(USUAL_SIZE, label=say("measured_size"), minimum=0.001, elem_id="measured-size")
            self._row = gr.Dropdown(
                [], label=say("measured_row"), filterable=False, scale=2, visible=False, elem_id="measured-row"
            )
        with gr.Row(elem_classes="ds-beside"):
            with gr.Column(scale=3, min_width=300):
                self._bars_text = gr.HTML(js_on_load=None)
                self._bars = self._plot("bars")
            with gr.Column(scale=3, min_width=300):
                self._radar_text = gr.HTML(js_on_load=None)
                self._radar = self._plot("devices")
        self._table = gr.HTML(js_on_load=None, elem_id="measured-table")
        self._files = gr.HTML(js_on_load=None, elem_id="measured-files")

    @staticmethod
    def _plot(name: str) -> gr.Plot:
        classes = ["chart", f"chart-{name}"]
        return gr.Plot(
            show_label=False, container=False, visible=False, elem_classes=classes, elem_id=f"measured-{name}"
        )

    def wire(self) -> None:
        """Connect the components."""
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        shown = [self._row, self._bars_text, self._bars, self._radar_text, self._radar, self._table, self._files]
        asked = [self._chosen, self._size, self._row]

        @told
        def opened(request: gr.Request) -> list[Any]:
            names = self._first(request)
            return [*self._lists(request, names), *self._compared(request, names, USUAL_SIZE, FIRST_ROW)]

        @told
        def compared(names: list[str] | None, size: float | None, row: str | None, request: gr.Request) -> list[Any]:
            return self._compared(request, names or [], USUAL_SIZE if size is None else size, row)

        @told
        def took(
            file: str | None, names: list[str] | None, size: float | None, row: str | None, request: gr.Request
        ) -> list[Any]:
            if file is None:
                return [gr.skip(), gr.skip(), gr.skip(), *(gr.skip() for _ in shown)]
            picked = self._taken(request, Path(file), names or [])
            lists = self._lists(request, picked)
            return [None, *lists, *self._compared(request, picked, USUAL_SIZE if size is None else size, row)]

        self._frame.on_load(opened, None, [self._saved, self._chosen, *shown], show_progress="hidden")
        gr.on([self._chosen.input, self._size.change, self._row.input], compared, asked, shown, **quiet)
        self._measuring.wire(lambda request: self._lists(request, None), [self._saved, self._chosen])
        self._upload.upload(took, [self._upload, *asked], [self._upload, self._saved, self._chosen, *shown], **quiet)

    def _first(self, request: gr.Request) -> list[str]:
        kept = best_first(saved(self._frame.desk(request).settings))
        own = [file.stem for file, _ in kept][:_OWN]
        return [*own, *USUAL_DEVICES][:MOST]

    def _taken(self, request: gr.Request, file: Path, names: Sequence[str]) -> list[str]:
        """Take a file over and say so; returns what is compared then, the new one first.

        Raises:
            InputError: It is no result that can be taken over.
        """
        settings = self._frame.desk(request).settings
        result, new = take_over(file, settings, self._frame.lang)
        key = "measured_taken" if new else "measured_known"
        said = self._frame.say(key, name=result.device.name, at=moment_text(result.at, self._frame.lang))
        gr.Info(escape(said))  # A toast is HTML, and the name comes from elsewhere.
        own = next(kept.stem for kept, known in reversed(saved(settings)) if known == result)
        return list(dict.fromkeys((own, *names)))[:MOST]

    def _lists(self, request: gr.Request, names: Sequence[str] | None) -> list[Any]:
        """Return the table of saved results, and what can be compared with what is chosen of it; `None` leaves that."""
        lang = self._frame.lang
        kept = saved(self._frame.desk(request).settings)
        own = [
            (phrase("measured_choice", lang, name=result.device.name, at=moment_text(result.at, lang)), file.stem)
            for file, result in reversed(kept)
        ]
        choices = [*own, *((device.name, device.name) for device in catalogue())]
        shown = gr.Dropdown(choices) if names is None else gr.Dropdown(choices, value=list(names))
        return [view.saved_table(kept, lang), shown]

    def _compared(self, request: gr.Request, names: Sequence[str], size: float, key: str | None) -> list[Any]:
        """Return row list, bars, radar, table and downloads.

        Raises:
            InputError: More were chosen than can be told apart, or the size is none.
            NotFoundError: A saved result is gone.
        """
        lang = self._frame.lang
        if not names:
            hidden = gr.Plot(visible=False)
            empty = f'<p class="ds-empty">{phrase("measured_nothing", lang)}</p>'
            return [gr.Dropdown(visible=False), empty, hidden, "", hidden, "", ""]
        if len(names) > MOST:
            raise InputError(phrase("measured_too_many", lang, most=MOST), where=str(len(names)))
        settings = self._frame.desk(request).settings
        chosen = choose(settings, names, lang, files=False)
        made = compare(chosen, size, lang, prices_of(settings, lang))
        rows = drawable(made)
        row = next((one for one in rows if one.key == key), None) or made.row(FIRST_ROW) or rows[0]
        if row not in rows:
            row = rows[0]
        drawn, spokes = bars(made, row, lang), radar(made, lang)
        return [
            gr.Dropdown([(row_name(one, lang), one.key) for one in rows], value=row.key, visible=True),
            view.bars_text(drawn, lang),
            gr.Plot(as_plot(bars_figure(drawn, lang)), visible=True),
            view.radar_text(spokes, lang),
            gr.Plot(as_plot(devices_radar(spokes)), visible=True) if spokes.spokes else gr.Plot(visible=False),
            view.comparison_table(made, lang),
            view.downloads([one.id for one in chosen], size, lang),
        ]
