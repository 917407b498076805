# Everything a contributor or CI needs. Only Python and Git have to be there; uv, if present, makes it faster.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench docs lock clean

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

demo: $(VENV)/.runtime ## Create a platform and a service, test it, check it live
	@$(BIN)/idp demo

test: $(VENV)/.test $(VENV)/checkov/.installed lint ## Check the code, run every test
	$(BIN)/pytest -n auto --dist loadfile

lint: $(VENV)/.test ## Format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(VENV)/.test ## Measure against peers, as ratios of one run
	$(BIN)/python -m benchmarks

docs: $(VENV)/.test ## Generate the pages that come from the code
	$(BIN)/python -m docs.generate

lock: ## Lock the dependencies anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra test pyproject.toml -c requirements.txt -o requirements-test.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header tests/environments/checkov/requirements.in -o tests/environments/checkov/requirements.txt
	for tools in build image scan uv; do uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header workflows/tools/$$tools.in -o workflows/tools/$$tools.txt; done

$(VENV)/.runtime: requirements.txt pyproject.toml
	$(call install,requirements.txt)
	@touch $@

$(VENV)/.test: requirements-test.txt pyproject.toml
	$(call install,requirements-test.txt)
	@touch $@ $(VENV)/.runtime

$(VENV)/checkov/.installed: tests/environments/checkov/requirements.txt $(VENV)/.test
	$(call isolate,$(VENV)/checkov,$<)
	@ln -sf ../checkov/bin/checkov $(BIN)/checkov
	@touch $@

clean: ## Delete what make made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

ifdef UV
install = $(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r $(1) && \
	$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .
isolate = $(UV) venv --quiet --allow-existing --python $(PYTHON) $(1) && \
	$(UV) pip install --quiet --compile-bytecode --python $(1)/bin/python --require-hashes -r $(2)
else
install = $(PYTHON) -m venv $(VENV) && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
isolate = $(PYTHON) -m venv $(1) && \
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(2)
endif
