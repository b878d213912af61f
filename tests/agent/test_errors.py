from __future__ import annotations

import pickle

import pytest

from agent import errors
from agent.errors import DomainsmithError

TREE = [
    (errors.DomainsmithError, 1),
    (errors.UserError, 2),
    (errors.InputError, 2),
    (errors.NotFoundError, 2),
    (errors.EmptyError, 2),
    (errors.BusyError, 2),
    (errors.RefusedError, 3),
    (errors.ConsentNeededError, 3),
    (errors.DoesNotFitError, 3),
    (errors.WorkFailedError, 1),
    (errors.CancelledError, 130),
]


@pytest.mark.parametrize(("kind", "code"), TREE)
def test_exit_codes(kind: type[DomainsmithError], code: int) -> None:
    assert kind("x").exit_code == code


@pytest.mark.parametrize(("kind", "code"), TREE)
def test_an_error_survives_the_way_between_processes(kind: type[DomainsmithError], code: int) -> None:
    again = pickle.loads(pickle.dumps(kind("it broke", where="文档.pdf", mend="mend it")))
    assert type(again) is kind
    assert (again.what, again.where, again.mend) == ("it broke", "文档.pdf", "mend it")
    assert str(again) == "it broke: 文档.pdf - mend it"


@pytest.mark.parametrize(
    ("where", "mend", "line"),
    [
        ("", "", "it broke"),
        ("a.txt", "", "it broke: a.txt"),
        ("", "try again", "it broke - try again"),
        ("a\nb", "try\n  again", "it broke: a b - try again"),
    ],
)
def test_an_error_is_one_line(where: str, mend: str, line: str) -> None:
    assert str(DomainsmithError("it broke", where=where, mend=mend)) == line
