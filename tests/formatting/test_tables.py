"""Frames become text and HTML that people can read, whatever stands in them."""

from __future__ import annotations

import datetime as dt
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualify.errors import InvalidArgument
from qualify.formatting import clean, format_of, format_value, heading, page, page_text, to_html, to_text
from qualify.formatting.layout import display_width, wrap

NAN = float("nan")
HOSTILE = "<script>alert(\"x\")</script>\x1b[31m\n\u202e$a_b$ & '=1+1'"


def factors() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "characteristic": ["budget", "商談", "an economic buyer who has met us in person", "rival"],
            "n": [1240, 12, 7, 0],
            "swing": [0.234, -0.05, NAN, 0.001],
            "swing_low": [0.1, -0.2, NAN, -0.3],
            "swing_high": [0.35, 0.1, NAN, NAN],
            "q_value": [0.00002, 0.054, NAN, 0.34],
            "verdict": pd.Categorical(["adds", "shared", "not shown", "not shown"]),
        }
    )


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.234, "percent", "23%"),
        (0, "percent", "0%"),
        (1.0, "percent", "100%"),
        (0.998, "percent", "99.8%"),
        (0.9999, "percent", ">99.9%"),
        (0.0004, "percent", "<0.1%"),
        (3e-17, "percent", "0%"),
        (0.004, "percent", "0.4%"),
        (0.0098, "percent", "1%"),
        (0.234, "swing", "+23 pp"),
        (-0.051, "swing", "-5 pp"),
        (-0.001, "swing", "0 pp"),
        (1, "swing", "+100 pp"),
        (0.0009, "p", "<0.001"),
        (0.0541, "p", "0.054"),
        (0.0996, "p", "0.10"),
        (0.34, "p", "0.34"),
        (0.999, "p", ">0.99"),
        (2.31, "odds", "2.3"),
        (1.04, "odds", "1.04"),
        (9.96, "odds", "10"),
        (0.43, "odds", "0.43"),
        (0.0123, "odds", "0.012"),
        (0.0001, "odds", "<0.001"),
        (1e9, "odds", ">10,000"),
        (np.inf, "odds", "∞"),
        (1240, "count", "1,240"),
        (np.int64(3), "count", "3"),
        (12.5, "count", "12.5"),
        (-0.001, "number", "0.00"),
        (-1.234, "number", "-1.23"),
        (12345.6, "number", "12,346"),
        (0.8312, "metric", "0.831"),
        (114.23, "statistic", "114.2"),
        (10432.0, "text", "10432"),
        (True, "count", "yes"),
        (np.False_, None, "no"),
        ("about 5", "count", "about 5"),
        (dt.date(2024, 3, 1), None, "2024-03-01"),
        (pd.Timestamp("2024-03-01 14:30"), "text", "2024-03-01 14:30"),
        (7.0, None, "7"),
        (0.5, None, "0.50"),
    ],
)
def test_a_value_is_rounded_for_people(value: object, kind: object, text: str) -> None:
    assert format_value(value, kind) == text


@pytest.mark.parametrize("missing", [None, NAN, np.float64("nan"), pd.NA, pd.NaT])
@pytest.mark.parametrize("kind", ["text", "count", "percent", "swing", "p", "odds", "number", None])
def test_what_is_missing_is_a_dash(missing: object, kind: object) -> None:
    assert format_value(missing, kind) == "–"


def test_limits_are_written_like_their_estimate() -> None:
    assert format_of("ci_low", ["odds_ratio", "ci_low", "ci_high"]) == "odds"
    assert format_of("ci_low", ["estimate", "ci_low", "ci_high"]) == "number"
    assert format_of("ci_low", ["metric", "estimate", "ci_low", "ci_high"]) == "metric"
    assert format_of("low", ["score", "probability", "low", "high"]) == "percent"
    assert format_of("an own column") is None


