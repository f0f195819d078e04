"""Compiled code: kept on disk, made anew when any source changes, and no obstacle where it cannot be kept."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qualify.numerics import machine_code

FIRST = """
from kernels.compiled import compiled_entry

@compiled_entry
def one(x, times):
    return x + 1.0 * times
"""
SECOND = """
from kernels.compiled import compiled_entry
from kernels.first import one

@compiled_entry
def two(x):
    return one(x, 1) * 2.0 + one(x, 1 - 1) * 0.0
"""
# Prints the value, how often the machine code of both was found on disk, and where it is kept.
RUN = """
from kernels.second import one, two
value = two(3.0)
if hasattr(two, "stats"):
    hits = (sum(kernel.stats.cache_hits.values()) for kernel in (one, two))
    print(value, *hits, two.stats.cache_path)
else:
    print(value, "plain", "plain", None)
"""


INNER = ("compiled", "compiled_inline")
NUMERICS = Path(str(machine_code.__file__)).parent


@pytest.fixture
def kernels(tmp_path: Path) -> Path:
    """A package of two kernels, one calling the other, that compiles as qualify's do."""
    package = tmp_path / "kernels"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    for name in ("compiled.py", "machine_code.py"):
        source = (NUMERICS / name).read_text(encoding="utf-8")
        (package / name).write_text(source.replace("qualify.numerics", "kernels"), encoding="utf-8")
    (package / "first.py").write_text(FIRST, encoding="utf-8")
    (package / "second.py").write_text(SECOND, encoding="utf-8")
    return package


def run(package: Path, program: str = RUN, **environment: str) -> list[str]:
    settings = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "NUMBA_CACHE_DIR": "", **environment}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=package.parent,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_change_in_a_called_source_is_compiled_anew(kernels: Path) -> None:
    assert run(kernels) == ["8.0", "0", "0", str(kernels / "__pycache__")]
    assert run(kernels)[:3] == ["8.0", "1", "1"]
    # Another file than that of the kernel asked for: numba alone would hand back the old code.
    (kernels / "first.py").write_text(FIRST.replace("1.0", "5.0"), encoding="utf-8")
    assert run(kernels)[:3] == ["16.0", "0", "0"]
    assert run(kernels)[:3] == ["16.0", "1", "1"]


def test_what_a_kernel_jumps_to_is_compiled_anew_where_its_own_file_is_gone(kernels: Path) -> None:
    assert run(kernels)[:3] == ["8.0", "0", "0"]
    for path in (kernels / "__pycache__").glob("first.one*.nbc"):
        path.unlink()
    assert run(kernels)[:3] == ["8.0", "0", "1"]
    assert run(kernels)[:3] == ["8.0", "1", "1"]


THIRD = """
from kernels.compiled import compiled_entry
from kernels.first import one

@compiled_entry
def three(x):
    return one(x, 1) * 3.0
"""
MIXED = """
from kernels.second import two
from kernels.third import three
print(two(3.0), three(3.0))
"""


@pytest.mark.parametrize("decorator", INNER)
def test_kernels_from_disk_and_kernels_compiled_now_keep_apart(kernels: Path, decorator: str) -> None:
    """What was inlined into a kernel from disk bears the name that it would get again."""
    (kernels / "first.py").write_text(FIRST.replace("compiled_entry\n", f"{decorator}\n"), encoding="utf-8")
    (kernels / "third.py").write_text(THIRD, encoding="utf-8")
    assert run(kernels, "from kernels.second import two; print(two(3.0))") == ["8.0"]
    for path in (kernels / "__pycache__").glob("first.one*"):
        path.unlink()
    assert run(kernels, MIXED) == ["8.0", "12.0"]
    assert run(kernels, MIXED) == ["8.0", "12.0"]


# The first source changes between the imports of the two, and what is kept seems made from the new one.
CHANGED = """
from pathlib import Path
from kernels import machine_code
from kernels.first import one
one(3.0, 1)
path = Path(machine_code.__file__).with_name("first.py")
path.write_text(path.read_text("utf-8") + "# changed", "utf-8")
machine_code._SOURCES["first"] = path.read_bytes()
machine_code.sources_digest.cache_clear()
from kernels.second import two
print(two(3.0))
"""


def test_a_kernel_is_never_called_where_it_is_not(kernels: Path) -> None:
    assert run(kernels, CHANGED) == ["8.0"]
    assert run(kernels)[0] == "8.0"
    assert run(kernels)[:3] == ["8.0", "1", "1"]


def test_files_that_cannot_be_used_are_no_obstacle(kernels: Path) -> None:
    run(kernels)
    for path in (kernels / "__pycache__").glob("*.nbc"):
        path.write_bytes(path.read_bytes()[:100])
    assert run(kernels)[:3] == ["8.0", "0", "0"]
    assert run(kernels)[:3] == ["8.0", "1", "1"]
    gone = """
import shutil
from pathlib import Path
from kernels.second import two
cache = Path(two.stats.cache_path)
shutil.rmtree(cache)
cache.write_text("in place of the folder", "utf-8")
print(two(3.0))
"""
    assert run(kernels, gone) == ["8.0"]


def test_kernels_of_others_are_let_alone(kernels: Path) -> None:
    made = """
import contextlib, gc, io
from kernels.second import two
from numba import config, njit
before = config.OPT
said = io.StringIO()
with contextlib.redirect_stderr(said):
    two(3.0)
    gc.collect()
    space = {}
    exec("def three(x): return 2 * x", {"__name__": None}, space)
    print(njit(space["three"])(1), config.OPT is before, gc.isenabled(), len(said.getvalue()))
"""
    assert run(kernels, made) == ["2", "True", "True", "0"]


