# Every target is one line: it installs .venv and calls `python -m tools`, which has the logic.
# Variables come from make's command line only, and reach Python through the environment: no text that a user types
# becomes part of a shell command. `exec` lets signals reach Python, as make sends them to the process of the recipe.
define take
ifeq ($(firstword $(origin $(1))),command)
override $(1) := $$(value $(1))
export $(1)
else
ifneq ($(and $(filter environment,$(origin $(1))),$(filter STACK CONTEXT PURGE CONFIRM KEY,$(1))),)
$$(warning $(1) in the environment is ignored. To set it, type: make TARGET $(1)=VALUE)
endif
override $(1) :=
unexport $(1)
endif
endef
$(foreach name,STACK CONTEXT PURGE CONFIRM DIFF SEALED ASK LIVE KEY URL METHOD HEADER BASE OUT RUN REPORT SEED RESUME FORMAT SECRETS CHECK REPO REPO_PATH PYTHON,$(eval $(call take,$(name))))

define LOCAL
@exec "$${PYTHON-python3}" -m local.venv
@exec .venv/bin/python -m tools
endef
define LOCAL_DEV
@exec "$${PYTHON-python3}" -m local.venv --dev
@exec .venv/bin/python -m tools
endef
OF_STACK = --stack="$${STACK-dev}" --context="$$CONTEXT"
.DEFAULT_GOAL := help
.PHONY: help up preview config passphrase explain ask test-stack judge compare render drift test e2e faults conformance check status down lock

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ## bring everything up: tools, local cluster (unless CONTEXT=name), stack; [STACK=dev] [CONTEXT=name] [CONFIRM=stack]
	$(LOCAL) up $(OF_STACK) --confirm="$$CONFIRM"

preview: ## list what `up` would change, with or without a cluster; DIFF=1 shows every field; SEALED=1 does without the stack's key; [STACK=dev] [CONTEXT=name]
	$(LOCAL) preview $(OF_STACK) $(if $(filter 1,$(DIFF)),--diff) $(if $(filter 1,$(SEALED)),--sealed)

config: ## show a stack's whole config, and where each value comes from; [STACK=dev] [CONTEXT=name]
	$(LOCAL) config $(OF_STACK)

passphrase: ## encrypt a stack's secrets with a new passphrase, or with a key service; [STACK=dev] [KEY=awskms://...]
	$(LOCAL) passphrase $(OF_STACK) --key="$$KEY"

explain: ## show which listener, route and rule take URL=...; ASK=1 also asks a real Envoy; [METHOD=GET] [HEADER='name: value'] [STACK=dev] [CONTEXT=name]
	$(LOCAL) explain $(OF_STACK) --url="$$URL" --method="$$METHOD" --header="$$HEADER" $(if $(filter 1,$(ASK)),--ask)

ask: ## ask a real Envoy on this machine, with the planned configuration, what it does with URL=...; needs no cluster; [METHOD=GET] [HEADER='name: value'] [STACK=dev]
	$(LOCAL) ask $(OF_STACK) --url="$$URL" --method="$$METHOD" --header="$$HEADER"

test-stack: ## ask a real Envoy on this machine for the requests in the stack's `tests`; LIVE=1 asks the running gateway; [STACK=dev] [CONTEXT=name]
	$(LOCAL) test-stack $(OF_STACK) $(if $(filter 1,$(LIVE)),--live)

compare: ## show what changes for clients and in a cluster, without one; ASK=1 also asks a real Envoy; [BASE=main] [STACK=dev] [OUT=directory]
	$(LOCAL) compare --base="$${BASE:-main}" --stack="$${STACK-dev}" --out="$$OUT" $(if $(filter 1,$(ASK)),--ask)

render: ## write what `up` applies as YAML files; OUT=directory [STACK=dev] [FORMAT=plain|kustomize|argocd|flux] [SECRETS=none|external|sealed] [REPO=url] [REPO_PATH=directory]; CHECK=1 compares only
	$(LOCAL) render $(OF_STACK) --out="$$OUT" --format="$${FORMAT:-plain}" --secrets="$${SECRETS:-none}" --repo="$$REPO" --repo-path="$$REPO_PATH" $(if $(filter 1,$(CHECK)),--check)

judge: ## build Envoy Gateway's own translator; from then on `up` and `preview` tell what it refuses. `up` on the local cluster builds it too
	$(LOCAL) judge

drift: ## list what differs on the cluster from the stack; changes nothing; [STACK=dev] [CONTEXT=name]
	$(LOCAL) drift $(OF_STACK)

status: ## show node, stack, gateway, routes and URLs on one screen; [STACK=dev] [CONTEXT=name]
	$(LOCAL) status $(OF_STACK)

down: ## stop the local cluster and keep its data; PURGE=1 destroys stack, cluster and state; [STACK=dev] [CONTEXT=name] [CONFIRM=stack]
	$(LOCAL) down $(OF_STACK) --confirm="$$CONFIRM" $(if $(filter 1,$(PURGE)),--purge)

test: ## run unit, live and browser tests, on a cluster of their own
	$(LOCAL_DEV) test

e2e: ## run the long tests: every recipe of docs/gateway.md, the prod stack, random routes through Envoy, every cause of a failed `up`, no request lost
	$(LOCAL_DEV) e2e

faults: ## run the fault tests, each with a twin without the fault, and write docs/reliability.md; RESUME=1 goes on where a run was cut off; [SEED=1]
	$(LOCAL_DEV) faults --seed="$${SEED:-1}" $(if $(filter 1,$(RESUME)),--resume)

conformance: ## run the Gateway API's conformance suite on what `up` created; [STACK=dev] [CONTEXT=name] [RUN=test] [REPORT=file]
	$(LOCAL) conformance $(OF_STACK) --test="$$RUN" --report="$$REPORT"

check: ## run formatter, linter, import contracts, type checker and unit tests; no cluster
	$(LOCAL_DEV) check

lock: ## pin the requirements of the .in files, with hashes
	$(LOCAL_DEV) lock
