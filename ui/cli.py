"""The command `domainsmith`: assembles the commands and turns every error into one line and an exit code.

Exit codes: 0 done; 1 the work failed; 2 bad input or usage; 3 refused by policy or awaiting a yes; 130 cancelled.
Try `domainsmith demo`.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from agent import __version__
from agent.errors import DomainsmithError, InputError, WorkFailedError
from agent.records.base import Language
from agent.settings import load_settings
from ui.commands import (
    bench,
    candidates,
    chat,
    compare,
    data,
    dataset,
    demo,
    documents,
    jobs,
    judging,
    models,
    projects,
    report,
    serve,
)
from ui.i18n import phrase
from ui.output import complain


class Commands(TyperGroup):
    """The commands; Ctrl-C in one of them is told from an exit code of 130, which typer would make of it."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Take the command line apart."""
        try:
            return super().make_context(*arguments, **options)
        except KeyboardInterrupt as error:
            raise typer.Abort from error

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise typer.Abort from error


def build_app() -> typer.Typer:
    """Return the application with all commands; nothing heavy is imported here."""
    app = typer.Typer(
        name="domainsmith",
        cls=Commands,
        help="From a company's own documents to a measured domain-specific language model.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback(invoke_without_command=True)
    def root(
        version: bool = typer.Option(False, "--version", help="Print the version and leave.", is_eager=True),
    ) -> None:
        if version:
            print(f"domainsmith {__version__}")
            raise typer.Exit

    for part in (
        demo,
        projects,
        documents,
        chat,
        compare,
        data,
        dataset,
        models,
        judging,
        report,
        candidates,
        jobs,
        bench,
        serve,
    ):
        part.register(app)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    # Nothing is fetched unasked; the hub's client reads this once, when it is imported.
    if not _downloads_allowed():
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Said by a library that looks for proxies which nothing here uses.
    warnings.filterwarnings("ignore", message="SOCKS support in urllib3")
    sys.exit(run(arguments))


def _downloads_allowed() -> bool:
    """Return what the setting says; a setting that is not valid is reported by the command that needs it."""
    try:
        return load_settings().allow_downloads
    except InputError:
        return False


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: The words after `domainsmith`; `None` takes those of the process.
    """
    try:
        result = build_app()(args=arguments, prog_name="domainsmith", standalone_mode=False)
    except DomainsmithError as error:
        complain(f"domainsmith: {error}")
        return error.exit_code
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message(), file=sys.stderr)  # help, not a complaint: keep its lines
            return 2
        complain(f"domainsmith: {error.format_message()} - {_usage(error)}")
        return getattr(error, "exit_code", 2)
    except (KeyboardInterrupt, typer.Abort):
        complain(f"domainsmith: {phrase('cancelled', _language(arguments))}")
        return 130
    except BrokenPipeError:
        # The reader of our output left (`| head`); Python would complain again while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, sqlite3.Error) as error:
        trouble = _of_storage(error, _language(arguments))
        if trouble is None:
            raise
        complain(f"domainsmith: {trouble}")
        return trouble.exit_code
    return result if isinstance(result, int) else 0


def _of_storage(error: OSError | sqlite3.Error, lang: Language) -> DomainsmithError | None:
    """Return what a disk that is full or may not be written to means to the user; `None` for other errors."""
    text = str(error)
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in text:
        where = str(getattr(error, "filename", None) or "")
        return WorkFailedError(phrase("disk_full", lang), where=where, mend=phrase("disk_full_mend", lang))
    if getattr(error, "errno", None) in (errno.EROFS, errno.EACCES, errno.EPERM) or "readonly database" in text:
        where = str(getattr(error, "filename", None) or text)
        return InputError(phrase("not_writable", lang), where=where, mend=phrase("not_writable_mend", lang))
    return None


def _usage(error: Exception) -> str:
    """Return the mend of a usage error of the parser."""
    command = getattr(getattr(error, "ctx", None), "command_path", "domainsmith")
    if command == "domainsmith" and hasattr(error, "option_name"):
        return "options come after the command: `domainsmith status --lang zh`; `domainsmith --help` lists the commands"
    return f"`{command} --help` lists what it takes"


def _language(arguments: Sequence[str] | None) -> Language:
    """Return the language of what is said where no command has read its options."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    given = [word.partition("=")[2] or after for word, after in zip(words, [*words[1:], ""], strict=True)
             if word.partition("=")[0] == "--lang"]  # fmt: skip
    try:
        wanted = given[-1] if given else load_settings().lang
    except InputError:
        wanted = "en"
    return "zh" if wanted == "zh" else "en"


if __name__ == "__main__":
    main()
