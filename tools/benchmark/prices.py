"""What an hour of a device costs, as whoever uses the product says: in the file of devices, or with a comparison.

    prices_of(settings) | stated(["A800=12.5"], "en")

The catalogue holds no price, and nothing here makes one up: where nobody gave one, there is none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from agent.errors import InputError
from agent.policy.capabilities import measured_bf16
from agent.prompts.comparison import COMPARISON
from agent.prompts.phrases import fill
from agent.records.base import Language
from agent.records.hardware import Price
from agent.settings import Settings
from tools.benchmark.backends import detect
from tools.benchmark.subjects import Chosen, is_this_machine
from tools.devices_file import folded
from tools.hardware import listed_device, user_prices

Prices = Mapping[str, Price]
"""By name as `folded` writes it: of a device, of a saved benchmark, or of this machine."""
HERE: Final = "local"
"""The name under which the price of this machine is kept."""


def prices_of(settings: Settings, lang: Language = "en") -> dict[str, Price]:
    """Return the prices of the user's file of devices, and that of this machine by its setting.

    The setting is the price of a whole machine, so it prices no one device of several.

    Raises:
        InputError: The file is not valid.
    """
    known = {_key(name): price for name, price in user_prices(settings, lang).items()}
    if settings.price_per_hour and HERE not in known and detect().machine().count == 1:
        known[HERE] = Price(amount=settings.price_per_hour, source="DOMAINSMITH_PRICE_PER_HOUR")
    return known


def stated(texts: Sequence[str], lang: Language = "en") -> dict[str, Price]:
    """Return prices that were given as `NAME=AMOUNT`.

    Raises:
        InputError: One is not of that form, or its amount no price.
    """
    source, found = fill(COMPARISON, "price_stated", lang), {}
    for text in texts:
        name, _, amount = text.rpartition("=")
        value = _number(amount)
        if not folded(name) or value is None:
            raise InputError(
                fill(COMPARISON, "no_price_text", lang), where=text, mend=fill(COMPARISON, "price_mend", lang)
            )
        found[_key(name)] = Price(amount=value, source=source)
    return found


def refuse_idle(given: Prices, chosen: Sequence[Chosen], lang: Language) -> None:
    """Refuse prices that price nothing of a comparison: a name was mistaken.

    Raises:
        InputError: Names them.
    """
    used = {name for one in chosen for name in _names(one)}
    if idle := [name for name in given if name not in used]:
        names = ", ".join(one.name for one in chosen)
        raise InputError(
            fill(COMPARISON, "price_of_nobody", lang),
            where=", ".join(idle),
            mend=fill(COMPARISON, "price_of_nobody_mend", lang, names=names),
        )


def price_of(one: Chosen, prices: Prices) -> Price | None:
    """Return the price of a subject by the narrowest of its names that has one; `None` where nobody gave one."""
    return next((prices[name] for name in _names(one) if name in prices), None)


def _names(one: Chosen) -> Iterator[str]:
    """Yield what a subject may be called, a benchmark's own name first, its device's kind last."""
    if one.result is None:
        assert one.device is not None
        yield from map(_key, (one.device.name, *one.device.aliases))
        return
    measured = one.result.device
    yield from map(_key, (one.id, measured.fingerprint, measured.name))
    if one.result.place == "local":
        device = detect()
        if (measured.backend, measured.name) == (device.backend, device.name()):
            yield HERE
    listed = listed_device(measured.name, measured.backend, measured_bf16(one.result.capabilities))
    if listed is not None:
        yield from map(_key, (listed.name, *listed.aliases))


def _key(name: str) -> str:
    return HERE if is_this_machine(name) else folded(name)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None
