import numpy as np
import pytest

from tools.cleaning.meaning import alike_in_meaning


def unit(*angles):
    return np.array([[np.cos(np.radians(a)), np.sin(np.radians(a))] for a in angles], dtype=np.float32)


@pytest.mark.parametrize(
    ("angles", "twins"),
    [
        ((0, 90, 180), {}),
        ((0, 5, 90, 92, 181), {1: 0, 3: 2}),
        ((0, 12, 24), {1: 0}),  # the second repeats the first, so the third has nobody left to repeat
        ((), {}),
    ],
)
def test_rows_that_mean_the_same(angles, twins):
    found = alike_in_meaning(unit(*angles).reshape(-1, 2), 0.97)
    assert {number: twin.of for number, twin in found.items()} == twins
    assert all(twin.kind == "meaning" and 0.97 <= twin.similarity <= 1 for twin in found.values())


def test_more_rows_than_a_block():
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(2500, 32)).astype(np.float32)
    vectors[2400] = vectors[7]
    vectors[2401] = vectors[2399]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert {number: twin.of for number, twin in alike_in_meaning(vectors).items()} == {2400: 7, 2401: 2399}
