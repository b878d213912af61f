"""A thread's items in the event loop: in order, with its errors, stopped when nobody reads on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from agent.errors import CancelledError, InputError
from agent.progress import Reporter
from ui.web.feed import Feed


async def drain(feed: Feed[int], items: list[int]) -> None:
    async for item in feed:
        items.append(item)


def test_items_come_in_order() -> None:
    async def read() -> list[int]:
        return [item async for item in Feed(lambda reporter: iter(range(100)))]

    assert asyncio.run(read()) == list(range(100))


def test_an_error_comes_after_the_items_before_it() -> None:
    def produce(reporter: Reporter) -> Iterator[int]:
        yield 1
        raise InputError("broken")

    async def read() -> list[int]:
        items: list[int] = []
        feed = Feed(produce)
        for _ in range(2):  # whoever reads on hears the same again
            with pytest.raises(InputError):
                await drain(feed, items)
        return items

    assert asyncio.run(read()) == [1]


def endless(ended: threading.Event) -> object:
    def produce(reporter: Reporter) -> Iterator[int]:
        try:
            while True:
                reporter.check()
                yield 1
                ended.wait(0.001)
        finally:
            ended.set()

    return produce


def test_stopping_ends_the_work() -> None:
    ended = threading.Event()

    async def read() -> None:
        feed: Feed[int] = Feed(endless(ended))  # type: ignore[arg-type]
        await anext(feed)
        feed.stop()
        with pytest.raises(CancelledError):
            await drain(feed, [])

    asyncio.run(read())
    assert ended.is_set()


def test_the_work_ends_with_the_loop() -> None:
    ended = threading.Event()

    async def read() -> int:
        return await anext(Feed(endless(ended)))  # type: ignore[arg-type]

    assert asyncio.run(read()) == 1
    assert ended.wait(120)
