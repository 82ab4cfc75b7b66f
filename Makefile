# Footnote: `make help` lists the commands. Each one installs what it needs first.

VENV := .venv
BIN := $(VENV)/bin
FOOTNOTE := $(BIN)/footnote
ORIGINALS := ../shared/seeds

.DEFAULT_GOAL := help
.PHONY: help chat ask eval test check lint types fast real quality gate format clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.ready: pyproject.toml constraints.txt .ci/setup
	@.ci/setup $(VENV)
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	@.ci/setup $(VENV) dev
	@touch $@

chat: $(VENV)/.ready ## open the page on 127.0.0.1:7860; everything is installed first
	@$(FOOTNOTE) serve

ask: $(VENV)/.ready ## ask one question: make ask Q="Who led the delegation?"
	@test -n "$$Q" || { echo 'footnote: give the question: make ask Q="Who led the delegation?"' >&2; exit 2; }
	@$(FOOTNOTE) ask -- "$$Q"
export Q

eval: $(VENV)/.ready ## run the evaluation on the bundled articles and print its table
	@$(FOOTNOTE) eval

test: check real gate ## everything: format, lint, types, tests, real models, evaluation gate

check: lint types fast ## the fast part of test

lint: $(VENV)/.ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.ready-dev
	$(BIN)/mypy

fast: $(VENV)/.ready-dev
	$(BIN)/pytest -q -m "not real and not browser"

real: $(VENV)/.ready-dev
	$(BIN)/footnote models pull
	$(BIN)/footnote models pull smollm2-135m-instruct
	$(BIN)/pytest -q -m "real or browser"

quality: $(VENV)/.ready ## write docs/quality.md from the reports in reports/
	@$(BIN)/python -m benchmarks.collate

gate: $(VENV)/.ready-dev
	$(FOOTNOTE) eval run --split report --strict --fresh
	@if [ -d $(ORIGINALS) ]; then \
		echo "$(FOOTNOTE) eval run --split report --strict --fresh --corpus $(ORIGINALS)"; \
		$(FOOTNOTE) eval run --split report --strict --fresh --corpus $(ORIGINALS); \
	fi

format: $(VENV)/.ready-dev ## put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove the virtual environment and the reports; models and indexes stay
	rm -rf $(VENV) reports
