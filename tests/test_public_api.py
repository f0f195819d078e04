"""The promises at the front door: names, documentation, short signatures, a quick and inert import."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import pickle
import pkgutil
import re
import subprocess
import sys
import types
from pathlib import Path

import cloudpickle
import pytest

import qualify
import qualify as ql

ROOT = Path(__file__).resolve().parent.parent
PUBLIC = [name for name in qualify.__all__ if not name.startswith("__")]
HEAVY = {"matplotlib", "narwhals", "numba", "numpy", "pandas", "scipy", "sklearn", "statsmodels"}
ALLOWED_SECONDS = 0.3


def words_of(folder: Path, pattern: str) -> set[str]:
    """Every identifier that stands in the folder's files, this one left aside."""
    files = (path for path in folder.rglob(pattern) if path != Path(__file__).resolve())
    return {word for path in files for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}


IN_REFERENCE = words_of(ROOT / "docs" / "reference", "*.md")
IN_TESTS = words_of(ROOT / "tests", "*.py")


def public_methods(cls: type) -> list[str]:
    return [
        name for name, member in vars(cls).items() if not name.startswith("_") and inspect.isfunction(member)
    ]


def own_doc(thing: object) -> str:
    """Give the docstring as written, empty where a dataclass only made its own from the fields."""
    doc = inspect.getdoc(thing) or ""
    return "" if isinstance(thing, type) and doc.startswith(f"{thing.__name__}(") else doc


def sections(doc: str) -> set[str]:
    return set(re.findall(r"^([A-Z][A-Za-z ]+)\n-{3,}$", doc, flags=re.MULTILINE))


def test_the_list_of_names_is_the_stub() -> None:
    stub = ast.parse((ROOT / "qualify" / "__init__.pyi").read_text(encoding="utf-8"))
    imports = [alias for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(alias.name for alias in imports) == sorted(qualify.__all__)
    assert all(alias.asname == alias.name for alias in imports), "the stub hands a name on as `name as name`"


def test_dir_offers_the_public_names() -> None:
    assert set(qualify.__all__) <= set(dir(qualify))


def test_the_version_is_the_installed_one() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{qualify.__version__}"' in project


def test_no_public_name_is_that_of_a_module() -> None:
    """Importing such a module would put it in the place of the function."""
    modules = {module.name for module in pkgutil.iter_modules(qualify.__path__)}
    assert not modules & set(qualify.__all__)
    assert type(qualify) is types.ModuleType


def simulated_rows(seed: int) -> tuple[int, ...]:
    """For workers: a function that mentions the package by name."""
    return tuple(ql.simulate_deals(20, characteristics=3, rng=seed).frame.shape)


def test_cloudpickle_carries_functions_that_mention_the_package() -> None:
    there_and_back = pickle.loads(cloudpickle.dumps(simulated_rows))
    assert there_and_back(1) == simulated_rows(1)
    # As a script or notebook has it: by value, with the modules that it mentions.
    by_value = types.FunctionType(simulated_rows.__code__, {"ql": ql, "__name__": "__main__"}, "by_value")
    by_value.__module__ = "__main__"
    assert pickle.loads(cloudpickle.dumps(by_value))(1) == simulated_rows(1)


def test_cloudpickle_in_the_workers_of_joblib() -> None:
    code = """
import joblib, qualify as ql
assert callable(ql.backtest)
def job(seed):
    return ql.simulate_deals(20, characteristics=3, rng=seed).frame.shape[0]
if __name__ == "__main__":
    print(joblib.Parallel(n_jobs=2)(joblib.delayed(job)(seed) for seed in range(2)))
"""
    assert in_a_fresh_python(code).strip() == "[22, 22]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="find_nothing"):
        _ = qualify.find_nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", PUBLIC)
def test_name_resolves_and_is_documented(name: str) -> None:
    thing = getattr(qualify, name)
    doc = own_doc(thing)
    assert doc, f"{name} has no docstring"
    if inspect.isfunction(thing):
        missing = {"Parameters", "Returns", "Examples"} - sections(doc)
        assert not missing, f"the docstring of {name} lacks {sorted(missing)}"
        assert ">>>" in doc, f"the example of {name} is not one that runs"


@pytest.mark.parametrize("name", PUBLIC)
def test_every_parameter_and_field_is_described(name: str) -> None:
    thing = getattr(qualify, name)
    doc = own_doc(thing)
    if inspect.isfunction(thing):
        wanted = list(inspect.signature(thing).parameters)
    elif dataclasses.is_dataclass(thing):
        wanted = [field.name for field in dataclasses.fields(thing) if not field.name.startswith("_")]
    else:
        wanted = []
    missing = [word for word in wanted if not re.search(rf"\b{word}\b", doc)]
    assert not missing, f"the docstring of {name} does not describe {missing}"


@pytest.mark.parametrize("name", PUBLIC)
def test_methods_are_documented(name: str) -> None:
    thing = getattr(qualify, name)
    if isinstance(thing, type) and thing.__module__.startswith("qualify."):
        bare = [method for method in public_methods(thing) if not inspect.getdoc(getattr(thing, method))]
        assert not bare, f"methods of {name} without a docstring: {bare}"


@pytest.mark.parametrize("name", PUBLIC)
def test_at_most_six_parameters(name: str) -> None:
    thing = getattr(qualify, name)
    if inspect.isfunction(thing):
        callables = {name: thing}
    else:
        callables = {f"{name}.{method}": getattr(thing, method) for method in public_methods(thing)}
    for label, function in callables.items():
        parameters = [word for word in inspect.signature(function).parameters if word != "self"]
        # Three of those of `refine_criteria` mean the same everywhere: replicates, level, rng. A draft takes
        # words for each of six meanings.
        most = {"refine_criteria": 7, "infer_survey": 10}.get(label, 6)
        assert len(parameters) <= most, f"{label} takes {len(parameters)} parameters"


@pytest.mark.parametrize("name", PUBLIC)
def test_name_stands_in_the_reference_and_in_a_test(name: str) -> None:
    assert name in IN_REFERENCE, f"no page of docs/reference names {name}"
    assert name in IN_TESTS, f"no test names {name}"


def in_a_fresh_python(code: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return result.stdout


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = json.loads(in_a_fresh_python("import qualify, sys, json; print(json.dumps(list(sys.modules)))"))
    assert not HEAVY & {module.split(".")[0] for module in loaded}


def test_importing_the_package_is_quick_and_silent() -> None:
    code = "import time; start = time.perf_counter(); import qualify; print(time.perf_counter() - start)"
    seconds = [float(in_a_fresh_python(code)) for _ in range(5)]  # a busy machine slows some, not all
    assert min(seconds) < ALLOWED_SECONDS


def test_a_verb_is_loaded_when_asked_for() -> None:
    code = "import qualify, sys; qualify.QualifyError; print({'qualify.errors', 'pandas'} & set(sys.modules))"
    assert in_a_fresh_python(code).strip() == "{'qualify.errors'}"
