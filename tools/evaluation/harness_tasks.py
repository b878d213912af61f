"""Which tasks of lm-evaluation-harness are meant: those it brings, by name, and those of the user, as YAML files.

A task file of the harness may name Python functions, classes and metrics of a hub. Files are data here: what would
run a program is refused, templates are filled in a sandbox, and nothing is fetched unless downloads are allowed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from agent.errors import InputError, RefusedError

EXTRA: Final = "harness"
_FORMATS: Final = ("json", "csv", "parquet", "text", "arrow")
"""Readers of local files that the package `datasets` brings."""
_ENDINGS: Final = (".yaml", ".yml")

Readable = Callable[[Path], None]
"""Raises where a file may not be read."""


def anywhere(path: Path) -> None:
    """Let every file be read, as whoever is at the command line may."""
    del path


def harness_tasks(text: str | None) -> tuple[str, ...]:
    """Return the tasks that a comma-separated text names, files and folders by their whole path.

    Raises:
        InputError: The package is not installed, or a file is no task or runs a program.
    """
    names = tuple(dict.fromkeys(filter(None, map(str.strip, (text or "").split(",")))))
    if names:
        check_harness(names)
    return tuple(str(Path(name).resolve()) if _is_local(name) else name for name in names)


def check_harness(names: Sequence[str], readable: Readable = anywhere) -> None:
    """See whether tasks can be asked at all, before anything else is done.

    Args:
        names: As for `tasks_of`.
        readable: Asked before a file is opened.

    Raises:
        InputError: The package is not installed, or a file is no task or runs a program.
        RefusedError: A file lies in no folder that is open.
    """
    if importlib.util.find_spec("lm_eval") is None:
        raise InputError(
            "lm-evaluation-harness is not installed",
            where=", ".join(names),
            mend=f'in the checkout: `pip install -c constraints.txt -e ".[{EXTRA}]"`; or go on without --harness',
        )
    for name in names:
        if _is_local(name):
            for file, config in _local(Path(name), readable):
                _data_of(config, file, readable)


def local_files(names: Sequence[str]) -> list[Path]:
    """Return the task files of the user that are meant."""
    return [file for name in names if _is_local(name) for file, _ in _local(Path(name))]


@contextmanager
def tasks_of(
    names: Sequence[str], scratch: Path, *, allow_downloads: bool, readable: Readable = anywhere
) -> Iterator[dict[str, Any]]:
    """Load tasks, as `lm_eval.evaluator.evaluate` takes them, and keep what they may do in bounds.

    Args:
        names: Tasks, groups or tags that the harness brings, YAML files, or folders of them.
        scratch: Folder for what `datasets` prepares.
        allow_downloads: Whether data may be fetched from the hub.
        readable: Asked before a file is opened.

    Raises:
        InputError: A task is not known, its file is wrong, or its data cannot be read.
        RefusedError: A task's data would have to be fetched and downloads are off, or lie in no folder that is open.
    """
    from lm_eval.tasks import TaskManager

    specs: list[Any] = []
    for name in names:
        if _is_local(name):
            for file, config in _local(Path(name), readable):
                specs.append(_located(config, file, scratch, allow_downloads, readable))
        else:
            specs.append(name)
    with _bounded(allow_downloads) as refused:
        manager = TaskManager(include_defaults=any(isinstance(spec, str) for spec in specs))
        for name in (spec for spec in specs if isinstance(spec, str)):
            if name not in manager.task_index:
                raise InputError(
                    "no such task", where=name, mend="name one of the harness, or a YAML file or ./FOLDER of yours"
                )
        loaded: dict[str, Any] = {"tasks": {}, "groups": {}, "group_map": {}}
        for spec in specs:
            for kind, found in _load(manager, spec, allow_downloads).items():
                loaded[kind] |= found
            if refused:  # the harness itself goes on without the metric
                raise InputError("its metric is a program from a hub", where=refused[0], mend="ask another task")
        for task in loaded["tasks"].values():
            # What the harness's own command line does with a task that names no number of examples.
            if task.get_config("num_fewshot") is None:
                task.set_config(key="num_fewshot", value=0)
            task.set_fewshot_seed(seed=1234)
        yield loaded


def _load(manager: Any, spec: Any, allow_downloads: bool) -> Mapping[str, Any]:
    from datasets.exceptions import DatasetsError
    from jinja2 import TemplateError

    name = spec if isinstance(spec, str) else spec["task"]
    try:
        return dict(manager.load([spec]))
    except (DatasetsError, TemplateError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        offline = isinstance(error, OSError) and not allow_downloads
        mend = "set DOMAINSMITH_ALLOW_DOWNLOADS=true, or give a YAML file of your own with data on this machine"
        raise InputError(
            f"this task cannot be set up ({type(error).__name__}: {error})"[:400],
            where=name,
            mend=mend if offline else "see the task's file",
        ) from error


def _is_local(name: str) -> bool:
    return Path(name).suffix in _ENDINGS or "/" in name


def _local(path: Path, readable: Readable = anywhere) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the tasks of a file or folder."""
    readable(path)
    if not path.exists():
        raise InputError("no such file or folder of tasks", where=str(path), mend="check the path")
    files = sorted(file for file in path.iterdir() if file.suffix in _ENDINGS) if path.is_dir() else [path]
    found = [(file, config) for file in files if isinstance((config := _read(file, readable)).get("task"), str)]
    if not found:
        raise InputError("there is no task in it", where=str(path), mend="a task file names its task: `task: NAME`")
    for file, config in found:
        _harmless(config, file)
        yield file, config


