"""Which files of the libraries belong into the frozen application. Used by inglenook.spec."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path, PurePosixPath

# Of Qt: windows, SVG icons, and the local socket of a second start. Names without "libQt6" and what follows.
_QT_LIBRARIES = frozenset(
    "Core Gui Widgets Network Svg DBus XcbQpa WaylandClient WaylandEglClientHwIntegration WlShellIntegration OpenGL".split()
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
_LLAMA_LIBRARIES = re.compile(r"(lib)?(llama|ggml|ggml-base)\.(so|dylib|dll)|lib(llama|ggml|ggml-base)\.so\.0|(lib)?ggml-(?!base).*")
_NEVER = re.compile(
    r"PySide6/(Qt/)?(translations|qml|resources|libexec|metatypes)/|resources/screenshot\.png|.*\.pyi$|"
    # Top-level copies of what lies in llama_cpp/lib, made because the loader asks for the names with a number.
    r"(lib)?(llama|ggml)[^/]*\.(so|dylib)[^/]*$"
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
    if qt is not None and "PySide6" in str(place):
        return qt["name"] in _QT_LIBRARIES
    return True


def _bare(name: str) -> str:
    found = _ALIKE.match(name)
    return found["name"] if found else name
