# qcc: `make` prints what there is. Only Python 3.11 (or newer) and make are needed.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# editable, or wheel (what CI tests)
INSTALL ?= editable
# Without a C compiler the PyPI package of zig serves as one.
ZIG := $(shell command -v cc >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1 || command -v clang >/dev/null 2>&1 || echo zig)

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/demo.done  ## compile the bundled model; print accuracy, size and time of float and int8
	$(BIN)/python examples/digits/demo.py

test: $(VENV)/test.$(INSTALL).done  ## all tests: lit (FileCheck on passes and dialects), then pytest
	$(BIN)/lit -q tests/lit
	$(BIN)/python -m pytest -q -n 2 tests

lint: $(VENV)/lint.done  ## ruff, basedpyright (strict) and clang-format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/clang-format --dry-run -Werror $$(git ls-files '*.h' '*.c')

acceptance: $(VENV)/test.editable.done  ## measure the acceptance tables (long; resumes where it stopped)
	$(BIN)/python -m benchmarks.acceptance

bench: $(VENV)/bench.done  ## measure speed beside the peers (options: BENCH="--models NAME,... --isa avx2")
	$(BIN)/python -m benchmarks $(BENCH)

wheel: $(VENV)/python.done  ## dist/qcc-*.whl
	rm -rf build
	$(BIN)/pip wheel -q --no-deps -w dist .

clean:  ## remove what make made
	rm -rf $(VENV) build dist *.egg-info src/*.egg-info

$(VENV)/python.done:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --upgrade pip
	touch $@

$(VENV)/demo.done: $(VENV)/python.done pyproject.toml
	$(BIN)/pip install -q -e '.$(if $(ZIG),[zig])'
	touch $@

$(VENV)/test.editable.done: $(VENV)/python.done pyproject.toml
	$(BIN)/pip install -q -e '.[test]'
	touch $@

# Always made anew: the wheel must be of this tree.
$(VENV)/test.wheel.done: $(VENV)/python.done FORCE
	rm -rf build
	$(BIN)/pip install -q '.[test]'
	$(BIN)/pip install -q --force-reinstall --no-deps .

$(VENV)/lint.done: $(VENV)/test.editable.done
	$(BIN)/pip install -q -e '.[lint]'
	touch $@

$(VENV)/bench.done: $(VENV)/test.editable.done
	$(BIN)/pip install -q -e '.[bench]'
	touch $@

FORCE:

.PHONY: help demo test lint acceptance bench wheel clean FORCE
