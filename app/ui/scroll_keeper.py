"""Keeps a page where its reader wants it while the page grows."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QScrollBar

NEAR = 24
"""Pixels from the end that count as being at the end."""


class ScrollKeeper(QObject):
    """Follows the end as long as the reader is there, and leaves the page alone once the reader has scrolled up."""

    following_changed = Signal(bool)  # follows the end

    def __init__(self, bar: QScrollBar) -> None:
        super().__init__(bar)
        self._bar = bar
        self._following = True
        self._from_end: int | None = None
        self._adjusting = False
        bar.valueChanged.connect(self._on_value_changed)
        bar.rangeChanged.connect(self._on_range_changed)

    @property
    def following(self) -> bool:
        return self._following

    def follow(self) -> None:
        """Go to the end and stay there."""
        self._from_end = None
        self._set_following(True)
        self._move(self._bar.maximum())

    def hold(self) -> None:
        """Keep what is in sight in sight while something is put in above it."""
        self._from_end = self._bar.maximum() - self._bar.value()

    def leave(self, value: int) -> None:
        """Go to a place and stay there, whatever grows below."""
        self._from_end = None
        self._bar.setValue(value)
        self._set_following(self._bar.maximum() - self._bar.value() <= NEAR)

    def release(self) -> None:
        """What was put in is laid out."""
        self._from_end = None

    @Slot(int)
    def _on_value_changed(self, value: int) -> None:
        if not self._adjusting:
            self._set_following(self._bar.maximum() - value <= NEAR)

    @Slot(int, int)
    def _on_range_changed(self, _minimum: int, maximum: int) -> None:
        if self._from_end is not None:
            self._move(maximum - self._from_end)
        elif self._following:
            self._move(maximum)

    def _move(self, value: int) -> None:
        self._adjusting = True
        self._bar.setValue(value)
        self._adjusting = False

    def _set_following(self, following: bool) -> None:
        if following != self._following:
            self._following = following
            self.following_changed.emit(following)
