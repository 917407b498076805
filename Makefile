# Everything a contributor or CI needs. Only Python and Git have to be there; uv, if present, makes it faster.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null)
PARALLEL := -n auto --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help demo test test-all clean-machine soak lint bench docs lock clean

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-13s %s\n", $$1, $$2}'

demo: $(VENV)/.runtime ## Create a platform and a service, test it, check it live
	@$(BIN)/idp demo

# The tiers are sets of markers, which pyproject.toml explains; tests/test_tiers.py checks that they leave no test out.
test: lint ## Check the code, run the fast tests
	$(BIN)/pytest $(PARALLEL) -m "not slow and not soak"

test-all: test clean-machine $(VENV)/checkov/.installed $(VENV)/uv/.installed ## The same, and every test with real parts
	$(BIN)/pytest $(PARALLEL) -m "slow and not clean_machine and not soak"

clean-machine: $(VENV)/.test ## Install, test and use everything in a bare container
	$(BIN)/pytest -m "clean_machine and not soak" tests/e2e

FACTOR ?= 20
SEED ?= $(shell date +%s)
soak: $(VENV)/.test $(VENV)/uv/.installed ## The properties with FACTOR=20 times as many cases, and the longest proofs
	@echo "make soak FACTOR=$(FACTOR) SEED=$(SEED)"
	IDP_TEST_FACTOR=$(FACTOR) $(BIN)/pytest $(PARALLEL) -m "soak or property" --hypothesis-seed=$(SEED)

lint: $(VENV)/.test ## Format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(VENV)/.test ## Measure against peers, as ratios of one run
	$(BIN)/python -m benchmarks

docs: $(VENV)/.test ## Generate the pages that come from the code
	$(BIN)/python -m docs.generate

lock: $(VENV)/.test ## Lock the dependencies anew (needs uv)
	$(BIN)/python workflows/tools/lock.py

$(VENV)/.runtime: requirements.txt pyproject.toml
	@$(call environment,$(VENV),requirements.txt)
	@$(link)
	@touch $@

$(VENV)/.test: requirements-test.txt pyproject.toml
	@$(call environment,$(VENV),requirements-test.txt)
	@$(link)
	@touch $@ $(VENV)/.runtime

$(VENV)/checkov/.installed: tests/environments/checkov/requirements.txt $(VENV)/.test
	@$(call environment,$(VENV)/checkov,$<)
	@ln -sf ../checkov/bin/checkov $(BIN)/checkov
	@touch $@

# On nobody's PATH, so that everything else is tested without it.
$(VENV)/uv/.installed: workflows/tools/uv.txt $(VENV)/.test
	@$(call environment,$(VENV)/uv,$<)
	@touch $@

clean: ## Delete what make made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The locks are complete, so nothing is resolved (--no-deps) and nothing is built: a file of paths makes this folder
# importable, where an editable install would fetch the newest tool that builds it.
define LINK
import pathlib, sys, sysconfig
pathlib.Path(sysconfig.get_path("purelib"), "idp.pth").write_text(f"{pathlib.Path.cwd()}\n")
# A shell starts it, as no other first line may hold a long path or one with spaces; to Python the same lines are a text.
start = "#!/bin/sh\n\'\'\'exec\' \"" + sys.executable + "\" \"$$0\" \"$$@\"\n\' \'\'\'\n"
program = pathlib.Path(sys.executable).with_name("idp")
program.write_text(start + "from idp.__main__ import main\n\nif __name__ == '__main__':\n    main()\n")
program.chmod(0o755)
endef
export LINK
link = $(BIN)/python -c "$$LINK"

# An environment that does not work (half made, its Python removed, made by uv and so without pip) is made anew.
new = { $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	{ echo "$(PYTHON) has no venv module. Install it, on Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }; } && \
	$(PYTHON) -m venv --clear $(1)
ifdef UV
works = $(1)/bin/python -c '' 2>/dev/null
environment = { $(works) || $(UV) venv --quiet --clear --python $(PYTHON) $(1); } && \
	$(UV) pip install --quiet --compile-bytecode --python $(1)/bin/python --no-deps --require-hashes -r $(2)
else
works = $(1)/bin/python -m pip --version >/dev/null 2>&1
environment = { $(works) || { $(new); }; } && \
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(2)
endif
