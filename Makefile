# Inglenook. A bare `make` lists what there is to do.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.PHONY: help run test check bench package package-test lock setup-run setup-test setup-package

PYTHON := .venv/bin/python

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup-run ## set up this machine if needed, then open the window
	@.venv/bin/inglenook $(ARGS)

test: check ## set up this machine if needed, then run all checks and tests
	@$(PYTHON) -m pytest $(ARGS)

check: setup-test ## formatting, lint, types and the layer contract
	@$(PYTHON) -m ruff format --check --quiet . || { echo "run: ruff format ."; exit 1; }
	@$(PYTHON) -m ruff check --quiet .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports --no-cache

bench: setup-test ## measure speed and memory (SYNTHETIC=FILE names a full-size model)
	@$(PYTHON) -m tests.bench $(if $(SYNTHETIC),--synthetic $(SYNTHETIC)) $(ARGS)

package: setup-package ## build the .deb and the portable archive into dist/ (Linux; see packaging/README.md)
	@packaging/package.sh

package-test: ## install the .deb in a clean Debian and use it there (for root)
	@packaging/package_test.sh

lock: ## pin all dependencies anew (needs uv)
	@packaging/lock.sh

setup-run:
	@packaging/setup.sh run

setup-test:
	@packaging/setup.sh test

setup-package:
	@packaging/setup.sh package
