#!/usr/bin/env bash
# Renders the icon for Windows (build/icons/inglenook.ico) or macOS (build/icons/inglenook.icns) from the SVG, with the
# Qt of the environment that PYTHON names: those systems have no program for it.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=build/icons/inglenook.iconset
mkdir -p $folder
QT_QPA_PLATFORM=offscreen "${PYTHON:-build/venv/bin/python}" - "$folder" <<'PYTHON'
import sys
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication, QIcon

application = QGuiApplication([])
icon = QIcon("resources/icons/inglenook.svg")
folder = Path(sys.argv[1])
for size in (16, 32, 128, 256, 512):
    for factor, suffix in ((1, ""), (2, "@2x")):
        icon.pixmap(QSize(size * factor, size * factor)).save(str(folder / f"icon_{size}x{size}{suffix}.png"))
icon.pixmap(QSize(256, 256)).save(str(folder.parent / "inglenook.ico"))
PYTHON
if command -v iconutil >/dev/null; then iconutil --convert icns --output build/icons/inglenook.icns $folder; fi
