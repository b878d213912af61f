"""Records as text for a person; pure, so that a table of expectations tests it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from agent.records.base import Language
from agent.records.corpus import Answer, Document, IngestResult, RemovalResult, Retrieved
from agent.records.decision import MethodDecision, Readiness, Reason
from agent.records.diagnosis import Diagnosis
from agent.records.evaluation import Arm, Comparison, Estimate, EvaluationReport
from agent.records.hardware import MemoryPlan
from agent.records.iteration import IterationLog
from agent.records.mixture import MixManifest
from agent.records.pairs import ExtractResult, Pair
from agent.records.tuning import TuneResult
from tools.doctor import DoctorReport
from tools.evaluation.dimensions import in_order
from tools.evaluation.wording import arm_name, dimension_name, method_sentence, named
from tools.evaluation.wording import say as report_say
from tools.mixing.swept import SweepResult
from tools.validation.request import ValidateResult
from ui.i18n import phrases
from ui.iteration_rows import iteration_rows
from ui.output import Output
from ui.plan_parts import part_rows
from ui.reading_reasons import reason
from ui.visible import in_line

MARKS = {"done": "[x]", "current": "[>]", "waiting": "[ ]", "needs_you": "[!]"}


def table(rows: Sequence[Sequence[str]], *, gap: str = "  ") -> str:
    """Return rows as aligned columns, every cell in one line; full-width characters count double."""
    if not rows:
        return ""
    rows = [[in_line(cell) for cell in row] for row in rows]
    widths = [max(_width(row[column]) for row in rows if column < len(row)) for column in range(max(map(len, rows)))]
    lines = [gap.join(cell + " " * (widths[i] - _width(cell)) for i, cell in enumerate(row)).rstrip() for row in rows]
    return "\n".join(lines)


def percent(value: float) -> str:
    """Return a fraction as whole percent."""
    return f"{value:.0%}"


def points(value: float) -> str:
    """Return a difference of fractions as signed points, with a true minus sign."""
    rounded = round(100 * value)
    return f"{rounded:+d}".replace("-", "−")


def estimate(value: Estimate) -> str:
    """Return mean, interval and n."""
    failed = f", {value.errors} failed" if value.errors else ""
    return f"{percent(value.mean)} ({percent(value.low)}–{percent(value.high)}, n={value.n}{failed})"


def comparison(value: Comparison, lang: Language = "en") -> str:
    """Return a paired difference with its interval."""
    return report_say(
        "difference_line",
        lang,
        a=arm_name(value.a, lang),
        b=arm_name(value.b, lang),
        dimension=dimension_name(value.dimension, lang),
        points=points(value.difference),
        low=points(value.low),
        high=points(value.high),
        n=value.n,
    )


def reasons(values: Sequence[Reason]) -> str:
    """Return reasons as a list, each with its evidence and article."""
    return "\n".join(f"- {value.text} [{', '.join((*value.evidence, 'guide: ' + value.article))}]" for value in values)


def article(title: str, identifier: str, text: str) -> str:
    """Return one article of the guide."""
    return f"{title}  (guide: {identifier})\n{text.strip()}"


def doctor(value: DoctorReport, output: Output) -> str:
    """Return what works on this machine, and the mend of what does not."""
    from ui.pages.retold import retold

    rows = []
    for check in value.checks:
        key = re.sub(r"[^a-z0-9]+", "_", check.name.lower())
        name = check.name if output.lang == "en" else output.say(f"hardware_check_name_{key}")
        state = check.state if output.lang == "en" else output.say(f"hardware_state_{check.state}")
        rows.append((f"[{state}]", name, check.detail if output.lang == "en" else retold(check.detail, output.lang)))
        if check.mend:
            mend = check.mend if output.lang == "en" else phrases("zh").get(f"hardware_mend_{key}", check.mend)
            rows.append(("", "", f"→ {mend}"))
    return f"{table(rows)}\n{output.say('healthy' if value.healthy else 'unhealthy')}"


def readiness(value: Readiness, project: str, output: Output) -> str:
    """Return the road with the state of every station, and the next step."""
    rows = [(MARKS[s.state], output.say(f"station_{s.name}"), s.detail) for s in value.stations]
    following = output.say("next_step", action=value.next_action)
    return "\n".join([project, table(rows), following, reasons(value.reasons)]).rstrip()


def decision(value: MethodDecision, output: Output) -> str:
    """Return the method decision with its reasons and the next question."""
    lines = [output.say("decision", method=output.say(f"method_{value.method}"))]
    if value.first_rung:
        lines.append(output.say("first_rung", rung=value.first_rung))
    lines.append(reasons(value.reasons))
    if value.missing:
        lines.append(output.say("missing", fields=", ".join(value.missing)))
    if value.question:
        lines.append(value.question)
    return "\n".join(line for line in lines if line)


def ingest(value: IngestResult, output: Output) -> str:
    """Return what a reading did; every file that was not read stands with its reason."""
    lines = [
        output.say(
            "ingested",
            read=value.read,
            unchanged=value.unchanged,
            skipped=value.skipped,
            failed=value.failed,
            removed=value.removed,
            chunks=value.chunks,
            seconds=f"{value.seconds:.1f}",
        )
    ]
    bad = [
        (f"  {output.say(f'documents_status_{d.status}')}", d.name, reason(d.reason or d.note, output.lang))
        for d in value.documents
        if d.reason or d.note
    ]
    return "\n".join([*lines, table(bad)]).rstrip()


def documents(values: Sequence[Document], output: Output) -> str:
    """Return the documents of a project; every one that was not read, or not all of it, stands with its reason."""
    rows = [[output.say(f"listed_{name}") for name in ("id", "name", "pages", "chunks", "status")]]
    for one in values:
        why = f": {reason(one.reason or one.note, output.lang)}" if one.reason or one.note else ""
        pages = "" if one.pages is None else str(one.pages)
        rows.append([one.id, one.name, pages, str(one.chunks), f"{output.say(f'documents_status_{one.status}')}{why}"])
    return table(rows)


def retrieved(values: Sequence[Retrieved], output: Output, abstain_below: float) -> str:
    """Return retrieved chunks with place and score, and a warning where they probably do not answer."""
    blocks = [
        f"{rank}. {_place(hit)}, {hit.chunk.start}–{hit.chunk.end}  ({hit.score:.4f})\n"
        f"   {' '.join(hit.chunk.text.split())[:300]}"
        for rank, hit in enumerate(values, start=1)
    ]
    return "\n".join([*blocks, *_doubts(values, output, abstain_below)])


def _place(hit: Retrieved) -> str:
    return f"{in_line(hit.chunk.name)}{f', p. {hit.chunk.page}' if hit.chunk.page else ''}"


def _doubts(values: Sequence[Retrieved], output: Output, abstain_below: float) -> list[str]:
    weak = [hit.evidence for hit in values if hit.evidence is not None and hit.evidence < abstain_below]
    return [output.say("weak_evidence", share=max(weak))] if weak else []


def unread(values: Sequence[Retrieved], output: Output, abstain_below: float) -> str:
    """Return why an arm with retrieval read nothing and where the user may look; empty if it did read."""
    doubts = _doubts(values, output, abstain_below)
    places = ", ".join(dict.fromkeys(_place(hit) for hit in values))
    return "\n".join([*doubts, output.say("nearest_passages", places=places)]) if doubts else ""


def answers(values: Mapping[Arm, Answer], output: Output) -> str:
    """Return the arms' answers side by side, one block an arm."""
    blocks = []
    for arm, value in values.items():
        first = f", {value.seconds_to_first_token:.1f} s" if value.seconds_to_first_token is not None else ""
        lines = [f"{arm} ({value.seconds:.1f} s{output.say('first_token', seconds=first) if first else ''})"]
        lines.append(f"  {value.text}{'…' if value.truncated else ''}")
        lines += [f"  ({output.say('compare_truncated')})"] if value.truncated else []
        lines += [f"  ({output.say('compare_quoted')})"] if value.quoted else []
        for citation in value.citations:
            page = f", p. {citation.page}" if citation.page else ""
            lines.append(f"  [{in_line(citation.document)}{page}] “{' '.join(citation.quote.split())}”")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def extract(value: ExtractResult, output: Output) -> str:
    """Return what an extraction made, with rejects by reason."""
    head = output.say(
        "extracted",
        pairs=value.pairs,
        facts=value.facts,
        rejected=value.rejected,
        train=value.documents_train,
        held_out=value.documents_held_out,
    )
    return "\n".join([head, rejects(value.rejects_by_reason, output.lang), *value.notes]).rstrip()


