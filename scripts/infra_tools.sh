#!/usr/bin/env bash
# Puts the linters of Terraform into the cache, each at its pinned version and only once: tflint is built with Go, checkov
# gets a virtual environment of its own, since its pins contradict ours. What cannot be had is one line that says why; the
# tests that need it are then skipped, so this script never fails. `make tf-test` calls it.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=${TIDELINE_CACHE:-$HOME/.cache/tideline}/tools
tflint_version=0.64.0
log=.tideline/logs/infra_tools.log
mkdir -p "$tools" "$(dirname "$log")"
: >"$log"

absent() {
    printf '%s\n' "$1: the tests that need it will be skipped (see $log)"
}

tflint() {
    local place=$tools/tflint-$tflint_version draft start=$SECONDS
    if [ -x "$place/tflint" ]; then return; fi
    command -v go >/dev/null || { absent "there is no go on PATH to build tflint $tflint_version with"; return; }
    draft=$(mktemp -d "$tools/draft.XXXXXX")
    if GOBIN=$draft timeout 900 go install "github.com/terraform-linters/tflint@v$tflint_version" >>"$log" 2>&1; then
        mv -T "$draft" "$place" 2>>"$log" || rm -rf "$draft" # a second run at the same time was first
        printf '%-46s %4d s \n' "tflint $tflint_version (built)" $((SECONDS - start))
    else
        rm -rf "$draft"
        absent "tflint $tflint_version could not be built"
    fi
}

checkov() {
    local place draft start=$SECONDS
    place=$tools/checkov-$(sha256sum scripts/checkov.txt | cut -c1-12)
    if [ -e "$place/complete" ]; then return; fi
    [ -x .venv/bin/uv ] || { absent "checkov needs the environment that make setup makes"; return; }
    # a virtual environment knows its own path, so it is made where it stays and marked when it is complete
    rm -rf "$place"
    if .venv/bin/python -m venv --without-pip "$place" >>"$log" 2>&1 && VIRTUAL_ENV=$place timeout 600 \
        .venv/bin/uv pip install --require-hashes -r scripts/checkov.txt >>"$log" 2>&1; then
        touch "$place/complete"
        printf '%-46s %4d s \n' "checkov (locked by hash)" $((SECONDS - start))
    else
        rm -rf "$place"
        absent "checkov could not be installed"
    fi
}

tflint
checkov
