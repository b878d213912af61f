"""The console script: answers Ctrl-C from the first moment to the last, with one line and exit code 130."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """Run `domainsmith`."""
    signal.signal(signal.SIGINT, _leave)
    leaving: list[object] = []
    atexit.register(_keep_code, leaving)
    from ui.cli import main as run

    signal.signal(signal.SIGINT, _interrupt)
    try:
        run()
        code: object = 0
    except SystemExit as ended:
        code = ended.code
    finally:
        # From here on there is nothing left to break into; Python would die of the signal instead of exiting.
        signal.signal(signal.SIGINT, _leave_at_once)
    leaving.append(code)
    sys.exit(code)  # type: ignore[arg-type]


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Break into the command once; whoever presses again while it tidies up does not want to wait for that."""
    signal.signal(signal.SIGINT, _leave_at_once)
    raise KeyboardInterrupt


def _keep_code(leaving: list[object]) -> None:
    """End with the code of an interrupted command, after everything else that runs at the exit.

    The interpreter remembers an interrupt that passed through `exec`, which dataclasses use, as one that nobody
    handled, and would die of the signal in the end.
    """
    if leaving == [130]:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(130)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    # Nothing has begun, so there is nothing to tidy up; an exception would end in a traceback out of the imports.
    os.write(2, "domainsmith: 已取消\n".encode() if _is_chinese() else b"domainsmith: cancelled\n")
    os._exit(130)


def _is_chinese() -> bool:
    """Return the language that `--lang` or the environment says; nothing may be imported or read to find out."""
    words = " ".join(sys.argv).replace("=", " ")
    return "--lang zh" in words or ("--lang" not in words and os.environ.get("DOMAINSMITH_LANG") == "zh")


def _leave_at_once(_signal: int, _frame: FrameType | None) -> None:
    os._exit(130)


if __name__ == "__main__":
    main()
