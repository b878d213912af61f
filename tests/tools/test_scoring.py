"""Scores of continuations: those of separate sequences, whatever they share and however they are laid out."""

from __future__ import annotations

import random
from typing import Any

import pytest

from agent.errors import CancelledError
from agent.progress import Silent
from tests.tiny_model import build_tiny_model
from tools.models import load_model
from tools.scoring import Request, score
from tools.tries import LONGEST_ROW, batch_inputs, batches, rows_of


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load_model(build_tiny_model(tmp_path_factory.mktemp("tiny") / "model"))


def alone(model: Any, request: Request) -> tuple[float, bool]:
    """Score one request by a plain forward pass."""
    import torch

    ids = torch.tensor([[*request.context, *request.continuation]])
    with torch.inference_mode():
        logits = model(ids).logits[0].log_softmax(-1)
    places = range(len(request.context), ids.shape[1])
    greedy = all(int(logits[place - 1].argmax()) == int(ids[0, place]) for place in places)
    return sum(float(logits[place - 1, ids[0, place]]) for place in places), greedy


def drawn(seed: int, count: int, longest: int) -> list[Request]:
    """Requests that share beginnings at random depths; some are alike, some the beginning of another."""
    dice = random.Random(seed)
    made: list[Request] = []
    for _ in range(count):
        tokens = [dice.randrange(300) for _ in range(dice.randint(2, longest))]
        if made and dice.random() < 0.8:
            other = [*dice.choice(made).context, *dice.choice(made).continuation]
            tokens = [*other[: dice.randint(1, len(other))], *tokens[: dice.randint(1, len(tokens))]]
        cut = dice.randint(1, len(tokens) - 1)
        made.append(Request(tuple(tokens[:cut]), tuple(tokens[cut:])))
    return made


@pytest.mark.parametrize(("seed", "count", "longest"), [(0, 1, 5), (1, 60, 6), (2, 40, 40), (3, 12, 300)])
def test_scores_are_those_of_separate_sequences(model: Any, seed: int, count: int, longest: int) -> None:
    asked = drawn(seed, count, longest)
    for request, found in zip(asked, score(model, asked, Silent()), strict=True):
        expected, greedy = alone(model, request)
        assert found.logprob == pytest.approx(expected, abs=2e-4)
        assert (found.tokens, found.greedy) == (len(request.continuation), greedy)


def test_the_greedy_continuation_is_known_as_such(model: Any) -> None:
    import torch

    context = (1, 7, 9)
    with torch.inference_mode():
        best = int(model(torch.tensor([context])).logits[0, -1].argmax())
    found = score(model, [Request(context, (best,)), Request(context, (best + 1,))], Silent())
    assert [one.greedy for one in found] == [True, False]


@pytest.mark.parametrize(("name", "value"), [("logit_scale", 0.25), ("logits_scaling", 4.0)])
def test_a_head_that_is_scaled_in_the_forward_pass_is_scaled_here(
    model: Any, monkeypatch: pytest.MonkeyPatch, name: str, value: float
) -> None:
    import torch

    monkeypatch.setattr(model.config, name, value, raising=False)
    with torch.inference_mode():
        expected = (model(torch.tensor([[1, 7]])).logits[0, -1] / 4).log_softmax(-1)[9]
    assert score(model, [Request((1, 7), (9,))], Silent())[0].logprob == pytest.approx(float(expected), abs=1e-4)


def test_bounded_logits_are_bounded_here(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(model.config, "final_logit_softcapping", 0.5, raising=False)
    with torch.inference_mode():
        logits = model(torch.tensor([[1, 7]])).logits[0, -1]
    expected = (torch.tanh(logits / 0.5) * 0.5).log_softmax(-1)[9]
    assert score(model, [Request((1, 7), (9,))], Silent())[0].logprob == pytest.approx(float(expected), abs=1e-4)


class Refusing(Silent):
    def check(self) -> None:
        raise CancelledError("cancelled")


def test_scoring_can_be_cancelled(model: Any) -> None:
    with pytest.raises(CancelledError):
        score(model, [Request((1,), (2,))], Refusing())


PASSAGE = tuple(range(10, 310))


@pytest.mark.parametrize(
    ("sequences", "tokens", "rows"),
    [
        ([], 0, 0),
        ([(1, 2, 3)], 3, 1),
        ([(1, 2, 3), (1, 2, 4), (1, 5)], 5, 1),  # 1 2 3 | 4 | 5
        ([(1, 2, 3), (1, 2, 3)], 3, 1),
        ([(*PASSAGE, question, option) for question in (1, 2) for option in (3, 4, 5, 6)], 300 + 2 * (1 + 4), 1),
        ([tuple(range(start, start + 300)) for start in (0, 1000)], 600, 2),  # nothing shared: a row each
    ],
    ids=["none", "one", "three levels", "twins", "shared passage", "strangers"],
)
def test_what_is_shared_is_computed_once(sequences: list[tuple[int, ...]], tokens: int, rows: int) -> None:
    made = rows_of(sequences)
    assert (sum(map(len, made)), len(made)) == (tokens, rows)


def test_no_row_outgrows_the_mask() -> None:
    made = rows_of([(*PASSAGE, *range(400 * i, 400 * i + 390)) for i in range(1, 40)])
    assert max(map(len, made)) <= LONGEST_ROW


def test_a_token_sees_its_own_beginning_only() -> None:
    import torch

    (row,) = rows_of([(1, 2, 3), (1, 2, 4), (1, 5)])
    inputs = batch_inputs([row], torch.float32)
    seen = (inputs["attention_mask"][0, 0] == 0).int().tolist()
    assert row.ids == [1, 2, 3, 4, 5]
    assert inputs["position_ids"].tolist() == [[0, 1, 2, 2, 1]]
    assert seen == [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 0, 1, 0], [1, 0, 0, 0, 1]]


def test_rows_of_one_width_share_a_batch() -> None:
    made = rows_of([tuple(range(start, start + size)) for start, size in ((0, 400), (1000, 390), (2000, 200))])
    assert [[len(row) for row in batch] for batch in batches(made, 1024)] == [[400, 390], [200]]
    assert [len(batch) for batch in batches(made, 500)] == [1, 1, 1]
