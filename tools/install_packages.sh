#!/usr/bin/env bash
# Installs what the build needs and this Debian 12 lacks. Where all of it is there, nothing is asked and nothing changes.
set -euo pipefail

# libopenblas0-openmp: without it LibTorch computes with Debian's reference BLAS, twenty times slower.
packages=(
  libtorch-dev libopenblas0-openmp libopencv-dev libboost-dev libboost-math-dev libboost-program-options-dev
  libtomlplusplus-dev libfmt-dev nlohmann-json3-dev doctest-dev libsqlite3-dev libpugixml-dev
  libcurl4-openssl-dev libzip-dev libgdcm-dev ninja-build cmake g++ git
)

missing=()
for package in "${packages[@]}"; do
  if [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)" != installed ]]; then
    missing+=("$package")
  fi
done
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "All ${#packages[@]} packages are there."
  exit 0
fi

echo "Installing: ${missing[*]}"
as_root=()
if [[ $EUID -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "This needs root, and there is no sudo. As root: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
