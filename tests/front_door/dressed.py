"""One plain table of deals, dressed as CRMs, forms and spreadsheets export it."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import openpyxl

TEAM = ("Finance", "IT", "Legal", "Operations")
CHAMPION = ("None", "Weak", "Some", "Good", "Strong")
AGREE = ("Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree")
GERMAN = {"Won": "Gewonnen", "Lost": "Verloren", "Open": "Offen"}
SCHWACH = ("keiner", "schwach", "mittel", "gut", "stark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """What is true of one deal."""

    id: str
    outcome: str
    need: int
    champion: int
    budget: bool
    team: tuple[str, ...]
    amount: float
    created: dt.date
    closed: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Dressed:
    """A file, the column of its outcome, and the columns that have to be left out."""

    name: str
    data: bytes
    outcome: str
    mirrors: tuple[str, ...] = ()


def draw_deals(n: int, seed: int) -> list[Deal]:
    """Draw deals whose outcome goes with need, champion and budget."""
    rng = random.Random(seed)
    deals = []
    for place in range(n):
        need, champion, budget = rng.randint(1, 5), rng.randint(1, 5), rng.random() < 0.5
        chance = 1 / (1 + 2.7 ** -(-4.2 + 0.7 * need + 0.6 * champion + 1.2 * budget))
        outcome = "Open" if rng.random() < 0.15 else "Won" if rng.random() < chance else "Lost"
        team = tuple(name for name in TEAM if rng.random() < 0.35)
        created = dt.date(2024, 1, 3) + dt.timedelta(days=rng.randint(0, 500))
        closed = created + dt.timedelta(days=rng.randint(20, 120))
        amount = round(rng.lognormvariate(10, 1), 2)
        deals.append(
            Deal(
                id=f"D-{place}",
                outcome=outcome,
                need=need,
                champion=champion,
                budget=budget,
                team=team,
                amount=amount,
                created=created,
                closed=closed,
            )
        )
    return deals


def written(
    rows: Sequence[Sequence[object]], *, mark: str = ",", end: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL
) -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=mark, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return stream.getvalue()


def us_date(day: dt.date) -> str:
    return f"{day.month}/{day.day}/{day.year}"


def plain(deals: Sequence[Deal]) -> list[list[object]]:
    rows: list[list[object]] = [["Deal", "Status", "Need", "Champion", "Budget", "Amount", "Closed on"]]
    for one in deals:
        budget = "Yes" if one.budget else "No"
        rows.append([one.id, one.outcome, one.need, one.champion, budget, one.amount, one.closed.isoformat()])
    return rows


def salesforce_rows(deals: Sequence[Deal]) -> list[list[object]]:
    heads = [
        "Opportunity Owner",
        "Account Name",
        "Opportunity Name",
        "Stage",
        "Fiscal Period",
        "Amount",
        "Probability (%)",
        "Age",
        "Close Date",
        "Created Date",
        "Forecast Category",
        "Won",
        "Closed",
        "Loss Reason",
        "Champion Strength",
        "Need Score",
        "Budget Confirmed",
        "Buying Team",
    ]
    rows: list[list[object]] = [list(heads)]
    stages = ("Prospecting", "Qualification", "Negotiation/Review", "Proposal/Price Quote")
    for place, one in enumerate(deals):
        stage = stages[place % 4] if one.outcome == "Open" else f"Closed {one.outcome}"
        won, closed = int(one.outcome == "Won"), int(one.outcome != "Open")
        rows.append(
            [
                f"Rep {place % 4}",
                f"Acme {place // 2}",
                f"Acme {place // 2} - {one.id}",
                stage,
                f"Q{(one.closed.month + 2) // 3}-{one.closed.year}",
                f"USD {one.amount:,.2f}",
                100 * won if closed else 25,
                (one.closed - one.created).days,
                us_date(one.closed),
                us_date(one.created),
                "Closed" if won else "Omitted" if closed else "Pipeline",
                won,
                closed,
                "Price" if one.outcome == "Lost" else "",
                CHAMPION[one.champion - 1],
                one.need,
                int(one.budget),
                "; ".join(one.team),
            ]
        )
    return rows


SALESFORCE_MIRRORS = ("Probability (%)", "Age", "Forecast Category", "Won", "Closed", "Loss Reason")


def salesforce(deals: Sequence[Deal]) -> Dressed:
    text = written(salesforce_rows(deals), quoting=csv.QUOTE_ALL)
    text += '\r\n"Closed deals 2024-25"\r\n"Copyright (c) 2000-2026 a vendor, inc. All rights reserved."\r\n'
    text += '"Confidential Information - Do Not Distribute"\r\n"Acme Corp"\r\n'
    return Dressed(
        name="report.csv", data=text.encode("latin-1"), outcome="Stage", mirrors=SALESFORCE_MIRRORS
    )


def salesforce_page(deals: Sequence[Deal]) -> Dressed:
    rows = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in salesforce_rows(deals)
    )
    data = f"<html><body><table border=1>{rows}</table></body></html>".encode()
    return Dressed(name="report.xls", data=data, outcome="Stage", mirrors=SALESFORCE_MIRRORS)


def hubspot(deals: Sequence[Deal]) -> Dressed:
    heads = [
        "Record ID",
        "Deal Name",
        "Deal Stage",
        "Close Date",
        "Amount",
        "Pipeline",
        "Is Closed Won",
        "Deal probability",
        "Closed Lost Reason",
        "Days to close",
        "Champion",
        "Need",
        "Budget",
        "Competitors",
    ]
    rows: list[list[object]] = [list(heads)]
    for place, one in enumerate(deals):
        stage = "Negotiation/Review" if one.outcome == "Open" else f"Closed {one.outcome}"
        won = one.outcome == "Won"
        rows.append(
            [
                2_000_000_000 + 7919 * place,
                f"Acme - {one.id}",
                f"{stage} (Sales Pipeline)",
                f"{one.closed.isoformat()} 14:20",
                one.amount,
                "Sales Pipeline",
                str(won).lower(),
                1.0 if won else 0.0 if one.outcome == "Lost" else 0.4,
                "Price" if one.outcome == "Lost" else "",
                (one.closed - one.created).days,
                f"{one.champion} - {AGREE[one.champion - 1]}",
                f"{one.need}/5",
                "Yes" if one.budget else "No",
                ";".join(one.team),
            ]
        )
    mirrors = ("Is Closed Won", "Deal probability", "Closed Lost Reason", "Days to close")
    return Dressed(name="hubspot.csv", data=written(rows).encode(), outcome="Deal Stage", mirrors=mirrors)


def qualtrics(deals: Sequence[Deal]) -> Dressed:
    names = [
        "StartDate",
        "EndDate",
        "Status",
        "IPAddress",
        "Progress",
        "Finished",
        "ResponseId",
        "Q1",
        "Q2",
        "Q3_1",
        "Q3_2",
        "Q4",
        "Q5",
        "outcome",
    ]
    texts = [
        "Start Date",
        "End Date",
        "Response Type",
        "IP Address",
        "Progress",
        "Finished",
        "Response ID",
        "Deal ID",
        "The need is quantified",
        "Buying team - Selected Choice - Finance",
        "Buying team - Selected Choice - IT",
        "Is the budget allocated?",
        "There is a champion",
        "outcome",
    ]
    rows: list[list[object]] = [names, texts, [json.dumps({"ImportId": name}) for name in names]]
    for place, one in enumerate(deals):
        day = one.created.isoformat()
        rows.append(
            [
                f"{day} 08:00:00",
                f"{day} 08:05:00",
                "IP Address",
                "10.0.0.1",
                100,
                True,
                f"R_{place:05}",
                one.id,
                AGREE[one.need - 1],
                *(name if name in one.team else "" for name in TEAM[:2]),
                "Yes" if one.budget else "No",
                AGREE[one.champion - 1],
                "" if one.outcome == "Open" else one.outcome,
            ]
        )
    return Dressed(name="qualtrics.csv", data=written(rows).encode("utf-8-sig"), outcome="outcome")


def surveymonkey(deals: Sequence[Deal]) -> Dressed:
    first = [
        "Respondent ID",
        "Collector ID",
        "Start Date",
        "IP Address",
        "Deal number",
        "How far is the need quantified?",
        "Who is in the buying team?",
        "",
        "",
        "Is the budget allocated?",
        "Is there a champion?",
        "Outcome",
    ]
    second = [
        "",
        "",
        "",
        "",
        "Open-Ended Response",
        "Response",
        *TEAM[:3],
        "Response",
        "Response",
        "Response",
    ]
    rows: list[list[object]] = [first, second]
    for place, one in enumerate(deals):
        rows.append(
            [
                11_800_000_000 + place,
                4001,
                f"{one.created:%m/%d/%Y} 09:01:00 AM",
                "",
                one.id,
                f"{one.need} - {AGREE[one.need - 1]}",
                *(name if name in one.team else "" for name in TEAM[:3]),
                "Yes" if one.budget else "No",
                f"{one.champion} - {AGREE[one.champion - 1]}",
                "" if one.outcome == "Open" else one.outcome,
            ]
        )
    return Dressed(name="surveymonkey.csv", data=written(rows).encode(), outcome="Outcome")


def google(deals: Sequence[Deal]) -> Dressed:
    heads = [
        "Timestamp",
        "Email Address",
        "Deal ID",
        "How far do you agree? [The need is quantified]",
        "How far do you agree? [We have a champion]",
        "Is the budget allocated?",
        "Who is in the buying team? (tick all)",
        "Outcome",
    ]
    rows: list[list[object]] = [list(heads)]
    for place, one in enumerate(deals):
        day = one.created
        rows.append(
            [
                f"{day.year}/{day.month}/{day.day} 2:15:{place % 60:02} PM GMT+1",
                f"rep.{place % 4}@x.com",
                one.id,
                f"{one.need} - {AGREE[one.need - 1]}",
                f"{one.champion} - {AGREE[one.champion - 1]}",
                "Yes, in writing" if one.budget else "No",
                ";".join(one.team),
                "" if one.outcome == "Open" else one.outcome,
            ]
        )
    return Dressed(name="forms.csv", data=written(rows).encode(), outcome="Outcome")


def german(deals: Sequence[Deal]) -> Dressed:
    rows: list[list[object]] = [
        ["Chance", "Phase", "Abschlussdatum", "Betrag", "Bedürfnis bekannt", "Budget", "Fürsprecher"]
    ]
    for one in deals:
        amount = f"{one.amount:,.2f}".translate(str.maketrans(",.", ".,"))
        rows.append(
            [
                one.id,
                GERMAN[one.outcome],
                f"{one.closed:%d.%m.%Y}",
                amount,
                one.need,
                "Ja" if one.budget else "Nein",
                SCHWACH[one.champion - 1],
            ]
        )
    return Dressed(name="chancen.csv", data=written(rows, mark=";").encode("cp1252"), outcome="Phase")


def titled_workbook(deals: Sequence[Deal]) -> Dressed:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Win/loss review FY25"])
    sheet.append(["Generated by sales operations"])
    sheet.append([])
    for row in plain(deals):
        sheet.append(
            [
                f"{row[5]:,.2f} €" if place == 5 and isinstance(row[5], float) else cell
                for place, cell in enumerate(row)
            ]
        )
    sheet.append(["Total", None, None, None, None, f"{sum(one.amount for one in deals):,.2f} €"])
    stream = io.BytesIO()
    book.save(stream)
    return Dressed(name="review.xlsx", data=stream.getvalue(), outcome="Status")


def packed(deals: Sequence[Deal]) -> Dressed:
    data = gzip.compress(written(plain(deals)).encode())
    return Dressed(name="plain.csv.gz", data=data, outcome="Status")


def zipped(deals: Sequence[Deal]) -> Dressed:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("deals/plain.csv", written(plain(deals)))
        archive.writestr("__MACOSX/deals/._plain.csv", "x")
    return Dressed(name="plain.zip", data=stream.getvalue(), outcome="Status")


def records(deals: Sequence[Deal]) -> Dressed:
    heads, *rows = plain(deals)
    listed = [dict(zip(map(str, heads), row, strict=True)) for row in rows]
    return Dressed(name="plain.json", data=json.dumps(listed).encode(), outcome="Status")


def bare(deals: Sequence[Deal]) -> Dressed:
    return Dressed(name="plain.csv", data=written(plain(deals)).encode(), outcome="Status")


DRESSES: tuple[Callable[[Sequence[Deal]], Dressed], ...] = (
    bare,
    salesforce,
    salesforce_page,
    hubspot,
    qualtrics,
    surveymonkey,
    google,
    german,
    titled_workbook,
    packed,
    zipped,
    records,
)
