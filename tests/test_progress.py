"""The bar of `qualify._support.progress`: shown where it helps, silent elsewhere, gone when interrupted."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from tqdm import tqdm

from qualify._support import progress
from qualify._support.progress import announce, track


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def show_on(
    stream: io.StringIO | None, monkeypatch: pytest.MonkeyPatch, modules: tuple[str, ...] = ()
) -> None:
    """Give the module another standard error (pytest puts its own back into `sys` before the test's body)."""
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream, modules=dict.fromkeys(modules)))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Stand in for a terminal on standard error, with bars shown at once and nothing forced."""
    screen = Terminal()
    show_on(screen, monkeypatch)
    monkeypatch.setattr(progress, "SHOWN_AFTER", 0.0)
    monkeypatch.setattr(tqdm, "monitor_interval", 0)  # no watcher thread left behind by a test
    monkeypatch.delenv("QUALIFY_PROGRESS", raising=False)
    return screen


@pytest.mark.parametrize("forced", ["0", "1"])
def test_items_pass_through_unchanged_in_order(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, forced: str
) -> None:
    monkeypatch.setenv("QUALIFY_PROGRESS", forced)
    items = [object() for _ in range(5)]
    assert list(track(iter(items), what="looking")) == items


def test_items_are_taken_one_at_a_time(terminal: Terminal) -> None:
    taken = []

    def source() -> Iterator[int]:
        for number in range(3):
            taken.append(number)
            yield number

    tracked = track(source(), what="looking")
    assert taken == []
    next(tracked)
    assert taken == [0]
    tracked.close()  # type: ignore[attr-defined]


def test_a_terminal_is_told_what_is_done_and_left_clean(terminal: Terminal) -> None:
    list(track(iter(range(3)), what="resampling", total=3))
    assert "resampling" in terminal.getvalue()
    assert "/3" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r")  # wiped: the cursor stands at the start of an empty line


def test_quick_work_shows_nothing(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER", 60.0)
    list(track(range(100), what="resampling"))
    assert "resampling" not in terminal.getvalue()


def test_slow_work_is_shown_after_the_delay(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER", 0.2)
    seen_at = []
    for _ in track(range(5), what="resampling"):
        time.sleep(0.15)
        seen_at.append("resampling" in terminal.getvalue())
    assert not seen_at[0]
    assert seen_at[-1]


def test_no_terminal_no_bar(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = io.StringIO()
    show_on(plain, monkeypatch)
    list(track(range(3), what="resampling"))
    assert plain.getvalue() == ""


def test_no_standard_error_at_all(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    show_on(None, monkeypatch)
    assert list(track(range(3), what="resampling")) == [0, 1, 2]


def test_the_environment_decides_over_the_terminal(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUALIFY_PROGRESS", "0")
    list(track(range(3), what="resampling"))
    assert terminal.getvalue() == ""
    plain = io.StringIO()
    show_on(plain, monkeypatch)
    monkeypatch.setenv("QUALIFY_PROGRESS", "1")
    list(track(range(3), what="resampling"))
    assert "resampling" in plain.getvalue()


def test_standard_output_stays_clean(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    list(track(range(3), what="resampling"))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("where", ["in the work", "in the source"])
def test_an_interrupt_passes_through_and_closes_the_bar(terminal: Terminal, where: str) -> None:
    def source() -> Iterator[int]:
        yield 1
        if where == "in the source":
            raise KeyboardInterrupt
        yield 2

    with pytest.raises(KeyboardInterrupt):
        for _ in track(source(), what="resampling", total=2):
            if where == "in the work":
                raise KeyboardInterrupt
    assert not list(tqdm._instances)
    assert terminal.getvalue().endswith("\r")


def test_a_notebook_shows_bars_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its standard error is no terminal, but what is written there is seen."""
    monkeypatch.delenv("QUALIFY_PROGRESS", raising=False)
    for modules, said in (((), ""), (("ipykernel",), "Compiling.\n")):
        stream = io.StringIO()
        show_on(stream, monkeypatch, modules)
        announce("Compiling.")
        assert stream.getvalue() == said


def test_an_announcement_is_made_where_a_bar_would_be(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce("Compiling.")
    monkeypatch.setenv("QUALIFY_PROGRESS", "0")
    announce("Unheard.")
    assert terminal.getvalue() == "Compiling.\n"
