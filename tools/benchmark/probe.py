"""What a device can do, found by doing it, every item in a process that may crash or hang without harm.

    probe(open_device("auto"), "en")["qlora_step"].outcome

Several items share one process, because loading torch takes seconds. One that takes its process along costs that
process only: what is left goes on in the next.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Final

from agent.policy.capabilities import as_found, training_type
from agent.policy.memory_inference import usual_type
from agent.progress import Reporter, Silent
from agent.prompts.capabilities import ITEM_NAMES, PROBE
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.benchmark import Capability
from agent.records.hardware import Support
from agent.records.tuning import ComputeType
from tools.benchmark.backends import Accelerator
from tools.tuning.memory import says_no_memory

Told = Callable[[str, Capability], None]
"""Called with the name of every item and what came of it, as soon as it is known."""

ITEMS: Final[tuple[str, ...]] = tuple(ITEM_NAMES)
"""Every item, in the order in which they run."""
CHILD: Final[tuple[str, ...]] = (sys.executable, "-P", "-m", "tools.benchmark.probing")
"""Command of the process, without its arguments; -P: the user's working folder may hold a `tools` of its own."""
ITEM_SECONDS: Final = 90.0
"""After which an item counts as hanging; some stacks compile a kernel on first use, which takes them a minute."""
START_SECONDS: Final = 120.0
"""After which a process that has not opened its device counts as hanging."""
_FIRST: Final = ("memory_", "matmul_")
"""Items that come first, because the type that everything else is tried in follows from them."""
_LOOK_SECONDS: Final = 0.1
_HIDDEN: Final = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "HIP_VISIBLE_DEVICES": "-1",
    "ASCEND_RT_VISIBLE_DEVICES": "",
    "MUSA_VISIBLE_DEVICES": "-1",
    "ZE_AFFINITY_MASK": "",
    "TORCH_DEVICE_BACKEND_AUTOLOAD": "0",
}
"""Environment of a process that is to try the processor on a machine with an accelerator."""
_OUT_OF_MEMORY: Final = signal.SIGKILL
"""What the system sends a process when memory runs out."""


def probe(
    device: Accelerator,
    lang: Language = "en",
    *,
    reporter: Reporter | None = None,
    on_item: Told | None = None,
    names: Sequence[str] = ITEMS,
    threads: int | None = None,
    item_seconds: float = ITEM_SECONDS,
    child: Sequence[str] = CHILD,
) -> dict[str, Capability]:
    """Try items on a device; returns what came of each, in the order of `ITEMS`.

    An item that hung, was killed for memory or never came to its device counts as not tried; its message says why.

    Args:
        device: What is probed.
        lang: Language of the reasons.
        reporter: Told of every item; asked ten times a second whether to stop.
        on_item: Told of every item too.
        names: What to try.
        threads: CPU threads; `None` leaves it to torch.
        item_seconds: After which an item counts as hanging.
        child: Command of the process that does the work.

    Raises:
        CancelledError: Somebody cancelled; the process is ended.
    """
    work = _Probe(device, lang, reporter or Silent(), on_item, [*names], threads, item_seconds, child)
    wanted = [name for name in ITEMS if name in names] + [name for name in names if name not in ITEMS]
    first = [name for name in wanted if name.startswith(_FIRST)]
    work.run(first, "fp32")
    # Where memory was too short for a product, the vendor's word stands, as it does for the device that is planned for.
    compute = training_type(device.backend, work.found, usual_type(device.backend, work.bf16))
    work.run([name for name in wanted if name not in first], compute)
    return {name: work.found[name] for name in wanted}


