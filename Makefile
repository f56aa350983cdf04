# Every way into the project. CI calls the same targets (.ci/run).
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

PYTHON ?= $(shell for p in python3.11 python3; do $$p -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --require-hashes --no-deps
EDITABLE := $(PIP) install --quiet --no-build-isolation --no-deps --editable .
PYTEST := $(BIN)/python -m pytest -p no:cacheprovider
BENCH := build/bench
ASSETS := $(wildcard yishu/pages/assets/*)
ARGS ?=

.PHONY: help setup demo test lint types conformance conformance-mutate soak bench-gateway bench-collect bench-pages screenshots clean dev chromium

help: ## show the targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.runtime $(VENV)/.assets ## install everything the platform needs, start nothing

demo: setup ## set up, load the demonstration, run the platform until Ctrl-C
	@exec $(BIN)/yishu demo $(ARGS)

WORKERS ?= 2
ALONE = tests/chaos tests/story
test: dev chromium ## the whole suite, browser tests included: in WORKERS processes, then alone what runs whole platforms
	@$(PYTEST) --durations=15 -n $(WORKERS) --dist loadfile $(ALONE:%=--ignore=%) $(ARGS)
	@$(PYTEST) --durations=5 $(ALONE) $(ARGS)

lint: dev ## style, import contracts, regulation packs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/yishu packs check

types: dev ## static types
	@$(BIN)/mypy

conformance: dev chromium ## every row of the acceptance list with the tests that carry it
	@$(BIN)/python -m tests.conformance $(ARGS)

conformance-mutate: dev ## change each value of each pack and see whether a test notices
	@$(BIN)/python -m tests.conformance.mutate $(ARGS)

soak: dev ## fifty rounds of killing processes at random moments
	@YISHU_TEST_CHAOS_ROUNDS=50 $(PYTEST) tests/chaos --timeout=7200 $(ARGS)

bench-gateway: $(BENCH)/.ready ## lookups against the yardstick and Datasette
	@$(BENCH)/bin/python -m benchmarks.bench_gateway $(ARGS)

bench-collect: $(BENCH)/.ready ## collecting against the hand-written baseline
	@$(BENCH)/bin/python -m benchmarks.bench_collect $(ARGS)

bench-pages: dev ## pages over 470,000 resources against the same over 1,000
	@$(BIN)/python -m benchmarks.pages $(ARGS)

screenshots: dev chromium ## the story in a browser, pictures in tests/story/screenshots
	@$(PYTEST) tests/story -m browser $(ARGS)

clean: ## remove what setup made (the data in var/ stays)
	rm -rf $(VENV) node_modules build yishu/pages/static/yishu/vendor *.egg-info
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

# ── what the targets stand on; a stamp is newer than everything it was made from ──

$(VENV)/bin/python:
	@if [ -z "$(PYTHON)" ]; then echo '需要 Python 3.11（Debian 12：apt-get install python3 python3-venv）' >&2; exit 1; fi
	@echo '── 建立 Python 虚拟环境'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo '没有 venv 模块（Debian：apt-get install python3-venv）' >&2; exit 1; }

$(VENV)/.runtime: requirements/runtime.lock pyproject.toml | $(VENV)/bin/python
	@echo '── 安装 Python 依赖（锁定版本，校验哈希）'
	@$(INSTALL) -r requirements/runtime.lock
	@$(EDITABLE)
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.runtime
	@echo '── 安装开发与测试用的 Python 依赖'
	@$(INSTALL) -r requirements/dev.lock
	@touch $@

dev: $(VENV)/.dev $(VENV)/.assets

$(VENV)/.assets: package.json package-lock.json $(ASSETS) | $(VENV)/bin/python
	@command -v npm >/dev/null || { echo '需要 Node 20 或更新的版本，以及 npm' >&2; exit 1; }
	@echo '── 安装并构建网页资源'
	@npm ci --no-audit --no-fund
	@npm run --silent build
	@touch $@

$(BENCH)/.ready: requirements/bench.lock pyproject.toml | $(VENV)/bin/python
	@echo '── 安装对照测试的 Python 依赖（单独的虚拟环境）'
	@$(VENV)/bin/python -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip --disable-pip-version-check install --require-hashes --no-deps -r requirements/bench.lock
	@$(BENCH)/bin/python -m pip --disable-pip-version-check install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

# Browser tests drive Debian's Chromium. Where it is missing and may not be installed they say so and skip.
chromium:
	@if command -v chromium >/dev/null && fc-list 2>/dev/null | grep -qi 'noto.*cjk'; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo '── 安装 Chromium 与中文字体（浏览器测试用）'; \
		{ apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium fonts-noto-cjk fontconfig; } \
			|| echo 'Chromium 没有装上：浏览器测试将说明原因并跳过' >&2; \
	else echo '没有 Chromium 或中文字体，也无权安装（apt-get install chromium fonts-noto-cjk）：浏览器测试将说明原因并跳过' >&2; fi
