#!/usr/bin/env bash
# From a bare Debian 12 to a finished first experiment: installs what is missing, builds, pre-trains a tiny encoder twice
# on generated images, and shows what came out.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
build="$root/build"
home="$root/runs"

usage() {
  cat <<'TEXT'
Usage:  tools/quickstart.sh [--build-dir DIR] [--home DIR]

  --build-dir DIR  where to build (default: build)
  --home DIR       folder of the run database and of the runs (default: runs)
TEXT
}

while [[ $# -gt 0 ]]; do
  case "$1" in
    --build-dir | --home)
      [[ $# -ge 2 ]] || { echo "$1 needs a folder" >&2; exit 2; }
      if [[ "$1" == --home ]]; then home="$2"; else build="$2"; fi
      shift 2
      ;;
    -h | --help) usage; exit 0 ;;
    *) echo "unknown option: $1" >&2; usage >&2; exit 2 ;;
  esac
done

stage() { printf '\n== %s\n' "$*"; }
began=$SECONDS
took() { printf '   (%d:%02d since the beginning)\n' $(((SECONDS - began) / 60)) $(((SECONDS - began) % 60)); }

stage "1/3  Packages: LibTorch, OpenCV, SQLite and what builds them together"
"$root/tools/install_packages.sh"
took

stage "2/3  Build: the engine, the plugins, vaso (several minutes the first time)"
quick=()
[[ -e "$build/CMakeCache.txt" ]] || quick=(-DVASO_QUICK_BUILD=ON)  # faster from nothing; a tree that is there stays as it is
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DVASO_TESTS=OFF "${quick[@]}" >"${TMPDIR:-/tmp}/vaso-cmake-$$.log" 2>&1 ||
  { cat "${TMPDIR:-/tmp}/vaso-cmake-$$.log"; exit 1; }
rm -f "${TMPDIR:-/tmp}/vaso-cmake-$$.log"
# Where new files break what a quick build wants, the fault is shown, and each file is compiled alone.
cmake --build "$build" || { cmake -S "$root" -B "$build" -DVASO_QUICK_BUILD=OFF >/dev/null && cmake --build "$build"; }
took

stage "3/3  Experiment: experiments/quickstart.toml"
cat <<'TEXT'
   A segmentor learns vessels from the masks of a filter. Then a small vision transformer learns to reconstruct hidden
   patches, once hidden at random, once with vessels hidden more and more often. Ctrl-C is safe: run this again.
TEXT
echo
export VASO_HOME="$home"
"$build/bin/vaso" run "$root/experiments/quickstart.toml" --resume
took

picture="$(find "$home" -name plan.png -path '*anatomy*' -printf '%T@ %p\n' 2>/dev/null | sort -n | tail -n 1 | cut -d ' ' -f 2- || true)"
if [[ -n "$picture" ]]; then
  printf '\nA picture of image, guidance map, mask and reconstruction:\n  %s\n' "$picture"
fi
# shellcheck disable=SC2016  # $PATH is for the reader to expand
printf '\nTo call vaso by its name:  export PATH="%s/bin:$PATH" VASO_HOME="%s"\n' "$build" "$home"
