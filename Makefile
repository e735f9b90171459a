# The two commands that matter are `make demo` and `make test`; `make help` lists the rest.

PYTHON := .venv/bin/python
CARGO_TEST := cargo test --quiet
EMULATOR := target/debug/frontegg-emulator
export FRONTEGG_EMULATOR := $(CURDIR)/$(EMULATOR)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test lint soak fuzz fleet generate bench dist clean \
	test-rust test-c test-python test-node test-examples test-conformance \
	tools rust c c-testing python node drivers

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

# Builds what tests need beside: a clock that can be moved, and faults on purpose. No release has it.
TESTING := FRONTEGG_TESTING=1

# --- what the targets below build on ---------------------------------------------------

tools:
	@bash .ci/tools

rust: tools
	cargo build -p frontegg-emulator -p frontegg-example

# Headers and libraries, laid out as they are installed on a system.
c: tools
	FRONTEGG_TESTING=0 cargo build -p frontegg-token-ffi
	$(MAKE) --silent -C ffi-c install PREFIX=$(CURDIR)/build/c BUILT=../target/debug

# The same with a clock that can be moved, for the drivers alone; in a folder of its own, so that
# it is never taken for the other.
c-testing: tools
	$(TESTING) cargo build -p frontegg-token-ffi --target-dir target/testing
	$(MAKE) --silent -C ffi-c install PREFIX=$(CURDIR)/build/c-testing \
		BUILT=../target/testing/debug

.venv/installed: py/requirements-dev.txt
	python3 -m venv .venv
	$(PYTHON) -m pip install --quiet --requirement py/requirements-dev.txt
	touch $@

