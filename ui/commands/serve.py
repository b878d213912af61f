"""The server and who may enter: `serve`, `account add|list|remove|password|key`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from agent.errors import EmptyError, InputError
from ui import render
from ui.options import Json, Lang
from ui.output import complain
from ui.runtime import Runtime

MIB = 1024 * 1024

AccountName = Annotated[str, typer.Argument(help="Name of the account.", show_default=False)]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(serve)
    account = typer.Typer(
        name="account", help="Who may log in to the server.", no_args_is_help=True, rich_markup_mode=None
    )
    account.command()(add)
    account.command("list")(listing)
    account.command()(remove)
    account.command()(password)
    account.command()(key)
    app.add_typer(account)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all, which turns the login on.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 7860,
    login: Annotated[
        bool | None,
        typer.Option(
            "--login/--no-login", help="Whether people log in; on by default beyond this machine and behind a proxy."
        ),
    ] = None,
    max_upload: Annotated[
        int,
        typer.Option(min=1, envvar="DOMAINSMITH_MAX_UPLOAD_MIB", help="Most that one upload may carry, in MiB."),
    ] = 512,
    proxy: Annotated[
        str | None,
        typer.Option(help="Address of the reverse proxy whose X-Forwarded headers are believed; it speaks HTTPS."),
    ] = None,
    lang: Lang = None,
) -> None:
    """Serve the pages, an OpenAI-compatible API at /v1 and MCP at /mcp."""
    from ui.web.accounts import Accounts
    from ui.web.database import Database
    from ui.web.origin import LOOPBACK_NAMES, is_loopback

    runtime = Runtime(lang=lang)
    loopback = is_loopback(host)
    # Behind a proxy, whoever reaches the proxy reaches this server, whatever address it listens on.
    beyond = not loopback or proxy is not None
    asked = login if login is not None else beyond
    if asked and not Accounts(Database.of(runtime.settings.home)).list():
        raise EmptyError(
            "nobody could log in: there is no account yet", where=host, mend="`domainsmith account add NAME`"
        )
    if not asked and beyond:
        complain(runtime.output.say("serving_open", address=proxy or f"{host}:{port}"))

    from ui.web.rules import Rules
    from ui.web.running import run

    rules = Rules(
        login=asked,
        hosts=LOOPBACK_NAMES | {host.strip("[]")} if loopback and proxy is None else None,
        secure=proxy is not None,
        upload_bytes=max_upload * MIB,
    )
    run(runtime.settings, rules, host, port, proxy, lambda url: complain(runtime.output.say("serving", url=url)))


def add(name: AccountName, password_stdin: PasswordStdin = False, json: Json = False, lang: Lang = None) -> None:
    """Make an account; the first one gets the projects made so far."""
    from ui.web.accounts import Accounts
    from ui.web.database import Database

    runtime = Runtime(as_json=json, lang=lang)
    account = Accounts(Database.of(runtime.settings.home)).add(name, _password(runtime, stdin=password_stdin))
    runtime.output.emit({"account": account.name}, runtime.output.say("account_added", name=account.name))


def listing(json: Json = False, lang: Lang = None) -> None:
    """List the accounts, oldest first."""
    from ui.web.accounts import Accounts
    from ui.web.database import Database
    from ui.web.desk import ACCOUNTS

    runtime = Runtime(as_json=json, lang=lang)
    known = Accounts(Database.of(runtime.settings.home)).list()
    home = runtime.settings.home
    rows = [(one.name, one.created[:10], str(home / ACCOUNTS / one.home if one.home else home)) for one in known]
    data = [{"account": name, "created": created, "home": folder} for name, created, folder in rows]
    runtime.output.emit({"accounts": data}, render.table(rows) or runtime.output.say("no_accounts"))


def remove(name: AccountName, json: Json = False, lang: Lang = None) -> None:
    """Remove an account; its projects stay on the disk."""
    from ui.web.accounts import Accounts
    from ui.web.database import Database

    runtime = Runtime(as_json=json, lang=lang)
    account = Accounts(Database.of(runtime.settings.home)).remove(name)
    runtime.output.emit({"account": account.name}, runtime.output.say("account_removed", name=account.name))


def password(name: AccountName, password_stdin: PasswordStdin = False, json: Json = False, lang: Lang = None) -> None:
    """Set a new password; whoever is logged in with the old one is logged out."""
    from ui.web.accounts import Accounts
    from ui.web.database import Database

    runtime = Runtime(as_json=json, lang=lang)
    accounts = Accounts(Database.of(runtime.settings.home))
    accounts.get(name)  # before anybody types a password for nothing
    account = accounts.change_password(name, _password(runtime, stdin=password_stdin))
    runtime.output.emit({"account": account.name}, runtime.output.say("account_password", name=account.name))


def key(
    name: AccountName,
    label: Annotated[str, typer.Option(help="What the key is for.")] = "",
    list_keys: Annotated[bool, typer.Option("--list", help="List the keys instead.")] = False,
    revoke: Annotated[str | None, typer.Option(help="Id of a key to make useless instead.")] = None,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Make a key for programs (/v1 and /mcp, `Authorization: Bearer KEY`); it is shown this once."""
    from ui.web.accounts import Accounts
    from ui.web.database import Database
    from ui.web.tokens import Tokens

    runtime = Runtime(as_json=json, lang=lang)
    database = Database.of(runtime.settings.home)
    account = Accounts(database).get(name)
    tokens = Tokens(database)
    if list_keys:
        rows = [(one.id, one.created, one.label) for one in tokens.keys(account)]
        data = [{"id": one, "created": created, "label": text} for one, created, text in rows]
        runtime.output.emit({"keys": data}, render.table(rows) or runtime.output.say("no_keys"))
    elif revoke is not None:
        tokens.revoke(account, revoke)
        runtime.output.emit({"revoked": revoke}, runtime.output.say("key_revoked", id=revoke))
    else:
        token, made = tokens.make_key(account, label)
        if not json:
            complain(runtime.output.say("key_made", id=made.id))
        runtime.output.emit({"id": made.id, "key": token}, token)


def _password(runtime: Runtime, *, stdin: bool) -> str:
    """Take a password from the terminal, twice, or one line of standard input.

    Raises:
        InputError: There is neither.
    """
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InputError("there is no terminal to ask for a password", mend="pipe it in with --password-stdin")
    prompt = runtime.output.say("login_password")
    return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=True))
