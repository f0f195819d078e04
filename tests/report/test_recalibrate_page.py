"""The page of `qualify recalibrate --report`: it stands alone, and nothing in it acts."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
from typer.testing import CliRunner, Result

import qualify as ql
from qualify.cli.main import app

QUICK = ["--replicates", "99", "--dated", "2026-10-01"]
HOSTILE = '<script>alert("1")</script> & =1+1'


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


class Reader(HTMLParser):
    """What a browser would see: elements, addresses, text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action")]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile(folder: Path) -> None:
    """Write criteria and deals in which a question, an answer, a rep and the deals bear hostile names."""

    def spoil(frame: pd.DataFrame, names: str) -> pd.DataFrame:
        frame["Source"] = frame["Source"].replace("Event", HOSTILE)
        frame["Rep"] = frame["Rep"].replace("Anna", HOSTILE)
        frame["Deal"] = names + HOSTILE + frame["Deal"]
        return frame.rename(columns={"Champion": HOSTILE})

    simulated = ql.simulate_deals(200, characteristics=3, rng=1)
    text = json.dumps(simulated.survey.to_dict())
    for word in ("Champion", "Event"):
        text = text.replace(json.dumps(word), json.dumps(HOSTILE))
    survey = ql.Survey.from_dict(json.loads(text))
    past = spoil(simulated.frame, "a")
    past.to_csv(folder / "past.csv", index=False)
    ql.write_criteria(ql.refine_criteria(ql.read_deals(past, survey), replicates=5), folder / "criteria.json")
    now = ql.simulate_deals(100, characteristics=3, rng=2, win_rate=0.2).frame
    spoil(now, "b").to_csv(folder / "now.csv", index=False)


def test_the_page_stands_alone_and_nothing_in_it_acts(tmp_path: Path) -> None:
    hostile(tmp_path)
    folder = ["--ledger", tmp_path / "ledger"]
    assert run("ledger", "add", tmp_path / "criteria.json", *folder, "--dated", "2026-07-01").exit_code == 0
    files = ["--deals", tmp_path / "now.csv", "--history", tmp_path / "past.csv"]
    done = run("recalibrate", *folder, *files, "--report", tmp_path / "pages" / "q.html", *QUICK)
    assert done.exit_code == 0, done.output
    page = (tmp_path / "pages" / "q.html").read_text("utf-8")
    reader = Reader()
    reader.feed(page)
    assert HOSTILE in reader.text, "shown as written"
    assert not {"script", "link", "iframe", "object", "form", "a"} & set(reader.tags)
    assert reader.tags.count("img") == 3 and all(
        one.startswith("data:image/png;base64,") for one in reader.addresses
    )
    assert not re.search(r"https?://|url\(", page)
    assert "default-src 'none'" in page and page.startswith("<!doctype html>")
    assert "Version 2026Q4 follows 2026Q3" in reader.text
