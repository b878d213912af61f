"""A team that names its processor has no accelerator, and no unknown device either."""

from __future__ import annotations

from agent.policy.devices import starting_rung
from agent.records.profile import HardwareItem, Profile


def test_a_processor_is_no_unknown_device() -> None:
    method, (why,) = starting_rung(Profile(hardware=(HardwareItem(device="CPU only"),)), {}, "en")
    assert (method, why.article) == ("qlora", "no-gpu")


def test_an_unknown_device_is_said_to_be_unknown() -> None:
    method, (why,) = starting_rung(Profile(hardware=(HardwareItem(device="Abacus 9"),)), {}, "en")
    assert method is None
    assert "Abacus 9" in why.text
