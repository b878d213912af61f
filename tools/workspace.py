"""The project folder: where everything of a project lives, and who may write there.

$DOMAINSMITH_HOME/projects/<id>/
    project.json  documents/  texts/  chunks.jsonl  documents.jsonl  index/  split.json  pairs.jsonl
    general.jsonl  mixes/<id>/{train.jsonl,manifest.json}  validation.jsonl  profile.json  decision.json  jobs.sqlite
    runs/<utc>-<slug>/{request.json, events.jsonl, log.txt, result.json, checkpoints/, adapter/, eval/}
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import socket
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

from agent.errors import BusyError, InputError, NotFoundError
from agent.records.base import Language, Record
from knowledge.files import read_record, write_record

SCHEMA = 1
"""Version of the folder's layout; raised together with a migration."""


class ProjectInfo(Record):
    """What `project.json` holds."""

    id: str
    name: str
    """The name as the user wrote it."""
    created: str
    """UTC, ISO 8601."""
    schema_version: int = SCHEMA
    lang: Language = "en"
    occasion: str = ""
    """What it was made on, where a program made it: looked up so that the same occasion makes no second one."""


@dataclass(frozen=True)
class Project:
    """Paths of one project; every method that writes expects the caller to hold `owned()`."""

    root: Path
    info: ProjectInfo

    @classmethod
    def at(cls, root: Path) -> Project:
        """Open the project whose folder is `root`.

        Raises:
            InputError: `project.json` is damaged or was written by a newer version.
            NotFoundError: The folder is no project.
        """
        if not (root / "project.json").exists():
            raise NotFoundError("no project in this folder", where=str(root), mend="`domainsmith projects` lists them")
        info = read_record(root / "project.json", ProjectInfo)
        if info.schema_version > SCHEMA:
            raise InputError(
                "this project was written by a newer domainsmith", where=info.name, mend="update domainsmith"
            )
        return cls(root, info)

    @property
    def id(self) -> str:
        """The project's id, which is its folder's name."""
        return self.info.id

    @property
    def documents(self) -> Path:
        """Folder with copies of the user's files, by document id."""
        return self.root / "documents"

    @property
    def document_list(self) -> Path:
        """JSONL of `Document`."""
        return self.root / "documents.jsonl"

    @property
    def texts(self) -> Path:
        """Folder with one `DocumentText` JSON file a document, named by document id."""
        return self.root / "texts"

    @property
    def chunks(self) -> Path:
        """JSONL of `Chunk`."""
        return self.root / "chunks.jsonl"

    @property
    def index(self) -> Path:
        """Folder of the disposable index."""
        return self.root / "index"

    @property
    def split(self) -> Path:
        """JSON of `DocumentSplit`."""
        return self.root / "split.json"

    @property
    def pairs(self) -> Path:
        """JSONL of `Pair`, rejected ones included."""
        return self.root / "pairs.jsonl"

    @property
    def general(self) -> Path:
        """JSONL of the project's own general data, if any."""
        return self.root / "general.jsonl"

    @property
    def mixes(self) -> Path:
        """Folder of mixes."""
        return self.root / "mixes"

    @property
    def validation(self) -> Path:
        """JSONL of `Item`, sealed."""
        return self.root / "validation.jsonl"

    @property
    def questions(self) -> Path:
        """Folder of the question files that were imported into the validation set."""
        return self.root / "questions"

    @property
    def profile(self) -> Path:
        """JSON of `Profile`."""
        return self.root / "profile.json"

    @property
    def jobs(self) -> Path:
        """SQLite list of jobs."""
        return self.root / "jobs.sqlite"

    @property
    def decision(self) -> Path:
        """JSON of the last `MethodDecision`."""
        return self.root / "decision.json"

    @property
    def runs(self) -> Path:
        """Folder of runs."""
        return self.root / "runs"

    def new_run(self, slug: str) -> Path:
        """Make a fresh run folder `<utc>-<slug>`; a second one in the same second gets a number."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        for number in range(1000):
            folder = self.runs / (f"{stamp}-{slug}" if number == 0 else f"{stamp}-{slug}-{number}")
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
            return folder
        raise InputError("too many runs in one second", where=str(self.runs.name), mend="try again")

    def run(self, name: str) -> Path:
        """Return the folder of a run by its name or an unambiguous beginning or end of it.

        Raises:
            NotFoundError: No run or several match.
        """
        names = sorted(path.name for path in self.runs.iterdir()) if self.runs.is_dir() else []
        hits = [n for n in names if n == name] or [n for n in names if n.startswith(name) or n.endswith(name)]
        if len(hits) != 1:
            what = "no such run" if not hits else f"{len(hits)} runs match"
            raise NotFoundError(what, where=name, mend="`domainsmith jobs list` shows them")
        return self.runs / hits[0]

    def latest_run(self, slug: str, *, needs: str = "result.json") -> Path | None:
        """Return the newest run folder of a kind (`tune`, `evaluate`, …) that holds the file `needs`."""
        hits = [path for path in reversed(self.run_folders(slug)) if (path / needs).exists()]
        # Of two files of the same moment, which file systems know in steps of milliseconds, that of the later run.
        return max(hits, key=lambda path: (path / needs).stat().st_mtime_ns, default=None)

    def run_folders(self, slug: str) -> list[Path]:
        """Return the run folders of a kind in the order in which they were made, finished or not."""
        if not self.runs.is_dir():
            return []
        pattern = re.compile(rf"(\d{{8}}T\d{{6}}Z)-{re.escape(slug)}(?:-(\d+))?$")
        found = [
            (match[1], int(match[2] or 0), path) for path in self.runs.iterdir() if (match := pattern.match(path.name))
        ]
        return [path for _, _, path in sorted(found)]

    @contextmanager
    def owned(self, purpose: str) -> Iterator[None]:
        """Hold the project for writing; the lock falls with the process, so a crash never leaves it behind.

        Raises:
            BusyError: Another process holds it; says which and since when.
        """
        path = self.root / ".owner.lock"
        with path.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                holder = file.read().strip()
                raise BusyError(
                    f"project {self.info.name} is held by another process",
                    where=holder,
                    mend="wait for it, or `domainsmith jobs list` and `jobs cancel`",
                ) from error
            file.seek(0)
            file.truncate()
            since = datetime.now(UTC).strftime("%H:%M:%S UTC")
            file.write(f"{purpose} (process {os.getpid()} on {socket.gethostname()}, since {since})")
            file.flush()
            try:
                yield
            finally:
                file.seek(0)
                file.truncate()
                file.flush()
                fcntl.flock(file, fcntl.LOCK_UN)


@dataclass(frozen=True)
class Workspace:
    """All projects of one home."""

    home: Path

    @property
    def folder(self) -> Path:
        """Folder of the projects."""
        return self.home / "projects"

    def require_folder(self) -> None:
        """Refuse a home that is no folder and cannot become one.

        Raises:
            InputError: It, or what it should stand in, is a file or closed to this user.
        """
        for path in (self.home, *self.home.absolute().parents):
            try:
                if path.is_dir():
                    return
                what = "this is a file" if path.exists() else ""
            except PermissionError:
                what = "you may not look in there"
            if what:
                raise InputError(what, where=str(path), mend="set DOMAINSMITH_HOME to a folder of your own")

    def create(self, name: str, *, lang: Language = "en", occasion: str = "") -> Project:
        """Make a project.

        Args:
            name: Its name.
            lang: Its language.
            occasion: See `ProjectInfo.occasion`.

        Raises:
            InputError: The name is empty, a path or taken, or nothing can be written there.
        """
        identifier = project_id(name)
        root = self.folder / identifier
        if (root / "project.json").exists():
            raise InputError(
                "a project of this name exists",
                where=name,
                mend=f"use it with `-p {quote(name)}`, or choose another name",
            )
        created = datetime.now(UTC).isoformat(timespec="milliseconds")
        info = ProjectInfo(id=identifier, name=name.strip(), created=created, lang=lang, occasion=occasion)
        write_record(root / "project.json", info)
        return Project(root, info)

    def open(self, name: str | None = None) -> Project:
        """Open a project by name; without one, the only project there is.

        Raises:
            NotFoundError: There is no such project, or none or several to choose from.
        """
        if name is None:
            known = self.projects()
            if len(known) == 1:
                return Project(self.folder / known[0].id, known[0])
            what = "no project yet" if not known else "several projects"
            names = ", ".join(info.name for info in known)
            raise NotFoundError(what, mend=f"choose with -p: {names}" if known else "`domainsmith new NAME` makes one")
        root = self.folder / project_id(name)
        if not (root / "project.json").exists():
            raise NotFoundError(
                "no such project",
                where=name,
                mend=f"`domainsmith new {quote(name)}` makes it; `domainsmith projects` lists them",
            )
        return Project.at(root)

    def made_for(self, occasion: str) -> Project:
        """Return the project that was made on an occasion.

        Raises:
            NotFoundError: None was.
        """
        for info in self.projects():
            if occasion and info.occasion == occasion:
                return Project(self.folder / info.id, info)
        raise NotFoundError("no project was made for this", where=occasion)

    def projects(self) -> tuple[ProjectInfo, ...]:
        """Return all projects, oldest first."""
        files = sorted(self.folder.glob("*/project.json")) if self.folder.is_dir() else []
        infos = (read_record(file, ProjectInfo) for file in files)
        return tuple(sorted(infos, key=lambda info: (info.created, info.id)))


def run_moment(name: str) -> str:
    """Return when a run folder was made, UTC in ISO 8601, from its name."""
    return datetime.strptime(name.split("-", maxsplit=1)[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).isoformat()


def project_id(name: str) -> str:
    """Turn a user's name into a folder name that cannot leave the projects folder.

    Names outside ASCII keep a readable part and get a hash, so `示例` and `例子` stay apart.

    Raises:
        InputError: The name is empty, too long or a path.
    """
    clean = name.strip()
    if "/" in clean or "\\" in clean or (clean and not clean.strip(".")):
        raise InputError(
            "a project name is no path: no `/`, no `\\`, not dots alone",
            where=json.dumps(name, ensure_ascii=False)[:60],
            mend="choose another name; `domainsmith projects` lists those there are",
        )
    if not clean or len(clean) > 80 or not clean.isprintable():
        raise InputError(
            "a project name has 1 to 80 printable characters",
            where=json.dumps(name, ensure_ascii=False)[:60],
            mend="choose another name",
        )
    folded = unicodedata.normalize("NFKD", clean).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")
    if slug == clean.lower():
        return slug
    return f"{slug or 'project'}-{hashlib.sha256(clean.encode()).hexdigest()[:8]}"
