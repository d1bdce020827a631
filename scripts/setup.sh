#!/usr/bin/env bash
# Sets this checkout up: `packages` (Python) or `platform` (jars, Airflow's database). Each failure is one line that
# says what to do; everything else goes to the log. `make setup` calls it, and only when its inputs have changed.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.venv
log=.tideline/logs/setup.log
mkdir -p "$(dirname "$log")"

fail() {
    printf '%s\n' "$1 Fix: $2" >&2
    exit 2
}

# step TITLE COMMAND...: runs the command into the log and prints its seconds, as progress on a terminal
step() {
    local title=$1 start=$SECONDS
    shift
    "$@" >>"$log" 2>&1 &
    local child=$!
    trap 'kill "$child" 2>/dev/null || true; exit 130' INT TERM
    while kill -0 "$child" 2>/dev/null; do
        if [ -t 1 ]; then printf '\r%-46s %4d s ' "$title" $((SECONDS - start)); fi
        sleep 0.2
    done
    trap - INT TERM
    local code=0
    wait "$child" || code=$?
    if [ -t 1 ]; then printf '\r'; fi
    if [ "$code" -eq 0 ]; then printf '%-46s %4d s \n' "$title" $((SECONDS - start)); fi
    return "$code"
}

# 3.11 first: that is what the stack was proved with
find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.11 python3.12 python3 python; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
}

make_venv() {
    if [ -x $venv/bin/python ] && [ -x $venv/bin/pip ]; then return; fi
    local python
    python=$(find_python)
    [ -n "$python" ] || fail "TL-SET-001 there is no Python 3.11 or 3.12 on PATH." \
        "install one (for example: apt install python3.11 python3.11-venv), or name it: make setup PYTHON=/path/to/python3.11"
    "$python" -c 'import venv, ensurepip' 2>/dev/null || fail "TL-SET-002 $python cannot make virtual environments." \
        "install its venv module (for example: apt install python3.11-venv)"
    local free_kb
    free_kb=$(df -Pk . | awk 'NR == 2 {print $4}')
    [ "$free_kb" -gt 4000000 ] || fail "TL-SET-003 only $((free_kb / 1000)) MB are free here, setting up takes about 4 GB." \
        "free some disk space, then run the command again"
    step "virtual environment ($python)" "$python" -m venv $venv || broken "the virtual environment could not be made"
}

broken() {
    local reason
    reason=$(grep -iE 'error|failed|no space|hash' "$log" | tail -n 1 | cut -c1-160 || true)
    case "$(tail -n 30 "$log")" in
    *"No space left"*) fail "TL-SET-003 the disk is full." "free about 4 GB, then run the command again" ;;
    *) fail "TL-SET-004 $1 (${reason:-see $log})." "check the network or your package mirror, read $log, then run the command again" ;;
    esac
}

packages() {
    : >"$log"
    make_venv
    step "installer (uv, pinned by hash)" $venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --require-hashes -r scripts/uv.txt || broken "the installer could not be installed"
    export VIRTUAL_ENV=$PWD/$venv
    step "Python packages (all locked by hash)" $venv/bin/uv pip install --require-hashes -r requirements.txt ||
        broken "the Python packages could not be installed"
    step "Tideline itself" $venv/bin/uv pip install --no-deps --no-build-isolation --reinstall-package tideline -e . ||
        broken "Tideline itself could not be installed"
}

platform() {
    { $venv/bin/tideline doctor --json || true; } | $venv/bin/python -c '
import json, sys
java = next(one for one in json.load(sys.stdin)["findings"] if one["name"] == "java")
sys.exit(None if java["good"] else java["detail"] + " Fix: " + java["fix"])' || exit 2
    step "jars of the broker and of Spark" $venv/bin/python -c \
        'from tideline.local.jars import ensure_jars; from tideline.settings import settings; ensure_jars(settings())' ||
        fail "$(grep -oE 'TL-[A-Z]+-[0-9]+ .*' "$log" | tail -n 1 | sed 's/ Fix: .*//')" \
            "check the network, or name a mirror in TIDELINE_IVY_SETTINGS (an ivysettings.xml); then: make setup"
    step "Airflow's empty database" $venv/bin/python -c \
        'from tideline.local.airflow_home import template; from tideline.settings import settings; template(settings())' ||
        fail "TL-AIR-003 Airflow could not migrate its database (see $log)." "run: make setup again"
}

case "${1:-}" in
packages) packages ;;
platform) platform ;;
*) fail "TL-SET-000 usage: scripts/setup.sh packages|platform." "run: make setup" ;;
esac
