# Two commands on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
# Longest files first (tests/conftest.py), so that no worker waits for the other at the end.
IN_PARALLEL := --numprocesses 2 --dist loadfile --no-loadscope-reorder --ignore tests/slurm
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test test-long check lock schema slurm-up slurm-down clean

demo: $(INSTALLED) ## the whole study on a simulated cohort
	snakemake --configfile config/demo.yaml
	@cat results/demo/statistics/findings.md
	@echo "All of it on one page: results/demo/report.html"

test: check ## style, types and tests; those on a real Slurm where it is installed
	pytest $(IN_PARALLEL) tests
	pytest tests/slurm # by themselves: they depend on time

test-long: $(INSTALLED) ## what takes minutes each: reference studies, every mutant of a file, large cohorts, more disturbances on Slurm
	GFCE_TEST_LONG=1 pytest $(IN_PARALLEL) tests
	GFCE_TEST_LONG=1 pytest tests/slurm

check: $(INSTALLED)
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile rules
	snakemake --lint --configfile config/demo.yaml

lock: $(INSTALLED) ## after an edit: versions of steps whose results change (docs/developing.md)
	python -m gfce.provenance.locking

schema: $(INSTALLED) ## config/schema.json, docs/configuration.md and docs/tables.md, from the code
	gfce schema > config/schema.json
	gfce schema --markdown > docs/configuration.md
	gfce schema --tables > docs/tables.md

slurm-up: $(INSTALLED) ## a Slurm of two GPU nodes on this machine, to play with (as root)
	python tests/slurm/cluster.py up

slurm-down: $(INSTALLED) ## and its end
	python tests/slurm/cluster.py down

clean: ## results and simulated data, not the environment
	rm -rf results data .snakemake

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gfce needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@
