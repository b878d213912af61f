"""Conversations that quote a removed document go with it; the others stay."""

from __future__ import annotations

from graph.forgetting import forget, quoting
from tests.graph.worlds import World

WORDS = ("The flange of the Tarvo Crane is held by nine bolts.",)


def test_only_conversations_that_quote_or_name_the_document_are_deleted(machines: World) -> None:
    assistant = machines.assistant()
    assistant.send("quotes", f"What do you make of this? {WORDS[0]}", "en", "machines")
    assistant.send("names", "What is in crane.md?", "en", "machines")
    assistant.send("other", "What can you do?", "en", "machines")
    projects = {"machines"}
    assert set(quoting(assistant, projects, "crane.md", WORDS)) == {"quotes", "names"}
    assert quoting(assistant, {"another project"}, "crane.md", WORDS) == ()
    assert forget(assistant, projects, "crane.md", WORDS) == 2
    assert [thread.id for thread in assistant.threads()] == ["other"]
    assert not any(b"nine bolts" in path.read_bytes() for path in machines.home.rglob("threads/**/*") if path.is_file())


def test_a_name_is_found_beside_chinese_text(machines: World) -> None:
    assistant = machines.assistant()
    said = {
        "before": "请看crane.md",
        "behind": "crane.md的第三页",
        "both": "请看crane.md的第三页",
        "other": "看crane.mdx吧",
    }
    for thread, text in said.items():
        assistant.send(thread, text, "zh", "machines")
    assert set(quoting(assistant, {"machines"}, "crane.md", ())) == {"before", "behind", "both"}


def test_another_file_of_a_longer_name_is_no_reason(machines: World) -> None:
    assistant = machines.assistant()
    assistant.send("longer", "What is in metadata-crane.md?", "en", "machines")
    assistant.send("quoted", 'It says: "Press \\"Start\\" for three seconds now."', "en", "machines")
    assert quoting(assistant, {"machines"}, "crane.md", ('Press \\"Start\\" for three seconds now.',)) == ("quoted",)