def rejects(counts: Mapping[str, int], lang: Language) -> str:
    """Return how many pairs were rejected for each reason, the commonest first, in words."""
    from ui.pages import pairs_reasons

    ordered = sorted(counts.items(), key=lambda one: -one[1])
    return table([(f"  {count}", pairs_reasons.label(why, lang)) for why, count in ordered])


def pairs(values: Sequence[Pair], output: Output, names: Mapping[str, str]) -> str:
    """Return pairs with their state and provenance.

    Args:
        values: The pairs.
        output: Where it goes, and in which language.
        names: Names of the documents by id.
    """
    from ui.pages import pairs_reasons

    blocks = []
    for pair in values:
        why = f" ({pairs_reasons.reason(pair.reason, output.lang)})" if pair.reason else ""
        state = f"{output.say(f'pairs_status_{pair.status}')}{why}  {output.say(f'pairs_split_{pair.split}')}"
        name = names.get(pair.document, pair.document) or output.say("pairs_imported")
        place = f"{in_line(name)}{f', p. {pair.page}' if pair.page else ''}"
        blocks.append(f"{pair.id}  {state}  {place}\n  Q {pair.question}\n  A {pair.answer}")
    return "\n".join(blocks)


def mix(value: MixManifest, output: Output) -> str:
    """Return what is in a mix, with everything that was left out or repeated."""
    head = output.say(
        "mixed",
        id=value.id,
        examples=value.examples,
        domain=value.domain_examples,
        share=percent(value.domain_share_examples),
        tokens=percent(value.domain_share_tokens),
    )
    return "\n".join([head, *(f"- {note}" for note in value.notes)])


