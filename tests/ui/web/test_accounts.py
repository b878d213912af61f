"""Accounts, sessions, keys, and the limit on guessing, straight on the file."""

from __future__ import annotations

import io
import json
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import InputError, NotFoundError
from tests.ui.conftest import Ran
from tests.ui.web.conftest import PASSWORD
from ui.web import accounts, database
from ui.web.accounts import Accounts
from ui.web.database import MIGRATIONS, Database
from ui.web.throttle import TRIES, WINDOW_SECONDS, Throttle
from ui.web.tokens import SESSION_SECONDS, Tokens

Cli = Callable[..., Ran]


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_the_first_account_has_the_servers_home_and_the_others_their_own(people: Accounts) -> None:
    anna, ben = people.list()
    assert (anna.name, anna.home) == ("anna", "")
    assert ben.home == ben.id
    assert people.add("cora", PASSWORD).home not in {"", ben.home}


def test_an_account_added_after_the_first_was_removed_does_not_inherit_its_home(people: Accounts) -> None:
    people.remove("anna")
    assert people.add("anna", PASSWORD).home != ""


@pytest.mark.parametrize(
    ("name", "password", "right"),
    [
        ("anna", PASSWORD, True),
        (" ANNA ", PASSWORD, True),
        ("anna", PASSWORD + " ", False),
        ("anna", "", False),
        ("ben", PASSWORD, True),
        ("nobody", PASSWORD, False),
        ("", "", False),
        ("anna", "\ud800" * 12, False),
        ("anna", PASSWORD + "x" * 300, False),
    ],
)
def test_passwords(people: Accounts, name: str, password: str, right: bool) -> None:
    assert (people.verify(name, password) is not None) == right


