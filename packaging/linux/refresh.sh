#!/bin/sh
# Tells the desktop what is new in the folder $1, with the programs that this system has for that.
if [ -d "$1/applications" ] && command -v update-desktop-database >/dev/null; then update-desktop-database -q "$1/applications"; fi
if [ -d "$1/mime" ] && command -v update-mime-database >/dev/null; then update-mime-database "$1/mime"; fi
if [ -d "$1/icons/hicolor" ] && command -v gtk-update-icon-cache >/dev/null; then
  gtk-update-icon-cache -q -t -f "$1/icons/hicolor" 2>/dev/null
fi
exit 0