class _Probe:
    """One probe, with what is known so far."""

    def __init__(
        self,
        device: Accelerator,
        lang: Language,
        reporter: Reporter,
        on_item: Told | None,
        names: list[str],
        threads: int | None,
        item_seconds: float,
        child: Sequence[str],
    ) -> None:
        self.found: dict[str, Capability] = {}
        self._device = device
        self._lang = lang
        self._reporter = reporter
        self._on_item = on_item
        self._total = len(names)
        self._threads = ["--threads", str(threads)] if threads is not None else []
        self._item_seconds = item_seconds
        self._child = child
        self.bf16: Support = "unknown"
        """The vendor's word, once a process has opened the device."""
        self._deadline = 0.0
        self._closed: Capability | None = None
        """What became of opening the device, where it cannot be opened."""

    def run(self, names: list[str], compute_type: ComputeType) -> None:
        """Try items in one process, and in another what a crash has left."""
        left = list(names)
        while left and self._closed is None:
            left = self._one_process(left, compute_type)
        if self._closed is not None:
            for name in left:
                self._know(name, self._closed)

    def _one_process(self, names: list[str], compute_type: ComputeType) -> list[str]:
        """Try items in a process; returns those it did not come to."""
        told = ["--device", self._device.torch_device, "--compute-type", compute_type, "--lang", self._lang]
        with tempfile.TemporaryFile() as said, tempfile.TemporaryDirectory(prefix="domainsmith-probe-") as folder:
            process = subprocess.Popen(
                [*self._child, *told, *self._threads, "--folder", folder, "--", *names],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=self._environment(),
                start_new_session=True,
            )
            try:
                return self._followed(process, names, said)
            finally:
                _end(process)

    def _followed(self, process: subprocess.Popen[bytes], names: list[str], said: IO[bytes]) -> list[str]:
        left = list(names)
        begun: str | None = None
        limit, opened = START_SECONDS, False
        self._deadline = time.monotonic() + limit
        for event in self._events(process):
            match event:
                case {"bf16": word}:
                    self.bf16, opened, limit = word, True, self._item_seconds
                case {"begins": str(name)}:
                    begun = name
                case {"item": str(name), "found": found}:
                    left.remove(name)
                    self._know(name, Capability.model_validate(found))
                    begun = None
                case {"failed": str(why)}:
                    self._closed = Capability(outcome="not_tried", message=self._says("no_start", why=why))
                    return left
            self._deadline = time.monotonic() + limit
        if not left:
            return []
        hung = process.poll() is None
        message = self._says("hang", seconds=f"{limit:g}") if hung else self._ended(process.wait(), said)
        if not opened:  # and no other process would open it
            self._closed = Capability(outcome="not_tried", message=message)
            return left
        # A loaded machine is slow and kills for memory; only what a process does to itself tells of the device.
        by_itself = not hung and process.returncode != -_OUT_OF_MEMORY and not says_no_memory(message)
        guilty = begun or left[0]  # what ends between two items is laid to the next: else this would never end
        left.remove(guilty)
        self._know(guilty, Capability(outcome="crashed" if by_itself else "not_tried", message=message))
        return left

    def _events(self, process: subprocess.Popen[bytes]) -> Iterator[Any]:
        """Yield what the process tells, until it ends or its time is over."""
        lines: queue.Queue[bytes | None] = queue.Queue()
        assert process.stdout is not None
        threading.Thread(target=_read, args=(process.stdout, lines), name="probe", daemon=True).start()
        while True:
            if lines.empty():  # what has come counts, even if somebody cancels now
                self._reporter.check()
            try:
                line = lines.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                if time.monotonic() > self._deadline:
                    return
                continue
            if line is None:
                self._await_end(process)
                return
            yield json.loads(line)

    def _await_end(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for a process that says no more; a driver may hang while it is unloaded."""
        while process.poll() is None and time.monotonic() <= self._deadline:
            self._reporter.check()
            time.sleep(_LOOK_SECONDS)

    def _know(self, name: str, tried: Capability) -> None:
        found = as_found(name, tried, self.found, self._device.backend, self.bf16, self._lang)
        self.found[name] = found
        if self._on_item is not None:
            self._on_item(name, found)
        self._reporter.progress(len(self.found), self._total, "checks", _named(name, self._lang))

    def _ended(self, status: int, said: IO[bytes]) -> str:
        """Return how a process ended by itself, with the last thing it said."""
        said.seek(0)
        lines = [line.strip() for line in said.read().decode(errors="replace").splitlines() if line.strip()]
        last = f" ({lines[-1][:200]})" if lines else ""
        if status >= 0:
            return self._says("exit", status=status, said=last)
        sent = signal.Signals(-status)
        return self._says("signal_memory" if sent == _OUT_OF_MEMORY else "signal", signal=sent.name, said=last)

    def _says(self, key: str, **values: object) -> str:
        return fill(PROBE, key, self._lang, **values)

    def _environment(self) -> Mapping[str, str]:
        hidden = _HIDDEN if self._device.backend == "cpu" else {}
        return {**os.environ, **hidden}


def _read(stream: IO[bytes], lines: queue.Queue[bytes | None]) -> None:
    """Hand on whole lines until the stream ends; it is closed here, because nobody else may while it is being read."""
    with stream:
        for line in stream:
            if line.endswith(b"\n"):  # else the process died while it wrote
                lines.put(line)
    lines.put(None)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process with everything it started; what it still says is read and closed by `_read`."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()


def _named(name: str, lang: Language) -> str:
    return ITEM_NAMES[name][lang] if name in ITEM_NAMES else name
