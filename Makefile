# The one door: people and CI use the same commands.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
export PYTHON
# warnings of libraries are for their authors; ours are errors of make check
export PYTHONWARNINGS ?= ignore

.PHONY: help setup demo up down status test tf-test tf-apply tf-review check lock compile

help:  ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(VENV)/.packages $(VENV)/.platform  ## Set everything up: locked packages, jars by sha256, Airflow's database.
	@:

$(VENV)/.packages: requirements.txt pyproject.toml scripts/uv.txt
	@scripts/setup.sh packages
	@touch $@

$(VENV)/.platform: $(VENV)/.packages src/tideline/local/jars.lock.json
	@scripts/setup.sh platform
	@touch $@

demo: setup  ## Run the main job end to end; INPUT=folder CRASH=1 RATE=events-per-second.
	@$(BIN)/tideline demo $(if $(INPUT),--input "$(INPUT)") $(if $(RATE),--rate "$(RATE)") $(if $(CRASH),--crash)

up: setup  ## Start the platform and wait until it is ready.
	@$(BIN)/tideline up

down:  ## Stop the platform; its data stays.
	@if [ -x $(BIN)/tideline ]; then $(BIN)/tideline down; fi

status: $(VENV)/.packages  ## Show what runs.
	@$(BIN)/tideline status || [ $$? -eq 75 ]

test: $(VENV)/.packages  ## Run all tests; what needs something absent is skipped with the reason.
	@$(MAKE) --no-print-directory --silent $(VENV)/.platform || true
	@$(if $(ARGS),$(BIN)/python -m pytest $(ARGS),failed=0; $(INFRA) || failed=1; \
		$(BIN)/python -m pytest -n 2 $(PURE) || failed=1; \
		$(BIN)/python -m pytest $(patsubst %,--ignore=%,tests/infra $(PURE)) || failed=1; exit $$failed)

# no service, port or shared folder: side by side. What starts processes is tested one after another
PURE := tests/unit tests/laws tests/golden

# in four processes on two cores: half of an apply is the provider waiting. A group stays together: nothing is planned twice
INFRA := scripts/infra_tools.sh; $(BIN)/python -m pytest -n 4 --dist loadgroup tests/infra
APPLIES := tests/infra/test_apply.py tests/infra/test_canary.py

tf-test: $(VENV)/.packages  ## Test infra/terraform, offline: modules, plans, policies, linters. Part of make test.
	@$(INFRA) $(APPLIES:%=--ignore=%) $(ARGS)

tf-apply: $(VENV)/.packages  ## Apply, plan again and destroy every module that can on an AWS on loopback. Part of make test.
	@$(BIN)/python -m pytest -n 4 --dist loadgroup $(APPLIES) $(ARGS)

tf-review: $(VENV)/.packages  ## Write the reviewed permissions and docs/environments.md from plans, for a person to read.
	@$(BIN)/python -m tests.infra.reviewed

check: $(VENV)/.packages  ## Lint, format, types, import rules, house rules, fresh generated files.
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q tests/unit/test_house_rules.py tests/unit/test_requirements.py tests/unit/test_compose.py
	@$(BIN)/tideline compile --check
	@$(BIN)/tideline env tfvars --check

lock: $(VENV)/.packages  ## Write requirements.txt again from pyproject.toml; UPGRADE=1 takes the newest versions.
	@$(BIN)/python scripts/lock.py

compile: $(VENV)/.packages  ## Compile the contracts into the index and the generated files.
	@$(BIN)/tideline compile

bench-%: setup  ## Run bench/NAME.py and print ratios.
	@$(BIN)/python bench/$(subst -,_,$*).py $(ARGS)
