.DEFAULT_GOAL := help
PYTHON := .venv/bin/python

.PHONY: help setup demo test slowest lint crd failures chart metrics rights cli schemas docs lock images version package package-check bench mutants chaos clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make .venv with the locked dependencies
	@scripts/setup

demo: setup ## Run the whole path on this machine: a queued recording becomes a SOP
	@$(PYTHON) -m devstack demo

test: ## Set everything up, then run every check and every test
	@scripts/test

slowest: setup ## Write docs/slowest-tests.md from the last run of make test
	@$(PYTHON) -m tests.slowest > .test-results/slowest-tests.md && mv .test-results/slowest-tests.md docs/slowest-tests.md

lint: setup ## Lint, types, layers
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

crd: setup ## Write crds/videojob.yaml anew from the models
	@$(PYTHON) -m runops.crd > crds/videojob.yaml

failures: setup ## Write docs/failures.md anew from the reason table
	@$(PYTHON) -m runops.failures_page > docs/failures.md

metrics: setup ## Write docs/metrics.md anew from the operator's metrics
	@$(PYTHON) -m runops_operator.observability.metrics_page > docs/metrics.md

cli: setup ## Write docs/cli-reference.md anew from the commands
	@$(PYTHON) -m tests.cli.reference_page > docs/cli-reference.md

rights: setup ## Write docs/rights.md anew from the golden file of rights
	@$(PYTHON) -m tests.chart.rights_page > docs/rights.md

schemas: setup ## Write docs/schemas anew from the models of transcript, SOP and evidence
	@$(PYTHON) -m tests.schemas.published

chart: setup ## Write the chart's README.md and schema anew from its values
	@$(PYTHON) -m tests.chart.generated

docs: setup ## Build the documentation as a site in dist/docs
	@$(PYTHON) -m docs_site

lock: setup ## Write the lock files anew
	@scripts/lock

images: setup ## Build both images
	@$(PYTHON) -m devstack images build

version: setup ## Write pyproject.toml's version into the chart
	@$(PYTHON) -m release version

package: setup ## Fill dist/ with chart, images, bills of materials and checksums of this commit
	@$(PYTHON) -m release package

package-check: setup ## Make the release in two clones and compare every byte
	@$(PYTHON) -m release check

mutants: setup ## Change the decision code in thousands of small ways; fails on a change that no test notices (ONLY=planning/)
	@$(PYTHON) -m tests.mutation $(ONLY)

bench: setup ## Run the benchmarks and print their table
	@$(PYTHON) -m benchmarks

chaos: setup ## Kill, cut off and crowd everything, and print what became of the rows
	@$(PYTHON) -m tests.chaos

clean: ## Stop everything that runs on this machine for development
	@$(PYTHON) -m devstack demo --down
	@$(PYTHON) -m devstack cluster down --all
	@$(PYTHON) -m devstack down
