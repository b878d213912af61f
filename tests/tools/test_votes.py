import csv
import io
import json
import multiprocessing
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent.errors import InputError, NotFoundError
from agent.records.corpus import Answer, Citation
from agent.records.evaluation import Item
from agent.records.vote import Vote
from agent.settings import Settings
from knowledge.files import write_records
from tools.rounds import Backing, Round, new_round, next_question, sealed_questions, shuffled
from tools.vote_tally import tally
from tools.votes import cast, forget_document, load_votes, standing, undo, votes_csv, votes_file, votes_jsonl
from tools.workspace import Workspace

NOW = Backing(base_model="builtin", tune_run="t1")


@pytest.fixture
def project(tmp_path):
    return Workspace(tmp_path).create("x")


def round_(number=0, arms=("base", "rag", "tuned"), **fields):
    given = {"id": f"c{number}", "question": f"question {number}?", "language": "en", "arms": arms, "backing": NOW}
    return Round.model_validate({**given, **fields})


def answers(*arms, text="12 bar"):
    return {arm: Answer(text=f"{text} {arm}", seconds=1.5, tokens=3) for arm in arms or ("base", "rag", "tuned")}


def vote_for(project, number, verdict, winner=None, account="ada", **fields):
    shown = round_(number, **fields)
    return cast(project, shown, answers(*shown.arms), verdict, winner, account)


def test_a_vote_holds_what_was_shown(project):
    shown = round_(arms=("tuned", "rag"), blind=True, seed=7, item="i1")
    said = {
        "rag": Answer(text="18 months", citations=(Citation(chunk="d:0-9", document="D", page=1, quote="18 months"),)),
        "tuned": Answer(text="20 months"),
    }
    vote = cast(project, shown, said, "better", "rag", "ada", documents=["e", "d", "e"])
    assert load_votes(project) == (vote,)
    assert vote.arms == ("tuned", "rag")
    assert (vote.blind, vote.seed, vote.item, vote.winner) == (True, 7, "i1", "rag")
    assert (vote.base_model, vote.tune_run, vote.documents) == ("builtin", "t1", ("d", "e"))
    assert vote.answers[1].text == "18 months"
    assert vote.answers[1].citations == ("d:0-9",)
    assert len({answer.sha256 for answer in vote.answers}) == 2


@pytest.mark.parametrize(
    ("shown", "said", "verdict", "winner"),
    [
        (round_(), answers("base", "rag"), "tie", None),
        (round_(arms=("rag",)), answers("rag"), "tie", None),
        (round_(), answers(), "better", None),
        (round_(), answers(), "tie", "rag"),
        (round_(arms=("base", "rag")), answers("base", "rag"), "better", "tuned"),
    ],
)
def test_a_vote_that_fits_nothing_is_refused(project, shown, said, verdict, winner):
    with pytest.raises(InputError):
        cast(project, shown, said, verdict, winner)
    assert not votes_file(project).exists()


def test_a_second_click_changes_nothing(project):
    first = vote_for(project, 1, "better", "rag")
    assert vote_for(project, 1, "tie") == first
    assert load_votes(project) == (first,)


def test_undo_takes_back_the_newest_own_vote_and_keeps_the_record(project):
    vote_for(project, 1, "tie")
    mine = vote_for(project, 2, "better", "base")
    theirs = vote_for(project, 3, "better", "rag", account="eve")
    gone = undo(project, "ada")
    assert (gone.id, bool(gone.undone)) == (mine.id, True)
    assert len(load_votes(project)) == 3
    assert [vote.comparison for vote in standing(load_votes(project))] == ["c1", "c3"]
    undo(project, "ada")
    with pytest.raises(NotFoundError):
        undo(project, "ada")
    with pytest.raises(NotFoundError):
        undo(project, "ada", theirs.id)
    assert vote_for(project, 2, "tie").verdict == "tie"


def cast_some(home, worker):
    project = Workspace(home).open("x")
    for number in range(10):
        vote_for(project, f"{worker}-{number}", "tie", account=f"w{worker}")