def sweep(value: SweepResult, output: Output) -> str:
    """Return what every pilot of a share sweep showed, and the recommended share with its reasons."""
    rows = [[output.say(f"sweep_{name}") for name in ("share", "examples", "domain", "general", "items", "seconds")]]
    rows.append([output.say("sweep_base"), "", percent(value.base_domain), percent(value.base_general), "", ""])
    rows += [
        [percent(p.share), str(p.examples), percent(p.domain), percent(p.general), str(p.items), f"{p.seconds:.0f} s"]
        for p in value.pilots
    ]
    head = output.say("sweep_done", share=percent(value.decision.share), run=value.run)
    return "\n".join([head, table(rows), reasons(value.decision.reasons)])


def validation(value: ValidateResult, output: Output) -> str:
    """Return what is sealed, by dimension, with what was left out."""
    rows = [(f"  {count}", output.say(f"dimension_{name}")) for name, count in value.by_dimension.items()]
    head = output.say("sealed", items=value.items, sha256=value.sha256[:12])
    return "\n".join([head, table(rows), *(f"- {note}" for note in value.notes)]).rstrip()


def plan(value: MemoryPlan, output: Output) -> str:
    """Return what fits, method by method, and where the ladder starts."""
    from ui.pages import hardware_view

    rows = []
    for fit in value.methods:
        state = "yes" if fit.fits and fit.available else "no"
        why = hardware_view.note(fit.why, output.lang).replace(value.device, _device(value.device, output))
        rows.append((fit.method, output.say(state), f"{fit.gib_low:.1f}–{fit.gib_high:.1f} GiB", why))
    start = value.start_at or output.say("nothing_fits")
    device = _device(value.device, output)
    head = output.say("plan", count=value.count, device=device, params=f"{value.params_b:g}", start=start)
    notes = (hardware_view.note(note, output.lang).replace(value.device, device) for note in value.notes)
    parts = [table(part_rows(value, output.lang))] if any(fit.parts for fit in value.methods) else []
    return "\n".join([head, table(rows), *parts, *(f"- {note}" for note in notes)])


