"""The process that opens the user's files: limited in memory, time and output, so that a hostile file harms only it.

Started by `knowledge.ingest.reading`; speaks JSON lines: `{"path", "format"}` in, `{"documents": […]}` or `{"refused":
reason}` out.

    echo '{"path": "a.pdf", "format": "pdf"}' | python -m knowledge.ingest.worker
"""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import sys
import warnings
from pathlib import Path
from typing import Any, BinaryIO, Final

from knowledge.ingest.formats import LARGEST_FILE, read
from knowledge.ingest.parsed import UnreadableError

MEMORY: Final = 2 * 2**30
"""Bytes of address space."""
CPU_SECONDS: Final = 60
"""Processor time for each file."""
LARGEST_TEXT: Final = 50_000_000
"""Characters one file may give."""


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Read one file and return the answer to the parent; every failure of a parser is a refusal of the file."""
    path = Path(request["path"])
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UnreadableError(f"larger than {LARGEST_FILE // 2**20} MiB")
        documents = read(path.read_bytes(), request["format"])
        if sum(len(document.text) for document in documents) > LARGEST_TEXT:
            raise UnreadableError(f"more than {LARGEST_TEXT} characters of text")
        if not any(document.text.strip() for document in documents):
            raise UnreadableError("no text in it")
    except UnreadableError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": f"needs more than {MEMORY // 2**30} GiB of memory to read"}
    except RecursionError:
        return {"refused": "nested too deep"}
    except OSError as error:
        return {"refused": f"cannot be opened: {error.strerror or error}"}
    except (
        Exception
    ) as error:  # Parsers of broken files raise anything; the parent must hear of it, not lose the worker.
        return {"refused": f"damaged ({type(error).__name__})"}
    return {"documents": [dataclasses.asdict(document) for document in documents]}


def limit() -> None:
    """Bind this process to its limits; processor time is bound anew for each file."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    memory = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # No reader has a reason to write a file.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _allow_cpu() -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(usage.ru_utime + usage.ru_stime) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until there are no more."""
    for line in requests:
        _allow_cpu()
        replies.write(json.dumps(answer(json.loads(line))).encode() + b"\n")
        replies.flush()


def main() -> None:
    """Run the worker on standard input and output."""
    # A parser that prints must not break the protocol: replies keep the pipe, everything else goes to standard error.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    warnings.simplefilter("ignore")
    limit()
    serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
