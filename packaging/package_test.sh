#!/usr/bin/env bash
# Installs the .deb in a clean Debian, without what developers have, and uses it as a person would. For root.
#
#   package_test.sh [FILE.deb]
#
# Everything happens in namespaces of its own: when this ends, its processes and mounts are gone. Screenshots and logs are
# then in build/package-test/. The root of the clean Debian is kept in build/base-root for the next time; it comes from the
# mirror that this machine's apt uses, or from DEBIAN_MIRROR.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${INGLENOOK_INSIDE:-}" ]; then
  [ "$(id -u)" = 0 ] || { echo "inglenook: only root can make a clean Debian to install in" >&2; exit 1; }
  INGLENOOK_INSIDE=1 exec unshare --mount --pid --fork --kill-child packaging/package_test.sh "$@"
fi
deb=${1:-$(ls dist/inglenook_*.deb)}
root=$PWD/build/clean-root
results=$PWD/build/package-test
id=io.github.inglenook.Inglenook
person=person
home=/home/$person
failures=0
rm -rf "$results"
mkdir -p "$results"

say() { printf '%s\n' "$*" | tee -a "$results/summary.txt"; }
passed() { say "ok      $1"; }
failed() { say "FAILED  $1"; failures=$((failures + 1)); }
check() { local what=$1; shift; if "$@"; then passed "$what"; else failed "$what"; fi; }
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive LANG=C "$@"; }
# As a user, with nothing in the environment but what is given.
as_person() { chroot --userspec="$person:$person" "$root" /usr/bin/env -i PATH=/usr/bin:/bin "$@"; }

# --- A clean Debian ---------------------------------------------------------------------------------------------------
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)}
if [ ! -d build/base-root/etc ]; then
  debootstrap --variant=minbase "$suite" build/base-root "$mirror" >"$results/debootstrap.log"
fi
rm -rf "$root"
cp -a build/base-root "$root"
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
inside useradd --create-home --shell /bin/sh "$person"
cp "$deb" "$root/root/inglenook.deb"
inside apt-get update -qq >"$results/apt.log" 2>&1
inside apt-get install -y -qq --no-install-recommends /root/inglenook.deb >>"$results/apt.log" 2>&1
rm "$root/root/inglenook.deb"
passed "installed, with $(inside dpkg-query -f '.' -W | wc -c) packages in all"

# --- The smoke test, in all the ways in which a system can be poor --------------------------------------------------------
smoke() {
  local what=$1 code=0
  shift
  "$@" inglenook --smoke-test >"$results/smoke.out" 2>&1 </dev/null || code=$?
  if [ $code = 0 ] && [ ! -s "$results/smoke.out" ]; then passed "smoke test: $what"; else
    failed "smoke test: $what (exit code $code)"
    tail -n 20 "$results/smoke.out" | tee -a "$results/summary.txt"
  fi
}
inside mkdir -p "$home/empty" "$home/read-only" "/opt/Büro und Ähnliches/家"
inside chown "$person" "$home/empty"
inside chmod 555 "$home/read-only"
smoke "as a user" as_person HOME=$home LANG=C.UTF-8
smoke "an empty home" as_person HOME=$home/empty LANG=C.UTF-8
smoke "a home that can only be read" as_person HOME=$home/read-only LANG=C.UTF-8
smoke "no home at all" as_person HOME=/nonexistent
smoke "LANG=C" as_person HOME=$home LANG=C
smoke "no D-Bus" as_person HOME=$home DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent
smoke "as root" inside
smoke "as another user" chroot --userspec=nobody:nogroup "$root" /usr/bin/env -i PATH=/usr/bin:/bin
smoke "without a network" unshare --net chroot --userspec="$person:$person" "$root" /usr/bin/env -i PATH=/usr/bin:/bin HOME=$home
cp -a "$root/usr/lib/inglenook" "$root/opt/Büro und Ähnliches/家/"
smoke "in a folder with spaces and other letters" as_person HOME=$home LANG=C "PATH=/opt/Büro und Ähnliches/家/inglenook:/bin:/usr/bin"
rm -rf "$root/opt/Büro und Ähnliches"
for variant in $(as_person HOME=$home/empty inglenook doctor --json | sed -n 's/.*"runs_here": "\(.*\)".*/\1/p'); do
  smoke "CPU variant $variant" as_person HOME=$home INGLENOOK_CPU_VARIANT=$variant
