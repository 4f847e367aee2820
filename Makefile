# Every target is one line: it installs .venv and calls `python -m tools`, which has the logic.
PYTHON ?= python3
STACK ?= dev
LOCAL = $(PYTHON) -m local.venv && .venv/bin/python -m tools
LOCAL_DEV = $(PYTHON) -m local.venv --dev && .venv/bin/python -m tools
.DEFAULT_GOAL := help
.PHONY: help up preview config passphrase explain test e2e conformance check status down lock

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ## bring everything up: tools, local cluster (unless CONTEXT=name), stack; [STACK=dev] [CONTEXT=name]
	@$(LOCAL) up --stack '$(STACK)' --context '$(CONTEXT)'

preview: ## show what `up` would change, with or without a cluster; [STACK=dev] [CONTEXT=name]
	@$(LOCAL) preview --stack '$(STACK)' --context '$(CONTEXT)'

config: ## show a stack's whole config, and where each value comes from; [STACK=dev] [CONTEXT=name]
	@$(LOCAL) config --stack '$(STACK)' --context '$(CONTEXT)'

passphrase: ## encrypt a stack's secrets with a new passphrase, or with a key service; [STACK=dev] [KEY=awskms://...]
	@$(LOCAL) passphrase --stack '$(STACK)' --context '$(CONTEXT)' --key '$(KEY)'

explain: ## show which listener, route and rule take URL=...; [METHOD=GET] [HEADER='name: value'] [STACK=dev] [CONTEXT=name]
	@$(LOCAL) explain --stack '$(STACK)' --context '$(CONTEXT)' --url "$$URL" --method "$$METHOD" --header "$$HEADER"

status: ## show node, stack, gateway, routes and URLs on one screen; [STACK=dev] [CONTEXT=name]
	@$(LOCAL) status --stack '$(STACK)' --context '$(CONTEXT)'

down: ## stop the local cluster and keep its data; PURGE=1 destroys stack, cluster and state; [STACK=dev] [CONTEXT=name]
	@$(LOCAL) down --stack '$(STACK)' --context '$(CONTEXT)' $(if $(filter 1,$(PURGE)),--purge)

test: ## run unit, live and browser tests, on a cluster of their own
	@$(LOCAL_DEV) test

e2e: ## run the long tests: every recipe of docs/gateway.md, the prod stack, random routes through Envoy, every cause of a failed `up`, no request lost
	@$(LOCAL_DEV) e2e

conformance: ## run the Gateway API's conformance suite on what `up` created; [STACK=dev] [CONTEXT=name] [RUN=test] [REPORT=file]
	@$(LOCAL) conformance --stack '$(STACK)' --context '$(CONTEXT)' --test '$(RUN)' --report '$(REPORT)'

check: ## run formatter, linter, import contracts, type checker and unit tests; no cluster
	@$(LOCAL_DEV) check

lock: ## pin the requirements of the .in files, with hashes
	@$(LOCAL_DEV) lock
