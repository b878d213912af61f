import pytest

from agent.progress import Silent
from tests.tools.extraction.corpus import FAQ, PUMP, RULES, corpus, form, text_of
from tools.extraction.blocks import parse, passage
from tools.extraction.conflicts import settle
from tools.extraction.fields import fields_of
from tools.extraction.harvest import harvest
from tools.extraction.phrases import (
    column_unit,
    is_empty_value,
    is_plural,
    label_case,
    natural_case,
    short_subject,
    uncapitalised,
    with_article,
)

FORMS = [
    text_of(f"r{n}", form(number, make, place, 100 + n))
    for n, (number, make, place) in enumerate(
        [
            ("LAX08-41", "Piper Cub", "Fresno, CA"),
            ("NYC08-17", "Cessna 172", "Albany, NY"),
            ("SEA08-03", "Beech Bonanza", "Spokane, WA"),
            ("DEN08-99", "Cirrus", "Boulder, CO"),
        ]
    )
]


def facts_of(*texts):
    return harvest(list(texts), Silent())


def said(facts):
    return {(fact.entity, fact.attribute): fact.answer for fact in facts}


def test_every_block_and_cell_stands_at_its_offsets():
    for text in corpus():
        for block in parse(text.text):
            for piece in (block.piece, *(cell for row in block.rows for cell in row)):
                assert text.text[piece.start : piece.end] == piece.text


def test_tables_without_outer_bars_or_with_escapes_and_numbered_steps():
    blocks = parse("| A | B |\n|:-|-:|\n| a\\|b | c |\n| d | e\n\n1. one\n2) two\n- three\nplain | bar")
    assert [[cell.text for cell in row] for row in blocks[0].rows] == [["A", "B"], ["a\\|b", "c"], ["d", "e"]]
    assert [(block.piece.text, block.listed) for block in blocks[1:]] == [
        ("one", True),
        ("two", True),
        ("three", True),
        ("plain | bar", False),
    ]


def test_a_bar_within_a_cell_is_asked_and_answered_without_its_backslash():
    table = "# Customers\n\n| Name | City \\| town |\n| --- | --- |\n| =cmd\\|calc | York \\| Leeds |\n| Ann | Bath |\n"
    facts = facts_of(text_of("customers", table))
    told = {(fact.entity, fact.attribute, fact.answer) for fact in facts}
    assert all("\\" not in part for one in told for part in one)
    assert any("=cmd|calc" in entity and answer == "York | Leeds" for entity, _, answer in told)
    assert all(fact.quote in table for fact in facts)


def test_table_facts_skip_empty_cells_and_take_the_unit_from_the_header():
    facts = said(facts_of(text_of("pump-manual", PUMP)))
    assert facts["the Brindle One pump", "rated flow"] == "17 litres per hour"
    assert facts["the Brindle One pump", "net weight"] == "4.6 kg"
    assert ("the Brindle Two pump", "net weight") not in facts


def test_definitions_questions_and_label_value_tables():
    facts = facts_of(text_of("pump-manual", PUMP), text_of("pump-faq", FAQ), text_of("house-rules", RULES))
    terms = {fact.entity: (fact.answer, fact.context) for fact in facts if fact.form == "definition"}
    assert terms["the Amber lamp"] == ("reservoir nearly empty", " for the Brindle pump")
    asked = {fact.attribute: fact.answer for fact in facts if fact.form == "question"}
    assert asked["Where is the Brindle pump assembled?"] == "It is assembled in Pellworth."
    assert asked["How long does it take to prime (the Brindle pump)?"] == "Priming takes 110 seconds."
    assert said(facts)["the House rules for visitors", "opening time"] == "07:40"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "# Kit\n\nQ: What is in the box?\nA: A hose and a filter.",
            ("What is in the box (Kit)?", "A hose and a filter."),
        ),
        ("# Kit\n\n**Does the Kit X2 float?** Yes, for an hour.", ("Does the Kit X2 float?", "Yes, for an hour.")),
        ("# 装置\n\n问：装置多重？\n答：12千克。", ("装置多重？", "12千克。")),
    ],
)
def test_question_lines(text, expected):
    language = "zh" if "问" in text else "en"
    facts = [fact for fact in facts_of(text_of("d", text, language)) if fact.form == "question"]
    assert [(fact.attribute, fact.answer) for fact in facts] == [expected]