done
say "        not run, this processor lacks them: $(as_person HOME=$home/empty inglenook doctor --json | sed -n 's/.*"would_not": "\(.*\)".*/\1/p')"

# --- A desktop, and a double-click ------------------------------------------------------------------------------------------
inside apt-get install -y -qq --no-install-recommends xvfb openbox pcmanfm xdotool wmctrl dbus dbus-x11 imagemagick strace \
  shared-mime-info desktop-file-utils libglib2.0-bin fonts-dejavu-core adwaita-icon-theme man-db >>"$results/apt.log" 2>&1
inside update-mime-database /usr/share/mime
desktop=$home/Desktop
mkdir -p "$root$home/.config/libfm" "$root$desktop" "$root/tmp/.X11-unix"
chmod 1777 "$root/tmp/.X11-unix"
# Otherwise pcmanfm asks whether to execute the file.
printf '[config]\nquick_exec=1\nsingle_click=0\n' >"$root$home/.config/libfm/libfm.conf"
ln -s /usr/share/applications/$id.desktop "$root$desktop/"
inside chown -hR "$person:$person" "$home"
inside install -d -o "$person" -m 700 /tmp/run
desk() { as_person HOME=$home DISPLAY=:77 XDG_RUNTIME_DIR=/tmp/run LANG=C.UTF-8 "$@"; }
shot() { desk import -window root "/tmp/run/$1.png" && cp "$root/tmp/run/$1.png" "$results/"; }
until_true() {
  local tries=$1
  shift
  for ((i = 0; i < tries; i++)); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.5
  done
  return 1
}
window() { desk xdotool search --onlyvisible --class '^inglenook$' | tail -n 1; }
window_is_there() { [ -n "$(window)" ]; }
window_is_gone() { ! window_is_there; }
conversations() { desk inglenook list --json | sed -n 's/.*"id": *"\([0-9a-f]*\)".*/\1/p'; }
answers() { for each in $(conversations); do desk inglenook show "$each" --json; done | tr -d '\n' | grep -o '"role": *"assistant", *"status": *"complete"' | wc -l; }
answers_are() { [ "$(answers)" -ge "$1" ]; }
type_in() { desk xdotool type --delay 15 "$1"; desk xdotool key Return; }

desk Xvfb :77 -screen 0 1280x860x24 -noreset >"$results/x.log" 2>&1 &
until_true 60 test -S "$root/tmp/.X11-unix/X77" || { failed "a screen"; exit 1; }
# A window that is opened while the window manager begins may be overlooked by it, and is never shown.
desk dbus-run-session -- sh -c "openbox & sleep 3; exec pcmanfm --no-desktop $desktop" >"$results/desktop.log" 2>&1 &
until_true 120 desk xdotool search --onlyvisible --class pcmanfm || { shot 0-no-file-manager; failed "a file manager"; exit 1; }
sleep 4
shot 1-file-manager
# The icon's own green shows where it is.
place=$(desk convert /tmp/run/1-file-manager.png -fuzz 3% -fill white +opaque '#2f6f5e' -trim -format '%X %Y %w %h' info: | tr -d +)
read -r x y width height <<<"$place"
desk xdotool mousemove $((x + width / 2)) $((y + height / 2)) click --repeat 2 --delay 120 1
check "a double-click on the icon opens the window" until_true 40 window_is_there
sleep 2
shot 2-first-run
# The recommended model, other models, a file, the trial model.
desk xdotool windowactivate --sync "$(window)" key Tab Tab Tab
desk xdotool key space
sleep 12
shot 3-trial-model
type_in "Say hello."
check "a first answer from the trial model" until_true 240 answers_are 1
sleep 1
shot 4-first-answer
check "doctor --network finds the window and no way out" sh -c "chroot --userspec=$person:$person '$root' /usr/bin/env -i PATH=/usr/bin:/bin HOME=$home LANG=C.UTF-8 inglenook doctor --network >'$results/network.txt'"
grep -q 'engine, runs the model' "$results/network.txt" || failed "the engine is named among the processes"
desk xdotool windowactivate --sync "$(window)" key ctrl+q
check "the window closes" until_true 40 window_is_gone

