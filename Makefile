# Aryz. `make help` lists what can be done here.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
DATA ?= .run/data
ENGINES := $(BIN)/python -m engines
STAMP := $(VENV)/.installed

unexport PYTHONDONTWRITEBYTECODE  # every start of a process would compile a thousand modules again

.PHONY: help install run test coverage test-unmeasured lint demo bench bench-country bench-growth bench-desk bench-analytics fast-paths slow-clients guess-timing attack-figures chaos rolling-upgrade attack-deployed fuzz train published-reports model-rollback asyncapi dashboards manifests images rehearse-deployment privacy contracts chromium clean \
  kafka kafka-cluster kafka-stop kafka-libs keycloak-dist objects-libs postgres postgres-stop up-processes

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(STAMP)  ## create .venv from the lock file

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Aryz needs Python 3.11: install it, or name it with PYTHON=…"; exit 1; }
	@echo "Installing into $(VENV); this takes a few minutes the first time."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: install  ## the whole suite on 127.0.0.1 (PORT=8000, DATA=.run/data)
	@exec $(BIN)/aryz up --port $(PORT) --data $(DATA) --demo

# Tests mostly wait, so three run at once on two cores. Those marked `alone`, which measure, have the machine to themselves afterwards.
AT_ONCE := -rs -n 3 --dist loadfile --no-loadscope-reorder -m "not alone"
ALONE := -rs -m alone tests/benchmarks tests/chaos

# Tests that run the product in their own process: what coverage is measured over. The others start processes, drive a browser or measure time.
# slipcover adds a quarter of processor time to them, coverage.py's tracer doubles it: docs/decisions/17-coverage.md has the figures.
MEASURED := tests/intake tests/routing tests/provider_contact tests/analytics tests/shared
# slipcover replaces pytest's loader of test files, which it need not do: the product alone is measured.
UNMEASURED_TEST_FILES := -W "ignore:Unable to activate pytest branch:RuntimeWarning" -W ignore::pytest.PytestAssertRewriteWarning

test: install chromium  ## every test, or pytest with ARGS="…"; lists the skipped tests; with CI set, coverage is measured and only tests about SQL run on both databases
	@$(ENGINES) kafka-libs && $(ENGINES) keycloak-dist && $(ENGINES) objects-libs || test -z "$$CI"
ifdef ARGS
	@$(BIN)/python -m pytest -rs $(ARGS)
else ifdef CI
	@$(MAKE) --no-print-directory coverage test-unmeasured
else
	@$(BIN)/python -m pytest $(AT_ONCE)
	@$(BIN)/python -m pytest $(ALONE)
endif

coverage: install  ## line and branch coverage by tests inside the process, against recorded floors
	@$(ENGINES) kafka-libs && $(ENGINES) keycloak-dist || test -z "$$CI"
	@$(BIN)/python -m slipcover -m pytest $(AT_ONCE) $(UNMEASURED_TEST_FILES) $(MEASURED)
	@$(BIN)/python -m tests.coverage_report .run/coverage.json

test-unmeasured: install chromium  ## the tests that `make coverage` leaves out
	@$(ENGINES) kafka-libs && $(ENGINES) keycloak-dist && $(ENGINES) objects-libs || test -z "$$CI"
	@$(BIN)/python -m pytest $(AT_ONCE) $(MEASURED:%=--ignore=%)
	@$(BIN)/python -m pytest $(ALONE)

lint: install  ## style, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

demo: install  ## 5000 realistic appeals through a new suite, compared with its figures (APPEALS=5000)
	@$(BIN)/aryz demo --appeals $(or $(APPEALS),5000)

bench: install kafka-libs  ## the benchmarks on their own engines, written to .run/bench.json (PARTS=accept,relay,end-to-end,consume)
	@$(BIN)/python -m tests.benchmarks.bench $(if $(PARTS),--parts $(PARTS))

