SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export SOLCX_BINARY_PATH := $(CURDIR)/tools/solc
export PIP_DISABLE_PIP_VERSION_CHECK := 1

PIP_INSTALL := -m pip install -qq --require-hashes --no-deps
PIP_EDITABLE := -m pip install -qq --no-deps --no-build-isolation --editable .

DEV := .venv/.installed
PACKAGE := .venv-package/.installed
NODE := node_modules/.installed

.PHONY: help
help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

$(DEV): requirements/dev.lock pyproject.toml
	python3 -m venv .venv
	.venv/bin/python $(PIP_INSTALL) -r requirements/dev.lock
	.venv/bin/python $(PIP_EDITABLE)
	touch $@

$(PACKAGE): requirements/package.lock pyproject.toml
	python3 -m venv .venv-package
	.venv-package/bin/python $(PIP_INSTALL) -r requirements/package.lock
	.venv-package/bin/python $(PIP_EDITABLE)
	touch $@

# Tools that fit beside nothing else, or that nothing else needs, each in an environment of its own.
TOOLS := .venv-slither/.installed .venv-halmos/.installed

$(TOOLS): .venv-%/.installed: requirements/%.lock
	python3 -m venv .venv-$*
	.venv-$*/bin/python $(PIP_INSTALL) -r $<
	touch $@

# Not `npm ci`: it refuses a lock without the binaries of other platforms, which not every registry mirror holds.
$(NODE): package-lock.json
	npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
	@# The binaries themselves: the wrappers that npm links drop their exit codes.
	cd node_modules/.bin && for tool in anvil cast forge; do \
	  ln -sf ../@foundry-rs/$$tool-*/bin/$$tool $$tool; \
	done
	touch $@

.PHONY: setup
setup: $(DEV) $(NODE)  ## Install what development needs
	@tools/system.sh

.PHONY: abi
abi: setup  ## Compile, and write the ABI and bytecode that the package ships
	forge build --quiet
	python tools/write_abi.py

.PHONY: demo
demo: setup  ## Play the agreements of examples/ on a local chain
	python scripts/demo.py

.PHONY: test
test: setup $(PACKAGE)  ## Run every test
	forge build --quiet
	python tools/write_abi.py --check
	@# Compiled once before the workers start: they would each compile, and Brownie compares what they found.
	brownie compile > /dev/null
	python tools/verify.py --quick
	pytest tests/contract -n 2 -q
	pytest tests/package tests/docs tests/tools -n 2 -q -p no:pytest-brownie
	.venv-package/bin/python -m pytest tests/package -n 2 -q -m "not long"

.PHONY: verify
verify: setup $(TOOLS)  ## Check the contract in every way there is, in over an hour
	python tools/verify.py

.PHONY: mutation
mutation: setup  ## Run the contract's unit tests against every mutant of it
	python tools/mutate.py

.PHONY: gas
gas: setup  ## Measure what every act costs, beside its peers; write the table and the chart
	forge build --quiet contracts tests/forge/gas
	python tools/write_abi.py
	python tools/gas.py
	python tools/gas_chart.py

.PHONY: bench
bench: setup  ## Measure the ledger on a chain of 100,000 events, EVENTS=1000000 for ten times as many, and the diary
	python tools/bench.py $(if $(EVENTS),--events $(EVENTS))
	python tools/bench_diary.py

.PHONY: prices
prices: $(DEV)  ## Say what the acts cost in dollars: make prices GAS_GWEI=2 COIN_USD=3000 BLOB_GWEI=1
	python tools/gas.py --prices $(if $(GAS_GWEI),--gas-gwei $(GAS_GWEI)) $(if $(COIN_USD),--coin-usd $(COIN_USD)) \
	  $(if $(BLOB_GWEI),--blob-gwei $(BLOB_GWEI))

.PHONY: quick
quick: setup  ## Run the desk loop, under a minute
	ruff check .
	pytest tests/package tests/docs tests/tools -n 2 -q -p no:pytest-brownie -m "not node"

.PHONY: check
check: setup  ## Check format, lint and types, then run every test
	forge fmt --check contracts tests/forge
	ruff format --check .
	ruff check .
	mypy
	$(MAKE) test

.PHONY: format
format: setup  ## Format the sources
	forge fmt contracts tests/forge
	ruff format .
	ruff check --fix .

.PHONY: lock
lock: setup  ## Resolve the Python and npm dependencies anew
	python -m pip install -qq uv
	for name in dev package slither halmos; do \
	  uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal \
	    --python-version 3.11 requirements/$$name.in -o requirements/$$name.lock; \
	done
	npm install --package-lock-only --ignore-scripts 
	sed -i '/^ *"resolved":/d' package-lock.json

.PHONY: clean
clean:  ## Remove what was installed and built
	rm -rf .venv .venv-* node_modules build
