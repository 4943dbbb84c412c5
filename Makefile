# The only commands people need. VENV says where the virtual environment is, PYTHON what makes it.
VENV ?= .venv
PYTHON ?= python3
override VENV := $(patsubst ~/%,$(HOME)/%,$(VENV))
BIN = $(VENV)/bin
RUN = "$(BIN)/python"
export PYTHONUTF8 = 1

.DEFAULT_GOAL := help
.PHONY: help setup book serve test lab notebooks clean

help: ## list these commands
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /\1|/' | awk -F '|' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## make the virtual environment (every command below does it first)
	@"$(PYTHON)" book/author/setup.py "$(VENV)"

book: setup ## run the chapters and build the book in every language
	@$(RUN) -m author build

serve: setup ## show the built book on a local port
	@$(RUN) -m author serve

test: setup ## lint, package, tool, languages in step, notebooks, the site in a browser
	@$(RUN) -m ruff check .
	@$(RUN) -m author check
	@$(RUN) -m pytest

lab: setup ## open the chapters and the labs in JupyterLab
	@JUPYTER_CONFIG_PATH=book/jupyterlab $(RUN) -m jupyterlab --notebook-dir=. --LabApp.default_url=/lab/tree/README.md

notebooks: setup ## write the committed notebooks anew from the sources
	@$(RUN) -m author split

clean: ## remove what was built (the virtual environment stays)
	rm -rf book/_build book/ko book/en book/conf.py
