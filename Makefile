# All tasks of this project. They need Python 3.11 or newer, git, make, and a package index that pip knows; the rest they install
# into .venv, at the exact versions and hashes of requirements/*.txt.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet
PYTEST ?= $(BIN)/python -m pytest --durations=10
export PYTHONDONTWRITEBYTECODE := # tests start programs hundreds of times: compiled once, they start in a third of the time

.DEFAULT_GOAL := help
.PHONY: help demo serve test check format-check lint types layers tests prove bench bench-peers docs lock clean

help: ## list these tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

demo: $(VENV)/.serve ## simulated providers, a gateway and live traffic: needs no API key
	@$(BIN)/headworks demo

serve: $(VENV)/.serve ## a gateway on ./headworks.yaml, or on the provider keys in the environment
	@$(BIN)/headworks serve

test: check tests ## everything that CI runs: check, then all tests with the short versions of the long proofs

check: format-check lint types layers ## format, lint, types and floors, without running anything

format-check: $(VENV)/.test
	@$(BIN)/ruff format --check --quiet . || { echo "Run: $(BIN)/ruff format ."; exit 1; }

lint: $(VENV)/.test
	@$(BIN)/ruff check --quiet .

types: $(VENV)/.test
	@$(BIN)/pyright --pythonpath $(BIN)/python

layers: $(VENV)/.test
	@$(BIN)/lint-imports --no-cache --no-logo

tests: $(VENV)/.test
	@$(PYTEST) --numprocesses=2 --dist=loadfile # most of the time goes into waiting for programs under test

prove: $(VENV)/.prove ## the long proofs in full, with their figures
	@$(PYTEST) -m long -rA --timeout=3600

bench-peers: $(VENV)/.test ## install Envoy, TensorZero, LiteLLM and Portkey for the table, outside this project
	@$(BIN)/python -m bench peers

bench: $(VENV)/.test ## the performance table, beside nginx and whatever else is installed
	@$(BIN)/python -m bench

docs: $(VENV)/.test ## write the generated parts of the documentation again
	@$(BIN)/python docs/generate.py

lock: $(VENV)/.lock pyproject.toml ## resolve pyproject.toml again into requirements/*.txt
	@for set in "serve --group build" "test --group build --group test" "prove --group build --group test --group prove"; do \
	  set -- $$set; name=$$1; shift; \
	  $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --no-emit-index-url "$$@" pyproject.toml --output-file requirements/$$name.txt || exit 1; \
	done

clean: ## remove what these tasks made
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find bench docs src tests -name __pycache__ -prune -exec rm -rf {} +

# --- the environment: a stamp per set of packages, so that a second run starts at once

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Headworks needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) --version 2>&1`. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/.%: requirements/%.txt | $(BIN)/python
	@echo "Installing requirements/$*.txt ..."
	@$(PIP) --require-hashes --requirement $<
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.serve: pyproject.toml
$(VENV)/.test: pyproject.toml
$(VENV)/.prove: pyproject.toml

$(VENV)/.lock: requirements/lock.txt | $(BIN)/python
	@$(PIP) --require-hashes --requirement $<
	@touch $@