def _read(file: Path, readable: Readable, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return a task file with the files it includes; its own lines go first."""
    readable(file)
    if file in seen:
        raise InputError("this task file includes itself", where=str(file))
    try:
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"this task file cannot be read ({error})"[:300], where=str(file)) from error
    except yaml.constructor.ConstructorError as error:
        raise _program(file, str(error.problem)) from error
    except yaml.YAMLError as error:
        raise InputError(f"this task file is no valid YAML ({error})"[:300], where=str(file)) from error
    if not isinstance(config, dict):
        raise InputError("this task file holds no fields", where=str(file), mend="see lm-evaluation-harness's guide")
    includes = config.pop("include", [])
    merged: dict[str, Any] = {}
    for name in [includes] if isinstance(includes, str) else includes:
        merged |= _read(file.parent / str(name), readable, (*seen, file))
    return merged | config


def _harmless(config: Mapping[str, Any], file: Path) -> None:
    kwargs = config.get("dataset_kwargs") or {}
    metrics = config.get("metric_list") or []
    programs = {
        "class": config.get("class"),
        "unsafe_code": config.get("unsafe_code"),
        "use_prompt": config.get("use_prompt"),
        "trust_remote_code": isinstance(kwargs, dict) and kwargs.get("trust_remote_code"),
        "hf_evaluate": any(isinstance(one, dict) and one.get("hf_evaluate") for one in metrics),
    }
    for name, given in programs.items():
        if given:
            raise _program(file, f"`{name}`")


def _program(file: Path, why: str) -> InputError:
    return InputError(
        f"this task would run a program ({why})"[:300],
        where=str(file),
        mend="write it with templates and the harness's own metrics",
    )


def _located(
    config: dict[str, Any], file: Path, scratch: Path, allow_downloads: bool, readable: Readable
) -> dict[str, Any]:
    """Return a task whose data lie beside its file or, where that is allowed, on the hub."""
    local = config.get("dataset_path") in _FORMATS
    if not local and not allow_downloads:
        raise RefusedError(
            "downloads are off",
            where=f"{file}: dataset_path {config.get('dataset_path')}",
            mend="set DOMAINSMITH_ALLOW_DOWNLOADS=true, or read files: dataset_path " + ", ".join(_FORMATS),
        )
    kwargs = dict(config.get("dataset_kwargs") or {})
    if local:
        kwargs |= {**_data_of(config, file, readable), "cache_dir": str(scratch)}
    return {**config, "dataset_kwargs": kwargs}


def _data_of(config: Mapping[str, Any], file: Path, readable: Readable) -> dict[str, Any]:
    """Return where a task's local data lie; nothing where they are on the hub."""
    kwargs = config.get("dataset_kwargs")
    if config.get("dataset_path") not in _FORMATS or not isinstance(kwargs, dict):
        return {}
    return {name: _beside(kwargs[name], file, readable) for name in ("data_files", "data_dir") if name in kwargs}


def _beside(given: Any, file: Path, readable: Readable) -> Any:
    """Return paths as they are meant: beside the task's file."""
    if isinstance(given, dict):
        return {name: _beside(value, file, readable) for name, value in given.items()}
    if isinstance(given, list):
        return [_beside(value, file, readable) for value in given]
    if "://" in str(given) or "::" in str(given):
        raise InputError("data of a task must lie on this machine", where=f"{file}: {given}", mend="give a path")
    path = file.resolve().parent / str(given)
    readable(path)
    return str(path)


@contextmanager
def _bounded(allow_downloads: bool) -> Iterator[list[str]]:
    """Keep templates in a sandbox, metrics of a hub out, and the network off unless it is allowed.

    Gives a list that metrics of a hub are noted in when a task asks for them.
    """
    import datasets
    import evaluate
    import huggingface_hub
    import lm_eval.utils
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    refused: list[str] = []

    def refuse(name: str, *_: Any, **__: Any) -> Any:
        refused.append(name)
        raise InputError("its metric is a program from a hub", where=name, mend="ask another task")

    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    sandbox.filters |= lm_eval.utils.env.filters
    with ExitStack() as stack:
        stack.enter_context(_replaced(lm_eval.utils, "env", sandbox))
        stack.enter_context(_replaced(evaluate, "load", refuse))
        if not allow_downloads:
            stack.enter_context(_replaced(datasets.config, "HF_HUB_OFFLINE", True))
            stack.enter_context(_replaced(huggingface_hub.constants, "HF_HUB_OFFLINE", True))
        yield refused


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
