"""Which devices a profile speaks of, and on which rung of the ladder they start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.policy.ladder import first_rung
from agent.policy.memory import LADDER, fit, supports
from agent.policy.reasons import reason
from agent.prompts.decisions import RUNG
from agent.prompts.training import METHOD_NAMES
from agent.records.base import Language
from agent.records.decision import Reason
from agent.records.hardware import Device
from agent.records.profile import HardwareItem, Profile
from agent.records.tuning import Method

Owned = tuple[HardwareItem, Device]
Rung = tuple[Method | None, tuple[Reason, ...]]


def match_device(name: str, devices: Mapping[str, Device]) -> Device | None:
    """Return the device of that name or alias, letter case and surrounding blanks aside; `None` if there is none."""
    wanted = name.strip().casefold()
    for key, device in devices.items():
        if wanted in (known.casefold() for known in (key, device.name, *device.aliases)):
            return device
    return None


def runs_without_gpu(profile: Profile, devices: Mapping[str, Device] | None = None) -> bool:
    """Return whether the profile says that there is no accelerator; unknown hardware does not say so."""
    if profile.hardware is None:
        return False
    found = [(item.device, match_device(item.device, devices or {})) for item in profile.hardware]
    return all(device.backend == "cpu" if device else "cpu" in name.casefold() for name, device in found)


def starting_rung(profile: Profile, devices: Mapping[str, Device] | None, lang: Language) -> Rung:
    """Return the rung that fine-tuning would start on with the profile's hardware, and why.

    Of several kinds of devices the one counts that `best_to_train` returns. Without a catalogue, or without a device
    named, the guide's first rung stands, and the reason says that it was not checked.
    """
    if profile.hardware is None:
        return "qlora", (reason(RUNG, "default", lang, "ladder", "hardware"),)
    if not profile.hardware:
        return "qlora", (reason(RUNG, "no_gpu", lang, "no-gpu", "hardware"),)
    if devices is None:
        name = profile.hardware[0].device
        return "qlora", (reason(RUNG, "not_checked", lang, "ladder", "hardware", device=name),)
    found = [(item, match_device(item.device, devices)) for item in profile.hardware]
    known = [(item, device) for item, device in found if device is not None]
    if not known:
        if runs_without_gpu(profile, devices):  # "cpu" is no device of the catalogue, and no unknown one either
            return "qlora", (reason(RUNG, "no_gpu", lang, "no-gpu", "hardware"),)
        name = profile.hardware[0].device
        return None, (reason(RUNG, "unknown_device", lang, "hardware", "hardware", device=name),)
    item, device = best_to_train(known, profile.base_model_params_b)
    return _on_device(item, device, profile.base_model_params_b, lang)


def best_to_train(known: Sequence[Owned], params_b: float | None) -> Owned:
    """Return the kind of devices to train on: of those on which some rung is available and fits, that with most memory.

    One that trains nothing, or on which nothing fits, comes after all others however much memory it has.

    Args:
        known: Each kind that a team has, with what is known of it; at least one.
        params_b: Parameters of the model, in thousand millions; without it, what a device supports counts alone.
    """

    def rank(owned: Owned) -> tuple[bool, float]:
        item, device = owned
        method, _ = _on_device(item, device, params_b, "en")
        return method is not None, item.count * device.gib

    return max(known, key=rank)


def _on_device(item: HardwareItem, device: Device, params_b: float | None, lang: Language) -> Rung:
    if params_b is None:
        method = next((rung for rung in LADDER if supports(device, rung)), None)
        if method is None:
            return None, (reason(RUNG, "none_available", lang, "hardware", "hardware", device=device.name),)
        name = METHOD_NAMES[method][lang]
        return method, (reason(RUNG, "size_unknown", lang, "ladder", "hardware", device=device.name, method=name),)
    decision = first_rung(fit(device, item.count, params_b, lang), lang)
    return decision.method, decision.reasons
