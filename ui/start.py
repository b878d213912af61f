"""The console script: answers Ctrl-C from the first moment, while the command line itself is still being imported."""

from __future__ import annotations

import os
import signal
from types import FrameType


def main() -> None:
    """Run `domainsmith`."""
    signal.signal(signal.SIGINT, _leave)
    from ui.cli import main as run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


def _leave(_signal: int, _frame: FrameType | None) -> None:
    # Nothing has begun, so there is nothing to tidy up; an exception would end in a traceback out of the imports.
    os.write(2, b"domainsmith: cancelled\n")
    os._exit(130)
