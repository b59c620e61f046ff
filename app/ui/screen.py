"""What Qt needs of the system before it starts: a screen to open a window on, and a locale in UTF-8.

Without a screen it ends the program without a word for people.
"""

from __future__ import annotations

import ctypes
import locale
import os
import sys
from pathlib import Path

from app.errors import AppError


def require_screen() -> None:
    """Raise AppError where Qt could not open a window. Only Linux can be without a screen, or without its libraries."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM", "xcb") != "xcb" or _wayland():
        return
    _require_library("libxcb-cursor.so.0", "libxcb-cursor0")
    xcb = _require_library("libxcb.so.1", "libxcb1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    refused = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    if refused:
        raise AppError(
            "There is no screen to open the window on.",
            "Start it in a graphical session; `inglenook ask` works without one.",
        )


def ensure_utf8() -> None:
    """Use UTF-8 where the locale has another encoding, as Qt would with a warning.

    Python's own start does it too (PEP 538), but a frozen application begins otherwise.
    """
    if sys.platform != "linux":
        return
    try:
        locale.setlocale(locale.LC_ALL, "")
    except locale.Error:
        # A language that is not installed spoils all the rest.
        os.environ["LC_ALL"] = "C.UTF-8"
        return
    if locale.nl_langinfo(locale.CODESET).upper() != "UTF-8":
        os.environ["LC_ALL" if os.environ.get("LC_ALL") else "LC_CTYPE"] = "C.UTF-8"
    # Numbers in files are written and read as in C.
    locale.setlocale(locale.LC_NUMERIC, "C")


def _wayland() -> bool:
    name = os.environ.get("WAYLAND_DISPLAY")
    return bool(name) and Path(os.environ.get("XDG_RUNTIME_DIR", "/"), name or "").exists()


def _require_library(name: str, package: str) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(name)
    except OSError as error:
        raise AppError(
            f"The window needs the system library {package}, which is missing.",
            f"Install it, on Debian and Ubuntu with `sudo apt-get install {package}`.",
            str(error),
        ) from error