def test_concurrent_votes_are_all_there(project, tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=cast_some, args=(tmp_path, f"p{n}")) for n in range(2)]
    for worker in workers:
        worker.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: cast_some(tmp_path, f"t{n}"), range(4)))
        list(pool.map(lambda n: undo(project, f"wt{n}"), range(4)))
    for worker in workers:
        worker.join(300)
    votes = load_votes(project)
    assert len({vote.id for vote in votes}) == 60
    assert len(standing(votes)) == 56


def test_a_file_without_a_last_line_break_is_continued(project):
    first = vote_for(project, 1, "tie")
    votes_file(project).write_text(first.line(), encoding="utf-8")
    second = vote_for(project, 2, "tie")
    assert load_votes(project) == (first, second)


def test_a_deleted_document_leaves_no_text_behind(project):
    said = answers(text="secret")
    cited = Citation(chunk="d:0-9", document="D", page=1, quote="secret")
    said["rag"] = said["rag"].model_copy(update={"citations": (cited,)})
    cast(project, round_(1), said, "tie", documents=["d", "e"])
    kept = cast(project, round_(2), answers(), "tie", documents=["e"])
    assert forget_document(project, "d") == 1
    changed, same = load_votes(project)
    assert same == kept
    assert [answer.text for answer in changed.answers] == ["secret base", None, "secret tuned"]
    assert (changed.answers[1].citations, changed.documents, changed.verdict) == ((), ("e",), "tie")
    assert forget_document(project, "d") == 0


@pytest.mark.parametrize(
    ("a_wins", "b_wins", "standing_"),
    [
        (0, 0, "not_enough"),
        (1, 0, "not_enough"),
        (5, 0, "not_enough"),
        (6, 0, "a_preferred"),
        (0, 6, "b_preferred"),
        (20, 14, "not_enough"),
        (31, 14, "a_preferred"),
        (14, 31, "b_preferred"),
    ],
)
def test_an_arm_is_ahead_when_even_is_excluded(project, a_wins, b_wins, standing_):
    arms = ("base", "rag")
    for number in range(a_wins + b_wins):
        vote_for(project, number, "better", "base" if number < a_wins else "rag", arms=arms)
    vote_for(project, 900, "tie", arms=arms)
    vote_for(project, 901, "all_wrong", arms=arms)
    (pair,) = tally(load_votes(project), NOW).pairs
    assert (pair.a_preferred, pair.b_preferred, pair.ties, pair.both_wrong) == (a_wins, b_wins, 1, 1)
    assert pair.votes == a_wins + b_wins + 2
    assert pair.standing == standing_


@pytest.mark.parametrize("seed", range(6))
def test_the_tally_by_properties(project, seed):
    dice = random.Random(seed)
    arms = ("base", "rag", "tuned", "tuned+rag")
    votes = []
    for number in range(40):
        shown = tuple(dice.sample(arms, dice.randint(2, 4)))
        verdict = dice.choice(["better", "better", "tie", "all_wrong"])
        votes.append(
            vote_for(project, number, verdict, dice.choice(shown) if verdict == "better" else None, arms=shown)
        )
    counted = tally(votes, NOW)
    assert counted.votes == 40
    for pair in counted.pairs:
        decided = pair.a_preferred + pair.b_preferred
        assert 0 <= pair.low <= (pair.share if decided else 0.5) <= pair.high <= 1
        assert (pair.standing == "not_enough") or not pair.low <= 0.5 <= pair.high
        assert decided + pair.ties + pair.both_wrong == pair.votes
    turned = [
        vote.model_copy(update={"answers": tuple(reversed(vote.answers))}) for vote in dice.sample(votes, len(votes))
    ]
    assert tally(turned, NOW) == counted
    wins = sum(pair.a_preferred + pair.b_preferred for pair in counted.pairs)
    assert wins == sum(len(vote.arms) - 1 for vote in votes if vote.verdict == "better")


