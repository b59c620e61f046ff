"""What is asked at the start where the file of conversations is damaged: repair it, go back, or begin anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app import APP_NAME
from app.errors import AppError
from app.services.rescue import in_words
from app.store.backups import Backup, Cancelled, Contents
from app.store.errors import LostDatabaseError
from app.ui import safety_words, words
from app.ui.confirm_dialog import ConfirmDialog
from app.ui.damage_choices import DamageChoices
from app.ui.ports import Post, RescuerPort
from app.ui.widgets.controls import button, plain_label
from app.ui.widgets.progress_line import ProgressLine
from app.ui.widgets.text_view import TextView

WIDTH = 520
TELL_SECONDS = 0.1

Submit = Callable[[Callable[[], None]], None]
"""Runs a job on a thread of its own, one after another."""


class DamageDialog(QDialog):
    """Leads to a file that can be opened: solved tells when there is one. Closing it gives up, at any time."""

    solved = Signal()

    def __init__(
        self, rescuer: RescuerPort, error: AppError, submit: Submit, post: Post, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._rescuer = rescuer
        self._submit = submit
        self._post = post
        self._given_up = False
        self._backup: Backup | None = None
        self._build(error)
        self._build_foot()
        self._connect()
        submit(self._find_backup)

    def _build(self, error: AppError) -> None:
        self.setWindowTitle(APP_NAME)
        self.setMinimumWidth(WIDTH)
        self._title = plain_label(error.title, "noticetitle", self)
        self._title.setWordWrap(True)
        self._words = TextView(self)
        self._words.setProperty("tone", "notes")
        self._words.set_plain(
            self.tr(
                "It was moved or deleted, perhaps by another program. If you have it elsewhere, quit, and put it back "
                "into your data folder. Else go on with the newest good backup."
            )
            if isinstance(error, LostDatabaseError)
            else self.tr(
                "The disk may be failing, or another program wrote into it. Whatever you choose, the damaged file is "
                "kept in your data folder under another name."
            ),
            125,
        )
        self._choices = DamageChoices(self)
        self._progress = ProgressLine(self)
        self._progress.hide()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(22, 20, 22, 18)
        self._layout.setSpacing(10)
        for widget in (self._title, self._words, self._choices, self._progress):
            self._layout.addWidget(widget)

    def _build_foot(self) -> None:
        self._quit = button(self.tr("Quit"), "secondary", self)
        self._quit.setObjectName("quit")
        self._go_on = button(self.tr("Go on"), "primary", self)
        self._go_on.setObjectName("go_on")
        self._go_on.hide()
        row = QHBoxLayout()
        row.setContentsMargins(0, 8, 0, 0)
        row.addWidget(self._quit)
        row.addStretch(1)
        row.addWidget(self._go_on)
        self._layout.addStretch(1)
        self._layout.addLayout(row)

    def _connect(self) -> None:
        self._quit.clicked.connect(self.reject)
        self._go_on.clicked.connect(self._on_go_on)
        self._choices.repair_chosen.connect(self._on_repair_chosen)
        self._choices.backup_chosen.connect(self._on_backup_chosen)
        self._choices.new_chosen.connect(self._on_new_chosen)

    @property
    def text(self) -> str:
        """What it says above the buttons."""
        return f"{self._title.text()} {self._words.toPlainText()}"

    def reject(self) -> None:
        """Give up what runs; the damaged file is where it was."""
        self._given_up = True
        super().reject()

    # On the thread of the jobs.

    def _find_backup(self) -> None:
        backup: Backup | None = None
        contents: Contents | None = None
        try:
            backup = self._rescuer.newest_backup()
            contents = self._rescuer.contents(backup) if backup is not None else None
        except AppError:
            backup = None
        self._post(lambda: self._on_backup_found(backup, contents))

    def _run(self, job: Callable[[], Sequence[str]]) -> None:
        try:
            if self._given_up:
                return
            sentences = job()
        except Cancelled:
            return
        except AppError as error:
            failed = error
            self._post(lambda: self._on_failed(failed))
            return
        self._post(lambda: self._on_done(sentences))

    def _repair(self) -> Sequence[str]:
        began = told = time.monotonic()

        def progress(fraction: float) -> None:
            nonlocal told
            if self._given_up:
                raise Cancelled
            now = time.monotonic()
            if now - told >= TELL_SECONDS:
                told = now
                left = (now - began) * (1 - fraction) / fraction if fraction > 0 else None
                self._post(lambda: self._show_progress(fraction, left))

        return in_words(self._rescuer.rescue(progress))

    def _go_back(self, backup: Backup) -> Sequence[str]:
        self._rescuer.go_back_to(backup)
        return [
            self.tr("Your conversations are those of {moment}.").format(
                moment=safety_words.date_and_time(backup.made_at)
            )
        ]

    def _begin_anew(self) -> Sequence[str]:
        kept = self._rescuer.begin_anew()
        if kept is None:
            return [self.tr("You begin with no conversations. The backups stay.")]
        return [self.tr("You begin with no conversations. The damaged file is kept as {name}.").format(name=kept.name)]

    # On the main thread.

    def _on_backup_found(self, backup: Backup | None, contents: Contents | None) -> None:
        self._backup = backup
        self._choices.set_backup(backup, contents)
        self._fit()

    def _show_progress(self, fraction: float, seconds_left: float | None) -> None:
        left = words.time_left(seconds_left) if fraction > 0.05 else ""
        self._progress.set_progress(self.tr("Reading the damaged file") + left, fraction)

    def _on_done(self, sentences: Sequence[str]) -> None:
        self._progress.hide()
        self._title.setText(self.tr("Your conversations can be opened again."))
        self._words.set_plain("\n".join(sentences), 125)
        self._go_on.show()
        self._go_on.setDefault(True)
        self._go_on.setFocus(Qt.FocusReason.OtherFocusReason)
        self._fit()

    def _on_failed(self, error: AppError) -> None:
        self._progress.hide()
        self._title.setText(error.title)
        self._words.set_plain(error.remedy, 125)
        self._choices.show()
        self._fit()

    def _begin(self, what: str, job: Callable[[], Sequence[str]]) -> None:
        self._choices.hide()
        self._progress.set_progress(what, None)
        self._progress.show()
        self._fit()
        self._submit(lambda: self._run(job))

    def _fit(self) -> None:
        """Be as high as what is shown needs, once it is laid out."""
        self._layout.activate()
        self.adjustSize()

    @Slot()
    def _on_repair_chosen(self) -> None:
        self._begin(self.tr("Reading the damaged file"), self._repair)

    @Slot()
    def _on_backup_chosen(self) -> None:
        backup = self._backup
        if backup is not None:
            self._begin(self.tr("Going back to the backup"), lambda: self._go_back(backup))

    @Slot()
    def _on_new_chosen(self) -> None:
        dialog = ConfirmDialog(
            self.tr("Begin without your conversations?"),
            self.tr("The damaged file is kept, but nothing of it will be shown. Repairing it is worth a try first."),
            self.tr("Begin anew"),
            self,
        )
        dialog.accepted.connect(lambda: self._begin(self.tr("Setting the damaged file aside"), self._begin_anew))
        dialog.open()

    @Slot()
    def _on_go_on(self) -> None:
        self.accept()
        self.solved.emit()
