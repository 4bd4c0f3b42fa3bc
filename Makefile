# make restore             set up, restore the sample portraits (or PHOTO=path) into results/
# make test                set up, run the tests
# make check               style, types, layers
# make train               train the bundled model's recipe on FACES=folder, into RUN=folder; the same command resumes
# make bench               measure speed on this machine
# make docs                the lessons as notebooks, in each language, into notebooks/

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN ?= runs/gfpgan-256-compact

.PHONY: restore test check format train bench docs clean

restore: $(VENV)/samples
ifdef PHOTO
	$(BIN)/retrato restore "$(PHOTO)" -o results
else
	$(BIN)/python examples/restore_samples.py results
endif

test: $(VENV)/dev
	$(BIN)/python -m pytest -n 2

check: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

train: $(VENV)/dev
	test -n "$(FACES)" || { echo "name a folder of aligned faces: make train FACES=folder"; exit 2; }
	$(BIN)/retrato train gfpgan-256-compact --data "$(FACES)" --run "$(RUN)"

bench: $(VENV)/dev
	$(BIN)/python benchmarks/restore_photo.py

docs: $(VENV)/docs
	$(BIN)/python tools/write_notebooks.py notebooks

# One stamp for each set of extras: what is installed is what pyproject.toml and constraints.txt say now.
$(VENV)/samples $(VENV)/docs $(VENV)/dev: pyproject.toml constraints.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[$(@F)]"
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache
