"""What a training is refused with names a command that a shell takes as it stands."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from agent.errors import DomainsmithError, EmptyError, RefusedError
from agent.settings import Settings
from tools.tuning import request
from tools.tuning.request import tune_request
from tools.workspace import Workspace


@pytest.mark.parametrize("mixed", [False, True])
def test_the_commands_to_mend_with_quote_the_projects_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, mixed: bool
) -> None:
    project = Workspace(tmp_path).create("our pumps' notes; 水泵")
    kind: type[DomainsmithError] = RefusedError if mixed else EmptyError
    if mixed:
        monkeypatch.setattr(request, "latest_mix", lambda _: object())
    with pytest.raises(kind) as caught:
        tune_request(project, Settings(home=tmp_path, _env_file=None))
    command = caught.value.mend.strip("`").removesuffix("` makes one")
    assert shlex.split(command)[-2:] == ["-p", "our pumps' notes; 水泵"]
