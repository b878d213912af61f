"""What the reading process may not do; each tried in a process of its own, since it cannot be undone."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from knowledge.ingest.confinement import _KNOWN, _program

CONFINED = "from knowledge.ingest.confinement import confine"
ROOT = Path(__file__).resolve().parents[3]
filtered = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in _KNOWN, reason="no filter of calls for this kernel"
)


def confined(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code after `confine()`."""
    return subprocess.run(
        [
            sys.executable,
            "-B",
            "-c",
            f"from knowledge.ingest.confinement import confine\nconfine()\n{code}",
            *arguments,
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT), "MALLOC_ARENA_MAX": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.mark.parametrize(
    "code",
    [
        "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 2)",
        "import urllib.request, sys; urllib.request.urlopen(f'http://127.0.0.1:{sys.argv[1]}/', timeout=2)",
        "import socket; socket.getaddrinfo('localhost', 80)",
        "import socket; socket.socketpair()",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; os.fork()",
        "bytearray(600 * 2**20)",
    ],
)
def test_refused_to_python_code(code: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        ended = confined(
            f"try:\n    {code}\nexcept (OSError, MemoryError): print('refused')", str(server.getsockname()[1])
        )
        assert (ended.stdout, ended.returncode) == ("refused\n", 0), ended.stderr
        with pytest.raises(TimeoutError):
            server.accept()


CALL = "import ctypes; libc = ctypes.CDLL(None, use_errno=True); {call}; print(result, ctypes.get_errno())"


@filtered
@pytest.mark.parametrize(
    "call",
    [
        "result = libc.socket(2, 1, 0)",
        "result = libc.execv(b'/bin/true', None)",
        "result = libc.kill(1, 0)",
        "result = libc.open(b'{place}/made', 0o101, 0o600)",
        "result = libc.open(b'{place}/there', 0o1001)",
        "result = libc.unlink(b'{place}/there')",
        "result = libc.rename(b'{place}/there', b'{place}/gone')",
        "result = libc.mkdir(b'{place}/made', 0o700)",
    ],
)
def test_refused_to_libraries_by_the_kernel(call: str, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("kept")
    ended = confined(CALL.format(call=call.format(place=tmp_path)))
    assert ended.stdout == "-1 1\n", ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    assert (tmp_path / "there").read_text() == "kept"


def test_reading_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    code = "import sys, json, zipfile, lxml.etree; print(open(sys.argv[1]).read())"
    assert confined(code, str(tmp_path / "a.txt")).stdout == "words\n"


@filtered
def test_a_process_ends_with_its_parent() -> None:
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'from knowledge.ingest.confinement import confine; confine(); "
        "print(1, flush=True); import time; time.sleep(60)'], stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); print(child.pid)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pid = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout
    status = Path(f"/proc/{int(pid)}/status")
    deadline = time.monotonic() + 50
    while status.exists() and "State:\tZ" not in status.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_filter_jumps_within_itself() -> None:
    for calls in _KNOWN.values():
        program = _program(calls)
        count = len(program) // 8
        for index in range(count):
            operation, if_true, if_false = program[8 * index], program[8 * index + 2], program[8 * index + 3]
            if operation & 7 == 5:
                assert index + 1 + max(if_true, if_false) < count
