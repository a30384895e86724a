# Thin: each target is one line of the real command. `python3 build.py --help` tells the rest.
# make serve PORT=8000, make test TORCH=1 ARGS="tests/maths -x"
PYTHON ?= python3
export PORT TORCH

.PHONY: build serve test lint bench precompute check clean
build:
	$(PYTHON) build.py
serve:
	$(PYTHON) build.py serve
test:
	$(PYTHON) build.py test $(ARGS)
lint:
	$(PYTHON) build.py lint
bench:
	$(PYTHON) build.py bench $(ARGS)
precompute:
	$(PYTHON) build.py precompute $(ARGS)
check:
	$(PYTHON) build.py check
clean:
	$(PYTHON) build.py clean
