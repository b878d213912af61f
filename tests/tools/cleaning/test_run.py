import pytest

from agent.progress import Silent
from agent.settings import Settings
from tests.fakes import HashEmbedder
from tests.tools.test_pairs import pair
from tools.cleaning.run import look_for_duplicates
from tools.pairs import save_pairs
from tools.workspace import Workspace


@pytest.fixture
def project(tmp_path):
    project = Workspace(tmp_path).create("x")
    save_pairs(
        project,
        [
            pair("p1", "How heavy is the Wren?", "12 kg"),
            pair("p2", "how heavy is the wren?", "12 KG"),
            pair("p3", "Which colour has the Heron?", "Grey"),
        ],
    )
    return project


def test_meaning_is_looked_at_where_that_is_asked(project, monkeypatch):
    import knowledge.embedding

    monkeypatch.setattr(knowledge.embedding, "load_embedder", lambda settings: HashEmbedder())
    found = look_for_duplicates(project, Settings(), Silent(), meaning=True)
    # What repeats to the letter is said to do so, although it means the same too.
    assert [(one.id, one.of, one.kind) for one in found.found] == [("p2", "p1", "exact")]
    assert found.looked_at == 3
