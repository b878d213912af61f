"""A few of the hostile files and names of the campaign, one of each sort; the whole is `make campaign-files`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.campaigns.files import MEMORY, SECONDS, Handled, Listener, cases, handled, main
from tests.campaigns.hostile_names import check_names
from tests.quiet_moment import in_a_quiet_moment

TIME = re.compile(r"(its text )?took [0-9.]+ s|the sound file beside it was not read")
FEW = (
    "zip-bomb-lying.zip", "docx-entities-outer.docx", "xlsx-entities-in-strings.xlsx", "epub-entities-outer.epub",
    "zip-traversal.zip", "zip-of-hostile.zip", "pdf-form-loop.pdf", "pdf-locked-128.pdf", "pdf-page-tree-loop.pdf",
    "mail-nested-messages.eml", "mail-crooked-names.eml", "html-entities-outer.xhtml", "html-half-characters.html",
    "text-noise.txt", "markdown-blanks.md", "json-deep.json", "wrong-pdf-as-docx.docx", "empty-xlsx.xlsx",
)  # fmt: skip


def test_an_expression_that_no_name_matches_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["files", "--only", "no such name"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "no file's name matches 'no such name'" in capsys.readouterr().err


def test_there_are_enough_of_them_and_each_once() -> None:
    names = [name for name, _ in cases("/nowhere", "http://127.0.0.1:1/")]
    assert len(names) == len(set(names)) >= 60
    assert set(FEW) <= set(names)


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_hostile_file_is_handled_in_the_time_and_memory_promised(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("canary-7f3a-secret")
    listener = Listener()
    make = dict(cases(str(secret), listener.address))[name]
    results: list[Handled] = []

    @in_a_quiet_moment
    def in_time() -> None:
        results.append(handled(name, make(), tmp_path))
        assert results[-1].faults == []
        assert results[-1].seconds <= SECONDS

    in_time()
    listener.close()
    # Only time may be lost to other work: what else is wrong once is wrong.
    assert [fault for one in results for fault in one.faults if not TIME.fullmatch(fault)] == []
    assert max(one.peak for one in results) <= MEMORY
    assert listener.visits == 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_no_name_leads_outside() -> None:
    assert check_names(300, seed=2) == []
