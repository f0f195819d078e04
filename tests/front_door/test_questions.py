"""Questions drafted from columns: orders, several choices, codes for unknown, roles, and what is left out."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

import qualify as ql
from qualify.errors import InvalidSurvey
from qualify.exports.python_source import criteria_to_python
from qualify.exports.sql import criteria_to_sql
from qualify.survey.ordered_words import in_order


@pytest.mark.parametrize(
    "ordered",
    [
        ["03.Low", "02.Medium", "01.High"],
        ["very dissatisfied", "dissatisfied", "neutral", "satisfied", "very satisfied"],
        ["1 - poor", "2 - fair", "3 - good"],
        ["0-10", "11-50", "51-200", "200+"],
        ["< 10", "11-50", "> 200"],
        ["<€100k", "€100k-€1M", "€1M+"],
        ["primary", "secondary", "tertiary"],
        ["1/5", "3/5", "4/5"],
        ["2 of 5", "3 of 5"],
        ["None", "Weak", "Some", "Good", "Strong"],
        ["keiner", "schwach", "mittel", "gut", "stark"],
        ["stimme nicht zu", "stimme eher zu", "stimme zu", "stimme voll zu"],
        ["jamais", "rarement", "parfois", "souvent", "toujours"],
        ["pas du tout d'accord", "pas d’accord", "neutre", "d'accord", "tout à fait d'accord"],
        ["muy bajo", "bajo", "medio", "alto", "muy alto"],
        ["molto insoddisfatto", "insoddisfatto", "soddisfatto"],
        ["muito improvável", "improvável", "provável", "muito provável"],
        ["★", "★★", "★★★★"],
        ["very weak", "weak", "neither weak nor strong", "strong", "very strong"],
        ["★☆☆☆☆", "★★☆☆☆", "★★★★★"],
        ["nooit", "zelden", "soms", "vaak", "altijd"],
    ],
)
def test_orders_of_words_numbers_and_ranges(ordered: list[str]) -> None:
    assert in_order(sorted(ordered)) == ordered


@pytest.mark.parametrize(
    "answers",
    [
        ["Referral", "Web", "Tender"],
        ["Europe 1", "Europe 2"],
        ["A1", "B2"],
        ["Berlin 10", "Paris 75"],
        ["2025-01-02", "2025-02-03"],
        ["Product 3", "Product 1"],
        ["direkt", "keiner", "indirekt"],
    ],
)
def test_what_has_no_order(answers: list[str]) -> None:
    assert in_order(answers) is None


def drafted(values: list[object], heading: str = "Q") -> ql.Characteristic:
    rng = np.random.default_rng(1)
    n = 10 * len(values)
    frame = pd.DataFrame(
        {"S": rng.choice(["Won", "Lost"], n), heading: values * 10, "Other": rng.choice(["a", "b"], n)}
    )
    survey = ql.infer_survey(frame, outcome="S")
    return next(asked for asked in survey.characteristics if asked.column == heading)


def test_unknown_words_and_scales_are_told_apart() -> None:
    fit = drafted(["Low", "Medium", "High", "No Info", "Low", "High"])
    assert (fit.kind, fit.values, fit.unknown) == ("ordered", ("Low", "Medium", "High"), ("No Info",))
    need = drafted([1, 2, 3, "no info", 4, 5])
    assert (need.kind, need.low, need.high, need.unknown) == ("score", 1, 5, ("no info",))
    growth = drafted(["Yes", "No", "Not Applicable", "No"])
    assert (growth.kind, growth.values, growth.unknown) == ("yes_no", ("No", "Yes"), ("Not Applicable",))
    city = drafted(["Delhi", "Select", "Mumbai", "Delhi"])
    assert (city.kind, city.values, city.unknown) == ("choice", ("Delhi", "Mumbai"), ("Select",))


def test_code_9_dont_know_stands_apart() -> None:
    asked = drafted([1, 2, 3, 4, 5, 9])
    assert (asked.low, asked.high, asked.unknown) == (1, 5, ("9",))
    assert drafted([-1, 1, 2, 3, 4, 5]).unknown == ("-1",)
    assert drafted([0, 1, 2, 3, 4, 5]).unknown == ()
    assert drafted([0, 1, 2, 3, 4, 5], "Need (1-5)").unknown == ("0",)
    assert drafted([1, 2, 3, 5, 8, 13]).unknown == ()
    assert drafted([110, 120, 231, 340], "Occupation").kind == "choice"


def test_rating_with_halves_is_a_score() -> None:
    asked = drafted([0, 1, 2, 3.5, 4, 5, 6.5, 8, 9, 10])
    assert (asked.kind, asked.low, asked.high) == ("score", 0, 10)


def test_a_word_both_unknown_and_an_answer_is_an_error() -> None:
    data = ql.infer_survey(
        pd.DataFrame({"S": ["Won", "Lost"] * 6, "City": ["Delhi", "Pune", "Goa"] * 4}), outcome="S"
    ).to_dict()
    data["unknown"].append("Goa")
    with pytest.raises(InvalidSurvey, match="'Goa' among its answers"):
        ql.Survey.from_dict(data)


def test_german_dates_and_ids_are_told_as_what_they_are() -> None:
    n = 40
    frame = pd.DataFrame(
        {
            "Opp. Nr.": [f"O-{k:04}" for k in range(n)],
            "Status": ["Gewonnen", "Verloren"] * (n // 2),
            "Abschluß am": [f"{k % 28 + 1:02}.{k % 12 + 1:02}.2024" for k in range(n)],
            "Erfaßt am": [f"{k % 28 + 1:02}.{k % 12 + 1:02}.2023" for k in range(n)],
            "Summe (€)": [f"{k}.{k * 7 % 900 + 100},50" for k in range(1, n + 1)],
            "Verkäufer": ["Jörg", "Änne", "Uwe", "Änne"] * (n // 4),
            "Bemerkt am": [f"{k % 28 + 1:02}.{k % 12 + 1:02}.2022" for k in range(n)],
            "Budget": ["ja", "nein", "nein", "ja"] * (n // 4),
        }
    )
    survey = ql.infer_survey(frame, outcome="Status")
    columns = survey.columns
    assert (columns.deal, columns.close_date, columns.created_date) == (
        "Opp. Nr.",
        "Abschluß am",
        "Erfaßt am",
    )
    assert (columns.value, columns.rep) == ("Summe (€)", "Verkäufer")
    assert survey.names == ("Budget",)
    notes = survey.decisions.set_index("column")["note"]
    assert notes["Bemerkt am"].startswith("left out, dates; name it as close_date")


@pytest.mark.parametrize("heading", ["Prospect ID", "mql_id", "Cust_num", "Bid No."])
def test_a_column_that_differs_in_every_row_is_offered_as_the_id(heading: str) -> None:
    frame = pd.DataFrame(
        {heading: [f"x{k}" for k in range(20)], "S": ["Won", "Lost"] * 10, "Q": ["a", "b", "b", "a"] * 5}
    )
    assert ql.infer_survey(frame, outcome="S").columns.deal == heading


def several(n: int = 240) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    team = [
        tuple(name for name, share in (("Finance", 0.5), ("IT", 0.4), ("Legal", 0.3)) if rng.random() < share)
        for _ in range(n)
    ]
    z = np.array([2.0 * ("Finance" in some) - 1.5 * ("IT" in some) for some in team]) - 0.4
    won = rng.random(n) < 1 / (1 + np.exp(-z))
    return pd.DataFrame(
        {
            "Deal": [f"D{k}" for k in range(n)],
            "S": np.where(won, "Won", "Lost"),
            "Team": ["; ".join(some) for some in team],
            "T_1": ["Finance" if "Finance" in some else "" for some in team],
            "T_2": ["IT" if "IT" in some else "" for some in team],
            "Need": rng.integers(1, 6, n).astype(str),
        }
    )


def test_several_choices_are_one_question_for_each(tmp_path: Path) -> None:
    frame = several()
    survey = ql.infer_survey(frame.drop(columns=["T_1", "T_2"]), outcome="S")
    assert survey.names == ("Team: Finance", "Team: IT", "Team: Legal", "Need")
    answers = ql.read_deals(frame, survey).answers
    for name in ("Finance", "IT", "Legal"):
        wanted = np.where(
            frame["Team"] == "", "unknown", np.where(frame["Team"].str.contains(name), "Yes", "No")
        )
        assert (answers[f"Team: {name}"].to_numpy() == wanted).all()
    file = ql.write_survey(survey, tmp_path / "survey.yaml")
    assert "kind: choices" in file.read_text("utf-8") and ql.read_survey(file) == survey


def test_choices_spread_over_columns_are_the_same_question(tmp_path: Path) -> None:
    frame = several().drop(columns="Team")
    survey = ql.infer_survey(frame, outcome="S")
    assert [name for name in survey.names if name != "Need"] == ["T: Finance", "T: IT"]
    answers = ql.read_deals(frame, survey).answers["T: IT"].to_numpy()
    silent = (frame["T_1"] == "") & (frame["T_2"] == "")
    assert (answers == np.where(silent, "unknown", np.where(frame["T_2"] != "", "Yes", "No"))).all()
    assert ql.read_survey(ql.write_survey(survey, tmp_path / "survey.yaml")) == survey


@pytest.mark.parametrize("spread", [False, True])
def test_choices_score_alike_in_sql_and_python(spread: bool) -> None:
    frame = several().drop(columns=["Team"] if spread else ["T_1", "T_2"])
    survey = ql.infer_survey(frame, outcome="S")
    criteria = ql.refine_criteria(ql.read_deals(frame, survey), replicates=10)
    assert any("Finance" in name for name in criteria.kept)
    later = frame.drop(columns="S")
    scored = ql.score_deals(criteria, later).table.set_index("deal")["score"]
    with duckdb.connect() as database:
        database.register("frame", later)
        database.execute("CREATE TABLE deals AS SELECT * FROM frame")
        database.execute(criteria_to_sql(criteria))
        found = database.execute("SELECT deal, score FROM qualify_scores").df().set_index("deal")["score"]
    assert found.loc[scored.index].tolist() == scored.tolist()
    module: dict[str, object] = {}
    exec(criteria_to_python(criteria), module)
    score_deal = module["score_deal"]
    assert [score_deal(row)["score"] for row in later.to_dict("records")] == scored.loc[
        later["Deal"]
    ].tolist()  # type: ignore[operator]


def test_what_was_found_of_a_file_is_kept_for_the_next(tmp_path: Path) -> None:
    head = "Report\n\nDeal;Status;Betrag;Datum;Need\n"
    rows = [
        f"D{k};{('Won', 'Lost')[k % 3 > 0]};{k}.{k * 7 % 900 + 100},5;{k % 28 + 1}.{k % 9 + 1}.24;{k % 5 + 1}"
        for k in range(1, 41)
    ]
    (tmp_path / "q1.csv").write_text(head + "\n".join(rows))
    survey = ql.infer_survey(tmp_path / "q1.csv", outcome="Status")
    assert survey.table is not None
    table = survey.table
    assert (table.heading_row, table.delimiter, table.decimal, table.thousands, table.dates) == (
        3,
        ";",
        ",",
        ".",
        None,
    )
    assert ql.read_survey(ql.write_survey(survey, tmp_path / "survey.yaml")) == survey
    (tmp_path / "q2.csv").write_text("Report\nfor managers\n\n" + head.split("\n", 2)[2] + "\n".join(rows))
    deals = ql.read_deals(tmp_path / "q2.csv", survey)
    assert deals.n == 40 and any("in row 4" in note for note in deals.notes)
    (tmp_path / "us.csv").write_text(
        head.replace("Report\n\n", "") + "\n".join(row.replace(",5;", ".50;") for row in rows)
    )
    plain = ql.Survey.from_dict(
        survey.to_dict() | {"columns": survey.to_dict()["columns"] | {"value": "Betrag"}}
    )
    with pytest.raises(ql.InvalidDeals, match="Betrag"):
        ql.read_deals(tmp_path / "us.csv", plain)


@pytest.mark.parametrize(
    ("headings", "close"),
    [
        (["Expected Close Date", "Actual Close Date"], "Actual Close Date"),
        (["Deal - Expected close date", "Deal - Deal closed on"], "Deal - Deal closed on"),
        (["Expected Close Date", "Deal"], "Expected Close Date"),
        (["Closed", "Created"], "Closed"),
    ],
)
def test_the_date_of_closing_is_the_most_telling_one(headings: list[str], close: str) -> None:
    days = [f"2025-{k % 12 + 1:02d}-{k % 28 + 1:02d}" for k in range(40)]
    table = pd.DataFrame(dict.fromkeys(headings, days))
    table = table.assign(Status=["Won", "Lost"] * 20, Budget=["Yes", "No", "No", "Yes"] * 10)
    assert ql.infer_survey(table, outcome="Status").columns.close_date == close


def test_a_sign_at_the_end_of_every_cell_parts_choices() -> None:
    cells = ["CFO;CIO;", "CFO;", "CIO;Buyer;", ""] * 10
    table = pd.DataFrame({"Status": ["Won", "Lost"] * 20, "Who takes part?": cells})
    survey = ql.infer_survey(table, outcome="Status")
    assert [asked.name.rpartition(": ")[2] for asked in survey.characteristics] == ["Buyer", "CFO", "CIO"]
    answers = ql.read_deals(table, survey).answers
    assert answers["Who takes part?: CIO"].tolist()[:4] == ["Yes", "No", "Yes", "unknown"]


def test_zeros_and_ones_beside_the_list_of_choices_are_its_options() -> None:
    rows = [("it finance", "1", "1"), ("it", "1", "0"), ("", "0", "0"), ("finance", "0", "1")] * 10
    table = pd.DataFrame(rows, columns=["grp/team", "grp/team/it", "grp/team/finance"])
    table = table.assign(**{"grp/deal_id": [f"D{k}" for k in range(40)], "_id": range(40)})
    table = table.assign(
        _uuid=range(40), _submission_time="2025-01-02T10:05:10", outcome=["won"] * 20 + ["lost"] * 20
    )
    survey = ql.infer_survey(table, outcome="outcome")
    assert survey.names == ("grp/team: it", "grp/team: finance")
    assert survey.columns.deal == "grp/deal_id"
    answers = ql.read_deals(table, survey).answers
    assert answers["grp/team: it"].tolist()[:4] == ["Yes", "Yes", "No", "No"]


def test_ids_beside_a_name_are_no_question() -> None:
    names = [f"Acme {k % 7}" for k in range(40)]
    table = pd.DataFrame({"Stage": ["Won", "Lost"] * 20, "Account Name": names})
    table = table.assign(
        **{"Account Name.id": [f"zcrm {name}" for name in names], "Budget": ["Yes", "No", "No", "Yes"] * 10}
    )
    survey = ql.infer_survey(table.sample(frac=1, random_state=1), outcome="Stage")
    assert survey.columns.account == "Account Name"
    assert "Account Name.id: left out, the ids of Account Name." in survey.notes


def test_yes_beside_unknown_in_words_is_a_question_and_beside_blanks_is_none() -> None:
    cells = ["Yes", "Don't know", "Yes", "Don't know", "Don't know"] * 10
    table = pd.DataFrame({"Status": ["Won", "Lost"] * 25, "Competitor": cells, "Budget": ["Ja", "Nein"] * 25})
    table["Budget"] = table["Budget"].sample(frac=1, random_state=1).to_numpy()
    survey = ql.infer_survey(table, outcome="Status")
    assert survey.characteristic("Competitor").values == ("No", "Yes")
    assert any("Competitor: only 'Yes' and words for unknown occur" in note for note in survey.notes)
    blank = table.assign(Competitor=[cell if cell == "Yes" else "" for cell in cells])
    assert ql.infer_survey(blank, outcome="Status").names == ("Budget",)


@pytest.mark.parametrize(
    ("answers", "drafted"),
    [(("No", "Yes, in writing"), "yes_no"), (("Nein (offen)", "Ja"), "yes_no"), (("No", "Noted"), "choice")],
)
def test_yes_with_a_remark_is_still_yes(answers: tuple[str, str], drafted: str) -> None:
    cells = [answers[k % 3 == 0] for k in range(40)]
    table = pd.DataFrame({"Status": ["Won", "Lost"] * 20, "Budget": cells})
    asked = ql.infer_survey(table, outcome="Status").characteristic("Budget")
    assert (asked.kind, asked.values) == (drafted, answers)
