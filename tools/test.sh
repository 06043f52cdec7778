#!/usr/bin/env bash
# Installs what is missing, builds everything with its tests, and runs them.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
build="$root/build"
labels='unit|reference|contract|end_to_end'

usage() {
  cat <<'TEXT'
Usage:  tools/test.sh [--long] [--build-dir DIR]

  --long           also the tests that take minutes
  --build-dir DIR  where to build (default: build)
TEXT
}

while [[ $# -gt 0 ]]; do
  case "$1" in
    --long) labels="$labels|long"; shift ;;
    --build-dir)
      [[ $# -ge 2 ]] || { echo "--build-dir needs a folder" >&2; exit 2; }
      build="$2"
      shift 2
      ;;
    -h | --help) usage; exit 0 ;;
    *) echo "unknown option: $1" >&2; usage >&2; exit 2 ;;
  esac
done

stage() { printf '\n== %s\n' "$*"; }

stage "1/3  Packages"
"$root/tools/install_packages.sh"

stage "2/3  Build"
quick=()
[[ -e "$build/CMakeCache.txt" ]] || quick=(-DVASO_QUICK_BUILD=ON)  # faster from nothing; a tree that is there stays as it is
cmake -S "$root" -B "$build" -G Ninja -DVASO_TESTS=ON "${quick[@]}"
# Where new files break what a quick build wants, the fault is shown, and each file is compiled alone.
cmake --build "$build" || { cmake -S "$root" -B "$build" -DVASO_QUICK_BUILD=OFF >/dev/null && cmake --build "$build"; }

stage "3/3  Tests: $labels"
# Two at a time: most of a test's time is a program starting, or one thread.
ctest --test-dir "$build" --parallel 2 --label-regex "^($labels)\$" --output-on-failure --no-tests=error
