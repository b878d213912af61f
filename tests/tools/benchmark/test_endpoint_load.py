"""Load on an endpoint whose delays are known: what is measured is what it did, and failures count nowhere else."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean, median
from typing import Any

import pytest

from agent.errors import CancelledError, InputError, WorkFailedError
from agent.progress import Silent
from agent.records.benchmark import Measurement
from agent.settings import Settings
from tests.quiet_moment import in_a_quiet_moment
from tests.tiny_model import build_tiny_model
from tests.tools.benchmark.timed_server import TEMPLATE, Replied, Server, Timing, timed
from tools.benchmark.ended import Ended
from tools.benchmark.endpoint_load import LoadRequest, load
from tools.benchmark.streamed import Client
from tools.benchmark.timing import quantile

ROOT = Path(__file__).resolve().parents[3]
WITHIN = 0.05

pytestmark = pytest.mark.usefixtures("key")


def measured(settings: Settings, server: Server, reporter: Any = None, **request: Any) -> Ended:
    given: dict[str, Any] = {"concurrency": (2,), "lengths": ((64, 16),), "rounds": 2, **request}
    return load(settings, LoadRequest(url=server.url, **given), reporter or Silent())


def only(ended: Ended) -> Measurement:
    assert len(ended.result.measurements) == 1
    return ended.result.measurements[0]


# The figures are held against what the server did by the clock of this machine: beside other work it is late itself.
@in_a_quiet_moment
def test_known_delays_are_recovered(settings: Settings) -> None:
    with timed(Timing(first=0.3, each=0.03)) as server:
        ended = measured(settings, server, lengths=((64, 32),), ttft_ms=2000, tpot_ms=200)
    one, result, did = only(ended), ended.result, server.replied
    assert len(did) == 4
    assert min(reply.first_ms for reply in did) >= 300
    assert one.ttft_ms == pytest.approx(median(reply.first_ms for reply in did), rel=WITHIN)
    assert one.tpot_ms == pytest.approx(median(fmean(reply.gaps_ms) for reply in did), rel=WITHIN)
    assert one.tpot_ms == pytest.approx(30, rel=0.2)
    assert one.inter_token is not None
    gaps = [gap for reply in did for gap in reply.gaps_ms]
    assert (one.inter_token.n, one.inter_token.p50) == (4 * 31, pytest.approx(median(gaps), rel=WITHIN))
    seconds = [took(did[:2]), took(did[2:])]
    assert one.tokens_per_s == pytest.approx(median(2 * 32 / each for each in seconds), rel=WITHIN)
    assert one.goodput == pytest.approx(4 / sum(seconds), rel=WITHIN)
    assert one.goodput_limit == "TTFT 2000 ms, TPOT 200 ms"
    assert (one.prompt_tokens, one.output_tokens, one.tokens_counted) == (64, 32, "server")
    assert (one.requests, one.errors, one.repeats) == (4, {}, 2)
    assert (result.place, result.endpoint, result.device.name) == ("endpoint", server.url, "timed")
    assert (result.complete, result.stopped, len(result.device.fingerprint)) == (True, "", 12)
    assert not ended.cancelled


def took(replies: Sequence[Replied]) -> float:
    """Return the seconds of one round."""
    return max(one.sent[-1] for one in replies) - min(one.asked for one in replies)


@in_a_quiet_moment
def test_quantiles_over_requests_are_those_of_the_server(settings: Settings) -> None:
    later = tuple(0.1 * number for number in range(8))
    with timed(Timing(first=0.4, each=0.001, later=later)) as server:
        one = only(measured(settings, server, concurrency=(8,), rounds=1))
    did = sorted(reply.first_ms for reply in server.replied)
    assert all(seen >= 400 + 1000 * more for seen, more in zip(did, later, strict=True))
    assert one.ttft is not None
    for share, seen in ((0.5, one.ttft.p50), (0.9, one.ttft.p90), (0.99, one.ttft.p99)):
        assert seen == pytest.approx(quantile(did, share), rel=WITHIN)
    assert one.ttft.n == 8


@in_a_quiet_moment
def test_goodput_counts_only_requests_within_the_limits(settings: Settings) -> None:
    with timed(Timing(first=0.05, each=0.001, later=(0.0, 0.8))) as server:
        one = only(measured(settings, server, concurrency=(4,), ttft_ms=600, tpot_ms=500))
    did = server.replied
    assert [reply.first_ms > 600 for reply in sorted(did, key=lambda one: one.sent[0] - one.asked)] == [False] * 4 + [
        True
    ] * 4
    by_round = sorted(did, key=lambda one: one.asked)
    assert one.goodput == pytest.approx(4 / (took(by_round[:4]) + took(by_round[4:])), rel=WITHIN)


@in_a_quiet_moment
def test_several_tokens_in_a_chunk_are_counted_by_usage(settings: Settings) -> None:
    with timed(Timing(first=0.1, each=0.04, per_chunk=2)) as server:
        ended = measured(settings, server, lengths=((64, 32),))
    one, did = only(ended), server.replied
    assert one.tpot_ms == pytest.approx(median(fmean(reply.gaps_ms) for reply in did) / 2, rel=WITHIN)
    assert one.inter_token is not None
    assert one.inter_token.p50 == pytest.approx(median(gap for reply in did for gap in reply.gaps_ms), rel=WITHIN)
    assert (one.output_tokens, one.tokens_counted) == (32, "server")
    assert any("2.0 tokens a chunk" in warning for warning in ended.result.warnings)


@in_a_quiet_moment
def test_failures_are_counted_apart_by_kind(settings: Settings) -> None:
    faults = ("", "500", "cut", "malformed", "error", "empty", "", "")
    with timed(Timing(first=0.4, each=0.02, faults=faults)) as server:
        ended = measured(settings, server, concurrency=(8,))
    one, did = only(ended), sorted(server.replied, key=lambda one: one.asked)
    kinds = ("http_500", "cut_off", "malformed", "error_in_stream", "empty")
    assert one.errors == dict.fromkeys(kinds, 2)
    assert (one.requests, one.ttft.n if one.ttft else 0) == (16, 6)
    assert one.ttft_ms == pytest.approx(median(reply.first_ms for reply in did), rel=WITHIN)
    rates = [3 * 16 / took(did[:3]), 3 * 16 / took(did[3:])]
    assert one.tokens_per_s == pytest.approx(median(rates), rel=WITHIN)
    assert ended.result.complete
    assert any("10 of 16 requests failed" in warning for warning in ended.result.warnings)


def test_a_level_without_a_whole_reply_has_errors_and_no_figures(settings: Settings) -> None:
    with timed(Timing(faults=("500",))) as server:
        ended = measured(settings, server)
    one = only(ended)
    assert (one.ttft_ms, one.tpot_ms, one.tokens_per_s, one.goodput, one.ttft) == (None, None, None, None, None)
    assert one.errors == {"http_500": 4}
    assert ended.result.complete


def test_a_silent_server_is_a_timeout(settings: Settings) -> None:
    with timed(Timing(faults=("", "hang"))) as server:
        one = only(measured(settings, server, seconds=1.0, rounds=1))
    assert one.errors == {"timeout": 1}
    assert one.ttft is not None


@pytest.mark.parametrize(
    ("knows", "sent", "how"),
    [
        (("stream_options", "ignore_eos"), {"stream_options", "ignore_eos"}, "server"),
        (("stream_options",), {"stream_options"}, "server"),
        (("ignore_eos",), {"ignore_eos"}, "estimate"),
        ((), set(), "estimate"),
    ],
)
def test_a_server_is_asked_only_what_it_takes(
    settings: Settings, knows: tuple[str, ...], sent: set[str], how: str
) -> None:
    with timed(Timing(knows=knows)) as server:
        one = only(measured(settings, server))
    last = server.asked[-1]
    assert {name for name in ("stream_options", "ignore_eos") if name in last} == sent
    assert (one.tokens_counted, one.prompts_counted, one.output_tokens) == (how, how, 16)


def test_replies_that_end_early_are_said(settings: Settings) -> None:
    with timed(Timing(knows=("stream_options",), ends_after=10)) as server:
        ended = measured(settings, server)
    assert only(ended).output_tokens == 10
    assert any("10 of 16 tokens" in warning for warning in ended.result.warnings)


def test_a_tokenizer_counts_where_the_server_does_not(settings: Settings, tmp_path: Path) -> None:
    folder = build_tiny_model(tmp_path / "tiny")
    with timed(Timing(usage=False)) as server:
        ended = measured(settings, server, tokenizer=str(folder))
    one = only(ended)
    assert (one.tokens_counted, one.prompts_counted) == ("tokenizer", "tokenizer")
    assert one.prompt_tokens == pytest.approx(64, abs=15)
    assert any(str(folder) in warning for warning in ended.result.warnings)


def test_prompts_have_the_wanted_length_and_no_common_beginning(settings: Settings) -> None:
    with timed(Timing()) as server:
        measured(settings, server, lengths=((200, 16),))
    texts = [one["messages"][-1]["content"] for one in server.asked if one["max_tokens"] == 16]
    assert {len(text.split()) for text in texts} == {200 - TEMPLATE}
    assert len({text[:40] for text in texts}) == len(texts) == 4


def test_two_runs_against_one_server_have_no_prompt_in_common(settings: Settings) -> None:
    runs: list[set[str]] = []
    with timed(Timing()) as server:
        for _ in range(2):
            server.asked.clear()
            measured(settings, server)
            runs.append({" ".join(one["messages"][-1]["content"].split()[:8]) for one in server.asked})
    # Two rounds of two, the unmeasured one before them, and both of the calibration.
    assert [len(one) for one in runs] == [8, 8]
    assert not runs[0] & runs[1]


def test_a_server_that_is_starting_gets_a_few_tries(settings: Settings) -> None:
    with timed(Timing(busy=2)) as server:
        assert measured(settings, server).result.complete
    with timed(Timing(busy=99)) as server, pytest.raises(WorkFailedError, match="http_503"):
        measured(settings, server)


@contextmanager
def process(timing: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "tests.tools.benchmark.timed_server", timing]
    started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert started.stdin is not None
    assert started.stdout is not None
    try:
        yield Server(Timing(), started.stdout.readline().strip())
    finally:
        started.kill()
        started.wait()
        started.stdin.close()
        started.stdout.close()


def test_a_server_killed_in_the_middle_leaves_a_partial_result(settings: Settings) -> None:
    with process('{"first": 0.05, "each": 0.01, "die_at": 6}') as server:
        ended = measured(settings, server, concurrency=(2, 4, 1))
    result = ended.result
    assert not result.complete
    assert not ended.cancelled
    assert "stopped answering at 4 × 64/16" in result.stopped
    whole, broken = result.measurements
    assert (whole.errors, whole.ttft.n if whole.ttft else 0) == ({}, 4)
    assert set(broken.errors) <= {"cut_off", "connection"}
    assert sum(broken.errors.values()) >= 4


def test_a_server_that_dies_behind_a_proxy_leaves_a_partial_result(settings: Settings) -> None:
    with timed(Timing(down_at=4)) as server:
        ended = measured(settings, server, concurrency=(2, 4, 1))
    result = ended.result
    assert not result.complete
    assert "stopped answering at 4 × 64/16" in result.stopped
    assert [one.errors for one in result.measurements] == [{}, {"http_502": 4}]


def test_a_server_that_is_busy_for_a_round_is_not_gone(settings: Settings) -> None:
    with timed(Timing(faults=("503",))) as server:
        ended = measured(settings, server)
    assert only(ended).errors == {"http_503": 4}
    assert ended.result.complete


class Stop(Silent):
    """Cancels after so many levels."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.done = 0.0

    def progress(self, done: float, total: float, unit: str, message: str = "") -> None:
        self.done = done

    def check(self) -> None:
        if self.done >= self.after:
            raise CancelledError("stop")


