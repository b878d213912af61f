"""An extraction stops at the next fact, pair or document, whatever it is busy with."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from agent.errors import CancelledError
from agent.progress import Silent
from agent.settings import Settings
from tests.tools.extraction.corpus import project_with, text_of
from tools.extraction.request import ExtractRequest
from tools.extraction.run import extract

UNTIL = 4


def forms(count: int) -> list[Any]:
    return [
        text_of(
            f"d{n}",
            f"# Report {n}\n\nReport number: R-{n:03}\nOperator: Anna {n}\nPressure: {n + 3} bar\nHall: {n}\n\n"
            f"The Brindle pump {n} has lid number {n}. It was tested in hall {n} in May.",
        )
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("place", "name"),
    [
        pytest.param("tools.extraction.fields", "parse", id="documents taken apart"),
        pytest.param("tools.extraction.fields", "_document_fields", id="forms"),
        pytest.param("tools.extraction.subject", "_title", id="titles"),
        pytest.param("tools.extraction.subject", "_own_number", id="numbers"),
        pytest.param("tools.extraction.run", "questions", id="wordings"),
        pytest.param("tools.extraction.run._Extraction", "closed_book", id="closed-book pairs"),
        pytest.param("tools.extraction.reading", "_answerable", id="reading pairs"),
        pytest.param("tools.extraction.reading", "_stranger", id="unanswerable pairs"),
        pytest.param("tools.extraction.run._Extraction", "_reading_pair", id="checks of reading pairs"),
        pytest.param("tools.extraction.from_prose", "_written", id="pairs of a model"),
    ],
)
def test_a_stop_is_heeded_at_the_next_one(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, place: str, name: str
) -> None:
    calls = 0
    module, _, inner = place.partition("._")
    owner = importlib.import_module(module)
    owner = getattr(owner, f"_{inner}") if inner else owner
    before = getattr(owner, name)

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        return before(*arguments, **named)

    class Stopping(Silent):
        def check(self) -> None:
            if calls >= UNTIL:
                raise CancelledError("enough")

    monkeypatch.setattr(owner, name, counted)
    project = project_with(tmp_path, forms(10))
    settings = Settings(extraction_model="openai:m" if name == "_written" else "rules", home=tmp_path, _env_file=None)
    with pytest.raises(CancelledError):
        extract(project, settings, ExtractRequest(held_out_share=0, unanswerable_share=0.3), Stopping(), Quick())
    assert calls == UNTIL
    assert not project.pairs.exists()


class Quick:
    """Writes a pair about every passage at once."""

    def generate(self, conversations: Any, *_: Any, schema: Any = None, **__: Any) -> list[Any]:
        quote = schema["properties"]["pairs"]["items"]["properties"]["quote"]["enum"][0]
        question = f"What does the Brindle pump {quote[-9:-1]}?"
        pair = f'{{"kind": "factual", "quote": "{quote}", "question": "{question}", "answer": "{quote[:9]}"}}'
        return [type("Reply", (), {"text": f'{{"pairs": [{pair}]}}'})() for _ in conversations]