def test_kernels_travel_to_other_processes_by_name(kernels: Path) -> None:
    sent = """
import pickle, subprocess, sys
from kernels.first import one
told = pickle.dumps(one).hex()
there = f"import pickle; print(pickle.loads(bytes.fromhex('{told}'))(3.0, 1))"
print(subprocess.run([sys.executable, "-c", there], capture_output=True, text=True, check=True).stdout)
"""
    assert run(kernels, sent) == ["4.0"]


@pytest.mark.parametrize("decorator", INNER)
def test_only_small_kernels_become_part_of_those_that_call_them(kernels: Path, decorator: str) -> None:
    (kernels / "first.py").write_text(FIRST.replace("compiled_entry\n", f"{decorator}\n"), encoding="utf-8")
    assert run(kernels)[:3] == ["8.0", "0", "0"]
    # Found on disk, the caller brings the small one along; the other has to be fetched.
    assert run(kernels)[:3] == ["8.0", "0" if decorator == "compiled_inline" else "1", "1"]


def test_numbers_written_out_in_a_caller_make_no_kernel_of_their_own(kernels: Path) -> None:
    asked = RUN.replace("value = two(3.0)", "value = two(3.0) + len(one.overloads) - 1")
    assert run(kernels, asked)[:1] == ["8.0"]


def test_a_folder_that_cannot_be_written_is_no_obstacle(kernels: Path, tmp_path: Path) -> None:
    """In place of the folder for compiled code stands a file, which no user can write into."""
    (kernels / "__pycache__").write_text("", encoding="utf-8")
    elsewhere = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home" / "cache")}
    value, _, found, place = run(kernels, **elsewhere)
    assert (value, found) == ("8.0", "0") and Path(place).is_relative_to(tmp_path / "home")
    assert run(kernels, **elsewhere)[:3] == ["8.0", "1", "1"]


def test_no_folder_at_all_is_no_obstacle(kernels: Path, tmp_path: Path) -> None:
    (kernels / "__pycache__").write_text("", encoding="utf-8")
    (tmp_path / "home").write_text("", encoding="utf-8")
    nowhere = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home" / "cache")}
    assert run(kernels, **nowhere) == ["8.0", "0", "0", "None"]


def test_compiling_may_be_switched_off(kernels: Path) -> None:
    assert run(kernels, NUMBA_DISABLE_JIT="1")[:2] == ["8.0", "plain"]


def test_a_file_that_is_not_called_leaves_the_machine_code_alone(kernels: Path) -> None:
    (kernels / "third.py").write_text(FIRST, encoding="utf-8")
    assert run(kernels)[:3] == ["8.0", "0", "0"]
    (kernels / "third.py").write_text(FIRST.replace("1.0", "5.0"), encoding="utf-8")
    assert run(kernels)[:3] == ["8.0", "1", "1"]


def test_processes_never_write_machine_code_under_the_same_name(kernels: Path) -> None:
    """Else two that compile at once could be handed each other's code, made for other arrays."""
    cache = kernels / "__pycache__"
    run(kernels)
    first = {path.name for path in cache.glob("*.nbc")}
    for index in cache.glob("*.nbi"):
        index.unlink()
    assert run(kernels)[:2] == ["8.0", "0"]
    second = {path.name for path in cache.glob("*.nbc")} - first
    assert len(second) == len(first) == 2


@pytest.mark.parametrize("decorator", INNER)
def test_calls_from_python_are_told_which_kernels_are_for_them(kernels: Path, decorator: str) -> None:
    """Without a way in, they would end the process."""
    (kernels / "first.py").write_text(FIRST.replace("compiled_entry\n", f"{decorator}\n"), encoding="utf-8")
    called = """
from kernels.second import one, two
two(3.0)
try:
    one(3.0, 1)
except TypeError as error:
    print(error)
"""
    told = "one() is for kernels; Python calls a compiled_entry"
    assert run(kernels, called) == told.split()


def test_python_calls_nothing_here_that_is_for_kernels() -> None:
    sources = {path: ast.parse(path.read_text(encoding="utf-8")) for path in NUMERICS.parent.rglob("*.py")}
    inner = {
        function.name
        for path, tree in sources.items()
        for function in ast.walk(tree)
        if path.parent == NUMERICS and _decorator(function) in INNER
    }
    assert "_one_step" in inner
    for path, tree in sources.items():
        kernels = [node for node in ast.walk(tree) if _decorator(node)]
        inside = {id(node) for kernel in kernels for node in ast.walk(kernel)}
        called = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and id(node) not in inside
        }
        mine = {kernel.name for kernel in kernels if path.parent == NUMERICS}
        for imported in (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)):
            if (imported.module or "").startswith("qualify.numerics"):
                mine |= {alias.name for alias in imported.names}
        assert not called & inner & mine, f"{path.name}: called from Python"


def _decorator(node: ast.AST) -> str:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    names = {one.id for one in decorators if isinstance(one, ast.Name)}
    return next(iter(names & {*INNER, "compiled_entry"}), "")


def test_the_stamp_of_a_kernel_covers_all_that_it_calls() -> None:
    from qualify.numerics import coding, curves, points, ridge

    for name, kernel in (
        ("coding", coding.code_answers),
        ("curves", curves.plateau_curve),
        ("points", points.find_points),
        ("ridge", ridge.fit_ridge),
    ):
        assert kernel._cache._cache_file._source_stamp == machine_code.sources_digest(name)