bench-country: install kafka-libs  ## half a year of a country's appeals through the whole suite (APPEALS=474708 RATE=n MINUTES=40 PROFILE=1 EXTRA=routing, AGAINST=FOLDER ROUNDS=1)
	@$(BIN)/python -m tests.benchmarks.country $(if $(APPEALS),--appeals $(APPEALS)) $(if $(RATE),--rate $(RATE)) $(if $(MINUTES),--minutes $(MINUTES)) \
	  $(if $(PROFILE),--profile) $(if $(EXTRA),--extra $(EXTRA)) $(if $(AGAINST),--against $(AGAINST) --rounds $(or $(ROUNDS),1))

bench-growth: install kafka-libs  ## what an appeal costs when 10 thousand, 100 thousand and a million are stored (SIZES=10000,100000,1000000 APPEALS=15000)
	@$(BIN)/python -m tests.benchmarks.growth $(if $(SIZES),--sizes $(SIZES)) $(if $(APPEALS),--appeals $(APPEALS))

bench-desk: install  ## p95 of the desk's lists, searches and counts over a million cases, 95 % closed (CASES=1000000 ROUNDS=200)
	@$(BIN)/python -m tests.benchmarks.desk $(if $(CASES),--cases $(CASES)) $(if $(ROUNDS),--rounds $(ROUNDS))

bench-analytics: install  ## figures over 5 million facts on both engines, events consumed and rebuilt a second, exports (FACTS=5000000 ROUNDS=20 DATABASES=postgres,sqlite PARTS=figures,consume,rebuild,export)
	@$(BIN)/python -m tests.benchmarks.analytics $(if $(FACTS),--facts $(FACTS)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(DATABASES),--engines $(DATABASES)) $(if $(PARTS),--parts $(PARTS))

fast-paths: install  ## processor time of each shortcut of docs/fast-paths.md with and without it (ROUNDS=25)
	@$(BIN)/python -m tests.benchmarks.fast_paths --rounds $(or $(ROUNDS),25)

slow-clients: install  ## 500 slow connections while appeals arrive at a fixed rate (LASTING=60 RATE=50)
	@$(BIN)/python -m tests.benchmarks.slow_clients --seconds $(or $(LASTING),60) --per-second $(or $(RATE),50)

guess-timing: install  ## whether the time of a refusal reveals that a number exists (PAIRS=2000)
	@ARYZ_GUESS_PAIRS=$(or $(PAIRS),2000) $(BIN)/python -m pytest tests/benchmarks/test_guess_timing.py

attack-figures: install  ## what all public figures together say of counts below five, in random worlds (WORLDS=1000 FIRST=0)
	@ARYZ_ATTACK_WORLDS=$(or $(WORLDS),1000) ARYZ_ATTACK_FIRST=$(or $(FIRST),0) $(BIN)/python -m pytest tests/analytics/kpis/service/test_public_figures.py

chaos: install kafka-libs  ## faults on engines while appeals arrive, then kill -9 on one machine (FAULTS=50 APPEALS=10000 UPDATES=10000 SEED=n)
	@ARYZ_CHAOS_FAULTS=$(or $(FAULTS),50) ARYZ_CHAOS_APPEALS=$(or $(APPEALS),10000) ARYZ_CHAOS_SEED=$(or $(SEED),$$RANDOM) \
	  ARYZ_CHAOS_REPORT=docs/chaos.txt ARYZ_KILL_APPEALS=2000 ARYZ_BOT_UPDATES=$(or $(UPDATES),10000) $(BIN)/python -m pytest -s -rs tests/chaos

rolling-upgrade: install kafka-libs  ## every process exchanged for a later version while appeals arrive, with migrations before and after (RATE=20 appeals a second)
	@ARYZ_UPGRADE_RATE=$(or $(RATE),20) $(BIN)/python -m pytest -s -rs tests/e2e/test_processes.py -k rolling_upgrade

attack-deployed: install kafka-libs objects-libs  ## the scripted attack on processes behind the front, on secured engines (REQUESTS=10000 SECONDS=3600 SEED=n)
	@$(BIN)/python -m tests.security.deployed --requests $(or $(REQUESTS),10000) --seconds $(or $(SECONDS),3600) $(if $(SEED),--seed $(SEED))

