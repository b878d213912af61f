"""The dataset card of a mix, `README.md` beside its data: what is in it, where it came from, under which licence. Pure.

It names no document and quotes none, so that a removed document leaves nothing in it.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from agent.prompts.mixing import card_text
from agent.prompts.personal import counted_kinds
from agent.records.base import Language
from agent.records.mixture import MixManifest
from tools.dataset_report.markdown import cell, size_category

CARD: Final = "README.md"


def mix_card(manifest: MixManifest, lang: Language) -> str:
    """Return the card of a mix, with the front matter of the Hugging Face hub.

    Args:
        manifest: What the mix says of itself.
        lang: Language of the text.
    """
    splits = [{"split": "train", "path": "train.jsonl"}]
    if manifest.validation_examples:
        splits.append({"split": "validation", "path": "validation.jsonl"})
    front: dict[str, Any] = {
        "pretty_name": manifest.id,
        "license": "other",
        "task_categories": ["question-answering", "text-generation"],
        "size_categories": [size_category(manifest.examples)],
        "annotations_creators": ["machine-generated"],
        "tags": ["domainsmith", "sft", "mix"],
        "configs": [{"config_name": "default", "data_files": splits}],
    }
    general = manifest.general
    sections = [
        f"---\n{yaml.safe_dump(front, allow_unicode=True, sort_keys=False).strip()}\n---",
        f"# {cell(manifest.id)}",
        card_text(
            "summary",
            lang,
            examples=manifest.examples,
            domain=manifest.domain_examples,
            general=manifest.general_examples,
            share=manifest.domain_share_examples,
            tokens=manifest.domain_share_tokens,
            asked=manifest.requested_share,
            by=card_text(manifest.by, lang),
        ),
        f"## {card_text('sources', lang)}\n\n"
        + card_text("domain_source", lang, documents=len(manifest.documents))
        + "\n"
        + card_text(
            "general_source",
            lang,
            name=cell(general.name),
            licence=cell(general.licence),
            rows=general.examples,
            sha256=general.sha256,
            repeats=manifest.general_repeats,
        ),
        f"## {card_text('made', lang)}\n\n"
        + card_text(
            "made_row",
            lang,
            seed=manifest.seed,
            sha256=manifest.sha256,
            held=manifest.validation_examples,
            leaks=manifest.leaks_dropped,
            repeated=manifest.duplicates_dropped,
        ),
        f"## {card_text('personal', lang)}\n\n{_personal(manifest, lang)}",
        f"## {card_text('limits', lang)}\n\n{card_text('limit_rows', lang)}",
    ]
    return "\n\n".join(sections) + "\n"


def _personal(manifest: MixManifest, lang: Language) -> str:
    found = manifest.personal
    if not found.examples:
        return card_text("personal_none_people" if found.people else "personal_none", lang)
    kinds = counted_kinds(found.by_kind, lang)
    return card_text(f"personal_{found.choice}", lang, examples=found.examples, kinds=kinds)
