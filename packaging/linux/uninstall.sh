#!/bin/sh
# Removes what install.sh installed. Your conversations stay, in ~/.local/share/Inglenook.
set -eu
share=${XDG_DATA_HOME:-$HOME/.local/share}
target=$share/inglenook-app
[ -d "$target" ] || { echo "inglenook: it is not installed in $target" >&2; exit 1; }
(cd "$target/share" && find applications icons metainfo mime man -type f) | while read -r file; do
  rm -f "$share/$file"
done
link=$HOME/.local/bin/inglenook
if [ "$(readlink "$link" 2>/dev/null)" = "$target/lib/inglenook/inglenook" ]; then rm -f "$link"; fi
cp "$target/refresh.sh" "${TMPDIR:-/tmp}/inglenook-refresh.$$"
rm -rf "$target"
sh "${TMPDIR:-/tmp}/inglenook-refresh.$$" "$share"
rm -f "${TMPDIR:-/tmp}/inglenook-refresh.$$"
# Folders that are empty now; others are somebody else's too.
find "$share/icons" "$share/metainfo" "$share/man" -depth -type d -empty -delete 2>/dev/null || true
echo "Inglenook is removed. Your conversations are still in $share/Inglenook"
