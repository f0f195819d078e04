"""The house is kept: what lies where, how long it may grow, which words stay out."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOP_LEVEL = {".ci", ".gitignore", "LICENSE", "Makefile", "README.md", "docs", "examples", "notebooks"}
TOP_LEVEL |= {"pyproject.toml", "qualify", "tests"}
LONGEST_FILE = 500
LONGEST_FUNCTION = 30  # lines of its body, docstring aside
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
# Paths of somebody's own machine do not belong in the project.
FORBIDDEN_TEXT = [("/ho", r"me/\w"), ("/Use", r"rs/\w"), ("/roo", r"t/\w"), ("C:", r"\\Users")]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def python_files() -> list[Path]:
    return [path for folder in ("qualify", "tests") for path in sorted((ROOT / folder).rglob("*.py"))]


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body and body[-1].end_lineno else 0


def test_the_top_level_holds_only_what_belongs_there() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= TOP_LEVEL


def test_files_stay_short() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in python_files()
    }
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE}


def test_functions_of_the_package_stay_short() -> None:
    long = {}
    for path in sorted((ROOT / "qualify").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                and body_lines(node) > LONGEST_FUNCTION
            ):
                long[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = body_lines(node)
    assert not long


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    names = {path.stem for path in python_files()} | {path.parent.name for path in python_files()}
    assert not names & FORBIDDEN_NAMES


@pytest.mark.parametrize(("first", "second"), FORBIDDEN_TEXT)
def test_words_that_stay_out(first: str, second: str) -> None:
    pattern = re.compile((first + second).encode(), flags=re.IGNORECASE)
    found = [str(path.relative_to(ROOT)) for path in tracked() if pattern.search(path.read_bytes())]
    assert not found


def test_notebooks_carry_no_outputs() -> None:
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    filled = [
        path.name for path in notebooks if re.search(r'"(output_type|image/png)"', path.read_text("utf-8"))
    ]
    assert not filled