def test_a_cancelled_load_keeps_what_it_has(settings: Settings) -> None:
    with timed(Timing(each=0.01)) as server:
        ended = measured(settings, server, Stop(1), concurrency=(1, 2, 4))
    assert ended.cancelled
    assert len(ended.result.measurements) == 1
    assert "1 of 3" in ended.result.stopped


def test_a_cancelled_request_is_not_waited_for(settings: Settings) -> None:
    class Later(Stop):
        def check(self) -> None:
            if time.monotonic() - began > 1:
                raise CancelledError("stop")

    with timed(Timing(faults=("hang",))) as server:
        began = time.monotonic()
        ended = measured(settings, server, Later(99))
    assert ended.cancelled
    assert time.monotonic() - began < 120
    assert threading.active_count() < 50


def test_the_only_model_is_taken_and_several_are_listed(settings: Settings) -> None:
    with timed(Timing(models=("a", "b"))) as server, pytest.raises(InputError, match="2 models") as caught:
        measured(settings, server)
    assert "a, b" in caught.value.mend
    with pytest.raises(InputError, match="does not list"):
        load(settings, LoadRequest(url="http://127.0.0.1:9/v1"), Silent())


def test_without_a_key_it_says_which(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(InputError, match="needs a key"):
        Client("http://127.0.0.1:9/v1", "m")
