"""Where this process looks for a user's own devices and for what was measured of this machine.

An entry point says so once, with `use_settings`; a library that asks for a device before anybody has gets the built-in
catalogue. Devices are facts about the world and are asked for in places that have no settings at hand, down to the
understanding of a sentence; that is why this is not handed through.
"""

from __future__ import annotations

from agent.settings import Settings

_used: list[Settings] = []


def use_settings(settings: Settings | None) -> None:
    """Look for devices and measurements where these settings say; `None` forgets them."""
    _used[:] = [settings] if settings is not None else []


def used_settings() -> Settings | None:
    """Return the settings that an entry point named; `None` before that."""
    return _used[0] if _used else None