def test_a_question_without_an_answer_gives_nothing():
    for text in (
        "# A\n\n## Why?\n\n## Next",
        "# A\n\n## Which of these are right?\n\n- one\n- two",
        "# A\n\n## Why so?",
    ):
        assert not [fact for fact in facts_of(text_of("d", text)) if fact.form == "question"]


def test_long_answers_and_definitions_are_cut_to_their_first_sentence():
    long = "It is the red one. " + "It was chosen long ago by many people. " * 10
    facts = facts_of(text_of("d", f"# Kit\n\n### Which Kit Alpha valve?\n\n{long}\n\n- **Lid**: {long[:180]}\n"))
    assert [fact.answer for fact in facts] == ["It is the red one.", "It is the red one."]


def test_plain_term_lists_need_company_and_notes_are_no_terms():
    text = "# Words of the yard\n\n- Dory: small boat\n- Jib: front sail\n\n- Note: be careful\n\nLonely: word\n"
    assert {fact.entity for fact in facts_of(text_of("d", text))} == {'"Dory"', "Jib"} or {
        fact.entity for fact in facts_of(text_of("d", text))
    } == {"Dory", "Jib"}


def test_form_lines_are_cut_where_the_corpus_shows_the_label():
    fields = fields_of(FORMS)["r1"]
    assert {(field.label, field.value.text) for field in fields} == {
        ("Location", "Albany, NY"),
        ("Report Number", "NYC08-17"),
        ("Aircraft", "Cessna 172"),
        ("Damage Level", "Substantial"),
        ("Flight Hours", "101"),
        ("Seats", "4"),
    }


def test_a_form_is_named_by_its_own_number():
    facts = said(facts_of(*FORMS))
    assert facts["report SEA08-03", "aircraft"] == "Beech Bonanza"
    assert facts["report DEN08-99", "location"] == "Boulder, CO"


def test_a_line_that_only_one_document_has_is_left_out_unless_the_columns_stand_apart():
    text = text_of("d", "# Sheet\n\nColour: red Big Size: 4\nMaker: Ann    Weight: 3 kg\nYear: 1990\nShade: dark\n")
    found = {field.label: field.value.text for field in fields_of([text])["d"]}
    assert found == {"Maker": "Ann", "Weight": "3 kg", "Year": "1990", "Shade": "dark"}


def test_prose_with_colons_is_no_form():
    text = "# Sheet\n\nNote: be careful.\nSee: page 3\nhttp://a.b/c: d\nThe rule is this: never run. Always walk.\n"
    assert fields_of([text_of("d", text)])["d"] == []


def test_values_cut_by_the_line_and_columns_without_a_colon_are_left_out():
    texts = [
        text_of(
            f"d{n}", f"# Form {n}\n\nOwner: {name} and\nsons\nWind: {wind} Gust Type\nCode: K-{n}\nHeld by: {name} of\n"
        )
        for n, (name, wind) in enumerate(
            zip("ABCDEF", ["Calm", "Light air", "Breeze", "Storm", "Gale", "Fog"], strict=True)
        )
    ]
    assert {field.label for field in fields_of(texts)["d0"]} == {"Code"}


@pytest.mark.parametrize(
    ("row_column", "row", "column", "value", "entity", "attribute"),
    [
        ("Code", "E07", "Remedy", "replace belt", "code E07 for the Brindle pump", "remedy"),
        (
            "Discount group",
            "D1",
            "From 5 pieces",
            "4 %",
            "discount group D1 for the Brindle pump",
            '"From 5 pieces" entry',
        ),
        ("No.", "1", "Part", "x", "", ""),
    ],
)
def test_codes_and_awkward_columns(row_column, row, column, value, entity, attribute):
    table = (
        f"# Brindle pump manual\n\n| {row_column} | {column} |\n| --- | --- |\n| {row} | {value} |\n| E08 | none |\n"
    )
    facts = said(facts_of(text_of("d", table)))
    assert facts == ({(entity, attribute): value} if entity else {})


def test_a_running_number_gives_way_to_the_name():
    table = (
        "# Brindle pump\n\n| No. | Part | Colour |\n|---|---|---|\n| 1 | Brindle lid | red |\n| 2 | Brindle cap | - |\n"
    )
    assert said(facts_of(text_of("d", table)))["the Brindle lid", "colour"] == "red"