# --- No socket that could leave the computer, in any process of a whole run -----------------------------------------------
printf 'The inglenook is a warm place beside the fire.\n' >"$root$home/note.txt"
inside chown "$person" "$home/note.txt"
desk strace -f -qq -o /tmp/run/trace.txt -e trace=socket,connect,bind,sendto \
  inglenook --open "$home/note.txt" --model /usr/lib/inglenook/_internal/resources/tiny-gpt-oss.gguf >"$results/traced.log" 2>&1 &
until_true 120 window_is_there
sleep 15
desk xdotool windowactivate --sync "$(window)"
type_in "What is warm?"
check "an answer with a document, traced" until_true 240 answers_are 2
shot 5-with-document
desk xdotool windowactivate --sync "$(window)" key ctrl+q
until_true 60 window_is_gone
desk strace -f -qq -o /tmp/run/export.txt -e trace=socket,connect inglenook export --all --format pdf --output "$home/exported/" >/dev/null
cp "$root/tmp/run/trace.txt" "$results/"
processes=$(cut -d' ' -f1 "$root/tmp/run/trace.txt" | sort -u | wc -l)
if cat "$root"/tmp/run/{trace,export}.txt | grep -E 'AF_INET|AF_NETLINK|AF_PACKET' >"$results/sockets.txt"; then
  failed "no AF_INET socket in a whole run"
else
  passed "no AF_INET socket in a whole run (start, document, chat, quit, export; $processes threads made any)"
fi

# --- A download: sockets in its own process, and in no other --------------------------------------------------------------
"${PYTHON:-build/venv/bin/python}" packaging/small_hub.py resources/tiny-gpt-oss.gguf >"$results/hub.txt" &
hub=$!
until_true 60 grep -q http "$results/hub.txt" || failed "a hub on this computer"
# With the name of the process (or thread) on each line.
desk strace -f -Y -qq -o /tmp/run/download.txt -e trace=socket,connect,sendto \
  inglenook models get someone/something/tiny-gpt-oss.gguf --endpoint "$(cat "$results/hub.txt")" --data-dir "$home/fetched" \
  >"$results/download.log" 2>&1 || true
kill $hub
cp "$root/tmp/run/download.txt" "$results/"
check "a model is fetched by the installed application" \
  cmp -s resources/tiny-gpt-oss.gguf "$root$home/fetched/models/tiny-gpt-oss.gguf"
grep -E 'AF_INET|AF_NETLINK|AF_PACKET' "$root/tmp/run/download.txt" >"$results/download-sockets.txt" || true
check "the download opened sockets" test -s "$results/download-sockets.txt"
if grep -vE '^[0-9]+<inglen-download?>' "$results/download-sockets.txt" >"$results/astray.txt"; then
  failed "no other process of a download has an AF_INET socket"
else
  passed "no other process of a download has an AF_INET socket"
fi

# --- What the desktop makes of our files --------------------------------------------------------------------------------------
desk inglenook export --all --format json --output "$home/talks.json" >/dev/null
check "an export has our MIME type" sh -c "chroot '$root' gio info -a standard::content-type '$home/talks.json' | grep -q inglenook"
check "a model opens with us" sh -c "chroot '$root' gio mime application/vnd.gguf | grep -q $id"
inside man --warnings -l /usr/share/man/man1/inglenook.1.gz >/dev/null 2>"$results/man.log" || true
if [ -s "$results/man.log" ]; then failed "the manual page is sound"; else passed "the manual page is sound"; fi

# --- And away again -----------------------------------------------------------------------------------------------------------
inside apt-get purge -y -qq inglenook >>"$results/apt.log" 2>&1
left=$(inside find / -xdev -path /proc -prune -o -path /dev -prune -o -iname '*inglenook*' -print | grep -v "^$home/" || true)
if [ -z "$left" ]; then passed "removed: nothing is left but the user's data"; else failed "left behind: $left"; fi
check "the conversations are still there" test -s "$root$home/.local/share/Inglenook/chat.db"

say "$failures failed. Screenshots and logs are in build/package-test/."
exit $((failures > 0))
