"""The real deals come checked or not at all, and the example's survey reads them."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pooch
import pytest

from qualify.datasets import datasets
from qualify.datasets.datasets import fetch_b2b_sales
from qualify.deals import Deals, read_deals
from qualify.errors import QualifyError
from qualify.survey import Survey
from qualify.survey.file import read_survey

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "b2b_sales"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder served on this machine in place of the published address, and an empty cache."""
    site = tmp_path / "site"
    site.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr(datasets, "_ADDRESS", f"http://127.0.0.1:{server.server_address[1]}/")
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("QUALIFY_DATA", raising=False)
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Take a small file for the published one."""
    content = b"Seller;Status\r\nNA;Won\r\n;Lost\r\n"
    monkeypatch.setattr(datasets, "_SHA256", hashlib.sha256(content).hexdigest())
    return content


class TestFetch:
    def test_downloads_once_and_says_nothing(
        self, served: Path, small: bytes, capfd: pytest.CaptureFixture[str]
    ) -> None:
        published = served / datasets._FILE
        published.write_bytes(small)
        level = pooch.get_logger().level
        first = fetch_b2b_sales()
        published.unlink()
        again = fetch_b2b_sales()
        assert first.to_dict("list") == {"Seller": ["NA", ""], "Status": ["Won", "Lost"]}
        pd.testing.assert_frame_equal(first, again)
        assert tuple(capfd.readouterr()) == ("", "")
        assert pooch.get_logger().level == level != logging.ERROR

    def test_another_file_is_refused_and_not_kept(self, served: Path) -> None:
        (served / datasets._FILE).write_bytes(b"Status\nWon\n")
        with pytest.raises(QualifyError, match="not the published file") as refused:
            fetch_b2b_sales()
        assert "QUALIFY_DATA" in refused.value.problems[0].mend
        assert not list((served.parent / "cache").rglob("*.csv"))

    def test_a_missing_page_is_told_apart(self, served: Path) -> None:
        with pytest.raises(QualifyError, match="404"):
            fetch_b2b_sales()

    def test_offline_says_what_to_do(self, served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as gone:
            address = f"http://127.0.0.1:{gone.server_address[1]}/"
        monkeypatch.setattr(datasets, "_ADDRESS", address)
        with pytest.raises(QualifyError, match="could not be downloaded") as refused:
            fetch_b2b_sales()
        message = str(refused.value)
        assert "go online" in message and "QUALIFY_DATA" in message and address + datasets._FILE in message

    def test_reads_from_the_folder_named(self, real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("QUALIFY_DATA", str(real_data))
        frame = fetch_b2b_sales()
        monkeypatch.setenv("QUALIFY_DATA", "elsewhere")
        pd.testing.assert_frame_equal(frame, fetch_b2b_sales(folder=real_data))
        assert frame.shape == (448, 23)
        assert frame["Status"].value_counts().to_dict() == {"Won": 227, "Lost": 221}
        assert (frame["Competitors"] == "Unknown").sum() == 20
        assert not (frame == "").any(axis=None)

    def test_a_folder_without_the_file_does_not_fall_back_on_the_network(
        self, served: Path, small: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (served / datasets._FILE).write_bytes(small)
        monkeypatch.setenv("QUALIFY_DATA", str(tmp_path))
        with pytest.raises(QualifyError, match="cannot be read"):
            fetch_b2b_sales()

    def test_a_changed_file_in_the_folder_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "salvirt-b2b").mkdir()
        (tmp_path / "salvirt-b2b" / datasets._FILE).write_bytes(b"Status\nWon\n")
        monkeypatch.setenv("QUALIFY_DATA", str(tmp_path))
        with pytest.raises(QualifyError, match=r"not the published file.*SHA-256"):
            fetch_b2b_sales()


@pytest.fixture(scope="module")
def survey() -> Survey:
    return read_survey(EXAMPLE / "survey.yaml")


@pytest.fixture(scope="module")
def frame(real_data: Path) -> pd.DataFrame:
    return fetch_b2b_sales(folder=real_data)


@pytest.fixture(scope="module")
def deals(frame: pd.DataFrame, survey: Survey) -> Deals:
    return read_deals(frame, survey)


class TestExampleSurvey:
    def test_every_column_is_spoken_for(self, survey: Survey, frame: pd.DataFrame) -> None:
        asked = [characteristic.column for characteristic in survey.characteristics]
        assert sorted([*asked, "Seller", "Product", "Status"]) == sorted(frame.columns)
        assert list(survey.names) == asked
        assert (survey.columns.rep, survey.columns.segment) == ("Seller", "Product")

    def test_every_question_reads_well(self, survey: Survey) -> None:
        for asked in survey.characteristics:
            assert asked.question.endswith("?")
            assert asked.group in {"customer", "deal", "process", "competition"}
        assert len({asked.question for asked in survey.characteristics}) == 20

    def test_the_answers_are_those_of_the_file(self, survey: Survey, frame: pd.DataFrame) -> None:
        for asked in survey.characteristics:
            assert set(asked.values) == set(frame[asked.column]) - {"Unknown"}
            assert asked.kind != "yes_no" or asked.values == ("No", "Yes")

    @pytest.mark.parametrize(
        ("name", "lowest_first"),
        [
            ("Authority", "Low Mid High"),
            ("Comp_size", "Small Mid Big"),
            ("Strat_deal", "Unimportant Average_important Very_important"),
            ("Scope", "Low Few_questions Clear"),
            ("Needs_def", "No Poor Info_gathering Yes"),
            ("Posit_statm", "No Neutral Yes"),
            ("Growth", "Slow_down Stable Growth"),
        ],
    )
    def test_ordered_answers_stand_lowest_first(self, survey: Survey, name: str, lowest_first: str) -> None:
        asked = survey.characteristic(name)
        assert asked.kind == "ordered"
        assert asked.values == tuple(word.replace("_", " ") for word in lowest_first.split())

    def test_names_its_source_and_licence(self) -> None:
        text = (EXAMPLE / "survey.yaml").read_text(encoding="utf-8")
        assert "CC BY 4.0" in text and "Salvirt / M. Bohanec" in text

    def test_reads_448_deals_of_which_227_were_won(self, deals: Deals) -> None:
        assert (deals.n, int(deals.won.sum()), deals.left_out, len(deals.open)) == (448, 227, 0, 0)
        assert (deals.closed["rep"].nunique(), deals.closed["segment"].nunique()) == (18, 14)

    def test_unknown_stays_an_answer(self, deals: Deals) -> None:
        unknown = (deals.answers == "unknown").sum()
        told = {"Competitors": 20, "Purch_dept": 32, "Budgt_alloc": 36, "Growth": 14, "Source": 10}
        assert unknown[unknown > 0].to_dict() == told
