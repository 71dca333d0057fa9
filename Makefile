PYTHON ?= python3
BIN := .venv/bin
PACKAGES := .venv/packages
READY := .venv/ready
export PYTHONDONTWRITEBYTECODE =
.PHONY: help run vision text timeseries devices compress test test-full bench bench-nets bench-defaults compare answers docs lint clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(READY) ## Bird strikes: raw CSV to a verified int8 model in saved_models/birds_mlp (about 2 minutes).
	$(BIN)/python -m pipelines run birds_mlp

vision: $(READY) ## Clothes and emoji: pictures to two verified int8 models (about 4 minutes).
	$(BIN)/python -m pipelines run fashion_cnn
	$(BIN)/python -m pipelines run emoji_cnn

text: $(READY) ## Remarks on bird strikes: texts to a verified int8 model that tokenizes them (about 2 minutes).
	$(BIN)/python -m pipelines run remarks_cnn

timeseries: $(READY) ## Glucose an hour ahead, the weather a day ahead: two verified int8 forecasts (about a minute).
	$(BIN)/python -m pipelines run glucose_mlp
	$(BIN)/python -m pipelines run weather_linear

devices: $(READY) ## Every kind of net on every runtime, and on a Cortex-M4 against TFLM (TFLM=, CMSIS_NN=): two tables (about 25 minutes).
	$(BIN)/python -m tests.bench_devices
	$(BIN)/python -m tests.bench_c

compress: $(READY) ## What each way of making a model smaller costs and brings: saved_models/fashion_cnn_small.
	test -e saved_models/fashion_cnn/report.json || $(BIN)/python -m pipelines run fashion_cnn
	$(BIN)/python -m pipelines compress saved_models/fashion_cnn

test: $(READY) ## Run the tests, two at a time (about 15 minutes).
	$(BIN)/python -m pytest -m "not full" -n 2 --dist worksteal

test-full: $(READY) ## The long proofs: every set against its peers, the whole of Fashion-MNIST (about three hours).
	$(BIN)/python -m pytest -m full

bench: $(READY) ## Pairs measured in turns, ours and another way: saved_models/bench.json, .png (about 20 minutes).
	test -e saved_models/birds_mlp/report.json || $(BIN)/python -m pipelines run birds_mlp
	$(BIN)/python -m tests.bench

bench-nets: $(READY) ## Every family of nets on texts and series, 200,000 files of pictures: tables (about an hour).
	$(BIN)/python -m tests.bench_text
	$(BIN)/python -m tests.bench_series
	$(BIN)/python -m tests.bench_pictures

bench-defaults: $(READY) ## One command with no knob turned on 29 sets, next to plain peers (hours).
	$(BIN)/python -m tests.bench_defaults

compare: $(READY) ## Imputers, balancers, losses, ensembles and plain pipelines on birds, credit and storms, on the same folds (about an hour).
	$(BIN)/python -m tests.bench_imputers --most-rows 2000 --folds 3
	$(BIN)/python -m tests.bench_compare

answers: $(READY) ## Run the experiments of the questions of deep learning: docs/answers/index.html (about 30 minutes).
	$(BIN)/python -m pipelines answer all --page docs/answers/index.html

docs: $(READY) ## Write docs/reference/ from the specs.
	$(BIN)/python docs/make_reference.py

lint: $(READY) ## Check the layout, the style and the types of the contracts.
	$(BIN)/ruff format --check pipelines tests docs
	$(BIN)/ruff check pipelines tests docs
	$(BIN)/python -m mypy

clean: ## Remove the environment and every bundle.
	rm -rf .venv build *.egg-info saved_models/*/

# Without compiled files of modules that nothing imports: those that are imported leave theirs.
$(PACKAGES): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[test]'
	touch $(PACKAGES)

$(READY): $(PACKAGES)
	! command -v npm > /dev/null || npm install --silent --no-audit --no-fund --prefix .venv @litertjs/core@2.5.3 || echo "no LiteRT.js: web pages cannot be made"
	touch $(READY)
