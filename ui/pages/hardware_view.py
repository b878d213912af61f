"""What a machine can do, what fits it and how devices compare, as HTML; pure functions, every text escaped.

Every figure stands beside its label: measured here, from a data sheet, or estimated. What the catalogue says in English
has a translation by its own words (`agent.prompts.device_notes`), since the catalogue is data and not part of the
interface.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from agent.policy.memory import LADDER, supports
from agent.policy.memory_details import MARGIN
from agent.prompts.device_notes import device_note, has_translation
from agent.prompts.phrases import gib, gib_range, model_size, percent
from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language
from agent.records.hardware import Device, Figure, MemoryPlan, MethodFit, Workload
from agent.records.tuning import Method
from tools.benchmark.subjects import spoken_name
from tools.doctor import Check, DoctorReport, State
from ui.i18n import phrase, phrases
from ui.pages.inline_code import with_commands
from ui.pages.retold import retold

SIZES: Final = (0.135, 0.5, 1.5, 3.0, 7.0, 14.0, 32.0, 70.0)
"""Model sizes of the table, thousand millions of parameters: the default base model and the usual open ones."""
FIGURES: Final[dict[str, str]] = {
    "gib": "GiB",
    "bandwidth_gb_s": "GB/s",
    "fp16_tflops": "TFLOPS",
    "int8_tops": "TOPS",
    "link_gb_s": "GB/s",
}
"""Figure of a device to its unit."""
_MARKS: Final = {"yes": "✓", "emulated": "~", "no": "✗", "unknown": "?"}
_STATES: Final[dict[State, str]] = {"works": "✓", "warning": "!", "missing": "✗"}


def device_name(device: Device, lang: Language) -> str:
    """Return a device's name, the machine at hand named in the page's language."""
    return spoken_name(device.name, lang)


def note(text: str, lang: Language) -> str:
    """Return what the catalogue says in the page's language; in its own words where there is no translation."""
    return device_note(text, lang) if has_translation(text) else retold(text, lang)


def localised(text: str, device: Device, lang: Language) -> str:
    """Return a sentence of the memory policy with the device's name and the catalogue's words translated."""
    for known in (*device.why_not.values(), *device.notes):
        text = text.replace(known, note(known, lang))
    return text.replace(device.name, device_name(device, lang))


def machine(device: Device, lang: Language) -> str:
    """Return what this machine is, and which ways to train work, are emulated or are refused."""
    say = _Say(lang)
    rows = [
        (say("hardware_device"), escape(device_name(device, lang))),
        (say("hardware_gib"), _figure(device, "gib", lang)),
        (say("hardware_trains_in"), escape(device.compute_type)),
    ]
    facts = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows)
    groups: dict[str, list[str]] = {"works": [], "emulated": [], "refused": [], "unknown": []}
    bf16 = {"yes": "works", "emulated": "emulated", "no": "refused", "unknown": "unknown"}[device.bf16]
    groups[bf16].append(say("hardware_bf16_note"))
    for method in LADDER:
        name = escape(METHOD_NAMES[method][lang])
        if supports(device, method):
            groups["works"].append(name)
        else:
            why = note(device.why_not.get(method, ""), lang)
            groups["refused"].append(escape(_of(method, why, lang)) if why else name)
    listed = "".join(
        f'<section class="ds-{kind}"><h3><span aria-hidden="true">{mark}</span> {say(f"hardware_{kind}")}</h3>'
        f"{_list(groups[kind]) or _none(say)}</section>"
        for kind, mark in (("works", "✓"), ("emulated", "~"), ("refused", "✗"), ("unknown", "?"))
        if groups[kind] or kind in {"works", "emulated", "refused"}
    )
    notes = _list(escape(note(text, lang)) for text in _remarked(device))
    return f'<dl class="ds-facts">{facts}</dl><div class="ds-groups">{listed}</div>{notes}'


def checks(report: DoctorReport, lang: Language) -> str:
    """Return what was tried on this machine and what came of it, what does not work first."""
    say = _Say(lang)
    order = {"missing": 0, "warning": 1, "works": 2}
    ranked = sorted(report.checks, key=lambda check: order[check.state])
    rows = "".join(_check(check, lang) for check in ranked)
    sentence = say("healthy" if report.healthy else "unhealthy")
    head = "".join(
        f'<th scope="col">{say(f"hardware_check_{column}")}</th>' for column in ("what", "state", "seen", "took")
    )
    table = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    return f'<p role="status">{sentence}</p>{_scrolling(table, say("hardware_checks"))}'


def plans(values: Sequence[MemoryPlan], device: Device, lang: Language) -> str:
    """Return method by model size: what fits, how much it needs, where the ladder starts."""
    say = _Say(lang)
    if not values:
        return ""
    head = "".join(f'<th scope="col">{escape(METHOD_NAMES[method][lang])}</th>' for method in LADDER)
    rows = "".join(_plan_row(value, device, lang) for value in values)
    count = values[0].count
    name = device_name(device, lang)
    caption = escape(name if count == 1 else f"{count} × {name}")
    capacity = _figure(device, "gib", lang) + (say("hardware_each") if count > 1 else "")
    comma = "，" if lang == "zh" else ", "
    table = (
        f"<caption>{caption}{comma}{capacity}</caption>"
        f'<thead><tr><th scope="col">{say("hardware_size")}</th>{head}<th scope="col">{say("hardware_start")}</th>'
        f"</tr></thead><tbody>{rows}</tbody>"
    )
    unsaid = set(device.notes) - set(_remarked(device))
    told = [set(value.notes[: len(value.notes) - value.figure_notes]) - unsaid for value in values]
    shared = [note for note in values[0].notes if all(note in notes for notes in told)]
    notes = [escape(localised(text, device, lang)) for text in shared]
    return f"{_scrolling(table, say('hardware_fits'))}{_list([_why_ranges(values[0], say), *notes])}"


def _why_ranges(value: MemoryPlan, say: _Say) -> str:
    """Return what the table's figures are of; what each method's goes to stands below it for one size."""
    work = value.workload or Workload()
    return with_commands(say("hardware_ranges", batch=work.batch, length=work.length, margin=percent(MARGIN)))


def side_by_side(devices: Sequence[Device], lang: Language) -> str:
    """Return devices in columns and their properties in rows, each figure with its label, then the sources."""
    say = _Say(lang)
    if not devices:
        return f'<p class="ds-empty">{say("hardware_choose")}</p>'
    head = "".join(f'<th scope="col">{escape(device_name(device, lang))}</th>' for device in devices)
    rows = [
        *((say(f"hardware_{name}"), [_figure(device, name, lang) for device in devices]) for name in FIGURES),
        (say("hardware_bf16"), [_supported(device.bf16, say) for device in devices]),
        *((escape(METHOD_NAMES[m][lang]), [_supported(_yes(supports(d, m)), say) for d in devices]) for m in LADDER),
        (say("hardware_trains_in"), [escape(device.compute_type) for device in devices]),
        (say("hardware_notes"), [_remarks(device, lang) for device in devices]),
    ]
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>' for name, cells in rows
    )
    table = f'<thead><tr><th scope="col">{say("hardware_device")}</th>{head}</tr></thead><tbody>{body}</tbody>'
    return f"{_scrolling(table, say('hardware_catalogue'))}{_sources(devices, lang)}"


def _plan_row(value: MemoryPlan, device: Device, lang: Language) -> str:
    say = _Say(lang)
    cells = "".join(f"<td>{_fit(one, say)}</td>" for one in value.methods)
    start = METHOD_NAMES[value.start_at][lang] if value.start_at else phrase("nothing_fits", lang)
    why = _list(escape(_of(one.method, localised(one.why, device, lang), lang)) for one in value.methods)
    return (
        f'<tr><th scope="row">{escape(model_size(value.params_b))}</th>{cells}<td>{escape(start)}'
        f"<details><summary>{say('hardware_why')}</summary>{why}</details></td></tr>"
    )


def _fit(value: MethodFit, say: _Say) -> str:
    if not value.available:
        return f'<span class="ds-no">✗ {say("hardware_refused_short")}</span>'
    word = say("hardware_fits_yes" if value.fits else "hardware_fits_no")
    state, mark = ("yes", "✓") if value.fits else ("no", "✗")
    need = f'<span class="ds-num">{gib_range(value.gib_low, value.gib_high)} GiB</span>'
    return f'<span class="ds-{state}">{mark} {word}</span> {need} {_label("estimated", say)}'