def test_rows_of_the_same_name_are_left_out():
    table = "# Brindle pump\n\n| Part | Colour |\n|---|---|\n| Brindle lid | red |\n| Brindle lid | blue |\n"
    assert facts_of(text_of("d", table)) == []


def test_meaning_columns_define_and_amounts_are_attributes():
    text = (
        "# Brindle pump\n\n| Code | Meaning |\n|---|---|\n| E07 | belt torn |\n\n- **Cleaning fee**: 85 euros a unit\n"
    )
    facts = {fact.form: fact for fact in facts_of(text_of("d", text))}
    assert (facts["definition"].entity, facts["definition"].answer) == ("code E07 for the Brindle pump", "belt torn")
    assert (facts["attribute"].entity, facts["attribute"].attribute) == ("the Brindle pump", "cleaning fee")


def test_titles_that_repeat_get_the_file_name():
    texts = [text_of(name, "- **Lid**: 3 cm wide", title="Brindle manual") for name in ("a", "b")]
    assert [fact.entity for fact in facts_of(*texts)] == ["Brindle (a)", "Brindle (b)"]


def test_chinese_facts():
    facts = [fact for fact in facts_of(*corpus()) if fact.language == "zh"]
    by_name = said(facts)
    assert by_name["砚鹤Y3装置", "药箱容积"] == "280升"
    assert by_name["砚鹤Y6装置", "整机重量"] == "342千克"
    assert {fact.entity for fact in facts if fact.form == "definition"} == {"LTJ", "YHB"}


def test_equal_facts_are_rejected_and_contradicting_ones_wait_with_both_names():
    one = "# Brindle pump manual\n\n| Part | Colour |\n|---|---|\n| Brindle lid | red |\n| Brindle cap | blue |\n"
    other = one.replace("red", "green").replace("manual", "guide")
    settled = settle(facts_of(text_of("one", one), text_of("two", other)), {"one": "one.md", "two": "two.md"})
    assert [(fact.document, fact.answer, fact.status) for fact in settled] == [
        ("one", "red", "pending"),
        ("one", "blue", "accepted"),
        ("two", "green", "pending"),
        ("two", "blue", "rejected"),
    ]
    assert all(name in settled[0].reason for name in ("one.md", "two.md", "'red'", "'green'"))


def test_passage_grows_over_lines_takes_the_heading_and_keeps_the_limit():
    start = PUMP.index("46 litres")
    low, high = passage(PUMP, start, start + 9)
    assert PUMP[low:high].startswith("## Models")
    assert PUMP[low:high].endswith("| - |")
    low, high = passage(PUMP, start, start + 9, 60)
    assert PUMP[low:high] == "| Brindle Two pump | 46 litres per hour | - |"
    prose = "One fact here. " * 40 + "The key is 42. " + "Another line. " * 40
    place = prose.index("42")
    low, high = passage(prose, place, place + 2, 200)
    assert "The key is 42." in prose[low:high]
    assert high - low <= 200
    assert prose[low:high].endswith(".")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (column_unit("Weight (kg)"), ("Weight", "kg")),
        (column_unit("长度（毫米）"), ("长度", "毫米")),
        (column_unit("Owner (since May)"), ("Owner (since May)", "")),
        (is_empty_value("N/A"), True),
        (is_empty_value("—"), True),
        (is_empty_value("无"), True),
        (is_empty_value("0"), False),
        (is_plural("seats"), True),
        (is_plural("status of pumps"), False),
        (label_case("Date & Time"), "date and time"),
        (label_case("FAA Exam Date:"), "FAA exam date"),
        (natural_case("Amber Lamp of Wren", {"amber", "lamps"}), "amber lamp of Wren"),
        (with_article("amber lamp"), "the amber lamp"),
        (with_article("E07"), "E07"),
        (with_article("report X-1"), "report X-1"),
        (with_article("the lid"), "the lid"),
        (uncapitalised("Which app?"), "which app?"),
        (uncapitalised("Brindle: what?"), "Brindle: what?"),
        (short_subject("Brindle pump operating manual"), "Brindle pump"),
        (short_subject("砚鹤加药装置使用手册"), "砚鹤加药装置"),
    ],
)
def test_phrases(made, expected):
    assert made == expected
