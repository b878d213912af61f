from tools.extraction.alignment import Alignment, standing

QUOTE = "The hose is 2 metres long and the cable is 5 metres long, but not the rope."


def test_what_stands_near_the_questions_words_weighs_more():
    lie = Alignment("How long is the cable?", QUOTE, "", "en")
    hose, cable = (QUOTE.index(figure) for figure in ("2 metres", "5 metres"))
    assert lie.weight(cable, cable + 1) > lie.weight(hose, hose + 1)
    assert lie.named(cable, cable + 1) > lie.named(hose, hose + 1)


def test_words_beside_two_figures_tell_which_is_asked_about():
    lie = Alignment("How long is the cable?", QUOTE, "", "en")
    hose, cable = ((at, at + 1) for at in (QUOTE.index("2 metres"), QUOTE.index("5 metres")))
    assert (lie.contrast(hose, cable, 0), lie.contrast(cable, hose, 0)) == (1, -1)
    assert Alignment("How long is it?", QUOTE, "", "en").contrast(hose, cable, 0) == 0
    assert lie.contrast(hose, cable, 9) == 0


def test_pieces_beyond_the_question_are_whole_words():
    lie = Alignment("标志塔什么时候竣工？", "标志塔于1984年开建，1985年竣工。", "标志塔", "zh")
    pieces = [lie.flat[start:end] for start, end in lie.unasked(lie.found("1985年"))]
    assert pieces == ["于1984年开建"]
    english = Alignment("Where are cases reported?", "Cases are reported to the county within a day.", "", "en")
    assert [english.flat[a:b].strip(" .") for a, b in english.unasked([])] == ["to the county within a day"]


def test_words_of_the_title_and_a_negation():
    lie = Alignment("Is the rope not in the hose set?", QUOTE, "Hose set", "en")
    assert {"not", "rope"} <= lie.asked
    assert "hose" not in lie.asked


def test_pieces_are_found_whatever_their_case_article_and_stop():
    assert standing("The Cable.", "the hose and a cable") == [(15, 20)]
    assert standing("。", "a cable") == []