# The package is installed as a user would: from its wheel.
python: tools .venv/installed
	rm -rf build/wheel
	$(TESTING) .venv/bin/maturin build --manifest-path py/Cargo.toml --profile dev --interpreter $(PYTHON) --out build/wheel
	$(PYTHON) -m pip install --quiet --force-reinstall --no-deps build/wheel/*.whl

node/node_modules/installed: node/package-lock.json
	cd node && npm ci --no-audit --no-fund --loglevel=error
	touch $@

# Examples and drivers find the package where Node looks for it.
node: tools node/node_modules/installed
	cd node && npm run --silent build
	mkdir -p node_modules && ln -sfn ../node node_modules/frontegg-token

# --- the two commands ------------------------------------------------------------------

demo: rust c python node ## run the examples against the emulator, over HTTPS
	python3 examples/run.py

test: rust c python node test-rust test-c test-python test-node test-examples test-conformance ## run every test
	@echo "all tests passed"

test-rust: tools
	$(TESTING) $(CARGO_TEST) -p frontegg-token -p frontegg-emulator -p frontegg-conformance $(WITH_REDIS)
	[ "$$(id -u)" != 0 ] || $(TESTING) $(CARGO_TEST) -p frontegg-token $(WITH_REDIS) --test privileged -- --ignored
	$(MODEL_TEST)

# A feature that the core does not have by default.
WITH_REDIS := --features frontegg-token/redis

# The token source, and what it does at a store, under a model checker.
MODEL_TEST := FRONTEGG_MODEL=1 $(CARGO_TEST) -p frontegg-token --lib model::

test-c: tools
	$(CARGO_TEST) -p frontegg-token-ffi

test-python: rust python
	$(PYTHON) -m pytest -q py

test-node: rust node
	cd node && npm test --silent --ignore-scripts

test-examples: demo

# How a driver is built with the installed C library.
C_FLAGS := -O1 -g -Wall -Wextra -Ibuild/c-testing/include
C_LIBS := -Lbuild/c-testing/lib -Wl,-rpath,$(CURDIR)/build/c-testing/lib -lfrontegg_token -pthread

drivers: c-testing
	mkdir -p build/drivers
	cc $(C_FLAGS) conformance/drivers/c/*.c -o build/drivers/c $(C_LIBS) -lcjson
	c++ -std=c++17 $(C_FLAGS) conformance/drivers/cpp/driver.cpp -o build/drivers/cpp $(C_LIBS)

test-conformance: drivers python node
	$(TESTING) cargo build -p frontegg-conformance
	target/debug/frontegg-conformance \
		--driver rust=target/debug/conformance-driver-rust \
		--driver c=build/drivers/c \
		--driver c++=build/drivers/cpp \
		--driver python='$(PYTHON) conformance/drivers/python/driver.py' \
		--driver asyncio='$(PYTHON) conformance/drivers/python/driver.py --async' \
		--driver node='node conformance/drivers/node/driver.mjs'
	$(CAMPAIGN) --kills 1

# Processes that share a store are started together, killed and stopped.
CAMPAIGN := target/debug/frontegg-campaign \
	--driver rust=target/debug/conformance-driver-rust \
	--driver python='$(PYTHON) conformance/drivers/python/driver.py' \
	--driver node='node conformance/drivers/node/driver.mjs'

# --- the rest --------------------------------------------------------------------------

lint: tools python node ## formatters, linters, type checkers, generated files
	cargo fmt --all --check
	$(TESTING) cargo clippy --workspace --all-targets $(WITH_REDIS) -- -D warnings
	$(CARGO_TEST) -p frontegg-token-ffi --test suite header
	$(CARGO_TEST) -p frontegg-conformance --test errors_json
	node --test node/test/bridge-types.test.mjs
	RUSTDOCFLAGS='-D warnings' cargo doc --quiet --no-deps -p frontegg-token -p frontegg-emulator $(WITH_REDIS)
	cd py && ../.venv/bin/ruff format --check . ../examples ../conformance/drivers/python
	cd py && ../.venv/bin/ruff check . ../examples ../conformance/drivers/python
	cd py && ../.venv/bin/mypy
	cd py && ../.venv/bin/python -m mypy.stubtest frontegg_token
	cd node && npm run --silent lint

soak: drivers python node ## the long campaigns, which `make test` runs in a short form; some hours
	$(TESTING) cargo build -p frontegg-conformance
	$(CAMPAIGN) --processes 200 --rounds 20 --kills 100 --stops 5 --day 200
	SOAK=1 $(CARGO_TEST) --release -p frontegg-token --lib source -- --nocapture
	SOAK=1 $(MODEL_TEST)
	$(MAKE) fuzz

# One of them: make fuzz FUZZ=answer FUZZ_SECONDS=20
FUZZ := $(basename $(notdir $(wildcard core/fuzz/fuzz_targets/*.rs)))
FUZZ_SECONDS := 600

fuzz: tools ## libFuzzer on everything that comes from outside, ten minutes each
	command -v cargo-fuzz >/dev/null || cargo install --quiet cargo-fuzz
	for target in $(FUZZ); do \
		mkdir -p build/fuzz/$$target; \
		(cd core && RUSTC_BOOTSTRAP=1 cargo fuzz run $$target ../build/fuzz/$$target fuzz/corpus/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -print_final_stats=1) || exit 1; \
	done

fleet: tools ## simulate a day of fleets of up to 100,000 processes; writes their chart and table
	cargo test --quiet --release -p frontegg-token --lib fleet::day::write -- --ignored
	python3 core/benches/fleet.py

generate: tools node ## rewrite the committed generated files
	UPDATE_GENERATED=1 $(CARGO_TEST) -p frontegg-token-ffi header
	UPDATE_GENERATED=1 $(CARGO_TEST) -p frontegg-conformance --test errors_json
	cd node && npm run --silent generate

# One core for client and service, where that can be had: a round trip then costs the same each time.
PINNED := $(if $(shell command -v taskset),taskset -c 0)

# Paths of the machine that builds stay out of what is released.
RELEASE := FRONTEGG_TESTING=0 RUSTFLAGS="--remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=cargo --remap-path-prefix=$(CURDIR)=frontegg-token"

dist: tools .venv/installed node/node_modules/installed ## release builds of every package, in dist/
	rm -rf dist && mkdir -p dist
	$(RELEASE) cargo build --release -p frontegg-token-ffi -p frontegg-emulator
	$(MAKE) --silent -C ffi-c install PREFIX=/usr/local DESTDIR=$(CURDIR)/dist/c
	$(RELEASE) .venv/bin/maturin build --manifest-path py/Cargo.toml --release \
		--interpreter $(PYTHON) --out dist
	cd node && $(RELEASE) npm pack --silent --pack-destination ../dist
	cp target/release/frontegg-emulator dist/
	@du -h dist/*.whl dist/*.tgz dist/c/usr/local/lib/*.so.* dist/c/usr/local/lib/*.a dist/frontegg-emulator

bench: dist ## each layer against a bare rustls loop, as ratios in one run
	$(RELEASE) cargo build --release -p frontegg-token --example layers --example sources
	rm -rf build/bench && mkdir -p build/bench node_modules && ln -sfn ../node node_modules/frontegg-token
	$(PYTHON) -m pip install --quiet --no-deps --target build/bench/python dist/*.whl
	cc -O2 -Iinclude ffi-c/bench/bench.c -o build/bench/c -Ldist/c/usr/local/lib \
		-Wl,-rpath,$(CURDIR)/dist/c/usr/local/lib -lfrontegg_token -pthread
	$(RELEASE) cargo bench -p frontegg-token --bench token
	BENCH_PYTHON=$(CURDIR)/$(PYTHON) python3 core/benches/sources.py
	BENCH_PYTHON=$(CURDIR)/$(PYTHON) python3 core/benches/layers.py
	$(RELEASE) $(PINNED) cargo bench -p frontegg-token --bench exchange -- --noplot --quiet

clean: ## remove what was built
	rm -rf target build dist .venv node_modules node/node_modules node/dist node/native/*.node
