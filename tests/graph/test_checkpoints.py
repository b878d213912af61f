"""What a thread's file holds and what may come out of it: plain values, on disk, whole, and nothing else."""

from __future__ import annotations

import pickle
import sqlite3
import sys
import types
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import ormsgpack
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from agent.errors import InputError
from agent.records.conversation import Approval
from agent.settings import Settings
from graph.assistant import Assistant
from graph.checkpoints import HOME_ID, STATE, key_of, open_checkpoints
from graph.understanding.brain import Brain
from tests.fakes import TableReader
from tests.graph.worlds import write_manuals

LEAVES = (str, int, float, bool, type(None))


@pytest.fixture
def assistant(tmp_path: Path) -> Assistant:
    reader = TableReader({"want": "setup", "read": "ingest", "guide": "guide"})
    settings = Settings(home=tmp_path / "home", _env_file=None)
    return Assistant(settings, retriever=lambda project: pytest.fail("not wanted"), brain=Brain(reader))


@contextmanager
def saved(home: Path, thread: str = "t") -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(home / "threads" / thread / STATE)) as connection:
        yield connection


def values_of(home: Path) -> dict[str, Any]:
    with open_checkpoints("sqlite", home / "threads" / "t") as saver:
        found = saver.get_tuple({"configurable": {"thread_id": "t", "checkpoint_ns": ""}})
    assert found is not None
    return dict(found.checkpoint["channel_values"])


def plain(value: Any) -> bool:
    match value:
        case dict():
            return all(isinstance(key, str) and plain(one) for key, one in value.items())
        case list() | tuple():
            return all(plain(one) for one in value)
        case _:
            return isinstance(value, LEAVES)


def test_the_state_of_a_long_conversation_is_plain_values_only(assistant: Assistant, tmp_path: Path) -> None:
    documents = write_manuals(tmp_path / "documents")
    for text in (
        "We want an assistant for our manuals, checked weekly",
        "what does the guide say of ranks?",
        "hm",
        "1",
    ):
        assistant.send("t", text)
    assistant.propose("t", "read_documents", {"paths": [str(documents)]})
    values = values_of(tmp_path / "home")
    assert {"messages", "turn", "profile", "approval"} <= set(values)
    strange = {name: value for name, value in values.items() if not name.startswith("branch:") and not plain(value)}
    assert strange == {}


def test_every_kind_of_checkpoint_is_stored_as_msgpack(assistant: Assistant, tmp_path: Path) -> None:
    documents = write_manuals(tmp_path / "documents")
    assistant.propose("t", "read_documents", {"paths": [str(documents)]})
    assistant.send("t", "what does the guide say of ranks?")
    with saved(tmp_path / "home") as connection:
        kinds = {row[0] for row in connection.execute("SELECT type FROM checkpoints UNION SELECT type FROM writes")}
    assert kinds <= {"msgpack", "null", "empty"}


def test_only_the_newest_checkpoints_are_kept(assistant: Assistant, tmp_path: Path) -> None:
    for _ in range(3):
        assistant.send("t", "what does the guide say of ranks?")
    with saved(tmp_path / "home") as connection:
        assert connection.execute("SELECT count(*) FROM checkpoints").fetchone()[0] <= 2
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert sorted(path.name for path in (tmp_path / "home" / "threads" / "t").iterdir()) == [
        ".lock",
        STATE,
        "thread.json",
    ]


def serde(tmp_path: Path) -> Any:
    with open_checkpoints("sqlite", tmp_path / "threads" / "t") as saver:
        return saver.serde


class Foreign:
    """A class that no checkpoint may bring back."""

    made = 0

    def __init__(self, *arguments: object, **named: object) -> None:
        Foreign.made += 1


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        pytest.param("Foreign", [], id="a class of ours"),
        pytest.param("system", ["touch canary"], id="os.system"),
        pytest.param("Popen", [["touch", "canary"]], id="subprocess.Popen"),
    ],
)
def test_a_file_with_a_foreign_class_builds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, arguments: list[Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    Foreign.made = 0
    module = {"Foreign": __name__, "system": "os", "Popen": "subprocess"}[name]
    for code in range(7):
        for payload in (
            (module, name, arguments),
            (module, name, arguments, {}),
            (module, name, {"a": 1}, "model_construct"),
            (module, name, arguments[0] if arguments else ""),
        ):
            data = ormsgpack.packb({"x": ormsgpack.Ext(code, ormsgpack.packb(payload))})
            try:
                found = serde(tmp_path).loads_typed(("msgpack", data))
            except Exception:  # refusing to load is as good
                continue
            assert plain(found), f"extension {code} brought back {found!r}"
    assert Foreign.made == 0
    assert not (tmp_path / "canary").exists()


def test_a_record_that_was_written_comes_back_as_no_class(tmp_path: Path) -> None:
    approval = Approval(
        id="a", thread="t", action="tune", tool="tune", arguments={}, project="p", title="", summary="", created=""
    )
    kind, data = JsonPlusSerializer().dumps_typed({"approval": approval})
    assert not isinstance(serde(tmp_path).loads_typed((kind, data))["approval"], Approval)


def test_a_pickle_does_not_load(tmp_path: Path) -> None:
    with pytest.raises((NotImplementedError, ValueError, TypeError)):
        serde(tmp_path).loads_typed(("pickle", pickle.dumps({"a": 1})))


def test_a_planted_checkpoint_with_a_foreign_class_does_not_reach_the_assistant(
    assistant: Assistant, tmp_path: Path
) -> None:
    assistant.send("t", "what does the guide say of ranks?")
    with saved(tmp_path / "home") as connection:
        newest, data = connection.execute(
            "SELECT checkpoint_id, checkpoint FROM checkpoints ORDER BY checkpoint_id DESC LIMIT 1"
        ).fetchone()
        unpacked = ormsgpack.unpackb(data, ext_hook=ormsgpack.Ext)
        planted = ormsgpack.Ext(0, ormsgpack.packb((__name__, "Foreign", [1])))
        unpacked["channel_values"]["watch"] = planted
        packed = ormsgpack.packb(unpacked, default=lambda one: one)
        connection.execute("UPDATE checkpoints SET checkpoint = ? WHERE checkpoint_id = ?", (packed, newest))
        connection.commit()
    Foreign.made = 0
    assistant.send("t", "what does the guide say of ranks?")
    assert Foreign.made == 0


@pytest.mark.parametrize("where", ["postgresql://localhost/x", "postgres://u:p@localhost/x"])
def test_a_postgres_address_without_its_driver_says_what_to_install(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "langgraph.checkpoint.postgres", None)
    settings = Settings(home=tmp_path, conversations=where, _env_file=None)
    assistant = Assistant(settings, retriever=lambda project: pytest.fail("not wanted"), brain=Brain(TableReader({})))
    with pytest.raises(InputError, match=r"need a driver .*extra `postgres`"):
        assistant.send("t", "hello")


def test_another_address_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match="DOMAINSMITH_CONVERSATIONS"),
        open_checkpoints("mysql://localhost", tmp_path),
    ):
        pass


