# Everything runs in a virtual environment of the project's own, in .venv.
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: explore test lint demo bench-explorer chromium clean

explore: $(VENV)/.installed  ## set up, then open the explorer on the bundled run
	@[ -z "$$DISPLAY$$WAYLAND_DISPLAY" ] || \
	  (sleep 4; $(BIN)/python -m webbrowser http://localhost:$(PORT) >/dev/null 2>&1) &
	$(BIN)/python -m streamlit run serve.py --server.port $(PORT)

test: $(VENV)/.installed-tests chromium lint  ## set up, then run every test
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.installed-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

demo: $(VENV)/.installed  ## rebuild the bundled run from nothing, training included
	$(BIN)/python -m attribution_engine demo

# Options in ARGS, such as ARGS="--quick", ARGS="--documents 1000000 --documents 5000000".
bench-explorer: $(VENV)/.installed-tests chromium  ## measure the explorer on a synthetic store
	$(BIN)/python -m tests.explorer_bench $(ARGS)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); $(call apt,python3-venv); $(PYTHON) -m venv $(VENV); }

$(VENV)/.installed: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install -q -r requirements.txt
	@touch $@

# kronfluence asks for torchvision, which it only needs for pictures: installed without it.
$(VENV)/.installed-tests: requirements-test.txt $(VENV)/.installed
	$(BIN)/python -m pip install -q -r requirements-test.txt
	$(BIN)/python -m pip install -q --no-deps kronfluence==1.0.1
	@touch $@

chromium:
	@command -v chromium >/dev/null || { echo "installing chromium for the browser tests"; $(call apt,chromium); }

clean:
	rm -rf $(VENV) data/work .pytest_cache .mypy_cache .ruff_cache

# Debian's packages, as root or through sudo; says what to do where neither is possible.
define apt
{ [ "$$(id -u)" = 0 ] && sudo= || sudo="sudo -n"; \
  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends $(1) >/dev/null \
  || { echo "cannot install $(1): run 'apt-get install $(1)' as root, then try again"; exit 1; }; }
endef
