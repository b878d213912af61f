"""A stream is read to its end or stopped, whatever becomes of its reader."""

from __future__ import annotations

import threading

import pytest

from agent.errors import BusyError, CancelledError
from ui.pages.pump import Pump


def test_events_come_in_order_and_silence_is_told():
    gate = threading.Event()

    def stream(_):
        yield 1
        gate.wait(120)
        yield 2

    heard = []
    with Pump(stream) as events:
        for event in events:
            heard.append(event)
            if event is None:
                gate.set()
    assert [event for event in heard if event] == [1, 2]
    assert None in heard


def test_an_error_reaches_the_reader():
    def stream(_):
        yield 1
        raise BusyError("too many")

    with Pump(stream) as events:
        reading = iter(events)
        assert next(reading) == 1
        with pytest.raises(BusyError):
            next(reading)


@pytest.mark.parametrize("close", [True, False])
def test_leaving_stops_the_stream(close):
    ended = threading.Event()

    def stream(reporter):
        try:
            while True:
                reporter.check()
                yield 1
        finally:
            ended.set()

    def handler():
        with Pump(stream) as events:
            yield from events

    reading = handler()
    next(reading)
    if close:
        reading.close()
    else:
        del reading
    assert ended.wait(120)


def test_stopping_is_told_to_the_reader():
    def stream(reporter):
        while True:
            reporter.progress(1, 2, "tokens")
            reporter.check()
            yield 1

    with Pump(stream) as events:
        reading = iter(events)
        assert next(reading) == 1
        events.stop()
        with pytest.raises(CancelledError):
            list(reading)