class Elsewhere(InMemorySaver):
    """Stands for a database that keeps the checkpoints of all threads."""

    kept: Elsewhere
    """What the database holds; every connection sees it."""

    @classmethod
    @contextmanager
    def from_conn_string(cls, address: str) -> Iterator[Elsewhere]:
        assert address == "postgresql://localhost/x"
        opened = cls()
        opened.storage, opened.writes, opened.blobs = cls.kept.storage, cls.kept.writes, cls.kept.blobs
        yield opened
        cls.kept.serde = opened.serde

    def setup(self) -> None:
        """Nothing to make."""

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        assert strategy == "keep_latest"
        for name in thread_ids:
            for saved in self.storage[name].values():
                for checkpoint in sorted(saved)[:-1]:
                    del saved[checkpoint]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    Elsewhere.kept = Elsewhere()
    module = types.ModuleType("langgraph.checkpoint.postgres")
    module.PostgresSaver = Elsewhere  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "langgraph.checkpoint.postgres", module)
    return Elsewhere.kept


def in_database(home: Path) -> Assistant:
    settings = Settings(home=home, conversations="postgresql://localhost/x", _env_file=None)
    reader = TableReader({"guide": "guide", "read": "ingest"})
    return Assistant(settings, retriever=lambda project: pytest.fail("not wanted"), brain=Brain(reader))


def test_a_database_is_read_as_strictly_and_forgets_as_well(elsewhere: Elsewhere, tmp_path: Path) -> None:
    assistant = in_database(tmp_path)
    assistant.send("t", "what does the guide say of ranks?")
    assert [message.role for message in assistant.history("t")] == ["user", "assistant"]
    foreign = ormsgpack.packb(ormsgpack.Ext(0, ormsgpack.packb((__name__, "Foreign", []))))
    assert plain(elsewhere.serde.loads_typed(("msgpack", foreign)))
    assistant.delete("t")
    assert not any(elsewhere.storage.values())
    assert assistant.history("t") == ()


def test_homes_that_share_a_database_share_no_conversation(elsewhere: Elsewhere, tmp_path: Path) -> None:
    ada, ben = in_database(tmp_path / "ada"), in_database(tmp_path / "ben")
    ada.send("t", "what does the guide say of ranks?")
    ben.send("t", "what does the guide say of loss?")
    ada.send("t", "what does the guide say of epochs?")
    assert [one.text[-7:] for one in ben.history("t") if one.role == "user"] == ["f loss?"]
    assert len(ada.history("t")) == 4
    assert len(in_database(tmp_path / "ada").history("t")) == 4, "the next process finds them again"
    ben.delete("t")
    assert len(ada.history("t")) == 4
    (tmp_path / "ada").rename(tmp_path / "moved")
    assert len(in_database(tmp_path / "moved").history("t")) == 4


def test_a_database_keeps_only_the_newest_checkpoint(elsewhere: Elsewhere, tmp_path: Path) -> None:
    assistant = in_database(tmp_path)
    documents = write_manuals(tmp_path / "documents")
    for _ in range(3):
        assistant.send("t", "what does the guide say of ranks?")
    approval = assistant.propose("t", "read_documents", {"paths": [str(documents)]}).approval
    assert [len(saved) for one in elsewhere.storage.values() for saved in one.values()] == [1]
    assert in_database(tmp_path).approvals() == (approval,)


def test_a_key_names_the_home_where_homes_meet(tmp_path: Path) -> None:
    address = "postgresql://localhost/x"
    folder, other = tmp_path / "a" / "threads" / "t", tmp_path / "b" / "threads" / "t"
    assert key_of("sqlite", folder) == key_of("sqlite", other) == "t"
    assert not tmp_path.joinpath("a").exists()
    key = key_of(address, folder)
    assert key.endswith("/t")
    assert key_of(address, folder) == key
    assert key_of(address, folder.with_name("u")) == key[:-1] + "u"
    assert key_of(address, other) != key
    (folder.parent / HOME_ID).write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="no id of a home"):
        key_of(address, folder)
