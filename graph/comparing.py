"""What is known of machines, looked up: saved benchmarks first, the catalogue where nobody has measured.

Nothing is measured from a conversation: a benchmark needs the machine for itself, so a person starts it.
"""

from __future__ import annotations

from typing import Final

from agent.errors import NotFoundError
from agent.records.base import Language
from agent.records.evaluation import EvaluationReport
from agent.records.tuning import TuneResult
from agent.settings import Settings
from graph.context import Context
from graph.performed import Performed
from graph.replies import machines
from graph.replies.plain import said_json
from graph.state import ConversationState
from knowledge.files import read_record
from tools.benchmark.comparison import USUAL_SIZE, compare
from tools.benchmark.prices import prices_of
from tools.benchmark.subjects import USUAL_DEVICES, Chosen, is_this_machine, measured_of, newest_here, of_device
from tools.hardware import file_of_devices, find_device, this_machine
from tools.requests import MachineRequest
from tools.workspace import Project

HERE: Final = "this machine"
"""Whose cost is asked where no device is named."""
MOST: Final = 4
"""Subjects that one answer compares."""


def look_at_machine(
    request: MachineRequest, state: ConversationState, context: Context, project: Project | None, lang: Language
) -> Performed:
    """Say what is known of this machine, or compare devices with what was measured.

    Raises:
        NotFoundError: The catalogue has no such device.
    """
    if request.about == "speed" and all(is_this_machine(name) for name in request.devices):
        return _here(context.settings, project, lang)
    profile = context.profile(state)
    size = request.params_b or profile.base_model_params_b or USUAL_SIZE
    if request.about == "cost":
        chosen = tuple(_each([_subject(name, context.settings) for name in request.devices or (HERE,)]))
    else:
        chosen = _chosen(request, [one.device for one in profile.hardware or ()], context.settings)
    made = compare(chosen[:MOST], size, lang, prices_of(context.settings, lang))
    if request.about == "cost":
        said = machines.token_costs(made, str(file_of_devices(context.settings)), lang)
    else:
        said = machines.compared(made, lang)
    told = machines.with_left_out(said, [one.name for one in chosen[MOST:]], MOST, lang)
    return Performed(said_json(told), made.model_dump(mode="json"))


def _here(settings: Settings, project: Project | None, lang: Language) -> Performed:
    trained, report = None, None
    if project is not None:
        run = project.latest_run("tune")
        trained = read_record(run / "result.json", TuneResult) if run is not None else None
        measured = project.latest_run("evaluate")
        report = read_record(measured / "result.json", EvaluationReport) if measured is not None else None
    newest = newest_here(settings)
    made = compare([newest], lang=lang) if newest is not None else None
    device = this_machine()
    said = machines.machine(device, made, trained, report, lang)
    data = {"devices": [device.model_dump(mode="json")], "saved": made and made.model_dump(mode="json")}
    return Performed(said_json(said), data)


def _chosen(request: MachineRequest, owned: list[str], settings: Settings) -> tuple[Chosen, ...]:
    """Return what was named; one device alone is set against what the team has, this machine, or a usual one."""
    found = [_subject(name, settings) for name in request.devices]
    if len({one.id for one in found}) == 1:
        found += _partners(found[0], owned, settings)
    return tuple(_each(found))


def _each(found: list[Chosen]) -> list[Chosen]:
    return list({one.id: one for one in found}.values())


def _partners(one: Chosen, owned: list[str], settings: Settings) -> list[Chosen]:
    partners = []
    for name in owned:
        try:
            partners.append(_subject(name, settings))
        except NotFoundError:
            continue  # A profile names hardware in the team's own words; what the catalogue lacks has no figures.
    newest = newest_here(settings)
    if newest is not None:
        partners.append(newest)
    partners = [other for other in partners if other.id != one.id]
    return partners or [_subject(next(name for name in USUAL_DEVICES if name != one.name), settings)]


def _subject(name: str, settings: Settings) -> Chosen:
    if is_this_machine(name):
        return newest_here(settings) or of_device(this_machine())
    device = find_device(name)
    return measured_of(settings, device) or of_device(device)
