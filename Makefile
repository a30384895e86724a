# Thin: each target is one line of the real command. `python3 build.py --help` tells the rest.
PYTHON ?= python3

.PHONY: build serve test lint bench precompute check clean
build:
	$(PYTHON) build.py
serve:
	$(PYTHON) build.py serve
test:
	$(PYTHON) build.py test
lint:
	$(PYTHON) build.py lint
bench:
	$(PYTHON) build.py bench
precompute:
	$(PYTHON) build.py precompute
check:
	$(PYTHON) build.py check
clean:
	$(PYTHON) build.py clean
