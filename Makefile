# `make demo` and `make test` are enough; each installs what it needs first, into .venv.

.DEFAULT_GOAL := help
.PHONY: help demo test check bench docs wheel sbom vulnerabilities locks clean environment development libraries

# 3.11 first: most is tested with it.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$python; break; fi; done)

ENV := .venv/bin
# What a lock does not name with its hash is not installed.
INSTALL := -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes --requirement
help:
	@echo 'make demo    install into .venv, scan and compare the example case in examples/synthetic, write its report'
	@echo 'make test    install into .venv, run every check and test'
	@echo 'make check   style, types, layers, spelling and wording alone'
	@echo 'make docs    write the documentation to site/, to be read in a browser'
	@echo 'make bench   run every benchmark'
	@echo 'make wheel   build the wheel twice, and compare both to the bit'
	@echo 'make sbom    write dist/forensic.cdx.json, the list of all that is installed (CycloneDX), and docs/licences.md'
	@echo 'make vulnerabilities   look for known ones in the locked versions; asks PyPI'
	@echo 'make locks   write the lock files again, with the versions and hashes of all that is installed'
	@echo 'make clean   remove everything that these made'

demo: environment libraries
	@$(ENV)/forensic demo demo

test: development libraries check
	$(ENV)/pytest -n auto --maxprocesses 4 --dist loadfile

check: development
	$(ENV)/ruff check .
	$(ENV)/ruff format --check .
	$(ENV)/mypy
	$(ENV)/lint-imports
	$(ENV)/codespell
	$(ENV)/pytest --quiet tests/test_english.py

bench: development libraries
	@for benchmark in benchmarks/[!_]*.py; do echo "$$benchmark"; $(ENV)/python "$$benchmark" || exit 1; done

docs: development
	$(ENV)/mkdocs build --quiet --strict

wheel: development
	$(ENV)/python -m build --wheel --no-isolation --outdir dist .
	$(ENV)/python -m build --wheel --no-isolation --outdir build/again .
	@cd build/again && for each in *.whl; do cmp "$$each" "../../dist/$$each" && sha256sum "$$each" || exit 1; done

# What looks at the environment is in one of its own, and changes nothing in it.
SUPPLY := .venv/supply/bin

sbom: development .venv/supply
	@mkdir -p dist
	$(SUPPLY)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-file dist/forensic.cdx.json \
		$(ENV)/python
	$(ENV)/python docs/make_licences.py

vulnerabilities: .venv/supply
	@for lock in locks/*.txt; do $(SUPPLY)/pip-audit --strict --requirement $$lock --require-hashes --disable-pip || exit 1; done

locks: .venv/supply
	$(SUPPLY)/python locks/make_locks.py

.venv/supply: locks/supply.txt | .venv/installed
	@$(PYTHON) -m venv --clear $@
	@$@/bin/python $(INSTALL) locks/supply.txt

clean:
	rm -rf .venv demo site build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# A build of torch for processors alone asks for no packages of CUDA.
NEEDS_CUDA := $(ENV)/python -c 'from importlib.metadata import requires; exit("cuda" not in str(requires("torch")))'

environment: .venv/installed
development: .venv/installed-dev

.venv/installed: pyproject.toml locks/program.txt locks/cpu.txt locks/cuda.txt
	@test -n '$(PYTHON)' || { echo 'Error: no Python 3.11 or newer with its venv module was found.'; \
		echo 'Try: install one (Debian, Ubuntu: apt-get install python3 python3-venv), or give its path: make PYTHON=...'; exit 1; } >&2
	@$(ENV)/python -c 'import pip' 2>/dev/null || { echo 'Making .venv'; $(PYTHON) -m venv --clear .venv; }
	@echo 'Installing into .venv: 2 GB on disk, or 6 with CUDA; one to three minutes'
	@$(ENV)/python $(INSTALL) locks/cpu.txt >/dev/null 2>&1 || true
	@$(ENV)/python $(INSTALL) locks/program.txt
	@if $(NEEDS_CUDA); then $(ENV)/python $(INSTALL) locks/cuda.txt; fi
	@$(ENV)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	@$(ENV)/python -c 'import torch'
	@touch $@

.venv/installed-dev: .venv/installed locks/dev.txt
	@echo 'Installing what the checks and tests need'
	@$(ENV)/python $(INSTALL) locks/dev.txt
	@touch $@

# Reports are typeset with Pango, which is not a Python package; without any font a page shows boxes. HarfBuzz's subsetter
# makes PDFs smaller; it is installed if that is allowed, and not needed otherwise.
APT_PACKAGES := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core
HAS_PANGO := $(ENV)/python -c 'import weasyprint' >/dev/null 2>&1
HAS_ALL := $(ENV)/python -W error::DeprecationWarning:weasyprint.text.ffi -c 'import weasyprint' >/dev/null 2>&1
HAS_FONT := { ! command -v fc-list >/dev/null || test -n "$$(fc-list)"; }

libraries: .venv/installed
	@if $(HAS_ALL) && $(HAS_FONT); then exit 0; fi; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
		echo 'Installing $(APT_PACKAGES)'; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(APT_PACKAGES) >/dev/null; \
	fi; \
	if $(HAS_PANGO) && $(HAS_FONT); then exit 0; fi; \
	{ echo 'Error: reports need the library Pango and a font, and one of them is missing.'; \
		if command -v apt-get >/dev/null; then echo 'Try: sudo apt-get install $(APT_PACKAGES)'; \
		else echo 'Try: install Pango 1.44 or newer and the DejaVu fonts (Fedora: pango dejavu-sans-fonts; macOS: brew install pango)'; fi; \
		exit 1; } >&2