def _device(name: str, output: Output) -> str:
    """Return a device's name, the machine at hand named in the language."""
    from tools.benchmark.subjects import spoken_name

    return output.say("this_machine") if name == "this machine" else spoken_name(name, output.lang)


def tune(value: TuneResult, output: Output) -> str:
    """Return what a training run produced and why it was set up so."""
    head = output.say(
        "tuned",
        run=value.run,
        method=value.method,
        examples=value.examples,
        steps=value.steps,
        first=f"{value.first_loss:.2f}",
        last=f"{value.last_loss:.2f}",
        seconds=f"{value.seconds:.0f}",
        speed=f"{value.tokens_per_s:.0f}",
        peak=f"{value.peak_gib:.1f}",
    )
    return "\n".join([head, *(f"- {reason}" for reason in value.reasons)])


def evaluation(value: EvaluationReport, output: Output) -> str:
    """Return arms by dimension with intervals, the comparisons, and the verdict with the rule that decided."""
    lang = output.lang
    rows: list[list[str]] = [["", *(arm_name(arm, lang) for arm in value.arms)]]
    for dimension in in_order(d for scores in value.arms.values() for d in scores):
        cells = [estimate(s[dimension]) if dimension in s else "–" for s in value.arms.values()]
        rows.append([dimension_name(dimension, lang), *cells])
    notes = [f"- {note}" for note in value.notes]
    verdict = []
    if value.decided is not None:
        said = (method_sentence(value.decided.method, lang), *(named(text, lang) for text in value.decided.reasons[:1]))
        verdict.append({"en": " ", "zh": ""}[lang].join(said))
    return "\n".join([table(rows), *(comparison(c, lang) for c in value.comparisons), *notes, *verdict])


def diagnosis(value: Diagnosis, output: Output) -> str:
    """Return causes with counts, then fixes with their commands."""
    rows = [
        (f"  {c.count}", output.say(f"cause_{c.cause}"), f"{percent(c.share)} ({percent(c.low)}–{percent(c.high)})")
        for c in value.causes
    ]
    fixes = [f"{number}. {fix.action}\n   {fix.command}" for number, fix in enumerate(value.fixes, start=1)]
    verdict = output.say("retrain" if value.retrain else "no_retrain") if value.failed else ""
    head = output.say("diagnosed", run=value.run, failed=value.failed)
    return "\n".join(part for part in [head, table(rows), *fixes, verdict] if part)


def iterations(value: IterationLog, output: Output) -> str:
    """Return every round with what it changed, then what the stop rule says."""
    rows = iteration_rows(value, output.lang, lambda began: f"{began[:10]} {began[11:16]} UTC")
    return "\n".join([table(rows) if value.iterations else "", reasons(value.stop.reasons)]).lstrip()


def _width(text: str) -> int:

    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def removal(result: RemovalResult, output: Output) -> str:
    """Return what a removal took with it."""
    lines = [
        output.say(
            "removal_done",
            name=in_line(result.name),
            pairs=result.pairs,
            items=result.items,
            mixes=len(result.mixes),
            conversations=result.conversations,
        )
    ]
    if result.learners:
        lines.append(output.say("removal_learners", runs=", ".join(result.learners)))
    if result.twins:
        lines.append(output.say("removal_twins", names=", ".join(result.twins)))
    return "\n".join(lines)
