#!/usr/bin/env bash
# Prints the Debian packages that a folder of programs and libraries needs and does not hold: Depends of the .deb.
set -euo pipefail
folder=$1
needed=$(find "$folder" -type f \( -name '*.so*' -o -perm -u+x \) -exec readelf -d {} + 2>/dev/null |
  sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u)
packages="fontconfig-config"
for library in $needed; do
  [ -n "$(find "$folder" -name "$library" -print -quit)" ] && continue
  package=$(dpkg-query -S "*/$library" | head -n 1 | cut -d: -f1)
  case "$package" in
    libc6 | libstdc++6) package="$package (>= $(dpkg-query -W -f '${Version}' "$package" | sed 's/-.*//'))" ;;
  esac
  packages="$packages
$package"
done
printf '%s\n' "$packages" | sort -u | paste -sd, | sed 's/,/, /g'
