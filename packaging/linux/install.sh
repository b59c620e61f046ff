#!/bin/sh
# Installs Inglenook for you alone, without administrator's rights. uninstall.sh removes it again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
share=${XDG_DATA_HOME:-$HOME/.local/share}
target=$share/inglenook-app
bin=$HOME/.local/bin
id=io.github.inglenook.Inglenook

if [ "$here" = "$target" ]; then echo "inglenook: it is installed already, in $target" >&2; exit 1; fi
mkdir -p "$share" "$bin"
# Beside its place first: an installation that is cut short leaves the old one as it was.
rm -rf "$target.new"
cp -R "$here" "$target.new"
rm -rf "$target"
mv "$target.new" "$target"
ln -sf "$target/lib/inglenook/inglenook" "$bin/inglenook"
(cd "$target/share" && find icons metainfo mime man -type f) | while read -r file; do
  mkdir -p "$share/$(dirname "$file")"
  cp "$target/share/$file" "$share/$file"
done
mkdir -p "$share/applications"
# Desktops don't always search ~/.local/bin. In a desktop entry these characters have a meaning of their own.
quoted=$(printf '%s' "$target/lib/inglenook/inglenook" | sed 's/[\\"`$]/\\\\&/g; s/%/%%/g')
entry=$(cat "$target/share/applications/$id.desktop")
printf '%s\n' "$entry" | while IFS= read -r line; do
  case "$line" in Exec=*) printf 'Exec="%s" --open %%F\n' "$quoted" ;; *) printf '%s\n' "$line" ;; esac
done >"$share/applications/$id.desktop"
"$target/refresh.sh" "$share"
echo "Inglenook is installed. Start it from the menu, or with $bin/inglenook"