def test_a_heading_is_made_of_names_written_as_code_only() -> None:
    assert heading("days_open") == "Days open"
    assert heading("Days_Open by ACME") == "Days Open by ACME"
    assert heading(2024) == "2024"


def test_text_is_aligned_and_merges_the_interval() -> None:
    assert to_text(factors(), caption="Factors", width=70).splitlines() == [
        "Factors",
        "Characteristic            Deals  Swing (interval)         q  Verdict",
        "────────────────────────  ─────  ──────────────────  ──────  ─────────",
        "budget                    1,240  +23 pp (10 to 35)   <0.001  adds",
        "商談                         12   -5 pp (-20 to 10)   0.054  shared",
        "an economic buyer who         7       –                   –  not shown",
        "has met us in person",
        "rival                         0    0 pp (-30 to –)     0.34  not shown",
    ]


def test_columns_that_do_not_fit_follow_below() -> None:
    text = to_text(factors(), width=40, columns=["characteristic", "swing", "swing_low", "verdict"])
    assert text.count("Characteristic") == 2
    assert max(display_width(line) for line in text.splitlines()) <= 40


def test_scores_of_a_band_are_one_range() -> None:
    bands = pd.DataFrame({"score_low": [-np.inf, 4, 8, 9, NAN], "score_high": [3, 7, np.inf, 9, NAN]})
    assert to_text(bands).splitlines()[2:] == ["up to 3", "4 to 7", "8 or more", "9", "–"]


def test_the_reference_answer_is_named_and_measures_have_words() -> None:
    answers = pd.DataFrame({"odds_ratio": [1.0, 2.5], "ci_low": [NAN, 1.1], "ci_high": [NAN, 6.0]})
    assert to_text(answers).splitlines()[2:] == ["1.00 (reference)", " 2.5 (1.1 to 6.0)"]
    performance = pd.DataFrame({"metric": ["auc"], "estimate": [0.8312], "ci_low": [0.78], "ci_high": [0.87]})
    assert "C-statistic (AUC)  0.831 (0.780 to 0.870)" in to_text(performance)


def test_intervals_stay_apart_when_asked_or_not_whole() -> None:
    assert "(10 to 35)" not in to_text(factors(), merged=False)
    assert to_text(factors(), columns=["swing"]).splitlines()[2] == "+23 pp"


def test_a_named_index_is_shown_and_any_other_is_not() -> None:
    frame = pd.DataFrame({"score": [0.5]}, index=pd.Index(["D-1"], name="deal"))
    assert "D-1" in to_text(frame)
    assert "D-1" not in to_text(frame.rename_axis(None))


def test_two_columns_of_one_name_are_both_shown() -> None:
    frame = pd.DataFrame([[0.1, 0.0, 0.2, 0.3]], columns=["swing", "swing_low", "swing_high", "swing"])
    assert to_text(frame).splitlines()[-1].split() == ["+10", "pp", "0", "pp", "+20", "pp", "+30", "pp"]


def test_rows_left_out_are_counted() -> None:
    many = pd.DataFrame({"deal": range(1500)})
    assert to_text(many, max_rows=10).splitlines()[-1] == "… and 1,490 more rows"
    assert to_html(many, max_rows=10).count("<tr>") == 11
    assert "… and 1,490 more rows" in to_html(many, max_rows=10)


@pytest.mark.parametrize("empty", [pd.DataFrame(), pd.DataFrame(columns=["characteristic", "answer"])])
def test_an_empty_table_says_so(empty: pd.DataFrame) -> None:
    assert to_text(empty).endswith("(none)")
    assert "(none)" in to_html(empty)


@pytest.mark.parametrize("render", [to_text, to_html])
def test_a_column_that_is_not_there_is_an_error_that_lists_those_that_are(render: object) -> None:
    with pytest.raises(InvalidArgument, match=r"swin.*characteristic, n, swing"):
        render(factors(), columns=["swin"])


