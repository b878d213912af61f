"""Where this process looks for a user's own devices and for what was measured of this machine.

This is the one setting that is kept for the whole process. Devices are facts about the world, the same for everybody,
and are asked for in some forty places that have no settings at hand, down to the understanding of a sentence; handing
the settings through to all of them would tie each to something it does not decide by.

It is set once, by the entry points alone: `ui.runtime.Runtime` for every command and the server, and the worker for its
job. Only `machine_folder`, `hardware_file` and `lang` are read of it, and those are the server's own in every account
and every job (`ui.web.desk.Desks`, `tools.jobs.snapshot`), so that a page and a job agree about the machine. A library
that asks for a device before anybody has set it gets the built-in catalogue.
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
