"""Moves between the versions of a message: ‹ 2/3 ›."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.domain.chat import MessageId
from app.ui.widgets.controls import flat_button, plain_label


class VersionSwitch(QWidget):
    """Shown only where there is more than one version."""

    chosen = Signal(str)  # message id of a version

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._versions: tuple[MessageId, ...] = ()
        self._place = 0
        self._before = flat_button("‹", self.tr("The version before"), self)
        self._count = plain_label("", "faint", self)
        self._after = flat_button("›", self.tr("The version after"), self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for widget in (self._before, self._count, self._after):
            layout.addWidget(widget)
        self._before.clicked.connect(self._on_before_clicked)
        self._after.clicked.connect(self._on_after_clicked)
        self.hide()

    @property
    def text(self) -> str:
        """Which version this is of how many; empty where there is but one."""
        return self._count.text()

    def show_versions(self, shown: MessageId, versions: Sequence[MessageId]) -> None:
        """Show where one version stands among all, oldest first."""
        self._versions = tuple(versions) if shown in versions and len(versions) > 1 else ()
        self.setVisible(bool(self._versions))
        self._count.setText("")
        if not self._versions:
            return
        self._place = self._versions.index(shown)
        self._count.setText(f"{self._place + 1}/{len(self._versions)}")
        self._count.setAccessibleName(
            self.tr("Version {place} of {count}").format(place=self._place + 1, count=len(self._versions))
        )
        self._before.setEnabled(self._place > 0)
        self._after.setEnabled(self._place + 1 < len(self._versions))

    @Slot()
    def _on_before_clicked(self) -> None:
        self.chosen.emit(self._versions[self._place - 1])

    @Slot()
    def _on_after_clicked(self) -> None:
        self.chosen.emit(self._versions[self._place + 1])