def _figure(device: Device, name: str, lang: Language) -> str:
    say = _Say(lang)
    value = getattr(device, name)
    if value is None:
        return f'<span class="ds-unknown">{say("hardware_not_known")}</span>'
    number = gib(value) if name == "gib" else f"{value:g}"
    known = device.figures.get(name, Figure(label=device.label, source=device.source))
    return f'<span class="ds-num">{number} {FIGURES[name]}</span> {_label(known.label, say)}'


def _of(method: Method, said: str, lang: Language) -> str:
    return f"{METHOD_NAMES[method][lang]}{'：' if lang == 'zh' else ': '}{said}"


def _label(label: str, say: _Say) -> str:
    return f'<span class="ds-tag ds-tag-{label}">{say(f"hardware_label_{label}")}</span>'


def _supported(state: str, say: _Say) -> str:
    return f'<span class="ds-{state}">{_MARKS[state]} {say(f"hardware_support_{state}")}</span>'


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _remarks(device: Device, lang: Language) -> str:
    reasons = {
        _of(method, note(why, lang), lang): None
        for method, why in device.why_not.items()
        if not supports(device, method)
    }
    lines = [*reasons, *(note(text, lang) for text in _remarked(device))]
    return _list(escape(line) for line in lines) or "–"


def _remarked(device: Device) -> tuple[str, ...]:
    """Return the notes that a page repeats: not those that name a command."""
    return tuple(text for text in device.notes if "`domainsmith" not in text)


def _sources(devices: Sequence[Device], lang: Language) -> str:
    """Return what each source says of a device, its figures and what it can do alike."""
    say = _Say(lang)
    told_of: dict[str, str] = {
        **{name: phrase(f"hardware_{name}", lang) for name in (*FIGURES, "bf16")},
        **{str(method): METHOD_NAMES[method][lang] for method in LADDER},
        "compute_type": phrase("hardware_trains_in", lang),
    }
    lines = []
    for device in devices:
        by_source: dict[str, list[str]] = {}
        for name, title in told_of.items():
            if name in device.figures:
                by_source.setdefault(device.figures[name].source, []).append(title)
        comma, stop, colon = ("、", "；", "：") if lang == "zh" else (", ", "; ", ": ")
        told = stop.join(f"{comma.join(names)}{colon}{note(source, lang)}" for source, names in by_source.items())
        lines.append(f"{escape(device_name(device, lang))} – {escape(told)}")
    return f"<details><summary>{say('hardware_sources')}</summary>{_list(lines)}</details>"


def _check(check: Check, lang: Language) -> str:
    say = _Say(lang)
    key = re.sub(r"[^a-z0-9]+", "_", check.name.lower())
    known = phrases(lang)
    name = known.get(f"hardware_check_name_{key}", check.name)
    mend = known.get(f"hardware_mend_{key}", check.mend) if check.mend else ""
    helped = f'<p class="ds-mend">→ {with_commands(escape(mend))}</p>' if mend else ""
    seen = retold(check.detail, lang)
    # What the table does not know is the machine's own words: versions, paths, an error of somebody else's.
    own = lang == "en" or seen != check.detail
    technical = f"<span>{escape(seen)}</span>" if own else f'<code lang="en">{escape(seen)}</code>'
    need = "" if check.needed else f' <span class="ds-tag">{say("hardware_optional")}</span>'
    return (
        f'<tr class="ds-{check.state}"><th scope="row">{escape(name)}{need}</th>'
        f"<td>{_STATES[check.state]} {say(f'hardware_state_{check.state}')}</td>"
        f'<td>{technical}{helped}</td><td class="ds-num">{check.seconds:.1f} s</td></tr>'
    )


def _scrolling(table: str, name: str) -> str:
    """Return a table that scrolls sideways on a narrow screen, by keyboard too."""
    return f'<div class="ds-scroll" tabindex="0" role="region" aria-label="{name}"><table>{table}</table></div>'


def _list(items: Iterable[str]) -> str:
    lines = "".join(f"<li>{item}</li>" for item in items)
    return f"<ul>{lines}</ul>" if lines else ""


def _none(say: _Say) -> str:
    return f'<p class="ds-empty">{say("hardware_none")}</p>'


class _Say:
    """A language's phrases, escaped."""

    def __init__(self, lang: Language) -> None:
        self._lang = lang

    def __call__(self, key: str, **values: object) -> str:
        return escape(phrase(key, self._lang, **values))
