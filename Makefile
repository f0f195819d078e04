# `make demo` shows what qualify does; `make test` checks everything. Both set up .venv by themselves.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
# What is installed depends on pyproject.toml alone (the package itself is installed in place).
KEY := $(shell cksum < pyproject.toml | cut -d ' ' -f 1)
INSTALLED := .venv/installed-$(KEY)
DEVELOPER := .venv/developer-$(KEY)
BENCHMARKS := .venv/benchmarks-$(KEY)

# Debian packages are installed as root.
ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

export MPLBACKEND := Agg
# The published data sets, where they stand beside the repository; else the examples download theirs.
ifneq ($(wildcard ../shared/data/salvirt-b2b),)
export QUALIFY_DATA ?= $(abspath ../shared/data)
endif
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

STEPS := lint layout types imports tests notebooks examples docs wheel
.PHONY: help demo test test-exports engines bench scorecards coverage-study format clean $(STEPS)

help:
	@echo "make demo    analyse simulated deals and write pages and tables to demo-output/"
	@echo "make test    every check: $(STEPS)"
	@echo "make STEP    one of these checks; 'make -k test' goes on after a failure"
	@echo "make test-exports    exports, run by LibreOffice, Node.js and Power Fx; sets these up, half a gigabyte"
	@echo "make coverage-study  whether intervals keep their word, on simulated deals; hours (see docs)"
	@echo "make bench   speed beside other packages, memory, compiling; a quarter of an hour on an idle machine"
	@echo "make scorecards  qualify's points beside those of other packages; an hour or two the first time, 1.3 GB"
	@echo "make format  lay out the code and mend what can be mended by itself"
	@echo "make clean   remove what was built (.venv stays)"

demo: $(INSTALLED)
	@$(BIN)/qualify demo --out demo-output
	@echo; echo "Written to $(CURDIR)/demo-output:"
	@cd demo-output && find . -type f | sort | sed 's|^\./|  |'

test: $(STEPS)
	@echo "== All checks passed"

lint: $(DEVELOPER)
	@echo "== Lint (ruff check)"
	@$(BIN)/ruff check .

layout: $(DEVELOPER)
	@echo "== Layout (ruff format)"
	@$(BIN)/ruff format --check .

types: $(DEVELOPER)
	@echo "== Types (mypy, strict)"
	@$(BIN)/mypy

imports: $(DEVELOPER)
	@echo "== Imports run one way (import-linter)"
	@$(BIN)/lint-imports --no-logo --no-cache

# Two workers share the cores, a file's tests on one of them, for they share what was learned from deals;
# linear algebra with threads of its own would only get in their way.
tests: $(DEVELOPER)
	@echo "== Tests and the examples in docstrings (pytest)"
	@OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist loadfile

