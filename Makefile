# Two commands for a newcomer: `make scan` and `make test`. Both need Python 3.11+ and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TRAINING := $(VENV)/.training
MODEL := build/model
SOURCES := core crawlers detectors storage nightrounds

.DEFAULT_GOAL := help
.PHONY: help install scan test check sandbox train-install model lock clean

help:  ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(INSTALLED): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: no $(PYTHON) here; name one with 'make PYTHON=python3.12 …'"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	  || { echo "make: Python 3.11, 3.12 or 3.13 is needed; name one with 'make PYTHON=python3.12 …'"; exit 2; }
	@echo "Installing into $(VENV) (once; about two minutes) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

install: $(INSTALLED)  ## make .venv with everything in it

scan: $(INSTALLED)  ## the nightly job, over the sandbox's invented accounts, ending in the morning report
	@$(BIN)/nightrounds scan --sandbox

sandbox: $(INSTALLED)  ## the loopback stand-ins of the platforms, in the foreground
	@$(BIN)/nightrounds sandbox

test: $(INSTALLED)  ## all tests
	@$(BIN)/python -m pytest -n auto --dist loadgroup -q

check: $(INSTALLED)  ## what continuous integration runs: format, lint, types, import rules, migrations, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nightrounds db check --fresh
	$(MAKE) test

$(TRAINING): $(INSTALLED) training/requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r training/requirements.lock
	@touch $@

train-install: $(TRAINING)  ## what training needs beside the rest (docs/train.md)

model: $(TRAINING)  ## train the language model anew, from DATA=folder of the public sets, into build/model (docs/train.md)
	$(BIN)/python -m training.check_corpus
	$(BIN)/python -m training.prepare --out $(MODEL) $(if $(DATA),--data $(DATA))
	$(BIN)/python -m training.train --out $(MODEL)
	$(BIN)/python -m training.calibrate --out $(MODEL)
	$(BIN)/python -m training.export --out $(MODEL) --to $(MODEL)/ships --version "$$(date -u +%F)"
	$(BIN)/python -m training.card --out $(MODEL) --to $(MODEL)/ships
	@echo "Written to $(MODEL)/ships. To use it, and fit the PHI points to it: 'To use a new model' in docs/train.md"

lock:  ## resolve both lock files anew (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --custom-compile-command "make lock" --quiet --output-file requirements.lock
	uv pip compile training/requirements.in --constraints requirements.lock --python-version 3.11 --generate-hashes --no-annotate \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet --output-file training/requirements.lock

clean:  ## remove what was made here: .venv, caches, and the embedded state in .nightrounds
	rm -rf $(VENV) .nightrounds .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
