"""Between what is exported or imported and the window: which, where to, how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, QStandardPaths, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDrag
from PySide6.QtWidgets import QFileDialog, QWidget

from app.domain.chat import ConversationId
from app.errors import AppError
from app.export.file_names import file_name
from app.export.formats import Format
from app.export.reading import Unread
from app.export.transcript import Choices, title_of
from app.services.transfer_events import ExportRequest, ImportReport
from app.ui import transfer_words
from app.ui.banner import Banner, Cause, Note
from app.ui.chat_controller import ChatController
from app.ui.confirm_dialog import ConfirmDialog
from app.ui.entry_list import Entry
from app.ui.export_dialog import ExportDialog
from app.ui.file_opener import FileOpener
from app.ui.list_dialog import ListDialog
from app.ui.panels import Panels
from app.ui.ports import CorePort
from app.ui.theme import Theme


class TransferController(QObject):
    """One word about it stands in the banner, and goes when it is put away or something else is exported."""

    failed = Signal(object)  # AppError

    def __init__(self, core: CorePort, panels: Panels, theme: Theme, chat: ChatController, window: QWidget) -> None:
        super().__init__(window)
        self._core = core
        self._theme = theme
        self._chat = chat
        self._window = window
        self._banner: Banner = panels.banner
        self._opener = FileOpener(window)
        self._format, self._choices = Format.MARKDOWN, Choices()
        self._folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        self._title_now = ""
        self._under_way = 0
        self._report: ImportReport | None = None
        self._written: tuple[Path, ...] = ()
        self._banner.acted.connect(self._on_acted)
        self._list = panels.sidebar.conversations
        self._list.export_requested.connect(self.export)
        self._list.drag_requested.connect(self._on_drag_requested)
        panels.sidebar.export_all_requested.connect(self._on_export_all)
        panels.sidebar.import_requested.connect(self.ask_for_import)

    @Slot()
    def export_current(self) -> None:
        """Export the conversation on the page."""
        self.export([] if self._chat.current is None else [self._chat.current])

    @Slot(list)
    def export(self, conversation_ids: Sequence[ConversationId]) -> None:
        """Ask how these are to be exported, and then where to."""
        if not conversation_ids:
            self.failed.emit(AppError("There is no conversation to export yet.", "Send a message, or open one first."))
            return
        dialog = ExportDialog(len(conversation_ids), self._choices, self._format, self._window)
        dialog.chosen.connect(partial(self._ask_for_place, tuple(conversation_ids)))
        dialog.open()

    @Slot(list)
    def _on_drag_requested(self, conversation_ids: Sequence[ConversationId]) -> None:
        """Let the user drop conversations on the desktop or in a folder, in the format that was chosen last."""
        from app.ui.pdf_export import to_pdf  # noqa: PLC0415 - as in _write()

        try:
            files = self._core.transfer.hand_out(conversation_ids, self._format, self._choices, to_pdf)
        except AppError as error:
            self.failed.emit(error)
            return
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
        drag = QDrag(self._list)
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)

    @Slot()
    def ask_for_import(self) -> None:
        """Let the user choose a file with conversations."""
        dialog = self._file_dialog(self.tr("Import conversations"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters([self.tr("Conversations (*.json *.zip)"), self.tr("All files (*)")])
        dialog.filesSelected.connect(lambda names: self.import_files([Path(name) for name in names]))
        dialog.open()

    def offer_import(self, paths: Sequence[Path]) -> None:
        """Ask whether what these files hold is to be taken in, and do so."""
        what = paths[0].name if len(paths) == 1 else self.tr("{count} files").format(count=len(paths))
        dialog = ConfirmDialog(
            self.tr("Import the conversations in {what}?").format(what=what),
            self.tr("They are added to yours. Conversations that are here already stay as they are."),
            self.tr("Import"),
            self._window,
        )
        dialog.accepted.connect(lambda: self.import_files(paths))
        dialog.open()

    def import_files(self, paths: Sequence[Path]) -> None:
        """Take in what these files hold."""
        reason = self._core.chat.read_only
        if reason is not None:
            self.failed.emit(AppError(reason.title, reason.remedy))
            return
        for path in paths:
            self._begin(self.tr("Importing {name}…").format(name=path.name))
            self._core.transfer.import_file(path, self._on_progress, self._on_imported)

    def _ask_for_place(self, conversation_ids: tuple[ConversationId, ...], form: Format, choices: Choices) -> None:
        self._format, self._choices = form, choices
        into_folder = len(conversation_ids) > 1 and form is not Format.JSON
        dialog = self._file_dialog(self.tr("Export into a folder") if into_folder else self.tr("Export"))
        if into_folder:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.setDefaultSuffix(form.suffix.removeprefix("."))
            dialog.setNameFilters([f"{transfer_words.format_name(form)} (*{form.suffix})"])
            dialog.selectFile(file_name(self._title(conversation_ids), form.suffix))
        dialog.fileSelected.connect(
            # Whether a file may be replaced was asked by the dialog; in a folder nobody was asked.
            lambda name: self._write(
                ExportRequest(
                    conversation_ids, form, Path(name), choices, overwrite=not into_folder, into_folder=into_folder
                )
            )
        )
        dialog.open()

    def _write(self, request: ExportRequest) -> None:
        self._folder = str(request.output if request.into_folder else request.output.parent)
        self._begin(self.tr("Exporting…"))
        # A start of the application need not pay for it.
        from app.ui.pdf_export import to_pdf  # noqa: PLC0415

        self._core.transfer.export(request, to_pdf, self._on_progress, self._on_exported)

    def _title(self, conversation_ids: Sequence[ConversationId]) -> str:
        if len(conversation_ids) > 1:
            return self.tr("Conversations")
        known = {each.id: each for each in self._core.chat.conversations()}
        found = known.get(conversation_ids[0])
        return title_of(found) if found is not None else self.tr("Conversation")

    def _file_dialog(self, title: str) -> QFileDialog:
        dialog = QFileDialog(self._window, title, self._folder)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog

    def _begin(self, title: str) -> None:
        if not self._under_way:
            self._written, self._report = (), None
        self._under_way += 1
        self._title_now = title
        self._banner.put(Cause.TRANSFER, Note(title, "", self.tr("Stop"), good=True))

    def _on_progress(self, done: int, total: int | None) -> None:
        if self._under_way:
            words = transfer_words.progress(done, total)
            self._banner.put(Cause.TRANSFER, Note(self._title_now, words, self.tr("Stop"), good=True))

    def _on_exported(self, outcome: tuple[Path, ...] | AppError | None) -> None:
        if isinstance(outcome, tuple):
            self._written = outcome
        self._end(outcome)

    def _on_imported(self, outcome: ImportReport | AppError | None) -> None:
        if isinstance(outcome, ImportReport):
            self._report = outcome if self._report is None else transfer_words.together(self._report, outcome)
        self._end(outcome)

    def _end(self, outcome: object) -> None:
        """Say what came of it once nothing is under way any more."""
        self._under_way -= 1
        if isinstance(outcome, AppError):
            self.failed.emit(outcome)
        if self._under_way:
            return
        self._banner.remove(Cause.TRANSFER)
        if self._report is not None:
            more = len(self._report.unread) > transfer_words.NAMED
            self._banner.put(
                Cause.TRANSFER,
                Note(
                    *transfer_words.imported(self._report),
                    self.tr("Show all…") if more else "",
                    closable=True,
                    good=not self._report.unread,
                ),
            )
        elif self._written:
            title, words = transfer_words.exported(self._written)
            self._banner.put(Cause.TRANSFER, Note(title, words, self.tr("Show in folder"), closable=True, good=True))

    @Slot()
    def _on_export_all(self) -> None:
        self.export([each.id for each in self._core.chat.conversations()])

    @Slot(str)
    def _on_acted(self, cause: str) -> None:
        if cause != Cause.TRANSFER:
            return
        if self._under_way:
            self._core.transfer.stop()
        elif self._written:
            self._opener.show_in_folder(self._written[0])
        elif self._report is not None:
            self._list_unread(self._report.unread)

    def _list_unread(self, unread: Sequence[Unread]) -> None:
        dialog = ListDialog(
            self._theme,
            self.tr("What could not be imported"),
            self.tr("Everything else of the file is here."),
            several=False,
            parent=self._window,
        )
        dialog.list.show_entries(
            [Entry(str(number), *transfer_words.unread(item)) for number, item in enumerate(unread)]
        )
        dialog.show_nothing("")
        dialog.open()
