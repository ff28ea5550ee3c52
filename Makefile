PYTHON ?= python3

.PHONY: venv demo screenshots test test-long test-clients client-table bench bench-pypi lint clean

venv: venv/.stamp

# Touched last, so that an interrupted installation starts again.
venv/.stamp: setup.py requirements-dev.txt
	rm -rf venv
	$(PYTHON) -m venv venv
	venv/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt -e .
	@touch $@

# The program and what renders descriptions, directly from these files: the demo needs nothing that the tests need.
.cache/demo/.stamp: setup.py
	rm -rf .cache/demo
	$(PYTHON) -m venv .cache/demo
	.cache/demo/bin/pip install --quiet --disable-pip-version-check -e '.[readme]'
	@touch $@

demo: .cache/demo/.stamp
	.cache/demo/bin/dumb-pypi \
		--package-list-json testing/sample-packages.jsonl \
		--packages-url https://pypi.example.com/pool/ \
		--title 'Sample packages' \
		--site-url https://pypi.example.com/ \
		--output-dir demo
	@printf '\ndemo: %d projects, %d files, %d pages\n' \
		"$$(find demo/simple -mindepth 1 -maxdepth 1 -type d | wc -l)" \
		"$$(grep -c '"filename"' demo/packages.json)" \
		"$$(find demo -type f ! -path '*/.*' | wc -l)"
	@printf '\nLook at it with\n\n    python3 -m http.server --directory %s --bind 127.0.0.1 8000\n\n' '$(CURDIR)/demo'
	@printf 'and open http://127.0.0.1:8000/\n'

# Uses the Chromium of the system. The pictures depend on the pages and on the fonts of the machine.
screenshots: venv
	venv/bin/python -m testing.screenshots docs

# What each push runs, on all cores. Nothing after pytest: its summary is the last line.
test: venv
	venv/bin/pytest --numprocesses logical --dist load --cov -m 'not clients'

# Many more random examples, walks and kills: half an hour.
test-long: venv
	LONG=1 venv/bin/pytest --numprocesses logical --dist load -m long

# Every client from pip 1.5.6 and easy_install to the newest, and servers under load; see RATIONALE.md.
test-clients: venv
	venv/bin/pytest --numprocesses logical --dist loadfile -m clients

client-table: venv
	CLIENT_TABLE=write venv/bin/pytest -m clients tests/clients/test_matrix.py

# Compares with release 1.15.0, in /dev/shm and on this disk, then the list maker with other tools. BENCH chooses one of
# the two: BENCH='--sizes 50000 --only plain' or BENCH=--pool.
bench: venv
	venv/bin/python -m testing.benchmark $(BENCH)
	$(if $(BENCH),,venv/bin/python -m testing.benchmark --pool)

# A list as large as a part of the public index: SCALE=1 means all of it.
SCALE ?= 0.25

bench-pypi: venv
	venv/bin/python -m testing.benchmark --public-index --scale $(SCALE) $(BENCH)

lint: venv
	venv/bin/ruff check dumb_pypi testing tests setup.py
	venv/bin/ruff format --check dumb_pypi testing tests setup.py
	venv/bin/mypy
	venv/bin/lint-imports --no-logo

# tox leaves a file .venv beside .tox; a directory with that name is an environment of a developer and stays.
clean:
	rm -rf venv .cache demo build dist *.egg-info
	rm -rf .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .tox
	if [ -f .venv ]; then rm .venv; fi
	find dumb_pypi testing tests -type d -name __pycache__ -prune -exec rm -rf {} +