notebooks: $(DEVELOPER)
	@echo "== Notebooks run from top to bottom (nbmake)"
	@$(BIN)/pytest -q -n 2 --nbmake notebooks/*.ipynb

examples: $(DEVELOPER)
	@echo "== Examples run"
	@rm -rf build/examples && mkdir -p build/examples
	@find examples -name '*.py' | sort | while read -r example; do \
		if [[ $$example == */b2b_sales/* && -z "$${QUALIFY_DATA:-}" && -z "$${CI:-}" ]]; then \
			echo "$$example: skipped, QUALIFY_DATA names no folder with the published deals"; continue; \
		fi; \
		echo "$$example"; \
		(cd build/examples && ../../$(BIN)/python "../../$$example" > "$$(basename "$$example" .py).txt"); \
	done

docs: $(DEVELOPER)
	@echo "== Documentation (Sphinx, warnings are errors)"
	@rm -rf build/docs && $(BIN)/sphinx-build -q -W --keep-going -b html docs build/docs
	@echo "build/docs/index.html"

wheel: $(DEVELOPER)
	@echo "== The wheel, installed alone in a fresh environment"
	@rm -rf build/wheel && mkdir -p build/wheel
	@$(BIN)/pyproject-build --wheel --no-isolation --outdir build/wheel . > build/wheel/build.log
	@$(BIN)/python -m venv build/wheel/venv
	@build/wheel/venv/bin/python -m pip install -qq build/wheel/qualify-*.whl
	@cd build/wheel && venv/bin/qualify --help > help.txt && venv/bin/qualify demo --out demo > demo.txt
	@cd build/wheel && venv/bin/python -I -c 'import qualify; [getattr(qualify, name) for name in qualify.__all__]'
	@ls build/wheel/qualify-*.whl

# Programs that are heavy, and needed for nothing else.
ENGINES := build/exports-engines
engines: $(ENGINES)/ready
test-exports: $(ENGINES)/ready
	@echo "== Exports, run by the programs they are for (pytest -m engines)"
	@OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 -m engines tests/exports

# Goes on where it stopped. ARGS="--help" shows what can be asked for; docs/explanation/coverage.md has examples.
coverage-study: $(DEVELOPER)
	@PYTHONPATH=tests nice $(BIN)/python -m coverage_study.run $(ARGS)
	@PYTHONPATH=tests nice $(BIN)/python -m coverage_study.report

# Peers choose their own threads of linear algebra; what is written can be laid into the docs by hand.
bench: $(BENCHMARKS)
	@echo "== Benchmarks (pytest-benchmark)"
	@mkdir -p build/bench
	@$(BIN)/pytest -q tests/benchmarks/bench_{races,whole,growth}.py -p no:cacheprovider \
		--benchmark-quiet --benchmark-json=build/bench/pytest-benchmark.json
	@echo "To publish: cp build/bench/speed-measured.txt docs/explanation/"

# Works off only what has changed since; peers live in environments of their own, for their pins exclude ours.
CARDS := build/scorecards
scorecards: $(DEVELOPER) $(CARDS)/fasterrisk/ready $(CARDS)/optbinning/ready
	@OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 QUALIFY_PROGRESS=0 PYTHONPATH=tests nice $(BIN)/python \
		-m benchmarks.scorecards.compare --into docs/explanation/scorecards-measured.txt $(ARGS)

format: $(DEVELOPER)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:
	rm -rf build dist demo-output .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "qualify needs Python 3.11 or later; say which one with: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv

$(INSTALLED): | $(BIN)/python
	@echo "== Setting up .venv (a minute or two, once)"
	@$(BIN)/python -m pip install -qq --editable .
	@touch $@

$(DEVELOPER): | $(BIN)/python
	@echo "== Setting up .venv with what the checks need (two or three minutes, once)"
	@$(BIN)/python -m pip install -qq --editable '.[dev]'
	@touch $@ $(INSTALLED)

$(ENGINES)/ready: | $(DEVELOPER)
	@echo "== Setting up LibreOffice, Node.js with formulon, and Power Fx (some minutes, once)"
	@mkdir -p $(ENGINES)
	@{ command -v soffice && command -v npm; } > /dev/null || { $(ROOT) apt-get -qq update; }
	@command -v soffice > /dev/null || $(ROOT) apt-get -qq install -y --no-install-recommends libreoffice-calc-nogui > $(ENGINES)/apt.log
	@command -v npm > /dev/null || $(ROOT) apt-get -qq install -y --no-install-recommends nodejs npm > $(ENGINES)/apt.log
	@npm install --silent --no-save --prefix $(ENGINES) formulon@6.25.6
	@$(BIN)/python -m venv $(ENGINES)/powerfx
	@$(ENGINES)/powerfx/bin/python -m pip install -qq powerfx==0.0.34 dotnetcore2==3.1.23
	@touch $@

$(CARDS)/%/ready: tests/benchmarks/scorecards/requirements-%.txt | $(BIN)/python
	@echo "== Setting up $* in $(CARDS) (a few minutes, once)"
	@$(BIN)/python -m venv --clear $(CARDS)/$*
	@$(CARDS)/$*/bin/python -m pip install -qq -r $<
	@touch $@

$(BENCHMARKS): | $(DEVELOPER)
	@echo "== Adding the packages that benchmarks compare with (600 MB, once)"
	@$(BIN)/python -m pip install -qq --editable '.[bench]'
	@touch $@
