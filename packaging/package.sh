#!/usr/bin/env bash
# Builds dist/inglenook_VERSION_amd64.deb and dist/inglenook-VERSION-linux-x86_64.tar.xz with checksums and the SBOM.
# Needs what packaging/setup.sh package installs. Two runs on one commit and one machine give the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
python=${PYTHON:-build/venv/bin/python}
id=io.github.inglenook.Inglenook
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' app/__init__.py)
architecture=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
export PYTHON="$python"
packaging/freeze.sh

# --- What goes into /usr or into a user's own folders -------------------------------------------------------------------
stage=build/stage
rm -rf $stage
mkdir -p $stage/lib $stage/share/{applications,metainfo,mime/packages,man/man1,doc/inglenook}
cp -a build/frozen/inglenook $stage/lib/inglenook
mv $stage/lib/inglenook/licences $stage/lib/inglenook/sbom.cdx.json $stage/share/doc/inglenook/
cp packaging/linux/$id.desktop $stage/share/applications/
cp packaging/linux/$id.metainfo.xml $stage/share/metainfo/
cp packaging/linux/$id.mime.xml $stage/share/mime/packages/$id.xml
"$python" packaging/manual_page.py "$SOURCE_DATE_EPOCH" | gzip -9n >$stage/share/man/man1/inglenook.1.gz
for size in 16 22 24 32 48 64 128 256 512; do
  folder=$stage/share/icons/hicolor/${size}x$size/apps
  mkdir -p "$folder"
  rsvg-convert --width $size --height $size --output "$folder/$id.png" resources/icons/inglenook.svg
done
mkdir -p $stage/share/icons/hicolor/scalable/apps
cp resources/icons/inglenook.svg $stage/share/icons/hicolor/scalable/apps/$id.svg

desktop-file-validate $stage/share/applications/$id.desktop
appstreamcli validate --no-net $stage/share/metainfo/$id.metainfo.xml >/dev/null
xmllint --noout $stage/share/mime/packages/$id.xml
stamp() { find "$1" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +; }

# --- .deb ---------------------------------------------------------------------------------------------------------------
deb=build/deb
rm -rf $deb
mkdir -p $deb/usr/bin $deb/usr/share/lintian/overrides $deb/DEBIAN dist
cp -a $stage/lib $stage/share $deb/usr/
ln -s ../lib/inglenook/inglenook $deb/usr/bin/inglenook
cp packaging/linux/lintian-overrides $deb/usr/share/lintian/overrides/inglenook
cp packaging/linux/copyright $deb/usr/share/doc/inglenook/copyright
{
  printf 'inglenook (%s) stable; urgency=medium\n\n  * Release %s.\n\n' "$version" "$version"
  printf ' -- The Inglenook developers <inglenook@users.noreply.github.com>  %s\n' \
    "$(LC_ALL=C date -uR --date "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >$deb/usr/share/doc/inglenook/changelog.gz
# Files that only the screen or other programs read are in the package's own folder, never executable.
find $deb/usr/lib -name '*.so*' -type f -exec chmod 644 {} +
cat >$deb/DEBIAN/control <<CONTROL
Package: inglenook
Version: $version
Architecture: $architecture
Maintainer: The Inglenook developers <inglenook@users.noreply.github.com>
Installed-Size: $(find $deb/usr -type f -printf '%s\n' | awk '{ kib += int(($1 + 1023) / 1024) } END { print kib }')
Depends: $(packaging/linux/depends.sh $deb/usr/lib/inglenook)
Recommends: fonts-noto-core | fonts-dejavu-core, xdg-utils
Section: utils
Priority: optional
Homepage: https://inglenook.github.io
Description: private chat with a language model on this computer
 Inglenook lets you chat with gpt-oss-20b, an open model by OpenAI, and with
 your own documents, on an ordinary computer with 16 GB of memory. Nothing you
 write or read leaves the computer.
 .
 The model is not in this package, except a very small one to try it.
CONTROL
(cd $deb && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
stamp $deb
# The number of threads shapes what xz writes.
DPKG_DEB_THREADS_MAX=2 dpkg-deb --root-owner-group --uniform-compression -Zxz -z9 --build $deb "dist/inglenook_${version}_$architecture.deb"

# --- Portable -----------------------------------------------------------------------------------------------------------
name=inglenook-$version-linux-$(uname -m)
rm -rf build/portable
mkdir -p build/portable
cp -a $stage "build/portable/$name"
cp packaging/linux/{install,uninstall,refresh}.sh LICENSE "build/portable/$name/"
stamp build/portable
tar --create --directory build/portable --sort=name --format=gnu --owner=0 --group=0 --numeric-owner "$name" |
  xz --threads=2 -9 >"dist/$name.tar.xz"

cp $stage/share/doc/inglenook/sbom.cdx.json "dist/inglenook-$version.sbom.cdx.json"
(cd dist && sha256sum "inglenook_${version}_$architecture.deb" "$name.tar.xz" "inglenook-$version.sbom.cdx.json" >SHA256SUMS)
lintian --fail-on error --tag-display-limit 0 "dist/inglenook_${version}_$architecture.deb"
ls -l dist
