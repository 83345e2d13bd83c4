# Needs git, make and a Python of 3.11 or later; everything else is installed into .venv by the targets themselves.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VENV ?= .venv
BIN := $(VENV)/bin
SEEDS ?= 200
# Processes the tests are shared among: more than cores, because many of them wait.
WORKERS ?= 4
SUPPORTED := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	if command -v $$name >/dev/null && $$name -c '$(SUPPORTED)' 2>/dev/null; then echo $$name; break; fi; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
SOURCES = $(strip $(foreach folder,app workers tests benchmarks,$(if $(shell find $(folder) -name '*.py' -print -quit 2>/dev/null),$(folder))))

SHARED := -n $(WORKERS) --dist worksteal

# Arguments of the demo: a file of accounts, and JSON instead of text.
DEMO := $(if $(ACCOUNTS),--accounts "$(ACCOUNTS)") $(if $(filter-out 0,$(JSON)),--json)

.PHONY: help setup dev run demo test check lint types imports budget contract world mutants chaos peers bench openapi lock clean

help: ## Show this list
	@echo "Tandem: Salesforce and Sage Intacct in step"
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
		|| grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST)

setup: $(VENV)/.runtime ## Install what Tandem needs to run into .venv (hash-checked)

dev: $(VENV)/.dev ## Install what its developers need as well

run: $(VENV)/.runtime ## Start everything on this machine: API, workers, queue, database, both simulators
	@$(BIN)/tandem up

demo: $(VENV)/.runtime ## Show accounts and every other object in step (ACCOUNTS=file.csv, JSON=1)
	@$(BIN)/tandem demo $(DEMO)

test: $(VENV)/.dev ## Run the tests
	@$(BIN)/python -m pytest $(SHARED)

# Within `check` the tests run on PostgreSQL too, also for root (docs/operations.md, "Tests and PostgreSQL").
check: lint types imports budget ## Everything a change must pass: style, types, import rules, sizes, tests on both databases
	@echo "== tests"
	@TANDEM_TEST_POSTGRES=1 $(BIN)/python -m pytest $(SHARED) --ignore=tests/architecture

lint: $(VENV)/.dev ## Style
	@echo "== style"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev ## Types, strictly
	@echo "== types"
	@$(BIN)/mypy $(SOURCES)

imports: $(VENV)/.dev ## Who may import whom
	@echo "== imports"
	@$(BIN)/lint-imports --no-logo

budget: $(VENV)/.dev ## Sizes and other house rules
	@echo "== house rules"
	@$(BIN)/python -m pytest tests/architecture

contract: $(VENV)/.dev ## Hold the API to its OpenAPI document, the long run
	@TANDEM_CONTRACT_LONG=1 $(BIN)/python -m pytest tests/contract

world: $(VENV)/.dev ## The whole house on a virtual clock, under faults (SEEDS=200)
	@TANDEM_WORLD_LONG=1 TANDEM_WORLD_SEEDS=$(SEEDS) TANDEM_WORLD_PAYMENTS=$(SEEDS) $(BIN)/python -m pytest $(SHARED) tests/world

mutants: $(VENV)/.dev ## Safety devices switched off one at a time: each must be noticed
	@$(BIN)/python -m tests.world.mutants --seeds 500

chaos: $(VENV)/.dev ## Real processes killed, stopped and cut off while payments are posted (PAYMENTS=2000)
	@$(BIN)/python -m tests.chaos --payments $(or $(PAYMENTS),2000)

peers: $(VENV)/.dev ## Clients written by others against both simulators
	@$(BIN)/python -m pytest tests/peers

bench: $(VENV)/.dev ## Measure
	@$(BIN)/python -m benchmarks

openapi: $(VENV)/.runtime ## Write openapi/openapi.json anew
	@$(BIN)/tandem openapi

lock: $(VENV)-lock/bin/uv ## Resolve requirements*.in into the hashed requirements*.txt
	@$(RESOLVE) requirements.in -o requirements.txt
	@$(RESOLVE) requirements.in requirements-dev.in -c requirements.txt -o requirements-dev.txt

clean: ## Remove what the targets made, the environment and local data (.tandem) included
	@rm -rf $(VENV) $(VENV)-lock .tandem .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis \
		.schemathesis schemathesis-report
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# --- the environment -------------------------------------------------------------------------------------------------

RESOLVE = $(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header

$(VENV)/bin/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Tandem needs Python 3.11 or later; found $$(python3 --version 2>&1 || echo none). Set PYTHON=/path/to/python." >&2; \
		exit 1; fi
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing Tandem into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

# The development file holds the runtime's pins too, so one pass serves both.
$(VENV)/.dev: requirements-dev.txt requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing Tandem and its development tools into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(VENV)/.runtime $@

$(VENV)-lock/bin/uv: | $(VENV)/bin/python
	@$(VENV)/bin/python -m venv $(VENV)-lock
	@$(VENV)-lock/bin/python -m pip --disable-pip-version-check -qq install 'uv>=0.9,<1'
