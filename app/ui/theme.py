"""Colours and type: two palettes, the style sheet made from them, and the switch between light and dark."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Template

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from app.paths import resource

BODY_FONT = "Inter"
MONO_FONT = "JetBrains Mono"
QUOTE_INDENT = 14
BODY_SIZE = 14
LINE_HEIGHT = 128
"""Per cent of the font's own line spacing; with Inter at 14 px this makes 21.7 px, a line height of 1.55."""
FONT_FILES = (
    "Inter-Regular.otf",
    "Inter-Italic.otf",
    "Inter-Medium.otf",
    "Inter-SemiBold.otf",
    "Inter-Bold.otf",
    "Inter-BoldItalic.otf",
    "JetBrainsMono-Regular.ttf",
    "JetBrainsMono-Bold.ttf",
)


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one scheme. The syntax_ ones are for code.

    mark lies over what is cited: on paper, which is white in both schemes, and mark_soft on the ground of a text.
    """

    bg: str
    side: str
    panel: str
    line: str
    edge: str
    ink: str
    mute: str
    faint: str
    accent: str
    accent_soft: str
    accent_strong: str
    on_accent: str
    hover: str
    code: str
    user: str
    warn: str
    select: str
    mark: str
    mark_soft: str
    syntax_keyword: str
    syntax_string: str
    syntax_number: str
    syntax_comment: str
    syntax_function: str
    syntax_type: str


LIGHT = Palette(
    bg="#faf9f7",
    side="#f2f0ec",
    panel="#ffffff",
    line="#e4e0d9",
    edge="#cfc9bf",
    ink="#23211e",
    mute="#635d55",
    faint="#706960",
    accent="#2f6f5e",
    accent_soft="#e2efea",
    accent_strong="#275d4f",
    on_accent="#faf9f7",
    hover="#eae7e1",
    code="#f5f3ef",
    user="#ece8e1",
    warn="#9a5b00",
    select="#c5dfd6",
    mark="#ffe79c",
    mark_soft="#fdeebd",
    syntax_keyword="#2f6f5e",
    syntax_string="#8a5a1c",
    syntax_number="#a0522d",
    syntax_comment="#706960",
    syntax_function="#35588c",
    syntax_type="#6f4a8e",
)
DARK = Palette(
    bg="#1c1b19",
    side="#171614",
    panel="#24221f",
    line="#34312d",
    edge="#4a4641",
    ink="#ebe7e0",
    mute="#aaa398",
    faint="#968f84",
    accent="#7cc4ad",
    accent_soft="#22352f",
    accent_strong="#93d2be",
    on_accent="#1c1b19",
    hover="#24221f",
    code="#191816",
    user="#2c2926",
    warn="#e0a458",
    select="#31564b",
    mark="#ffe79c",
    mark_soft="#4d4220",
    syntax_keyword="#7cc4ad",
    syntax_string="#dcb67a",
    syntax_number="#e39b84",
    syntax_comment="#968f84",
    syntax_function="#8fb4e3",
    syntax_type="#bda3e0",
)


def load_fonts() -> None:
    """Register the fonts that ship with the application."""
    for name in FONT_FILES:
        QFontDatabase.addApplicationFont(str(resource(f"fonts/{name}")))


def body_font(size: int = BODY_SIZE, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The font of everything but code, with figures of one width so that running seconds don't shake."""
    font = QFont(BODY_FONT)
    font.setPixelSize(size)
    font.setWeight(weight)
    font.setFeature(QFont.Tag("tnum"), 1)
    font.setStyleStrategy(QFont.StyleStrategy.PreferAntialias)
    return font


def mono_font(size: int = 13) -> QFont:
    font = QFont(MONO_FONT)
    font.setPixelSize(size)
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setFeature(QFont.Tag("calt"), 0)
    return font


