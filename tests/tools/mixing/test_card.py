"""The card of a mix says what its manifest says, in both languages, and names no document."""

from __future__ import annotations

import pytest
import yaml

from agent.records.base import Language
from agent.records.mixture import GeneralSource, MixManifest, PersonalChoice, PersonalReport
from tools.mixing.card import mix_card


def manifest(**changes: object) -> MixManifest:
    made = MixManifest(
        id="mix-0123456789ab",
        examples=100,
        domain_examples=30,
        general_examples=70,
        domain_share_examples=0.3,
        domain_share_tokens=0.412,
        requested_share=0.3,
        by="examples",
        seed=7,
        sha256="abc123",
        pairs_sha256="",
        general=GeneralSource(name="team_chat.jsonl", licence="CC-BY-4.0", sha256="def456", examples=900),
        documents=("secret-plan-1a2b3c4d",),
        files={},
        leaks_dropped=5,
        duplicates_dropped=6,
    )
    return made.model_copy(update=changes)


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        (
            "en",
            ("100 conversations", "30.0% by examples, 41.2% by tokens", "licence CC-BY-4.0", "Seed 7", "5 that leak"),
        ),
        ("zh", ("100条", "按样本30.0%，按词元41.2%", "许可 CC-BY-4.0", "种子 7", "与封存题目重合5条")),
    ],
)
def test_it_says_what_is_in_the_mix(lang: Language, told: tuple[str, ...]) -> None:
    card = mix_card(manifest(), lang)
    for one in (*told, "abc123", "def456", r"team\_chat.jsonl"):
        assert one in card
    assert "secret-plan" not in card
    front = yaml.safe_load(card.split("---")[1])
    assert front["size_categories"] == ["n<1K"]
    assert front["configs"][0]["data_files"] == [{"split": "train", "path": "train.jsonl"}]


def test_the_examples_for_the_validation_loss_are_a_split() -> None:
    front = yaml.safe_load(mix_card(manifest(validation_examples=3), "en").split("---")[1])
    assert [one["path"] for one in front["configs"][0]["data_files"]] == ["train.jsonl", "validation.jsonl"]


@pytest.mark.parametrize(
    ("choice", "en", "zh"),
    [("mask", "is masked", "已遮盖"), ("drop", "are left out", "已去掉"), ("keep", "do not pass them on", "请勿外传")],
)
def test_personal_data_is_told(choice: PersonalChoice, en: str, zh: str) -> None:
    found = manifest(personal=PersonalReport(choice=choice, by_kind={"email": 2}, examples=2))
    assert en in mix_card(found, "en")
    assert "2 × e-mail address" in mix_card(found, "en")
    assert zh in mix_card(found, "zh")
    assert "None was found" in mix_card(manifest(), "en")


@pytest.mark.parametrize(
    ("people", "en", "zh"), [(False, "not looked for", "不查找"), (True, "looked for too", "也查找")]
)
def test_it_says_whether_names_were_looked_for(people: bool, en: str, zh: str) -> None:
    made = manifest(personal=PersonalReport(choice="mask", people=people))
    assert en in mix_card(made, "en")
    assert zh in mix_card(made, "zh")
