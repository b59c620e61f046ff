"""What lies over the window while files are dragged over it, and says what will happen to them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.ui import document_words
from app.ui.theme import Theme, body_font

MODEL = ".gguf"


class DropOverlay(QWidget):
    """Covers its parent; lets all events through to it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._over = parent
        self._title, self._words = "", ""
        self.setObjectName("drop_overlay")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    @property
    def text(self) -> str:
        return f"{self._title}. {self._words}"

    def show_for(self, paths: list[Path]) -> None:
        """Say what dropping these would do."""
        folders = sum(path.is_dir() for path in paths)
        model = model_in(paths) is not None
        if conversations_in(paths) and not model:
            # As below: the window need not wait for what reads files.
            from app.ui import transfer_words

            self._title, self._words = transfer_words.drop()
        else:
            self._title, self._words = document_words.drop_of(len(paths), folders, model)
        self.setAccessibleName(self.text)
        self.setGeometry(self._over.rect())
        self.show()
        self.raise_()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self._theme.palette
        ground = QColor(palette.bg)
        ground.setAlpha(225)
        painter.fillRect(self.rect(), ground)
        painter.setPen(QPen(QColor(palette.accent), 1.6, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(16, 16, -16, -16), 16, 16)
        middle = QRectF(self.rect())
        for text, size, weight, colour, shift in (
            (self._title, 20, QFont.Weight.DemiBold, palette.ink, -16),
            (self._words, 14, QFont.Weight.Normal, palette.mute, 16),
        ):
            painter.setFont(body_font(size, weight))
            painter.setPen(QColor(colour))
            painter.drawText(middle.translated(0, shift), Qt.AlignmentFlag.AlignCenter, text)
        painter.end()


def model_in(paths: list[Path]) -> Path | None:
    """The model among these files, if there is one."""
    return next((path for path in paths if path.suffix.lower() == MODEL), None)


def conversations_in(paths: list[Path]) -> list[Path]:
    """The files with conversations, if all of these are."""
    from app.export.reading import holds_conversations

    return paths if paths and all(map(holds_conversations, paths)) else []
