# Lotmark: `make demo` sets everything up and releases an example product; `make test` passes the tests.
# Nothing needs to be there before but Python >= 3.11 and git.

SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
STAMP := .make/installed
# Debian packages: the sandbox, the clock that the second build sees, a compiler and make for the C example.
DEBIAN := bubblewrap faketime util-linux gcc libc6-dev make git
DEBIAN_TEST := chromium poppler-utils strace openssl postgresql softhsm2 ceph-mon ceph-osd radosgw

.PHONY: help demo test check fmt types lint imports docs bench rivals reproduce clean system system-test sdists npm

help:  ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: system $(STAMP)  ## release the example product in ./demo and print the five answers
	@$(VENV)/bin/lotmark demo demo --replace

test: system system-test $(STAMP) sdists npm  ## pass the tests
	@$(PY) -m pytest -q -n 3 --dist worksteal tests

check: $(STAMP) lint types imports own  ## lint, types, layers, our own requirements

lint: $(STAMP)
	@$(VENV)/bin/ruff check src tests bench
	@$(VENV)/bin/ruff format --check src tests bench

types: $(STAMP)
	@$(VENV)/bin/mypy

imports: $(STAMP)
	@$(VENV)/bin/lint-imports

# Lotmark is a product under Lotmark: requirements, hazards, controls and the tests that verify them.
own: $(STAMP)
	@$(VENV)/bin/lotmark --quiet check

fmt: $(STAMP)  ## format the code
	@$(VENV)/bin/ruff format src tests bench

coverage: system system-test $(STAMP) sdists npm  ## the tests with branch coverage, and the floors that it must keep
	@$(PY) -m coverage erase && $(PY) -m pytest -q -n 3 --dist worksteal --cov=lotmark --cov-branch --cov-report= tests
	@$(PY) -m coverage report
	@$(PY) tools/coverage_floors.py

docs: $(STAMP)  ## write the reference pages that are generated from code
	@$(PY) tools/reference.py

bench: $(STAMP)  ## measure: ours against the raw limit, in one run
	@$(PY) -m bench all

rivals:  ## other traceability tools for `python -m bench trace`, in an environment of their own
	@python3 -m venv .make/rivals && .make/rivals/bin/pip install --quiet --disable-pip-version-check strictdoc==0.30.4 doorstop==3.2 sphinx-needs==9.1.0 bmw-lobster-core==1.0.6 bmw-lobster-tool-trlc==1.0.6 bmw-lobster-tool-python==1.0.6

reproduce: $(STAMP)  ## build our own wheel twice and compare
	@$(VENV)/bin/lotmark build

clean:  ## remove what make made
	rm -rf $(VENV) .make demo build dist .coverage*

# uv installs from the lock file with hashes. It is itself installed into the environment that it fills.
$(STAMP): pyproject.toml uv.lock
	@command -v python3 >/dev/null || { echo "error: python3 is missing. help: apt-get install python3 python3-venv" >&2; exit 4; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: Python 3.11 or later is needed, this is $$(python3 --version)" >&2; exit 4; }
	@test -x $(PY) || python3 -m venv $(VENV) || { echo "error: python3 cannot make environments. help: apt-get install python3-venv" >&2; exit 4; }
	@test -x $(VENV)/bin/uv || $(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null
	@test -x $(VENV)/bin/uv || $(PY) -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(VENV)/bin/uv sync --quiet --frozen --active --inexact --all-groups --all-extras --compile-bytecode
	@$(PY) -m compileall -q src
	@mkdir -p .make && touch $@

system:
	@.ci/debian $(DEBIAN)

system-test:
	@.ci/debian --optional $(DEBIAN_TEST)

# Packages that we did not write, for the tests that release them; no test touches the network itself.
sdists: $(STAMP)
	@$(PY) tools/fetch_sdists.py .make/sdists

# A verifier of envelopes that we did not write, for the test that it agrees with ours.
npm: $(STAMP)
	@$(PY) tools/fetch_npm.py .make/npm
