"""The one error tree of domainsmith.

DomainsmithError
├── UserError                exit 2: what, where and the mend are known
│   ├── InputError           a file, folder, key or value the user gave is wrong
│   ├── NotFoundError        a named project, run, job, pair or document does not exist
│   ├── EmptyError           a station has nothing to work on yet
│   └── BusyError            another process owns the project
├── RefusedError             exit 3: policy refuses, or a person's yes is missing
│   ├── ConsentNeededError
│   └── DoesNotFitError      memory or device cannot carry the request
├── WorkFailedError          exit 1: the work itself failed
└── CancelledError           exit 130
"""

from __future__ import annotations

from typing import ClassVar


class DomainsmithError(Exception):
    """Anything domainsmith raises on purpose; prints as one line, without a traceback.

    Attributes:
        what: What happened, as a sentence without a full stop.
        where: The file, key, document or setting concerned; empty if there is none.
        mend: What the user can do about it; empty if nothing is known.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        parts = [self.what if not self.where else f"{self.what}: {self.where}"]
        if self.mend:
            parts.append(self.mend)
        return " - ".join(" ".join(part.split()) for part in parts)

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default reduction between processes.
        return (_rebuild, (type(self), self.what, self.where, self.mend))


def _rebuild(kind: type[DomainsmithError], what: str, where: str, mend: str) -> DomainsmithError:
    return kind(what, where=where, mend=mend)


class UserError(DomainsmithError):
    """Something the user gave is wrong and the user can mend it."""

    exit_code = 2


class InputError(UserError):
    """A file, folder, key or value is wrong."""


class NotFoundError(UserError):
    """A named thing does not exist."""


class EmptyError(UserError):
    """A station has nothing to work on yet; the mend names the station before it."""


class BusyError(UserError):
    """Another process owns the project; `where` says who holds it since when."""


class RefusedError(DomainsmithError):
    """The policy refuses the request, or a person's yes is missing."""

    exit_code = 3


class ConsentNeededError(RefusedError):
    """The step is costly or destructive and nobody has said yes to it."""


class DoesNotFitError(RefusedError):
    """The request does not fit the memory or the device; the mend says what would."""


class WorkFailedError(DomainsmithError):
    """The work itself failed although the input was right."""

    exit_code = 1


class CancelledError(DomainsmithError):
    """Somebody cancelled the work; what was finished is kept."""

    exit_code = 130