def test_undone_repeated_and_older_votes_are_left_out_and_told(project):
    arms = ("rag", "tuned")
    vote_for(project, 1, "better", "rag", arms=arms)
    undo(project, "ada")
    vote_for(project, 2, "better", "rag", arms=arms)
    vote_for(project, 3, "better", "tuned", arms=arms, question="Question  2?")
    vote_for(project, 4, "better", "tuned", arms=arms, question="question 2?", account="eve")
    vote_for(project, 5, "better", "tuned", arms=arms, backing=Backing(base_model="builtin", tune_run="t0"))
    vote_for(project, 6, "better", "rag", arms=("base", "rag"), backing=Backing(base_model="builtin"))
    vote_for(project, 7, "better", "rag", arms=("base", "rag"), backing=Backing(base_model="other"))
    counted = tally(load_votes(project), NOW)
    assert [(p.a, p.b, p.a_preferred, p.b_preferred) for p in counted.pairs] == [
        ("base", "rag", 0, 1),
        ("rag", "tuned", 0, 2),
    ]
    assert (counted.votes, counted.repeated, counted.other_models) == (3, 1, 2)


HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")')


@pytest.mark.parametrize("text", HOSTILE)
def test_no_exported_cell_is_a_formula(project, text):
    said = {"base": Answer(text=text), "rag": Answer(text="ok")}
    cast(project, round_(arms=("base", "rag"), question=text, item=text), said, "tie", account=text)
    rows = list(csv.reader(io.StringIO(votes_csv(load_votes(project)), newline="")))
    assert len(rows) == 2
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    row = dict(zip(*rows, strict=True))
    assert row["question"] == row["base_text"] == f"'{text}"
    assert row["order"] == "base | rag"
    assert row["oracle_text"] == ""


def test_the_jsonl_is_what_is_kept(project):
    votes = [vote_for(project, number, "tie") for number in range(3)]
    lines = votes_jsonl(votes).splitlines()
    assert [Vote.model_validate_json(line) for line in lines] == votes
    assert json.loads(lines[0])["winner"] is None


def test_a_blind_order_can_be_drawn_again(project, tmp_path):
    settings = Settings(home=tmp_path)
    arms = ("base", "rag", "tuned", "tuned+rag")
    orders = {new_round(project, settings, "q?", arms[:2], blind=True).arms for _ in range(40)}
    assert orders == {("base", "rag"), ("rag", "base")}
    one = new_round(project, settings, "泵有多重？", arms[:2], blind=True, seed=3)
    assert one.language == "zh"
    assert one.arms == shuffled(arms[1::-1], 3)
    plain = new_round(project, settings, "q?", arms[:2])
    assert (plain.arms, plain.seed, plain.backing) == (arms[:2], None, Backing(base_model="builtin"))


def item(name, **fields):
    given = {
        "id": name,
        "kind": "knowledge",
        "dimension": "domain_knowledge",
        "language": "en",
        "question": f"{name}?",
        "answers": ("a",),
    }
    return Item.model_validate({**given, **fields})


def test_questions_of_the_validation_set_come_one_after_another(project):
    items = [item(f"i{n}") for n in range(4)]
    choice = item("choice", form="choice", options=("a", "b"), correct=0)
    reading = item("reading", kind="skill", dimension="understanding", context="c")
    write_records(project.validation, [*items, choice, reading])
    known = sealed_questions(project)
    assert [one.id for one in known] == ["i0", "i1", "i2", "i3"]
    first = next_question(known, [], "ada")
    seen = [first]
    while len(seen) < 4:
        seen.append(next_question(known, [], "ada", seen[-1].id))
    assert {one.id for one in seen} == {one.id for one in items}
    assert next_question(known, [], "ada", seen[-1].id) == first
    vote_for(project, 1, "tie", item=seen[0].id)
    vote_for(project, 2, "tie", item=seen[2].id, account="eve")
    votes = load_votes(project)
    assert next_question(known, votes, "ada") == seen[1]
    assert next_question(known, votes, "ada", seen[1].id) == seen[2]
    assert next_question(known, votes, "ada", seen[3].id) == seen[1]
    assert next_question([], votes, "ada") is None
