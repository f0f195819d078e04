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

from qualify import datasets
from qualify.datasets import fetch_b2b_sales
from qualify.errors import QualifyError

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "b2b_sales"


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
