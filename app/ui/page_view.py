"""A PDF's pages below each other, as pictures that come when they are looked at, with marks over what is cited."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from app.domain.documents import Mark, Unit
from app.ui.theme import Theme, body_font

MARGIN = 14
GAP = 12
LEAST_ZOOM, MOST_ZOOM = 0.25, 5.0
STEP = 1.2
A4 = (595.0, 842.0)
"""Points of a page whose size nobody knows."""
MOST_PIXELS_ACROSS = 4000
REST = 90
"""Milliseconds without a movement after which pages are asked for."""
SPIN = 80
OWN_KEYS = frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right})


class PageView(QAbstractScrollArea):
    """Asks for the pictures of the pages in sight and of their neighbours; whoever draws them gives them back."""

    pages_wanted = Signal(list)  # (page, width in pixels), what is in sight first; earlier wishes are void
    page_changed = Signal(int)  # the page that is read now
    zoom_changed = Signal(int)  # per cent of the width that fits

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._sizes: list[tuple[float, float]] = []
        self._tops: list[float] = [0.0]
        self._zoom = 1.0
        self._page = 0
        self._marks: tuple[Mark, ...] = ()
        self._towards: Mark | None = None
        self._going = False
        self._pictures: dict[int, QPixmap] = {}
        self._failures: dict[int, str] = {}
        self._angle = 0
        self._build()

    def _build(self) -> None:
        self.setObjectName("pages")
        self.setAccessibleName(self.tr("Pages of the document"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setAutoFillBackground(False)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.timeout.connect(self._on_rested)
        self._spinner = QTimer(self)
        self._spinner.setInterval(SPIN)
        self._spinner.timeout.connect(self._on_spun)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self._theme.changed.connect(self.viewport().update)

    @property
    def page(self) -> int:
        """The page that is read now, from 1; 0 where there is none."""
        return self._page

    @property
    def count(self) -> int:
        return len(self._sizes)

    @property
    def drawn(self) -> frozenset[int]:
        """The pages that have pictures."""
        return frozenset(self._pictures)

    def set_pages(self, pages: Sequence[Unit]) -> None:
        """Show a document with pages of these sizes, its first page at the top."""
        self._sizes = [(unit.width, unit.height) if unit.width > 0 and unit.height > 0 else A4 for unit in pages]
        self._pictures, self._failures, self._marks, self._page = {}, {}, (), 0
        self._lay_out()
        self.verticalScrollBar().setValue(0)
        self._on_scrolled()

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Mark what is cited, and go there."""
        self._marks = tuple(marks)
        self._towards = self._marks[0] if self._marks else None
        self.viewport().update()
        self._rest.start()
        self._go_to_mark()

    def go_to_page(self, page: int) -> None:
        self._towards = None
        if self._sizes:
            self._go(self._tops[self._index(page)] - GAP / 2)

    def set_picture(self, page: int, picture: QPixmap) -> None:
        """Show a page's picture, whatever its size."""
        self._pictures[page] = picture
        self._failures.pop(page, None)
        self.viewport().update()

    def set_failure(self, page: int, sentence: str) -> None:
        """Say on a page why it can't be seen."""
        self._failures[page] = sentence
        self.viewport().update()

    def zoom_by(self, factor: float) -> None:
        """Make the pages larger or smaller; what is in the middle stays there."""
        self._set_zoom(self._zoom * factor)

    def fit_width(self) -> None:
        self._set_zoom(1.0)

    def sizeHint(self) -> QSize:
        return QSize(420, 600)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 120)

    def resizeEvent(self, event: QResizeEvent) -> None:
        place = self._place()
        super().resizeEvent(event)
        self._lay_out()
        if self._towards is not None:
            self._go_to_mark()
        else:
            self._return_to(place)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(STEP ** (event.angleDelta().y() / 120))
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Scroll by arrows; all other keys belong to the panel."""
        if event.key() in OWN_KEYS and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().keyPressEvent(event)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for page in self._in_sight():
            where = self._where(page)
            if where.intersects(QRectF(event.rect())):
                self._paint_page(painter, page, where)
        painter.end()

    def _paint_page(self, painter: QPainter, page: int, where: QRectF) -> None:
        painter.fillRect(where.adjusted(-1, -1, 1, 1), QColor(self._theme.palette.line))
        painter.fillRect(where, QColor("#ffffff"))
        picture = self._pictures.get(page)
        if picture is not None:
            painter.drawPixmap(where, picture, QRectF(picture.rect()))
        elif page in self._failures:
            self._write(painter, where, self._failures[page])
        else:
            self._write(painter, where, self.tr("Drawing page {page}").format(page=page))
            self._paint_spinner(painter, where)
        outline = QPainterPath()
        outline.setFillRule(Qt.FillRule.WindingFill)
        for mark in self._marks:
            if mark.page == page:
                box = mark.rectangle
                corner = where.topLeft() + QPointF(box.left, box.top) * self._scale
                size = QPointF(box.right - box.left, box.bottom - box.top) * self._scale
                outline.addRect(QRectF(corner, corner + size).adjusted(-2, -1, 2, 1))
        if not outline.isEmpty():
            # Multiplied, so that the letters below stay as dark as they are.
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Multiply)
            painter.fillPath(outline.simplified(), QColor(self._theme.palette.mark))
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)

    @staticmethod
    def _write(painter: QPainter, where: QRectF, words: str) -> None:
        painter.setFont(body_font(13))
        painter.setPen(QColor("#706960"))
        middle = where.adjusted(20, where.height() / 3, -20, 0)
        painter.drawText(
            middle, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap, words
        )

    def _paint_spinner(self, painter: QPainter, where: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("#2f6f5e"), 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        middle = QPointF(where.center().x(), where.top() + where.height() / 3 - 22)
        painter.drawArc(QRectF(middle.x() - 9, middle.y() - 9, 18, 18), -self._angle * 16, 100 * 16)

    @property
    def _scale(self) -> float:
        """Pixels (of the window) for a point."""
        widest = max((width for width, _ in self._sizes), default=A4[0])
        return max(self.viewport().width() - 2 * MARGIN, 40) / widest * self._zoom

    def _lay_out(self) -> None:
        scale = self._scale
        self._tops = [float(GAP)]
        for _, height in self._sizes:
            self._tops.append(self._tops[-1] + height * scale + GAP)
        widest = max((width for width, _ in self._sizes), default=0.0) * scale + 2 * MARGIN
        area = self.viewport().size()
        down, across = self.verticalScrollBar(), self.horizontalScrollBar()
        self._going = True
        down.setRange(0, max(0, math.ceil(self._tops[-1]) - area.height()))
        self._going = False
        down.setPageStep(area.height())
        down.setSingleStep(40)
        across.setRange(0, max(0, math.floor(widest) - area.width()))
        across.setPageStep(area.width())
        self.viewport().update()
        self._rest.start()

    def _index(self, page: int) -> int:
        return max(0, min(page - 1, len(self._sizes) - 1))

    def _where(self, page: int) -> QRectF:
        """A page's place in the viewport."""
        width, height = self._sizes[page - 1]
        scale = self._scale
        room = max(self.viewport().width(), self.horizontalScrollBar().maximum() + self.viewport().width())
        left = (room - width * scale) / 2 - self.horizontalScrollBar().value()
        top = self._tops[page - 1] - self.verticalScrollBar().value()
        return QRectF(round(left), round(top), round(width * scale), round(height * scale))

    def _in_sight(self) -> range:
        if not self._sizes:
            return range(0)
        top = self.verticalScrollBar().value()
        first = max(bisect_right(self._tops, top) - 1, 0)
        last = bisect_right(self._tops, top + self.viewport().height()) - 1
        return range(first + 1, min(last, len(self._sizes) - 1) + 2)

    def _go(self, top: float) -> None:
        self._going = True
        self.verticalScrollBar().setValue(round(top))
        self._going = False

    def _go_to_mark(self) -> None:
        """Bring what is cited into the upper part of the view."""
        if self._towards is not None and self._sizes:
            top = self._tops[self._index(self._towards.page)] + self._towards.rectangle.top * self._scale
            self._go(top - self.viewport().height() / 4)

    def _place(self) -> tuple[int, float]:
        """What is in the middle of the view: a page, and how far down it."""
        middle = self.verticalScrollBar().value() + self.viewport().height() / 2
        index = self._index(bisect_right(self._tops, middle))
        height = self._tops[index + 1] - self._tops[index] if self._sizes else 1.0
        return index, (middle - self._tops[index]) / max(height, 1.0)

    def _return_to(self, place: tuple[int, float]) -> None:
        if self._sizes:
            index, part = place
            height = self._tops[index + 1] - self._tops[index]
            self._go(self._tops[index] + part * height - self.viewport().height() / 2)

    def _set_zoom(self, zoom: float) -> None:
        place = self._place()
        self._zoom = min(MOST_ZOOM, max(LEAST_ZOOM, zoom))
        self._lay_out()
        self._return_to(place)
        across = self.horizontalScrollBar()
        across.setValue(across.maximum() // 2)
        self.zoom_changed.emit(round(self._zoom * 100))

    @Slot()
    def _on_scrolled(self) -> None:
        self.viewport().update()
        self._rest.start()
        if not self._going:
            # The reader has left the place that was cited.
            self._towards = None
        if self._sizes:
            page = (
                self._index(bisect_right(self._tops, self.verticalScrollBar().value() + self.viewport().height() / 3))
                + 1
            )
            if page != self._page:
                self._page = page
                self.page_changed.emit(page)

    @Slot()
    def _on_rested(self) -> None:
        """Ask for what is in sight or next to it; forget what is far away."""
        sight = self._in_sight()
        if not self.isVisible() or not sight:
            return
        near = range(max(1, sight.start - 1), min(len(self._sizes), sight.stop) + 1)
        self._pictures = {page: picture for page, picture in self._pictures.items() if page in near}
        self._failures = {page: words for page, words in self._failures.items() if page in near}
        wanted = [(page, self._pixels(page)) for page in (*sight, *(page for page in near if page not in sight))]
        self.pages_wanted.emit([each for each in wanted if self._lacks(*each)])
        self._spinner.start()

    def _pixels(self, page: int) -> int:
        return min(MOST_PIXELS_ACROSS, round(self._where(page).width() * self.devicePixelRatioF()))

    def _lacks(self, page: int, width: int) -> bool:
        picture = self._pictures.get(page)
        return page not in self._failures and (picture is None or picture.width() != width)

    @Slot()
    def _on_spun(self) -> None:
        waits = [page for page in self._in_sight() if page not in self._pictures and page not in self._failures]
        if waits and self.isVisible():
            self._angle = (self._angle + 24) % 360
            self.viewport().update()
        else:
            self._spinner.stop()
