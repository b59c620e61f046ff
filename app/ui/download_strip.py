"""A slim line below the header while a model is on its way and something else is in sight."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from app.services.download_events import Download, DownloadPhase
from app.ui import model_words
from app.ui.model_rows import Do
from app.ui.widgets.controls import button, flat_button
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.meter import Meter


class DownloadStrip(QFrame):
    """Shows one download, and lets it be paused and gone on with. What doesn't run can be put out of sight."""

    acted = Signal(str, str)  # value of a Do, id of the model
    details_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._now: Download | None = None
        self._hidden: set[tuple[str, DownloadPhase]] = set()
        self._build()
        self._act.clicked.connect(self._on_acted)
        self._details.clicked.connect(self.details_requested)
        self._hide.clicked.connect(self._on_hidden)

    def _build(self) -> None:
        self.setObjectName("download_strip")
        self.setProperty("tone", "strip")
        self._meter = Meter(110, 4, self)
        self._words = ElidedLabel("note", self)
        self._act = button("", "flat", self)
        self._details = flat_button(self.tr("Details"), self.tr("Show all models"), self)
        self._hide = flat_button(self.tr("Hide"), self.tr("Hide this line"), self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 4, 12, 4)
        layout.setSpacing(10)
        layout.addWidget(self._meter, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(self._words, 1)
        layout.addWidget(self._act)
        layout.addWidget(self._details)
        layout.addWidget(self._hide)
        self.hide()

    @property
    def text(self) -> str:
        return self._words.text() if not self.isHidden() else ""

    def show_download(self, now: Download | None, offline: bool = False) -> None:
        """Show how this one stands; None takes the line away."""
        self._now = now
        if now is not None and now.active:
            # What stops again later is news.
            self._hidden = {(each, phase) for each, phase in self._hidden if each != now.entry.id}
        if now is None or (now.entry.id, now.phase) in self._hidden:
            self.hide()
            return
        said = f"{now.entry.name} · {model_words.download(now)}"
        self._words.setText(said)
        self._words.setToolTip(said)
        self.setAccessibleName(said)
        fraction = model_words.fraction(now)
        self._meter.setVisible(fraction is not None)
        self._meter.set_fraction(fraction or 0.0)
        again = self.tr("Try again") if now.phase is DownloadPhase.FAILED else self.tr("Resume")
        self._act.setText(self.tr("Pause") if now.active else again)
        self._act.setEnabled(now.active or not offline)
        self._act.setAccessibleDescription(said)
        self._hide.setVisible(not now.active)
        self.show()

    @Slot()
    def _on_acted(self) -> None:
        if self._now is not None:
            self.acted.emit((Do.PAUSE if self._now.active else Do.GET).value, self._now.entry.id)

    @Slot()
    def _on_hidden(self) -> None:
        if self._now is not None:
            self._hidden.add((self._now.entry.id, self._now.phase))
        self.hide()
