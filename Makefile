# The two commands of a new user are `make run` and `make test`; every target makes the environment it needs.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt
STRIP := --extra-keys "metadata.language_info metadata.papermill"

.DEFAULT_GOAL := help
.PHONY: help run quick real test lint format lab bench results clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/ready ## run every notebook on the embedded data; prints what each found and where its figures lie
	$(BIN)/research-lib run

quick: .venv/ready ## the same with small parameters, in seconds
	$(BIN)/research-lib run --quick

real: .venv/ready ## run every notebook on real data (fetched when not in the cache) and publish its figures in figures/
	$(BIN)/research-lib run --real

test: .venv/ready ## the tests, on all cores (one thread each: more would wait for one another)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadscope

lint: .venv/ready ## style, stripped notebooks, the contracts between the rooms, types
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/nbstripout --verify $(STRIP) notebooks/*.ipynb
	$(BIN)/lint-imports && $(BIN)/mypy

format: .venv/ready ## mend the style, and strip the notebooks
	$(BIN)/ruff check --fix . && $(BIN)/ruff format . && $(BIN)/nbstripout $(STRIP) notebooks/*.ipynb

lab: .venv/ready-lab ## open the notebooks in JupyterLab
	RESEARCH_LIB_RUN=$(CURDIR)/runs/lab $(BIN)/jupyter lab --notebook-dir notebooks

bench: .venv/ready-bench ## our models beside their peers, in one run; what comes out is kept in benchmarks/results/
	$(BIN)/python benchmarks/anomalies.py --save
	$(BIN)/python benchmarks/book_links.py --save
	$(BIN)/python benchmarks/mixtures.py --save
	$(BIN)/python benchmarks/words.py --save
	$(BIN)/python benchmarks/towers.py --save
	$(BIN)/python benchmarks/towers.py --twins 10 --save

results: .venv/ready ## fill the numbers of README.md and RESULTS.md in from benchmarks/results/ and figures/
	$(BIN)/python benchmarks/fill.py

clean: ## remove the environment, the runs and what tools left behind
	rm -rf .venv runs notebooks/runs build *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is too old: Python 3.11 or newer is needed; name one with make PYTHON=…"; exit 1; }
	@echo "Making the environment in .venv (some minutes, once) …"
	@$(PYTHON) -m venv .venv
	@$(PIP) --editable '.[test,keras]'
	@touch $@

.venv/ready-%: .venv/ready
	@$(PIP) --editable '.[$*]'
	@touch $@
