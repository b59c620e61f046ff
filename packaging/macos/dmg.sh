#!/usr/bin/env bash
# Signs build/frozen/Inglenook.app from the inside outward and makes dist/Inglenook-VERSION-ARCH.dmg. For macOS.
#
# IDENTITY names the certificate; without one the signature is ad hoc, and macOS asks before the first start.
# NOTARY_PROFILE names credentials that `xcrun notarytool store-credentials` keeps; without it nothing is notarised.
set -euo pipefail
cd "$(dirname "$0")/../.."
application=build/frozen/Inglenook.app
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' app/__init__.py)
image=dist/Inglenook-$version-$(uname -m).dmg
identity=${IDENTITY:--}
options=(--force --sign "$identity" --options runtime)
[ "$identity" = - ] || options+=(--timestamp)

# What is inside must be signed before what holds it.
find "$application/Contents" -type f \( -name '*.dylib' -o -name '*.so' -o -perm -u+x \) ! -path '*/MacOS/inglenook' -print0 |
  while IFS= read -r -d '' file; do
    if file -b "$file" | grep -q Mach-O; then codesign "${options[@]}" "$file"; fi
  done
codesign "${options[@]}" --entitlements packaging/macos/entitlements.plist "$application"
codesign --verify --deep --strict "$application"

mkdir -p dist
rm -rf build/dmg "$image"
mkdir -p build/dmg
cp -R "$application" build/dmg/
ln -s /Applications build/dmg/Applications
hdiutil create -volname Inglenook -srcfolder build/dmg -format ULFO -ov "$image"
codesign --force --sign "$identity" "$image"
if [ -n "${NOTARY_PROFILE:-}" ]; then
  xcrun notarytool submit "$image" --keychain-profile "$NOTARY_PROFILE" --wait
  xcrun stapler staple "$image"
fi
echo "$image"
