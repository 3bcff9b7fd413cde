# Everything sets itself up: Python 3.11 or newer and make are all that a machine needs.
# A step that is done leaves a stamp in .venv, so a second run starts at once.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
INSTALLER := $(VENV)/.installer
# The installer is the pinned uv; make UV=/path/to/uv takes that one.
UV :=
PINNED_UV := .ci/uv.sha256
# The first interpreter that is new enough; make PYTHON=/path/to/python says otherwise.
PYTHON = $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
N ?= 20000
LITE ?= 1
K ?= 300

export UV_PROJECT_ENVIRONMENT := $(VENV)
# The machine's own certificates, where it has some: behind a company's proxy no others will do.
export UV_SYSTEM_CERTS := $(if $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem \
	/etc/pki/tls/certs/ca-bundle.crt),true,false)
export NO_MKDOCS_2_WARNING := 1
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH

##@ Start here
.PHONY: help
help: ## Say what can be made
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/.core ## Cancel payments of every wallet on the sandbox gateway, and show the verdicts
	@$(BIN)/qftools demo

.PHONY: lab
lab: $(VENV)/.full ## Open the lessons in JupyterLab
	@$(BIN)/jupyter lab --ServerApp.root_dir=notebooks $(if $(filter 0,$(shell id -u)),--allow-root) \
		--LabApp.news_url=None --LabApp.default_url=/lab/tree/index.ipynb

.PHONY: docs-serve
docs-serve: $(VENV)/.full ## Read the site on this machine; pages follow the files
	@$(BIN)/mkdocs serve

##@ Work on it
.PHONY: setup
setup: $(VENV)/.full ## Install everything into .venv, in the locked versions

.PHONY: test
test: $(VENV)/.full ## Lint, types, tests, doctests, notebooks, site; says what was left out
	@$(BIN)/python -m tests.tools.run

.PHONY: lint
lint: $(VENV)/.full ## Lint, format and types only
	@$(BIN)/python -m tests.tools.run lint

.PHONY: format
format: $(VENV)/.full ## Put code into the project's format
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format --quiet

.PHONY: docs
docs: $(VENV)/.full ## Build the site into site/, strictly (LITE=0: without the lessons in the browser)
	@$(BIN)/mkdocs build --strict
	@test "$(LITE)" = 0 || $(BIN)/python -m docs._site.browser site
	@echo "site/ is built"

.PHONY: docs-zensical
docs-zensical: $(VENV)/.full ## Build the same pages with a second builder, too, and count what differs (STRICT=1: fail then)
	@$(BIN)/mkdocs build --strict --site-dir .make/mkdocs
	@$(BIN)/python -m docs._site.second
	@$(BIN)/python -m docs._site.differences .make/mkdocs .make/zensical --each $(if $(STRICT),--strict)

.PHONY: dist
dist: $(VENV)/.full ## Build what a release is: wheel, source, and the list of all it needs (SBOM) in dist/
	@rm -rf dist
	@$(BIN)/uv build --quiet
	@$(BIN)/uv export --quiet --locked --no-default-groups --all-extras --format cyclonedx1.5 \
		--preview-features sbom-export --output-file "$$(ls dist/*.whl | sed 's/-py3-none-any.whl/.cdx.json/')" > dist/.shown
	@rm dist/.shown && ls dist

.PHONY: screenshots
screenshots: $(VENV)/.full ## Take pictures of every page, to look at
	@$(BIN)/python -m tests.tools.screenshots

.PHONY: prove
prove: $(VENV)/.full ## Play N random schedules of cancels, holds and refunds on two gateways, compare with their books (make prove N=100000)
	@$(BIN)/python -m tests.prove $(N)

.PHONY: kills
kills: $(VENV)/.full ## Kill K processes that cancel, release or refund (kill -9), resume, compare with the books
	@$(BIN)/python -m tests.prove.kills $(K)

.PHONY: sweep
sweep: $(VENV)/.full ## Sweep N orders with the published limits on, interrupted three times
	@$(BIN)/python -m tests.prove.sweep $(N)

.PHONY: fuzz
fuzz: $(VENV)/.full ## Let N hostile inputs in; none may fail, cost too much or show a secret (make fuzz N=20000)
	@$(BIN)/python -m tests.fuzz $(N)

.PHONY: mutants
mutants: $(VENV)/.full ## Plant faults in the code that decides about money; a test must notice each
	@$(BIN)/python -m tests.mutants

.PHONY: properties
properties: $(VENV)/.full ## Run the property tests with N examples each
	@EXAMPLES=$(N) $(BIN)/pytest -m hypothesis --hypothesis-profile=prove tests

.PHONY: bench-diagnosis
bench-diagnosis: $(VENV)/.full ## Break thousands of requests, count how often explain names the cause, and write the results
	@$(BIN)/python -m tests.bench.diagnosis

.PHONY: bench bench-quick
bench: $(VENV)/.full ## Measure speed side by side with peers, and write the site's results
	@$(BIN)/python -m tests.bench
bench-quick: $(VENV)/.full ## The same without peers, in less than two minutes
	@$(BIN)/python -m tests.bench --quick

.PHONY: texts
texts: $(VENV)/.full ## Collect the texts of panels and command line, and compile the Chinese
	@$(BIN)/python -m tests.tools.texts

.PHONY: notebooks
notebooks: $(VENV)/.full ## Run every lesson and save it with its output
	@$(BIN)/python -m tests.tools.notebooks

.PHONY: lock
lock: $(INSTALLER) ## Move uv.lock to what pyproject.toml asks for
	@$(BIN)/uv lock

.PHONY: clean
clean: ## Remove all that make has made
	rm -rf $(VENV) .make site dist lite screenshots node_modules \
		.mypy_cache .pytest_cache .ruff_cache .hypothesis
	find docs/*/notebooks docs/*/wallets -name "*.md" ! -name index.md -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What the targets above stand on.
$(INSTALLER): .ci/bootstrap.py $(PINNED_UV)
	@test -n "$(PYTHON)" || { echo "qftools needs Python 3.11 or newer: install it, or say make PYTHON=/path/to/python"; exit 1; }
	@echo "Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv --without-pip $(VENV)
	@$(if $(UV),cp "$$(command -v "$(UV)" || echo "$(UV)")" $(BIN)/uv,$(BIN)/python .ci/bootstrap.py $(PINNED_UV) $(BIN)/uv)
	@touch $@

# --inexact leaves in place what `make setup` may have installed already.
$(VENV)/.core: $(INSTALLER) pyproject.toml uv.lock
	@$(BIN)/uv sync --quiet --locked --inexact --no-default-groups
	@touch $@

$(VENV)/.full: $(INSTALLER) pyproject.toml uv.lock
	@echo "Installing the locked versions"
	@$(BIN)/uv sync --quiet --locked --all-extras
	@touch $(VENV)/.core $@
