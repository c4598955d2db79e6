# The two commands of a new user are `make run` and `make test`; every target makes the environment it needs.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help run quick real test lint lab bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/ready ## run every notebook on the embedded data; prints what each found and where its figures lie
	$(BIN)/research-lib run

quick: .venv/ready ## the same with small parameters, in seconds
	$(BIN)/research-lib run --quick

real: .venv/ready ## run every notebook on real data (fetched when not in the cache) and publish its figures in figures/
	$(BIN)/research-lib run --real

test: .venv/ready ## the tests
	$(BIN)/python -m pytest

lint: .venv/ready ## ruff on modules and notebooks, outputs stripped
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/nbstripout --verify --extra-keys "metadata.language_info metadata.papermill" notebooks/*.ipynb

lab: .venv/ready-lab ## open the notebooks in JupyterLab
	RESEARCH_LIB_RUN=$(CURDIR)/runs/lab $(BIN)/jupyter lab --notebook-dir notebooks

bench: .venv/ready-bench ## our models beside their peers, in one run
	$(BIN)/python benchmarks/anomalies.py
	$(BIN)/python benchmarks/book_links.py
	$(BIN)/python benchmarks/mixtures.py
	$(BIN)/python benchmarks/words.py

clean: ## remove the environment, the runs and what tools left behind
	rm -rf .venv runs notebooks/runs build *.egg-info .pytest_cache .ruff_cache .hypothesis

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is too old: Python 3.11 or newer is needed; name one with make PYTHON=…"; exit 1; }
	@echo "Making the environment in .venv (some minutes, once) …"
	@$(PYTHON) -m venv .venv
	@$(PIP) --editable '.[test]'
	@touch $@

.venv/ready-%: .venv/ready
	@$(PIP) --editable '.[$*]'
	@touch $@
