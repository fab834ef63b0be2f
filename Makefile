# The commands of the Risk Lakehouse. Each target is one line of help; what a run does stands in `risklake` (spark_jobs/cli.py).
.NOTPARALLEL:
.DEFAULT_GOAL := help

SOURCE ?= sample
ENGINE ?= auto
BIN := .venv/bin
RUN := $(BIN)/risklake
IVY := $(or $(RISK_LAKE_IVY),build/ivy)
PYTEST := $(BIN)/python -m pytest
# Two test processes, each with a Spark of one core: planning, which most tests are made of, uses one core anyway.
# Files stay together (tests/conftest.py) and the longest come first.
PARALLEL = --numprocesses 2 --dist loadfile --no-loadscope-reorder
COMPILE = $(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
ETL_EXTRAS := --extra spark --extra quality --extra report --extra query --extra train --extra demand
DASHBOARD_EXTRAS := --extra query --extra report --extra services --extra aws
GLUE_EXTRAS := --extra quality --extra report --extra train --extra demand --extra aws
DEMAND_MONITOR_EXTRAS := --extra embedded --extra report --extra demand --extra lambda
BENCHES = $(or $(BENCH),$(filter-out __init__,$(basename $(notdir $(wildcard benchmarks/*.py)))))
TERRAFORM_FMT = command -v terraform >/dev/null || { echo 'terraform is not installed: its files were passed over'; exit 0; }; terraform fmt
TERRAFORM_ENV = terraform -chdir='terraform/envs/$(ENV)'
LAKE_OPTION = $(if $(LAKE),--lake '$(LAKE)')

# Checks end make with one line; `$(error)` prints nothing else. They are expanded only when a recipe asks.
python_311 = $(shell for name in '$(PYTHON)' python3.11 python3; do \
	"$$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo "$$name" && break; done)
need_python = $(if $(python_311),,$(error Python 3.11 with venv is needed and was not found: install it (Debian: apt-get install python3.11 python3.11-venv) or name it, make PYTHON=/path/to/python3.11))
need_terraform = $(if $(shell command -v terraform),,$(error Terraform 1.11 or newer is needed and was not found: install it from your package source))
need_environment = $(if $(ENV),$(if $(wildcard terraform/envs/$(ENV)/versions.tf),,$(error terraform/envs/$(ENV) is not there: ENV is one of $(notdir $(wildcard terraform/envs/*)))),$(error ENV is empty: make deploy ENV=dev))
need_backend = $(if $(wildcard terraform/envs/$(ENV)/backend.hcl),,$(error terraform/envs/$(ENV)/backend.hcl is not there: terraform/bootstrap prints it))
java_version = $(shell $(if $(JAVA_HOME),'$(JAVA_HOME)/bin/java',java) -version 2>&1 | sed -n 's/.* version "\([^"]*\)".*/\1/p')
need_java = $(if $(filter 17 17.%,$(java_version)),,$(error Java 17 is needed, found $(or $(java_version),none): install it (Debian: apt-get install openjdk-17-jre-headless) or point JAVA_HOME to one))

##@ Run
.PHONY: help setup jars run-etl query maintain report docs dashboard demo-demand picture
help: ## Show this help.
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run-etl: $(if $(filter duckdb,$(ENGINE)),,java) .venv/.etl $(if $(filter duckdb,$(ENGINE)),,jars) ## Run landing to report: SOURCE=sample|shop|berka|online_retail|csv ENGINE=auto|spark|duckdb DATA=dir LAKE=dir SCALE=n SEED=n ARGS="more options".
	@$(RUN) run --source '$(SOURCE)' --engine '$(ENGINE)' $(if $(DATA),--data '$(DATA)') $(LAKE_OPTION) \
		$(if $(SCALE),--scale '$(SCALE)') $(if $(SEED),--seed '$(SEED)') $(ARGS)

query: .venv/.etl ## Ask gold tables and views without a JVM: SQL="select ..." LAKE=dir ARGS="--format csv".
	@$(if $(value SQL),,$(error SQL is empty: make query SQL="select * from gold.loan_summary limit 5"))$(RUN) query "$$SQL" $(LAKE_OPTION) $(ARGS)

maintain: .venv/.etl ## Join small files and remove old ones, for lakes that run every day: LAKE=dir ARGS="--retention-days 7".
	@$(RUN) maintain $(LAKE_OPTION) $(ARGS)

report: .venv/.etl ## Write the report of the last run again, build/report/index.html: LAKE=dir.
	@$(RUN) report $(LAKE_OPTION) $(ARGS)

dashboard: .venv/.dashboard ## Serve the dashboard of a lake at localhost: LAKE=dir PORT=8501 ARGS="--stale-after-days 0".
	@$(BIN)/python -m services.dashboard $(LAKE_OPTION) $(if $(PORT),--port '$(PORT)') $(ARGS)

demo-demand: .venv/.dashboard ## From a shop's invoices to the open dashboard, without a JVM: DATA=dir for real ones, LAKE=dir PORT=8501.
	@$(RUN) demand demo $(if $(DATA),--data '$(DATA)') $(LAKE_OPTION) $(if $(PORT),--port '$(PORT)')

picture: .venv/.dev ## Take the picture of the dashboard, docs/images/dashboard.png: LAKE=dir, the tests' lake without one.
	@$(BIN)/python -m tests.integration.dashboard_picture $(LAKE_OPTION)

docs: .venv/.etl ## Write the data dictionary out of the contracts.
	@$(RUN) docs $(ARGS)

setup: .venv/.etl ## Create .venv with what a run needs, from hash-checked locks.

jars: java .venv/.etl $(IVY)/.fetched ## Fetch Spark's Delta jars once into build/ivy; everything is offline afterwards.

##@ Check
.PHONY: test test-suite test-unit test-faults test-athena lint format bench bench-full eval-demand
test: test-suite test-aws ## Run every test but the slow proofs: the suite, then the AWS side.

test-suite: java .venv/.dev jars ## Run unit tests, transforms on both engines, Spark, SQL and integration (twenty minutes): ARGS="-k name".
	@RISK_LAKE_TEST_CORES=1 $(PYTEST) $(PARALLEL) $(wildcard tests/spark tests/unit/incremental tests/unit tests/transforms tests/sql tests/integration) $(ARGS)

test-unit: .venv/.dev ## Run the tests that need no JVM, every transform on the embedded engine among them.
	@$(PYTEST) $(PARALLEL) -m 'not spark' tests/unit tests/transforms $(ARGS)

test-faults: java .venv/.dev jars ## Prove that killed, broken and hostile runs lose nothing (minutes).
	@$(PYTEST) tests/faults $(ARGS)

test-athena: java .venv/.dev jars ## Compare every view on a real Trino with DuckDB; skips without a JDK 24 or newer.
	@$(PYTEST) tests/athena $(ARGS)

lint: .venv/.dev ## Check style, types, SQL, layers and Terraform formatting.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	$(if $(wildcard sql/views/*.sql),@$(BIN)/sqlfluff lint sql)
	@$(TERRAFORM_FMT) -check -recursive terraform

format: .venv/.dev ## Rewrite Python, SQL and Terraform files in the house style.
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	$(if $(wildcard sql/views/*.sql),@$(BIN)/sqlfluff fix sql)
	@$(TERRAFORM_FMT) -recursive terraform

bench: java .venv/.dev jars ## Run every benchmark at a small size into build/bench (minutes): BENCH=name for one of benchmarks/.
	@for name in $(BENCHES); do $(BIN)/python -m "benchmarks.$$name" --quick $(ARGS) || exit; done

bench-full: java .venv/.dev jars ## Measure what the README claims, at its sizes, into benchmarks/results (hours): BENCH=name ARGS="--runs 1".
	@for name in $(BENCHES); do $(BIN)/python -m "benchmarks.$$name" $(ARGS) || exit; done

eval-demand: .venv/.dev ## Measure how well the demand monitor detects and forecasts, and how fast, on labelled and real data (a quarter of an hour): DATA=dir ARGS="--parts nab".
	@$(BIN)/python -m benchmarks.demand_quality $(if $(DATA),--data '$(DATA)') $(ARGS)

##@ AWS
.PHONY: deploy cost scale test-aws checkov aws-local-up aws-local-down
deploy: ## Plan and apply terraform/envs/ENV in your account, after a question: ENV=dev, AUTO=1 asks nothing.
	@$(need_terraform)$(need_environment)$(need_backend)$(TERRAFORM_ENV) init -input=false -backend-config=backend.hcl $(if $(TF_PLUGIN_DIR),-plugin-dir='$(TF_PLUGIN_DIR)')
	@$(MAKE) --no-print-directory glue-wheels alert-zip
	@$(TERRAFORM_ENV) plan -input=false -out=deploy.tfplan
	@$(if $(AUTO),,printf 'apply this to %s? [y/N] ' '$(ENV)'; read -r answer; [ "$$answer" = y ] || { echo 'nothing was applied'; exit 1; };) \
		$(TERRAFORM_ENV) apply -input=false deploy.tfplan
	@rm -f 'terraform/envs/$(ENV)/deploy.tfplan'

cost: .venv/.etl ## Estimate what each environment costs in a month: ENV=dev_idle for one.
	@$(BIN)/python -m deploy.cost $(ENV)

scale: .venv/.etl ## Write the tables of docs/scale.md again from measurements and prices.
	@$(BIN)/python -m deploy.scale

test-aws: java .venv/.dev jars ## Prove the AWS side without an account: Terraform, the jobs on an applied stack, rights, checkov (minutes).
	@$(RUN) jars --s3
	@$(PYTEST) $(PARALLEL) tests/aws $(ARGS)
	@$(MAKE) --no-print-directory checkov

checkov: ## Scan Terraform's files with checkov, in an environment of its own; skips where it cannot be had.
	@$(if $(wildcard .venv/bin/python),.venv/bin/python,python3) requirements/checkov.py

aws-local-up: .venv/.dev ## Start a server in the place of AWS and apply terraform/envs/local to it: PORT=number.
	@PORT='$(PORT)' $(BIN)/python -m tests.aws.support.local_stack up

aws-local-down: .venv/.dev ## Destroy what aws-local-up has made, and end its server.
	@$(BIN)/python -m tests.aws.support.local_stack down

##@ Build
.PHONY: wheel glue-wheels alert-zip lock clean clean-all
wheel: .venv/.dev ## Build dist/*.whl with contracts and views inside, the file AWS Glue gets.
	@$(BIN)/hatchling build --target wheel

glue-wheels: .venv/.dev ## Build dist/*.gluewheels.zip, the wheel with all it needs on AWS Glue (233 MB).
	@$(BIN)/python requirements/glue_wheels.py

alert-zip: .venv/.dev ## Build build/alerting.zip, the alert function that Terraform uploads.
	@$(BIN)/python -m services.alerting.bundle build/alerting.zip

lock: .venv/.dev ## Resolve pyproject.toml again into requirements/*.lock, hashes and no addresses.
	@$(COMPILE) requirements/bootstrap.in --output-file requirements/bootstrap.lock
	@$(COMPILE) pyproject.toml --all-extras --constraints requirements/bootstrap.lock --output-file requirements/dev.lock
	@$(COMPILE) pyproject.toml $(ETL_EXTRAS) --constraints requirements/dev.lock --output-file requirements/etl.lock
	@$(COMPILE) pyproject.toml $(GLUE_EXTRAS) --constraints requirements/dev.lock --output-file requirements/glue.lock
	@$(COMPILE) pyproject.toml $(DASHBOARD_EXTRAS) --constraints requirements/dev.lock --output-file requirements/dashboard.lock
	@$(COMPILE) pyproject.toml $(DEMAND_MONITOR_EXTRAS) --constraints requirements/dev.lock --output-file requirements/demand_monitor.lock
	@$(COMPILE) requirements/checkov.in --output-file requirements/checkov.lock
	@! grep -n '://' requirements/*.lock

clean: ## Remove what runs and tools made; the environment, the jars and the code stay.
	@find build -mindepth 1 -maxdepth 1 ! -name ivy -exec rm -rf {} + 2>/dev/null || true
	@rm -rf dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis spark-warehouse metastore_db derby.log

clean-all: clean ## Remove the environment and the jars as well.
	@rm -rf .venv build

.PHONY: java
java:
	@$(need_java):

# dev.lock holds all of the others: an environment with it serves every target and is never cut down again, nor is one
# with what serves pages, which few want and which comes when it is asked for.
.venv/.etl: requirements/bootstrap.lock requirements/etl.lock requirements/install.py pyproject.toml
	@$(need_python)$(python_311) requirements/install.py $(if $(wildcard .venv/.dev),dev,etl $(if $(wildcard .venv/.dashboard),dashboard))
	@touch $@

.venv/.dashboard: requirements/bootstrap.lock requirements/etl.lock requirements/dashboard.lock requirements/install.py pyproject.toml
	@$(need_python)$(python_311) requirements/install.py $(if $(wildcard .venv/.dev),dev,etl dashboard)
	@touch .venv/.etl $@

.venv/.dev: requirements/bootstrap.lock requirements/dev.lock requirements/install.py pyproject.toml
	@$(need_python)$(python_311) requirements/install.py dev
	@touch .venv/.etl .venv/.dashboard $@

$(IVY)/.fetched: | .venv/.etl
	@$(RUN) jars
	@touch $@

export SQL