def prose_css(palette: Palette) -> str:
    """The default style sheet of an answer's documents (the subset of CSS that Qt's rich text knows)."""
    p = palette
    return f"""
        p, li, td, th, blockquote {{ line-height: {LINE_HEIGHT}%; }}
        p {{ margin: 0 0 12px 0; }}
        ul, ol {{ margin: 0 0 12px 0; }}
        li {{ margin: 0 0 5px 0; }}
        li p {{ margin: 0 0 5px 0; }}
        li ul, li ol {{ margin: 5px 0 5px 0; }}
        h1, h2, h3, h4, h5, h6 {{ font-weight: 600; margin: 20px 0 8px 0; line-height: 120%; }}
        h1 {{ font-size: 20px; }} h2 {{ font-size: 17px; }} h3 {{ font-size: 15px; }}
        h4, h5, h6 {{ font-size: 14px; }}
        strong, b {{ font-weight: 600; }}
        code {{ font-family: '{MONO_FONT}'; font-size: 12.5px; background-color: {p.user}; white-space: pre-wrap; }}
        pre {{ font-family: '{MONO_FONT}'; font-size: 12.5px; margin: 0 0 12px 0; line-height: 120%; }}
        blockquote {{ margin: 0 0 12px {QUOTE_INDENT}px; color: {p.mute}; }}
        blockquote p {{ color: {p.mute}; }}
        a {{ color: {p.accent}; text-decoration: underline; }}
        a.cited, a.doubted {{ font-size: 13px; font-weight: 600; text-decoration: none; }}
        .awaited {{ color: {p.edge}; }}
        s, del {{ color: {p.mute}; }}
        table {{ border-collapse: collapse; margin: 0; }}
        hr {{ background-color: {p.edge}; }}
        th {{ color: {p.mute}; font-weight: 500; font-size: 13px; text-align: left; padding: 5px 8px;
              border: 0px; border-bottom: 1px solid {p.line}; }}
        td {{ padding: 5px 8px; border: 0px; border-bottom: 1px solid {p.line}; }}
    """


class Theme(QObject):
    """Holds the colours in use and follows the system unless told otherwise."""

    changed = Signal()

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._choice = ""
        self._palette = LIGHT
        self._applied = False
        application.styleHints().colorSchemeChanged.connect(self._on_scheme_changed)

    @property
    def palette(self) -> Palette:
        return self._palette

    @property
    def choice(self) -> str:
        """What was chosen: "system", "light" or "dark"."""
        return self._choice

    def choose(self, choice: str) -> None:
        """Show the window light, dark, or as the system is."""
        choice = choice if choice in ("light", "dark") else "system"
        if choice == self._choice:
            return
        self._choice = choice
        hints = self._application.styleHints()
        if self._choice == "system":
            hints.unsetColorScheme()
        else:
            hints.setColorScheme(Qt.ColorScheme.Dark if self._choice == "dark" else Qt.ColorScheme.Light)
        self._apply()

    @Slot(Qt.ColorScheme)
    def _on_scheme_changed(self, _scheme: Qt.ColorScheme) -> None:
        self._apply()

    def _is_dark(self) -> bool:
        if self._choice == "system":
            return self._application.styleHints().colorScheme() is Qt.ColorScheme.Dark
        return self._choice == "dark"

    def _apply(self) -> None:
        palette = DARK if self._is_dark() else LIGHT
        if self._applied and palette is self._palette:
            return
        self._applied, self._palette = True, palette
        self._application.setFont(body_font())
        self._application.setPalette(qt_palette(self._palette))
        template = Template(resource("style.qss").read_text(encoding="utf-8"))
        icons = resource("icons").as_posix()
        scheme = "dark" if self._palette is DARK else "light"
        self._application.setStyleSheet(
            template.substitute(asdict(self._palette), icons=icons, mono=MONO_FONT, scheme=scheme)
        )
        self.changed.emit()


def qt_palette(palette: Palette) -> QPalette:
    """The same colours in Qt's roles, for what no style sheet reaches."""
    role = QPalette.ColorRole
    colours = {
        role.Window: palette.bg,
        role.WindowText: palette.ink,
        role.Base: palette.panel,
        role.AlternateBase: palette.code,
        role.ToolTipBase: palette.panel,
        role.ToolTipText: palette.ink,
        role.PlaceholderText: palette.faint,
        role.Text: palette.ink,
        role.Button: palette.panel,
        role.ButtonText: palette.ink,
        role.BrightText: palette.warn,
        role.Highlight: palette.select,
        role.HighlightedText: palette.ink,
        role.Link: palette.accent,
        role.LinkVisited: palette.accent,
        role.Accent: palette.accent,
        role.Light: palette.panel,
        role.Midlight: palette.line,
        role.Mid: palette.line,
        role.Dark: palette.mute,
        role.Shadow: palette.edge,
    }
    result = QPalette()
    for which, colour in colours.items():
        result.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, which, QColor(palette.faint))
    return result
