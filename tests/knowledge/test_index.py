"""The vector index follows the chunks and comes back from every damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agent.errors import WorkFailedError
from agent.records.corpus import Chunk
from knowledge.index import VectorIndex
from tests.fakes import HashEmbedder, RecordingReporter
from tests.knowledge.corpus import MANUAL, chunks


def _ids(index: VectorIndex, question: str, count: int = 50) -> list[str]:
    return [identifier for identifier, _ in index.search(HashEmbedder().embed_query(question), count)]


def _synced(folder: Path, parts: tuple[Chunk, ...], embedder: HashEmbedder) -> VectorIndex:
    index = VectorIndex(folder, embedder)
    index.sync(parts, RecordingReporter())
    return index


def test_it_holds_exactly_the_chunks(tmp_path: Path) -> None:
    parts = chunks(MANUAL)
    embedder = HashEmbedder()
    index = _synced(tmp_path, parts, embedder)
    assert sorted(_ids(index, "filter")) == sorted(chunk.id for chunk in parts)
    index.sync(parts[1:])
    assert sorted(_ids(index, "filter")) == sorted(chunk.id for chunk in parts[1:])
    index.close()
    assert len(embedder.embedded) == len(parts)


def test_a_changed_text_under_the_same_id_is_embedded_again(tmp_path: Path) -> None:
    parts = chunks(MANUAL)
    embedder = HashEmbedder()
    _synced(tmp_path, parts, embedder).close()
    changed = (parts[0].model_copy(update={"text": "zebra zebra zebra", "headings": (), "title": ""}), *parts[1:])
    index = _synced(tmp_path, changed, embedder)
    assert _ids(index, "zebra", 1) == [parts[0].id]
    assert embedder.embedded[-1] == "zebra zebra zebra"
    index.close()


def test_an_unchanged_index_is_opened_without_embedding(tmp_path: Path) -> None:
    _synced(tmp_path, chunks(MANUAL), HashEmbedder()).close()
    embedder = HashEmbedder()
    _synced(tmp_path, chunks(MANUAL), embedder).close()
    assert embedder.embedded == []


def _delete(folder: Path) -> None:
    shutil.rmtree(folder)


def _garble(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(b"garbage" * 500)


def _garble_database(folder: Path) -> None:
    next(folder.rglob("chroma.sqlite3")).write_bytes(b"garbage" * 500)


def _truncate_database(folder: Path) -> None:
    path = next(folder.rglob("chroma.sqlite3"))
    path.write_bytes(path.read_bytes()[:5000])


def _lose_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def _strange_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("[1]")


@pytest.mark.parametrize(
    "damage", [_delete, _garble, _garble_database, _truncate_database, _lose_manifest, _strange_manifest]
)
def test_a_damaged_index_is_rebuilt_whole(tmp_path: Path, damage: object) -> None:
    parts = chunks(MANUAL)
    folder = tmp_path / "index"
    _synced(folder, parts, HashEmbedder()).close()
    damage(folder)  # type: ignore[operator]
    index = _synced(folder, parts, HashEmbedder())
    assert sorted(_ids(index, "filter")) == sorted(chunk.id for chunk in parts)
    index.close()
    assert len(list(folder.iterdir())) == 2


def test_another_embedder_makes_another_index(tmp_path: Path) -> None:
    _synced(tmp_path, chunks(MANUAL), HashEmbedder()).close()
    wide = HashEmbedder(512)
    wide.name = "wide"
    index = _synced(tmp_path, chunks(MANUAL), wide)
    assert len(index.search(wide.embed_query("filter"), 3)) == 3
    index.close()


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    index = _synced(tmp_path, (), HashEmbedder())
    assert _ids(index, "anything") == []
    index.close()


def test_an_index_that_breaks_while_open_says_so(tmp_path: Path) -> None:
    index = _synced(tmp_path, chunks(MANUAL), HashEmbedder())
    index.close()
    with pytest.raises(WorkFailedError, match="the index broke"):
        _ids(index, "filter")


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("a file")
    with pytest.raises((WorkFailedError, OSError)):
        VectorIndex(tmp_path / "index", HashEmbedder()).sync(chunks(MANUAL))


def test_no_text_reaches_the_index(tmp_path: Path) -> None:
    _synced(tmp_path, chunks(MANUAL), HashEmbedder()).close()
    assert all(b"Pellworth" not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_lost_sentence_vectors_are_made_again(tmp_path: Path) -> None:
    parts = chunks(MANUAL)
    _synced(tmp_path, parts, HashEmbedder()).close()
    (file,) = tmp_path.glob("chroma-*/rows.sqlite")
    file.write_bytes(b"no database at all" * 100)
    index = _synced(tmp_path, parts, HashEmbedder())
    rows = index.rows([parts[0].id, "no such chunk"])
    index.close()
    assert list(rows) == [parts[0].id]
    assert len(rows[parts[0].id]) > 1


def test_rows_of_chunks_that_left_are_dropped(tmp_path: Path) -> None:
    parts = chunks(MANUAL)
    _synced(tmp_path, parts, HashEmbedder()).close()
    index = _synced(tmp_path, parts[1:], HashEmbedder())
    assert set(index.rows([part.id for part in parts])) == {part.id for part in parts[1:]}
    index.close()