def test_the_frame_is_left_alone() -> None:
    frame, before = factors(), factors()
    for text in (to_text(frame), to_html(frame), page("t", "l", [("s", frame)])):
        assert text
    pd.testing.assert_frame_equal(frame, before)


class _Reader(HTMLParser):
    """Collects what a browser would see: tags and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text.append(data)


OURS = {"div", "style", "table", "caption", "thead", "tbody", "tr", "th", "td", "span", "p", "h3", "h4"}


def test_html_of_one_small_table() -> None:
    table = to_html(factors().iloc[:1], columns=["characteristic", "swing", "swing_low", "swing_high"])
    assert table.split("</style>\n")[1] == (
        '<div class="qualify-wide"><table class="qualify-table">\n'
        '<thead><tr><th scope="col">Characteristic</th>'
        '<th scope="col" class="qualify-number">Swing (interval)</th></tr></thead>\n<tbody>\n'
        '<tr><th scope="row">budget</th>'
        '<td class="qualify-number">+23 pp <span class="qualify-aside">(10 to 35)</span></td></tr>\n'
        "</tbody></table></div></div>"
    )


def test_nothing_hostile_gets_into_the_page() -> None:
    frame = pd.DataFrame(
        {HOSTILE: [HOSTILE], "swing": [HOSTILE], "swing_low": [HOSTILE], "swing_high": [NAN]}
    )
    seen = _Reader(page(HOSTILE, HOSTILE, [(HOSTILE, frame)]) + to_html(frame, caption=HOSTILE))
    assert set(seen.tags) <= OURS
    assert not seen.open
    assert {name for name, _ in seen.attributes} <= {"class", "scope", "colspan"}
    assert "".join(seen.text).count('<script>alert("x")</script>') == 12
    assert "\x1b" not in "".join(seen.text)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=40), min_size=1, max_size=4), st.integers(45, 90))
def test_any_text_survives_escaped_aligned_and_whole(names: list[str], width: int) -> None:
    # As plain objects: pandas' own kind of text cannot hold half a character, as broken exports do.
    deals, answers = (pd.Series(texts, dtype=object) for texts in (names, names[::-1]))
    frame = pd.DataFrame({"deal": deals, "answer": answers, "win_rate": 0.5})
    seen = _Reader(to_html(frame, caption=names[0]))
    assert set(seen.tags) <= OURS
    assert not seen.open
    text = to_text(frame, width=width, caption=names[0])
    text.encode("utf-8")
    assert all(display_width(line) <= width for line in text.splitlines())
    assert len(text.split("\n")) == len(text.splitlines())
    squeezed = "".join(to_text(frame[["deal"]], width=width).split())
    assert squeezed.endswith("".join("".join(clean(name).split()) for name in names))


@given(st.text(st.sampled_from("ab 商é\u0301-"), max_size=60), st.integers(2, 30))
def test_wrapping_loses_nothing_and_keeps_the_width(text: str, width: int) -> None:
    lines = wrap(clean(text), width)
    assert all(display_width(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == clean(text).replace(" ", "")


def test_a_page_has_title_lead_and_sections() -> None:
    zones = pd.DataFrame({"zone": ["above"], "n": [45], "win_rate": [0.91]})
    sections = [("Zones", zones), ("Gates", pd.DataFrame(columns=["answer"]))]
    assert page_text("Tipping point", "Gradual.\n\nNo narrow band.", sections) == "\n".join(
        [
            "Tipping point",
            "═════════════",
            "",
            "Gradual.",
            "",
            "No narrow band.",
            "",
            "Zones",
            "Zone   Deals  Win rate",
            "─────  ─────  ────────",
            "above     45       91%",
            "",
            "Gates",
            "Answer",
            "──────",
            "(none)",
        ]
    )
    block = page("Tipping point", "Gradual.\n\nNo narrow band.", sections)
    assert block.count("<p>") == 2
    assert block.count("<h4>") == 2
    assert block.count("<style>") == 1
    assert "http" not in block
