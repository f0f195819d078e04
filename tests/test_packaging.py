"""The wheel carries the package whole, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    code = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    (built,) = folder.glob("qualify-*.whl")
    return built


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def text_in(wheel: Path, ending: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(ending))
        return archive.read(name).decode()


def test_every_module_is_in(wheel: Path) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "qualify").rglob("*.py")}
    assert modules <= names_in(wheel)


def test_editors_find_the_types(wheel: Path) -> None:
    assert {"qualify/py.typed", "qualify/__init__.pyi"} <= names_in(wheel)


def test_nothing_but_the_package_and_its_papers(wheel: Path) -> None:
    assert {name.split("/")[0].split("-")[0] for name in names_in(wheel)} == {"qualify"}
    assert not [name for name in names_in(wheel) if "__pycache__" in name or name.endswith((".nbi", ".nbc"))]


def test_the_papers_say_who_what_and_on_which_terms(wheel: Path) -> None:
    metadata = text_in(wheel, ".dist-info/METADATA")
    assert "\nName: qualify\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata
    assert "\nLicense-Expression: BSD-3-Clause\n" in metadata
    assert "BSD 3-Clause License" in text_in(wheel, "licenses/LICENSE")


def test_a_plain_install_gets_no_developer_tools(wheel: Path) -> None:
    lines = text_in(wheel, ".dist-info/METADATA").splitlines()
    plain = [line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert any("pandas" in line for line in plain)
    assert not [
        line
        for line in plain
        if any(tool in line for tool in ("pytest", "ruff", "mypy", "sphinx", "pyarrow"))
    ]


def test_the_command_is_installed(wheel: Path) -> None:
    assert "qualify = qualify.cli.main:app" in text_in(wheel, ".dist-info/entry_points.txt")
