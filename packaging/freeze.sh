#!/usr/bin/env bash
# Makes the frozen application in build/frozen/inglenook, with its licences and its list of parts (SBOM) inside.
#
# Two runs on one commit and one machine give the same bytes. PYTHON names the interpreter of an environment that holds
# requirements.lock, freeze.lock and trial-model.lock (packaging/setup.sh package makes one).
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-build/venv/bin/python}
# The commit's own time, in every file that carries one. Only here and in what packs: set while llama.cpp is built, it
# would switch all instruction sets off.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH PYTHONHASHSEED=1
log=build/pyinstaller.log
target=build/frozen/inglenook
mkdir -p build
"$python" -m PyInstaller --noconfirm --clean --log-level INFO --distpath build/frozen --workpath build/pyinstaller \
  packaging/inglenook.spec >"$log" 2>&1 || { tail -n 20 "$log" >&2; exit 1; }
# PyInstaller only warns, and the application would not start on a desktop that lacks the library too.
if grep -E "could not resolve '?lib(xcb|xkb|X11|wayland|dbus|fontconfig)" "$log" >&2; then
  echo "inglenook: install these libraries on the machine that builds (packaging/setup.sh knows their packages)" >&2
  exit 1
fi
inside=$target/_internal
case "$(uname -s)" in
  Linux)
    # Python's library comes with its symbols, four fifths of its size.
    find "$inside" -maxdepth 1 -name 'libpython3*.so*' -type f -exec strip --strip-unneeded {} +
    find "$inside"/python3*/lib-dynload "$inside/llama_cpp/lib" -name '*.so*' -type f -exec strip --strip-unneeded {} +
    # Wheels can't hold links. Opened by two names, a library would be loaded twice, with two registries of backends.
    for name in "$inside"/llama_cpp/lib/*.so; do
      if [ -f "$name.0" ] && cmp -s "$name" "$name.0"; then ln -sf "$(basename "$name").0" "$name"; fi
    done
    find "$target" -type d -exec chmod 755 {} + -o -type f -exec chmod 644 {} +
    chmod 755 "$target/inglenook"
    ;;
esac
"$python" packaging/frozen_parts.py "$target"
