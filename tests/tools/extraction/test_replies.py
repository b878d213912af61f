import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from agent.errors import CancelledError, InputError, WorkFailedError
from agent.progress import Silent
from agent.records.pairs import Message
from agent.settings import Settings
from tests.tools.extraction.corpus import project_with, text_of
from tests.tools.extraction.counting import counting
from tools.endpoint import EndpointGenerator
from tools.extraction.replies import ModelReply, ReplyLog, Request, ask_all
from tools.extraction.request import ExtractRequest
from tools.extraction.run import extract
from tools.generated import Generated

SCHEMA = {"properties": {"pairs": {"items": {"properties": {"quote": {"enum": ["The lid is red."]}}}}}}


def requests(count):
    return [Request(f"k{n}", "c", (Message(role="user", content=f"ask {n}"),), 9, SCHEMA) for n in range(count)]


class Slow:
    """Replies after a while, and not before so many were asked at once; fails at one prompt if told so."""

    def __init__(self, seconds=0.02, fails_at=None, together=1):
        self.seconds, self.fails_at = seconds, fails_at
        self.together, self.met = together, threading.Event()
        self.lock, self.now, self.most, self.asked = threading.Lock(), 0, 0, []

    def generate(self, conversations, max_new_tokens, reporter=None, *, adapter=None, schema=None):
        text = conversations[0][-1].content
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.asked.append(text)
            if self.now == self.together:
                self.met.set()
        assert self.met.wait(120), "fewer are asked at once"
        time.sleep(self.seconds)
        reporter.note("tried")
        with self.lock:
            self.now -= 1
        if text == self.fails_at:
            raise WorkFailedError("down")
        reporter.check()
        return [Generated(text=text.upper(), tokens=1, seconds=0, seconds_to_first_token=None, truncated=False)]


class Told(Silent):
    """Hears progress; asks to stop after some."""

    def __init__(self, stop_at=None):
        self.stop_at, self.steps, self.notes, self.threads = stop_at, [], [], set()

    def progress(self, done, total, unit, message=""):
        self.steps.append((done, total))
        self.threads.add(threading.get_ident())

    def note(self, message):
        self.notes.append(message)
        self.threads.add(threading.get_ident())

    def check(self):
        if self.stop_at is not None and self.steps and self.steps[-1][0] >= self.stop_at:
            raise CancelledError("enough")


@pytest.mark.parametrize("width", [1, 4])
def test_every_request_is_answered_once_and_kept(tmp_path, width):
    path, writer, told = tmp_path / "x.jsonl", Slow(together=width), Told()
    ask_all(ReplyLog(path), requests(9), writer, told, width=width)
    log = ReplyLog(path)
    assert [log.text(f"k{n}") for n in range(9)] == [f"ASK {n}" for n in range(9)]
    assert Counter(writer.asked) == Counter(f"ask {n}" for n in range(9))
    assert writer.most == width
    assert told.steps[-1] == (9, 9)
    assert told.notes.count("tried") == 9
    assert told.threads == {threading.get_ident()}
    ask_all(log, requests(9), writer, told, width=width)
    assert len(writer.asked) == 9


def test_a_stop_keeps_what_was_in_flight_and_a_resume_asks_for_the_rest(tmp_path):
    path, writer = tmp_path / "x.jsonl", Slow()
    with pytest.raises(CancelledError):
        ask_all(ReplyLog(path), requests(20), writer, Told(stop_at=3), width=3)
    kept = ReplyLog(path)
    assert 3 <= sum(f"k{n}" in kept for n in range(20)) < 20
    rest = Slow()
    ask_all(kept, requests(20), rest, Silent(), width=3)
    assert all(f"k{n}" in kept for n in range(20))
    assert not {asked for asked in rest.asked if f"k{asked.split()[1]}" in set(_keys(path)[: 20 - len(rest.asked)])}


def test_a_failing_model_ends_the_work_and_loses_no_reply(tmp_path):
    path = tmp_path / "x.jsonl"
    with pytest.raises(WorkFailedError):
        ask_all(ReplyLog(path), requests(9), Slow(fails_at="ask 4"), Silent(), width=2)
    assert {"k0", "k1", "k2", "k3"} <= set(_keys(path))
    assert "k4" not in _keys(path)


def test_a_line_that_a_kill_cut_short_is_dropped_and_another_is_refused(tmp_path):
    path = tmp_path / "x.jsonl"
    log = ReplyLog(path)
    log.add(ModelReply(key="a", chunk="c", text="one"))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"key":"b","chu')
    assert "a" in ReplyLog(path)
    assert path.read_bytes() == whole
    path.write_bytes(whole[:-1])
    ReplyLog(path).add(ModelReply(key="b", chunk="c", text="two"))
    assert _keys(path) == ["a", "b"]
    path.write_bytes(b"nonsense\n" + whole)
    with pytest.raises(InputError, match="line 1"):
        ReplyLog(path)


def test_an_endpoint_is_asked_abreast_and_refusals_are_tried_again(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    with counting(delay=0.05, refusals=3) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        ask_all(ReplyLog(tmp_path / "x.jsonl"), requests(12), EndpointGenerator("m"), Silent(), width=4)
    assert sorted(server.asked) == sorted(f"ask {n}" for n in range(12))
    assert 2 <= server.most_abreast <= 4


EXTRACT = """
import sys
from pathlib import Path
from agent.progress import Silent
from agent.settings import Settings
from tools.extraction.request import ExtractRequest
from tools.extraction.run import extract
from tools.workspace import Workspace
project = Workspace(Path(sys.argv[1])).open("example")
settings = Settings(extraction_model="openai:m", extraction_width=int(sys.argv[2]), home=Path(sys.argv[1]))
extract(project, settings, ExtractRequest(held_out_share=0), Silent())
print("done")
"""


def texts(count):
    return [
        text_of(
            f"d{n}", f"# Brindle pump {n}\n\nThe Brindle pump has lid number {n}. It was tested in hall {n} in May."
        )
        for n in range(count)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("width", [1, 4])
def test_a_killed_extraction_asks_for_nothing_it_was_told(tmp_path, monkeypatch, width):
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    documents, chance = texts(40), random.Random(width)
    with counting() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        whole = project_with(tmp_path / "whole", documents)
        settings = Settings(extraction_model="openai:m", extraction_width=width)
        extract(whole, settings, ExtractRequest(held_out_share=0), Silent())
        expected = Counter(server.asked)
        assert set(expected.values()) == {1}
        server.asked.clear()
        server.delay = 0.1 * width
        project = project_with(tmp_path / "killed", documents)
        kept = project.root / "extraction.jsonl"
        kills = 0
        for _ in range(12):
            before = set(_keys(kept))
            process = subprocess.Popen(
                [sys.executable, "-c", EXTRACT, str(tmp_path / "killed"), str(width)],
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
            limit = time.monotonic() + 300
            wanted = len(before) + chance.randint(1, 8)
            while process.poll() is None and len(_keys(kept)) < wanted and time.monotonic() < limit:
                time.sleep(chance.uniform(0.001, 0.02))
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        time.sleep(0.1)
        extract(project, settings, ExtractRequest(held_out_share=0), Silent())
    assert kills >= 4
    # What was on disk was asked once; what was in flight at a kill may have been asked twice, and nothing else.
    repeated = sum(count - 1 for count in Counter(server.asked).values())
    assert repeated <= kills * width
    assert set(server.asked) == set(expected)
    assert project.pairs.read_bytes() == whole.pairs.read_bytes()


def _keys(path):
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [json.loads(line)["key"] for line in lines if line.strip()]
