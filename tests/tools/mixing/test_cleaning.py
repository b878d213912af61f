"""What a mix does about personal data, repetitions and groups, and what it leaves when it is stopped."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from agent.errors import CancelledError, InputError, WorkFailedError
from agent.progress import Silent
from agent.records.mixture import MixManifest
from agent.settings import Settings
from tests.tools.mixing.test_mix import lines, pairs
from tests.tools.test_pairs import pair
from tools.mixing.pool import Rows
from tools.mixing.request import MixRequest
from tools.mixing.run import latest_mix, mix
from tools.pairs import save_pairs
from tools.workspace import Workspace


@pytest.fixture
def project(tmp_path):
    project = Workspace(tmp_path).create("x")
    save_pairs(project, pairs())
    return project


def write(path, rows):
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return str(path)


def rivers(count, **fields):
    return [
        {"question": f"Name a river of country number {n * n}.", "answer": f"River {n}", **fields} for n in range(count)
    ]


def run(project, settings=None, **fields):
    return mix(project, settings or Settings(), MixRequest(**fields), Silent())


def texts(made):
    return "\n".join(message["content"] for line in lines(made) for message in line["messages"])


@pytest.fixture
def personal(project, tmp_path):
    """Two pairs and three general examples with personal data."""
    held = [
        pair("q1", "Who answers for lid 77?", "Call 13800138000 or write to li@example.cn", fact="g1"),
        pair("q2", "谁负责七号盖？", "联系人：王芳，身份证11010519491231002X", fact="g2", split="validation"),
    ]
    save_pairs(project, [*pairs(), *held])
    rows = [*rivers(150), *[{"question": f"Where is host {n}?", "answer": f"At 88.17.200.{n}."} for n in range(3)]]
    return write(tmp_path / "general.jsonl", rows)


def test_personal_data_is_masked_unless_asked_otherwise_and_the_manifest_says_where(project, personal):
    made = run(project, general=personal, domain_share=0.26, general_repeats=1)
    assert made.general_examples == 145
    assert "13800138000" not in texts(made)
    assert "[phone number] or write to [e-mail address]" in texts(made)
    assert "联系人：王芳，身份证[身份证号]" in json.dumps(lines(made, "validation.jsonl"), ensure_ascii=False)
    assert made.personal.choice == "mask"
    assert made.personal.by_kind["phone"] == made.personal.by_kind["resident_id"] == 1
    assert {"q1", "q2"} <= set(made.personal.ids)
    assert made.personal.examples == len(made.personal.ids)
    assert "masked" in made.notes[-1]
    assert "遮盖" in run(project, Settings(lang="zh"), general=personal, domain_share=0.26).notes[-1]


def test_personal_data_is_kept_only_where_that_is_asked_and_still_counted(project, personal):
    made = run(project, general=personal, personal="keep")
    assert "13800138000" in texts(made)
    assert made.personal.choice == "keep"
    assert made.personal.by_kind["email"] == 1
    assert "as asked" in made.notes[-1]


def test_examples_with_personal_data_are_dropped_where_that_is_asked(project, personal):
    made = run(project, general=personal, personal="drop", domain_share=0.25, general_repeats=1)
    assert (made.domain_examples, made.general_examples, made.validation_examples) == (50, 150, 0)
    assert made.personal.by_kind == {"email": 1, "ip": 3, "phone": 1, "resident_id": 1}
    assert set(made.personal.ids) == {"q1", "q2", "general-151", "general-152", "general-153"}
    assert "left out" in made.notes[-1]


def test_a_share_by_tokens_counts_what_is_trained_on(project, personal):
    made = mix(project, Settings(), MixRequest(by="tokens", general=personal), Silent(), len)
    counted = Counter()
    for line in lines(made):
        counted[line["origin"]] += len("\n".join(m["content"] for m in line["messages"][1:]))
    assert made.domain_share_tokens == counted["domain"] / counted.total()


def test_names_count_where_that_is_asked(project, personal):
    assert "name" not in run(project, general=personal).personal.by_kind
    assert run(project, general=personal, names=True).personal.by_kind["name"] == 1


def test_repetitions_in_general_data_are_left_out(project, tmp_path):
    rows = rivers(120)
    again = [
        {"question": rows[3]["question"].upper(), "answer": rows[3]["answer"] + "  "},
        {"question": "What shade has lid 3?", "answer": "grey"},
        {"question": "In which long valley of the old country does the widest river rise?", "answer": "In the north"},
        {
            "question": "In which long valley of the old country does the widest river rise, please?",
            "answer": "In the north",
        },
    ]
    file = write(tmp_path / "g.jsonl", [*rows, *again])
    assert run(project, general=file).duplicates_dropped == 2
    assert run(project, general=file, duplicates="near").duplicates_dropped == 3
    kept = run(project, general=file, duplicates="keep")
    assert kept.duplicates_dropped == 0
    assert "repeat" in run(project, general=file).notes[-1]


def test_no_group_of_general_data_is_starved(project, tmp_path):
    rows = [
        *rivers(500, source="big"),
        {"question": "谁写了这本书？", "answer": "鲁迅", "source": "small", "kind": "fact"},
    ]
    rows += [
        {"question": f"How many legs has animal {n * n}?", "answer": f"{n} legs", "source": "mid"} for n in range(50)
    ]
    made = run(project, general=write(tmp_path / "g.jsonl", rows))
    assert made.general_examples == 117
    assert made.general_strata == {"big / en": 105, "mid / en": 11, "small / fact / zh": 1}
    few = run(project, general=write(tmp_path / "g.jsonl", rows), domain_share=0.95)
    assert few.general_strata == {"big / en": 1, "mid / en": 1, "small / fact / zh": 1}


def test_no_document_is_starved_when_pairs_are_thinned(project, tmp_path):
    save_pairs(project, [*pairs(20), pair("only", "What hue has knob 5?", "ochre", document="rare", fact="k")])
    made = run(project, general=write(tmp_path / "g.jsonl", rivers(200)), max_domain=16)
    assert "rare" in made.documents


def test_question_files_of_ones_own_are_kept_out_too(project, tmp_path):
    own = tmp_path / "own.jsonl"
    write(own, [{"question": "Name a river of country number 49", "answer": "x"}])
    made = run(project, general=write(tmp_path / "g.jsonl", rivers(200)), against=(str(own),), drop_leaks=True)
    assert made.leaks_dropped == 1
    assert "number 49." not in texts(made)


@pytest.mark.parametrize("form", ["json", "csv", "parquet"])
def test_other_forms_give_the_same_examples_as_json_lines(project, tmp_path, form):
    rows = rivers(200)
    one = run(project, general=write(tmp_path / "g.jsonl", rows))
    other = tmp_path / f"g.{form}"
    if form == "json":
        other.write_text(json.dumps(rows))
    elif form == "csv":
        other.write_text("question,answer\n" + "".join(f"{row['question']},{row['answer']}\n" for row in rows))
    else:
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), other)
    two = run(project, general=str(other))
    assert two.sha256 == one.sha256
    assert two.general.name == f"g.{form}"


def test_rows_keep_their_own_ids_where_these_are_unique(project, tmp_path):
    rows = [{**row, "id": f"own{n}"} for n, row in enumerate(rivers(200))]
    made = run(project, general=write(tmp_path / "g.jsonl", rows))
    assert {line["id"][:3] for line in lines(made) if line["origin"] == "general"} == {"own"}
    rows[5]["id"] = "own6"
    made = run(project, general=write(tmp_path / "g.jsonl", rows))
    assert {line["id"][:8] for line in lines(made) if line["origin"] == "general"} == {"general-"}


def test_bad_rows_are_counted_and_named_and_nothing_is_left(project, tmp_path):
    file = tmp_path / "g.jsonl"
    write(file, rivers(20))
    good = file.read_text()
    file.write_text(
        good + '\n{\n{"question": ""}\n{"question": "\\ud800?", "answer": "x"}\n[1]\n\xff\n', encoding="latin-1"
    )
    with pytest.raises(InputError) as caught:
        run(project, general=str(file))
    assert caught.value.what.startswith("5 lines")
    assert all(f"line {n} (" in caught.value.where for n in (21, 22, 23, 24, 25))
    assert list(project.mixes.iterdir()) == []


def test_unusual_rows_that_are_sound_pass(project, tmp_path):
    file = tmp_path / "g.jsonl"
    file.write_text("\ufeff" + "\n\n".join(json.dumps({**row, "n": 10**30}) for row in rivers(120)), encoding="utf-8")
    assert run(project, general=str(file)).general_examples == 117


def test_a_file_that_changes_while_it_is_read_is_no_mix(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text("{}\n")
    with Rows(file) as rows:
        assert rows.line(0, 2) == b"{}"
        rows.unchanged()
        file.write_text("{} \n")
        with pytest.raises(WorkFailedError, match="changed"):
            rows.unchanged()


def test_a_cancelled_mix_leaves_nothing(project, tmp_path):
    class Stopping(Silent):
        left = 2

        def check(self):
            self.left -= 1
            if self.left < 0:
                raise CancelledError("enough")

    with pytest.raises(CancelledError):
        mix(project, Settings(), MixRequest(general=write(tmp_path / "g.jsonl", rivers(200))), Stopping())
    assert list(project.mixes.iterdir()) == []


def test_the_same_mix_again_replaces_its_manifest(project, tmp_path):
    file = write(tmp_path / "g.jsonl", rivers(200))
    one = run(project, general=file)
    two = run(project, general=file, general_repeats=9)
    assert one.sha256 == two.sha256
    assert latest_mix(project) == two
    assert [path.name for path in project.mixes.iterdir()] == [one.id]


_CHILD = """
import sys
from pathlib import Path
from agent.progress import Silent
from agent.settings import Settings
from tools.mixing.request import MixRequest
from tools.mixing.run import mix
from tools.workspace import Workspace
print("ready", flush=True)
mix(Workspace(Path(sys.argv[1])).open("x"), Settings(), MixRequest(general=sys.argv[2]), Silent())
"""


@pytest.mark.slow
def test_a_mix_killed_at_any_moment_leaves_no_half_mix_and_the_next_has_the_same_bytes(tmp_path):
    home = tmp_path / "home"
    project = Workspace(home).create("x")
    save_pairs(project, pairs(200))
    file = write(tmp_path / "g.jsonl", rivers(4000))
    expected = None
    draw = random.Random(0)
    for kill in range(8):
        with subprocess.Popen([sys.executable, "-c", _CHILD, str(home), file], stdout=subprocess.PIPE) as child:
            assert child.stdout.readline()
            time.sleep(draw.uniform(0, 0.6))
            os.kill(child.pid, signal.SIGKILL)
        for folder in project.mixes.glob("mix-*"):
            manifest = MixManifest.model_validate_json((folder / "manifest.json").read_bytes())
            assert len(lines(manifest)) == manifest.examples
        if kill % 4 == 3:
            made = run(project, general=file)
            expected = expected or made.sha256
            assert made.sha256 == expected
            assert [path.name for path in project.mixes.iterdir()] == [made.id]
            for path in (project.mixes / made.id).iterdir():
                path.unlink()
            (project.mixes / made.id).rmdir()
