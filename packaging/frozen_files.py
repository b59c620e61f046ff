"""Which files of the libraries belong into the frozen application. Used by inglenook.spec."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath

# Of Qt: windows, SVG icons, and the local socket of a second start. Names without "libQt6" and what follows.
_QT_LIBRARIES = frozenset(
    [
        "Core",
        "Gui",
        "Widgets",
        "Network",
        "Svg",
        "DBus",
        "XcbQpa",
        "WaylandClient",
        "WaylandEglClientHwIntegration",
        "WlShellIntegration",
        "OpenGL",
    ]
)
_QT_PLUGINS = {
    "platforms": r"q(xcb|wayland.*|offscreen|windows|cocoa)",
    "platforminputcontexts": r"(compose|ibus|fcitx5?)platforminputcontextplugin",
    "platformthemes": r"qxdgdesktopportal",
    "iconengines": r"qsvgicon",
    "imageformats": r"q(svg|ico|jpeg|gif|webp)",
    "styles": r"q(modernwindowsstyle|windowsvistastyle|macstyle)",
    "xcbglintegrations": r"qxcb-.*",
    "wayland-decoration-client": r".*",
    "wayland-graphics-integration-client": r"(qt-plugin-)?(wayland-egl|.*shm.*)",
    "wayland-shell-integration": r"(xdg-shell|qt-shell)",
}
_ALIKE = re.compile(r"(?:lib)?(?P<name>.+?)(?:\.so|\.dylib|\.dll)")
Binary = tuple[str, str, str]
"""As PyInstaller has them: place in the folder, place on this machine, kind."""
_LLAMA_LIBRARIES = re.compile(
    r"(lib)?(llama|ggml|ggml-base)\.(so|dylib|dll)|lib(llama|ggml|ggml-base)\.so\.0|(lib)?ggml-(?!base).*"
)
_NEVER = re.compile(
    r"PySide6/(Qt/)?(translations|qml|resources|libexec|metatypes)/|resources/screenshot\.png|.*\.(pyi|pxd|h)$|numpy/.*/tests/|lxml/(isoschematron|includes)/|"
    # What pip notes of an installation; with the hashes of scripts that name the folder they were installed in.
    r".*\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json)$|"
    # Top-level copies of what lies in llama_cpp/lib, made because the loader asks for the names with a number.
    r"(lib)?(llama|ggml)[^/]*\.(so|dylib)[^/]*$|"
    # Those of the system: its graphics drivers may need newer ones, and would get ours.
    r"lib(stdc\+\+|gcc_s)\.so\.\d+$"
)


def llama_libraries() -> list[Path]:
    """llama.cpp with a module for each kind of processor; without the second and third copy of each library."""
    package = importlib.util.find_spec("llama_cpp")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / "lib"
    return sorted(path for path in folder.iterdir() if _LLAMA_LIBRARIES.fullmatch(path.name))


def is_needed(target: str) -> bool:
    """Whether a file is taken along, by its place in the application's folder."""
    place = PurePosixPath(target.replace("\\", "/"))
    if _NEVER.match(str(place)):
        return False
    if "plugins" in place.parts and "PySide6" in place.parts:
        wanted = _QT_PLUGINS.get(place.parent.name)
        return wanted is not None and re.fullmatch(wanted, _bare(place.name)) is not None
    qt = re.match(r"(?:lib)?Qt6?(?P<name>[A-Z]\w*?)(?:\.|$)", place.name)
    if qt is not None:
        return qt["name"] in _QT_LIBRARIES
    return True


def reachable(binaries: Sequence[Binary], imports: Callable[[str], Iterable[tuple[str, str | None]]]) -> list[Binary]:
    """Without the libraries that only plugins needed that were not taken. imports gives what a file links to."""
    by_name = {PurePosixPath(binary[0].replace("\\", "/")).name: binary for binary in binaries}
    # What lies in a package's folder is loaded by the package; what lies at the top was linked to.
    waiting = [binary for binary in binaries if "/" in binary[0].replace("\\", "/") or binary[2] == "EXTENSION"]
    kept = dict.fromkeys(binary[0] for binary in waiting)
    while waiting:
        for name, _ in imports(waiting.pop()[1]):
            wanted = by_name.get(name)
            if wanted is not None and wanted[0] not in kept:
                kept[wanted[0]] = None
                waiting.append(wanted)
    # Links at the top to a library that is kept, and Python's own library, which the executable loads by name.
    return [
        binary
        for binary in binaries
        if binary[0] in kept
        or "python3" in binary[0]
        or (binary[2] == "SYMLINK" and by_name.get(PurePosixPath(binary[1]).name, ("",))[0] in kept)
    ]


def _bare(name: str) -> str:
    found = _ALIKE.match(name)
    return found["name"] if found else name
