import pytest

from agent.errors import InputError, NotFoundError
from agent.records.corpus import DocumentSplit
from tests.tools.extraction.corpus import text_of
from tools.extraction.split import save_split, saved_split, split_documents
from tools.workspace import Workspace


def documents(english=8, chinese=4):
    names = [(f"en-{n}", "en") for n in range(english)] + [(f"zh-{n}", "zh") for n in range(chinese)]
    return [(name, text_of(name, "x", language)) for name, language in names]


@pytest.mark.parametrize(
    ("count", "share", "held_out"), [(1, 0.5, 0), (2, 0.2, 1), (2, 0.9, 1), (10, 0.2, 2), (10, 0, 0), (3, 0.01, 1)]
)
def test_share_never_holds_out_everything_nor_nothing(count, share, held_out):
    split = split_documents(documents(count, 0), 0, share)
    assert len(split.held_out) == held_out
    assert len(split.train) == count - held_out
    assert not set(split.train) & set(split.held_out)


def test_languages_are_held_out_in_proportion():
    split = split_documents(documents(), 1, 0.25)
    assert sorted(name[:2] for name in split.held_out) == ["en", "en", "zh"]


def test_seed_decides_and_repeats():
    splits = {split_documents(documents(), seed, 0.25) for seed in range(6)}
    assert len({split.held_out for split in splits}) > 1
    assert split_documents(documents(), 3, 0.25) == split_documents(list(reversed(documents())), 3, 0.25)


def test_old_documents_keep_their_side_and_new_ones_are_assigned():
    before = split_documents(documents(4, 0), 0, 0.25)
    after = split_documents(documents(12, 0), 99, 0.25, previous=before)
    assert set(before.train) <= set(after.train)
    assert set(before.held_out) <= set(after.held_out)
    assert len(after.train) + len(after.held_out) == 12
    assert len(after.held_out) == 3


def test_documents_outside_the_scope_are_held_out_first():
    split = split_documents(documents(), 0, 0.2, scope=("EN-1*", "en-2.md"))
    assert split.train == ("en-1", "en-2")
    narrow = split_documents(documents(2, 0), 0, 0.6, scope=("en-*",))
    assert len(narrow.train) == 1


def test_bad_requests():
    with pytest.raises(InputError):
        split_documents(documents(), 0, 1.0)
    with pytest.raises(NotFoundError):
        split_documents(documents(), 0, 0.2, scope=("nothing-*",))


def test_saved_and_read_again(tmp_path):
    project = Workspace(tmp_path).create("x")
    assert saved_split(project) is None
    split = DocumentSplit(seed=0, train=("a",), held_out=("b",))
    save_split(project, split)
    assert saved_split(project) == split