def test_an_unknown_name_costs_the_same_work(people: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[tuple[int, int, int]] = []
    real = accounts._scrypt

    def counting(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
        hashed.append((cost, block, parallel))
        return real(password, salt, cost, block, parallel)

    people.verify("nobody", "warm up")
    monkeypatch.setattr(accounts, "_scrypt", counting)
    people.verify("anna", "wrong")
    people.verify("nobody", "wrong")
    assert len(hashed) == 2
    assert hashed[0] == hashed[1]


def test_a_hash_carries_its_parameters(people: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "COST", 32)
    people.add("cora", PASSWORD)
    with people.database.open() as connection:
        stored = dict(connection.execute("SELECT name, password FROM accounts").fetchall())
    assert stored["anna"].startswith("scrypt$16$8$1$")
    assert stored["cora"].startswith("scrypt$32$8$1$")
    assert len({value.split("$")[4] for value in stored.values()}) == 3
    assert people.verify("anna", PASSWORD)
    assert people.verify("cora", PASSWORD)


def test_the_cost_of_a_hash_is_the_recommended_one() -> None:
    assert (accounts.COST, accounts.BLOCK, accounts.PARALLEL) == (2**15, 8, 1)


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [
        ("", PASSWORD, "1 to 80"),
        ("a\nb", PASSWORD, "printable"),
        ("x" * 81, PASSWORD, "1 to 80"),
        ("Anna", PASSWORD, "exists"),
        ("cora", "short", "10 to 256"),
        ("cora", "x" * 257, "10 to 256"),
    ],
)
def test_what_cannot_be_an_account(people: Accounts, name: str, password: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        people.add(name, password)
    assert len(people.list()) == 2


def test_nothing_secret_is_stored_in_the_clear(people: Accounts) -> None:
    tokens = Tokens(people.database)
    anna = people.get("anna")
    secrets = [PASSWORD, tokens.begin(anna), tokens.make_key(anna, "ci")[0]]
    Throttle(people.database).admit(PASSWORD, "10.0.0.1")
    content = people.database.path.read_bytes()
    assert [one for one in secrets if one.encode() in content] == []
    assert people.database.path.stat().st_mode & 0o077 == 0


def test_a_session_ends_by_logout_by_time_by_a_new_password_and_with_its_account(people: Accounts) -> None:
    clock = Clock()
    tokens = Tokens(people.database, clock)
    anna, ben = people.list()
    by_logout, by_time = tokens.begin(anna), tokens.begin(anna)
    assert tokens.of_session(by_logout) == anna
    tokens.end(by_logout)
    assert tokens.of_session(by_logout) is None
    assert tokens.of_session(by_time) == anna
    clock.now += SESSION_SECONDS
    assert tokens.of_session(by_time) is None
    by_password, others, by_removal = tokens.begin(anna), tokens.begin(ben), tokens.begin(anna)
    people.change_password("anna", "another long one")
    assert tokens.of_session(by_password) is None
    assert tokens.of_session(by_removal) is None
    assert tokens.of_session(others) == ben
    people.remove("ben")
    assert tokens.of_session(others) is None
    assert tokens.of_session("") is None


def test_a_key_works_until_it_is_revoked(people: Accounts) -> None:
    tokens = Tokens(people.database)
    anna, ben = people.list()
    token, key = tokens.make_key(anna, "ci")
    assert tokens.of_key(token) == anna
    assert tokens.of_session(token) is None
    assert tokens.keys(anna) == (key,)
    assert tokens.keys(ben) == ()
    with pytest.raises(NotFoundError):
        tokens.revoke(ben, key.id)
    tokens.revoke(anna, key.id)
    assert tokens.of_key(token) is None


def test_ten_tries_and_no_more_for_a_name_and_for_an_address(database: Database) -> None:
    clock = Clock()
    throttle = Throttle(database, clock)
    assert sum(throttle.admit("anna", f"10.0.0.{i}") is not None for i in range(200)) == TRIES
    assert sum(throttle.admit(f"name {i}", "10.9.9.9") is not None for i in range(200)) == TRIES
    assert throttle.admit("ANNA ", "10.1.1.1") is None
    assert Throttle(Database(database.path), clock).admit("anna", "10.1.1.1") is None
    clock.now += WINDOW_SECONDS
    assert throttle.admit("anna", "10.1.1.1") is not None


def test_right_passwords_use_up_no_tries(database: Database) -> None:
    throttle = Throttle(database, Clock())
    for _ in range(3 * TRIES):
        tries = throttle.admit("anna", "10.0.0.1")
        assert tries is not None
        throttle.forgive(tries)


def test_tries_at_the_same_moment_get_no_more(database: Database) -> None:
    throttle = Throttle(database)
    throttle.admit("warm", "up")
    admitted: list[bool] = []

    def guess() -> None:
        for _ in range(10):
            admitted.append(throttle.admit("anna", "10.0.0.1") is not None)

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == 80
    assert sum(admitted) == TRIES


def test_a_newer_or_damaged_file_is_refused_with_a_mend(database: Database) -> None:
    with database.open():
        pass
    with sqlite3.connect(database.path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(InputError, match="newer"):
        Accounts(database).list()
    database.path.write_bytes(b"no database at all" * 100)
    with pytest.raises(InputError, match="damaged"):
        Accounts(database).list()


def test_files_of_every_earlier_version_are_brought_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE later (x TEXT)"))
    for version in range(len(MIGRATIONS) + 1):
        path = tmp_path / f"{version}.sqlite"
        with sqlite3.connect(path) as connection:
            for statements in MIGRATIONS[:version]:
                connection.executescript(statements)
            connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
        with Database(path).open() as opened:
            opened.execute("SELECT * FROM later")


def test_the_command_makes_lists_and_removes_accounts(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch, quick_hashes: None
) -> None:
    typed(monkeypatch, f"{PASSWORD}\n")
    assert cli("account", "list").out.startswith("No account yet")
    assert cli("account", "add", "anna", "--password-stdin", "--json").json == {"account": "anna"}
    listed = cli("account", "list", "--json").json["accounts"]
    assert [(one["account"], one["home"]) for one in listed] == [("anna", str(home))]
    typed(monkeypatch, "another long one\n")
    assert cli("account", "password", "anna", "--password-stdin").code == 0
    people = Accounts(Database.of(home))
    assert people.verify("anna", "another long one")
    assert cli("account", "remove", "anna", "--lang", "zh").out.startswith("账号 anna")
    assert people.list() == ()


def test_the_command_makes_lists_and_revokes_keys(cli: Cli, home: Path, quick_hashes: None) -> None:
    anna = Accounts(Database.of(home)).add("anna", PASSWORD)
    assert cli("account", "key", "anna", "--list").out.startswith("No key yet")
    made = cli("account", "key", "anna", "--label", "ci")
    token = made.out.strip()
    tokens = Tokens(Database.of(home))
    assert tokens.of_key(token) == anna
    assert token not in made.err
    listed = cli("account", "key", "anna", "--list", "--json").json["keys"]
    assert [one["label"] for one in listed] == ["ci"]
    assert json.dumps(listed).find(token) == -1
    assert cli("account", "key", "anna", "--revoke", listed[0]["id"]).code == 0
    assert tokens.of_key(token) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["account", "remove", "nobody"], ["nobody", "account list"]),
        (["account", "password", "nobody"], ["nobody"]),
        (["account", "key", "nobody"], ["nobody"]),
        (["account", "add", "anna"], ["--password-stdin"]),
        (["account", "key", "anna", "--revoke", "x"], ["no such"]),
        (["serve", "--host", "0.0.0.0"], ["no account", "account add"]),
        (["serve", "--login"], ["no account", "account add"]),
        (["serve", "--host", "nowhere.invalid", "--no-login"], ["nowhere.invalid", "--port"]),
        (["serve", "--port", "99999"], ["65535"]),
    ],
)
def test_mistakes_are_one_line_and_exit_2(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: list[str]
) -> None:
    typed(monkeypatch, "")
    ran = cli(*arguments)
    assert ran.code == 2, ran.err
    assert all(word in ran.err.splitlines()[-1] for word in words), ran.err


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
