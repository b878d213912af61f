import json

import numpy as np
import psutil
import pytest

from agent.errors import CancelledError, InputError
from agent.progress import Silent
from agent.records.evaluation import Item
from tools.mixing import pool as module
from tools.mixing.general import General
from tools.mixing.leakage import Seals
from tools.mixing.parts import read_in_parts
from tools.mixing.pool import scan

SEALED = Item(
    id="v1",
    kind="knowledge",
    dimension="domain_knowledge",
    language="en",
    question="Name river 77 of the land.",
    answers=("x",),
)


def written(path, rows):
    path.write_text("\ufeff" + "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return General(path, path.name, "")


def rows(count):
    made = [
        {"question": f"Name river {n} of the land.", "answer": f"River {n % 50}", "source": f"s{n % 3}"}
        for n in range(count)
    ]
    return [*made, "", made[5], {"question": "谁？", "answer": "安", "kind": "fact"}]


def read(opened, **given):
    asked = {"weigh": None, "seals": Seals([SEALED]), "seen": set(), "drop_same": True, "refuse": None}
    return scan(opened, **{**asked, **given}, reporter=Silent())


@pytest.fixture
def both(tmp_path, monkeypatch):
    """Read a file by one process and by several."""

    def read_twice(made, **given):
        opened = written(tmp_path / "g.jsonl", made)
        one = read(opened, **given)
        monkeypatch.setattr(module, "LARGE", 1)
        return one, read(opened, **given)

    return read_twice


def test_several_processes_find_what_one_finds(both):
    one, several = both(rows(3000))
    for name in ("offsets", "lengths", "weights", "sizes", "strata", "usable"):
        np.testing.assert_array_equal(getattr(one, name), getattr(several, name))
    assert (one.named_strata, one.sha256, one.repeated) == (several.named_strata, several.sha256, several.repeated)
    assert one.repeated == 1
    assert one.named_strata == ["s0 / en", "s1 / en", "s2 / en", "fact / zh"]
    assert one.leaks == several.leaks
    assert [leak.example for leak in one.leaks] == ["general-78"]


def test_ids_of_the_rows_name_leaks(both):
    made = [{"question": f"Name river {n} of the land.", "answer": "x", "id": f"r{n}"} for n in range(900)]
    for pool in both(made):
        assert [leak.example for leak in pool.leaks] == ["r77"]
        assert pool.id(3) == "r3"


def test_bad_lines_have_the_same_numbers(tmp_path, monkeypatch):
    made = [*rows(500), "{", *rows(500), '{"question": 3}']
    said = []
    for large in (1 << 40, 1):
        monkeypatch.setattr(module, "LARGE", large)
        with pytest.raises(InputError) as caught:
            read(written(tmp_path / "g.jsonl", made))
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "2 lines" in said[0]
    assert "g.jsonl, line 504 (" in said[0]
    assert "g.jsonl, line 1008 (" in said[0]


def test_a_stopped_reading_ends_its_processes(tmp_path):
    class Stopping(Silent):
        def check(self):
            raise CancelledError("enough")

    opened = written(tmp_path / "g.jsonl", rows(5000))
    before = psutil.Process().children()
    with pytest.raises(CancelledError):
        read_in_parts(opened.path, None, True, Stopping())
    left = [child for child in psutil.Process().children() if child not in before and "spawn_main" in child.cmdline()]
    assert left == []
