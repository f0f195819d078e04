"""The checklist holds every question, answer and point, and nothing in it acts, whatever the names are."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from qualify.criteria.model import Criteria
from qualify.exports.markdown import criteria_to_markdown, escape, thinned
from qualify.formatting.formats import clean

Make = Callable[..., Criteria]
HOSTILE = (
    "<script>alert('x')</script> | a `b` *c* [d](javascript:e) ![f](g)\n\n# h\n- i\n\x1b[31m&amp; _j_ ~~k~~\\"
)
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
LIVELY = {"html_inline", "html_block", "link_open", "image", "code_inline", "em_open", "s_open", "fence"}


def kinds(text: str) -> list[str]:
    return [inner.type for token in READER.parse(text) for inner in (token, *(token.children or []))]


def shown(token: Token) -> str:
    return "".join(child.content for child in token.children or [])


def tables(text: str) -> list[list[list[str]]]:
    """Every table of the rendered page, as rows of cells as a reader sees them."""
    found: list[list[list[str]]] = []
    for token in READER.parse(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and found and token.level >= 3:
            found[-1][-1].append(shown(token))
    return found


def headings(text: str) -> list[str]:
    tokens = READER.parse(text)
    return [shown(tokens[at + 1]) for at, token in enumerate(tokens) if token.type == "heading_open"]


def test_questions_answers_and_points(make_criteria: Make) -> None:
    talk = "A talk of 15 minutes?"
    questions, zones, scores = tables(criteria_to_markdown(make_criteria()))
    assert questions == [
        ["", "Question", "Tick one (points)", "Mine"],
        ["1", f"{talk} (Buyer met)", f"☐ No (0) · ☐ Yes: {talk} (6) · ☐ unknown (1)", ""],
        ["2", "Fit", "☐ under 4 (0) · ☐ 4 and over (3) · ☐ unknown (2)", ""],
    ]
    assert zones == [
        ["Zone", "Score", "Past deals won"],
        ["below: mostly lost", "0 to 2", "10% (5 of 50 deals; 95% interval 4 to 21%)"],
        ["inside", "3 to 5", "45% (9 of 20 deals; 95% interval 26 to 66%)"],
        ["above: mostly won", "6 to 9", "87% (26 of 30 deals; 95% interval 70 to 95%)"],
    ]
    assert scores[0] == ["Score", "Win probability", "95% interval"]
    assert scores[1] == ["0", "5%", "4 to 10%"] and len(scores) == 11


def test_the_page_around_the_tables(make_criteria: Make) -> None:
    page = criteria_to_markdown(make_criteria())
    assert headings(page) == [
        "Qualification criteria: Team",
        "How to use it",
        "Questions",
        "What the score says",
        "When an answer is unknown",
        "How far to trust it",
    ]
    assert "40% (40 of 100 deals) won" in page
    assert "(0 to 9) and look up the score" in page
    assert "a won deal above a lost one in 80 of 100 pairs (95% interval 71 to 87)" in page
    assert "- Buyer met: up to 5 points more\n- Fit: up to 1 point more" in page
    assert page.endswith("\n") and not page.endswith("\n\n")
    assert not re.search(r"\b(causes?|drives?|driver)\b", page, flags=re.IGNORECASE)


def test_the_same_criteria_give_the_same_page(make_criteria: Make) -> None:
    assert criteria_to_markdown(make_criteria()) == criteria_to_markdown(make_criteria())


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("sharp", "The win rate tips"),
        ("gradual", "climbs gradually with the score; the zones divide at win probabilities of 25% and 75%"),
        ("none", "shows no tipping point; the zones divide at win probabilities of 25% and 75%"),
    ],
)
def test_where_the_zones_come_from(make_criteria: Make, verdict: str, words: str) -> None:
    page = criteria_to_markdown(make_criteria(verdict=verdict))
    assert words in page
    assert ("The win rate tips" in page) == (verdict == "sharp")


def test_empty_zones_are_left_out_and_untried_ones_say_so(make_criteria: Make) -> None:
    bands = make_criteria().bands
    bands.loc[0, ["score_low", "score_high"]] = np.nan
    bands.loc[2, ["n", "won"]] = 0
    bands.loc[2, ["win_rate", "win_rate_low", "win_rate_high"]] = np.nan
    zones = tables(criteria_to_markdown(make_criteria(bands=bands)))[1]
    assert [row[0] for row in zones[1:]] == ["inside", "above"]
    assert zones[2][2] == "no deal yet"


def test_criteria_without_any_points(make_criteria: Make) -> None:
    points = make_criteria().points.iloc[:0]
    page = criteria_to_markdown(make_criteria(points=points))
    assert "No question earned points" in page
    assert headings(page) == ["Qualification criteria: Team", "How far to trust it"]
    assert "pairs" not in page and not tables(page)


def test_gates_are_listed(make_criteria: Make) -> None:
    gates = pd.DataFrame(
        [("Buyer met", "No", 40, 1, 0.1)], columns=["characteristic", "answer", "n", "won", "win_rate_high"]
    )
    page = criteria_to_markdown(make_criteria(gates=gates))
    assert "- Buyer met is No: at most 10%; 2% (1 of 40 deals) won so far." in page
    assert "Answers that stop a deal" in headings(page)


def test_many_scores_are_thinned_to_the_first_the_last_and_some_between() -> None:
    every = pd.DataFrame({"score": range(10)})
    assert thinned(every)["score"].tolist() == list(range(10))
    assert thinned(pd.DataFrame({"score": range(26)}))["score"].tolist() == [*range(0, 26, 2), 25]
    assert len(thinned(pd.DataFrame({"score": range(5001)}))) <= 20
    assert thinned(every.iloc[:1])["score"].tolist() == [0]


def test_hostile_texts_do_nothing(make_criteria: Make) -> None:
    names = (HOSTILE, f"2 {HOSTILE}", f"3 {HOSTILE}")
    words = (f"No {HOSTILE}", f"Yes {HOSTILE}")
    plain = criteria_to_markdown(make_criteria())
    page = criteria_to_markdown(make_criteria(title=HOSTILE, names=names, words=words, text=HOSTILE))
    assert [kind for kind in kinds(page) if kind in LIVELY] == []
    blocks = [kind for kind in kinds(page) if kind.endswith(("_open", "_close"))]
    assert blocks == [kind for kind in kinds(plain) if kind.endswith(("_open", "_close"))]
    assert "\x1b" not in page
    questions = tables(page)[0]
    assert [len(row) for row in questions] == [4, 4, 4]
    assert questions[1][1] == f"{clean(HOSTILE)} ({clean(HOSTILE)})"
    assert clean(words[1]) in questions[1][2]


@given(st.text(max_size=60))
def test_any_text_reads_back_as_it_was(text: str) -> None:
    page = f"| head |\n| --- |\n| x{escape(text)}x |"
    assert not LIVELY & set(kinds(page))
    assert tables(page)[0][1] == [f"x{clean(text)}x"]


@pytest.mark.parametrize("address", ["https://evil.example", "www.evil.example", "a@evil.example"])
def test_bare_addresses_become_no_links(address: str) -> None:
    assert not re.search(r"https?:|www\.|@", escape(address))