fuzz: install  ## requests generated from the OpenAPI documents to a new suite (REQUESTS=100000 SECONDS=14400 SEED=n ARGS=--postgres)
	@$(BIN)/python -m tests.security.fuzz --requests $(or $(REQUESTS),100000) --seconds $(or $(SECONDS),14400) $(if $(SEED),--seed $(SEED)) $(ARGS)

kafka: install kafka-libs  ## one Apache Kafka broker on loopback, written to .run/engines.env
	@$(ENGINES) kafka

kafka-cluster: install kafka-libs  ## three brokers: replication 3, two in sync
	@$(ENGINES) kafka-cluster

kafka-stop: install  ## stop Kafka and delete its data
	@$(ENGINES) stop-kafka

kafka-libs: install
	@$(ENGINES) kafka-libs

keycloak-dist: install
	@$(ENGINES) keycloak-dist

objects-libs: install
	@$(ENGINES) objects-libs

postgres: install  ## a private PostgreSQL server on loopback, written to .run/engines.env
	@$(ENGINES) postgres

postgres-stop: install  ## stop PostgreSQL and delete its data
	@$(ENGINES) stop-postgres

up-processes: install kafka postgres  ## an api and a worker process per service, on Kafka and PostgreSQL
	@set -a; . .run/engines.env; set +a; exec $(BIN)/python -m suite.processes --port $(PORT) --data $(DATA) --demo

train: install  ## train the detectors and the classifier from services/routing/training/texts, and promote each if no slice is worse
	@export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1; refused=0; \
	$(BIN)/python -m training.detectors || refused=1; $(BIN)/python -m training || refused=1; exit $$refused

recall: install  ## measure how often the right article is offered, and write it into docs/operations/articles.md
	@cd services/intake && ../../$(BIN)/python -m topic_training.recall

published-reports: install  ## import what the Fund published (478 224 appeals) into a new suite, and compare the reports with it
	@$(BIN)/python -m tests.benchmarks.published_reports

model-rollback: install  ## return to the model of the classifier before the current one
	@$(BIN)/aryz model rollback

asyncapi: install  ## write deploy/asyncapi.yaml from the registry of events
	@$(BIN)/python -m shared.contracts.asyncapi > deploy/asyncapi.yaml

dashboards: install  ## write deploy/monitoring/dashboards from deploy/monitoring/dashboards.py
	@$(BIN)/python -m monitoring.dashboards

manifests: install  ## write deploy/kubernetes/rendered with kustomize (or Go, which fetches it)
	@$(BIN)/python deploy/kubernetes/render.py

images: install  ## build the images with buildah, on Debian packages, as root (SERVICES="intake routing", START=1 starts each, DOCKER=1 gives them to Docker)
	@$(BIN)/python -m images.build $(SERVICES) $(if $(START),--start) $(if $(DOCKER),--docker)

rehearse-deployment: images  ## the Compose commands of docs/operations/deploying.md with a Docker of its own, as root (KEEP=1 leaves its images for the next time)
	@$(BIN)/python -m rehearsal $(if $(KEEP),--keep)

privacy: install  ## write docs/privacy.md from the registry of personal data
	@$(BIN)/python -m shared.privacy > docs/privacy.md

contracts: install  ## check deploy/asyncapi.yaml and the OpenAPI documents, and compile clients generated from them (needs Node, Java and Maven)
	@tests/contracts/parse_asyncapi.sh
	@tests/contracts/check_openapi.sh

chromium:
	@command -v chromium-headless-shell >/dev/null 2>&1 || command -v chromium >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing Chromium for the page tests"; apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium-headless-shell fonts-noto-core >/dev/null; \
	  else echo "no Chromium: the page tests are left out (Debian: apt-get install chromium-headless-shell)"; fi; }

clean:  ## delete local data and caches after stopping the engines
	@test ! -d .run/engines || { $(ENGINES) stop-kafka && $(ENGINES) stop-postgres; }
	@rm -rf .run .pytest_cache .mypy_cache .ruff_cache .hypothesis
