# The project's commands; `make help` lists them. Written for GNU make 3.81 (macOS) and a plain sh.

VENV   := .venv
RUN    := $(VENV)/bin/python
NPM    := $(shell command -v npm 2>/dev/null)
NODE   := $(if $(NPM),tests/js/node_modules/.package-lock.json)

# A user's own pip or Python settings must not change what is installed, or where; a mirror stays allowed.
export PIP_USER := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_ROOT PIP_CONSTRAINT PIP_REQUIRE_VIRTUALENV
# Servers live in sbin, which an ordinary user's PATH on Debian lacks.
export PATH := $(PATH):/usr/sbin:/sbin

.DEFAULT_GOAL := help
.PHONY: help demo test check year bench lock clean ffmpeg

help:
	@echo 'make demo [ONCE=1] [FOOTAGE=dir]   the whole story on this machine; ONCE=1 exits at the end'
	@echo 'make test [ONLY="paths"]           every test this machine can run; says what it left out'
	@echo 'make check                         lint, format, types and the rules of the house'
	@echo 'make year [DAYS=365]               a simulated year of five municipalities, and a picture of it'
	@echo 'make bench [ONLY="names"]          every figure beside its peer, in one run'
	@echo 'make lock [UPGRADE=1]              write the lock files anew from pyproject.toml (needs uv and npm)'
	@echo 'make clean                         remove what these commands made'

demo: $(VENV)/installed ffmpeg
	@$(VENV)/bin/bodycam-vault demo $(if $(ONCE),--once) $(if $(FOOTAGE),--footage '$(FOOTAGE)')

test: $(VENV)/installed ffmpeg $(NODE)
	@$(if $(NPM),,echo 'no npm here: the tests of tus-js-client and of the API design rules are left out';)
	@$(RUN) -m pytest -n auto --maxprocesses 4 --dist loadfile $(ONLY)

check: $(VENV)/installed
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(RUN) -m pytest -q tests/house

year: $(VENV)/installed
	@$(RUN) -m tests.year $(if $(DAYS),--days $(DAYS))

bench: $(VENV)/installed ffmpeg
	@$(call need,nginx rclone openssl go,nginx-light rclone openssl golang-go golang-golang-x-mod-dev,nginx rclone openssl go)
	@$(RUN) -m bench $(ONLY)

ffmpeg:
	@$(call need,ffmpeg ffprobe,ffmpeg,ffmpeg)

COMPILE = uv pip compile $(if $(UPGRADE),--upgrade) --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header
lock:
	@for p in uv npm; do command -v $$p >/dev/null || { echo "Missing: $$p" >&2; exit 1; }; done
	$(COMPILE) --extra demo --extra test pyproject.toml -o requirements.lock
	$(COMPILE) --constraint requirements.lock pyproject.toml -o requirements-run.lock
	cd tests/js && npm $(if $(UPGRADE),update,install) --package-lock-only

clean:
	rm -rf $(VENV) tests/js/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Exactly what requirements.lock names, by hash; done again only when the lock changes.
$(VENV)/locked: requirements.lock
	@echo 'Setting up $(VENV), once; a minute or so'
	@$(find-python); \
	$(call need-that,"$$python" -c 'import ensurepip',$$python-venv,python); \
	"$$python" -m venv $(VENV)
	@$(RUN) -m pip install -qq --require-hashes -r requirements.lock
	@touch $@

$(VENV)/installed: $(VENV)/locked pyproject.toml
	@$(RUN) -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

$(NODE): tests/js/package-lock.json
	@cd tests/js && npm ci --silent
	@touch $@

# Sets $python to the first Python that is new enough; PYTHON=... goes before any other.
define find-python
for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14 ''; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; done; \
test -n "$$python" || { echo 'Python 3.11 or newer is needed and was not found; name it: PYTHON=/path/to/python3' >&2; exit 1; }
endef

# $(call need,programs,Debian packages,Homebrew packages)
need = $(call need-that,for p in $(1); do command -v $$p || exit 1; done,$(2),$(3))

# $(call need-that,test,Debian packages,Homebrew packages): installs on Debian for root, else says how to.
define need-that
if ! ( $(1) ) >/dev/null 2>&1; then \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing $(2)"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -qq -y --no-install-recommends $(2) >/dev/null || exit 1; \
	elif command -v apt-get >/dev/null; then echo "Missing; run: sudo apt-get install $(2)" >&2; exit 1; \
	else echo "Missing; run: brew install $(3)" >&2; exit 1; fi; fi
endef
