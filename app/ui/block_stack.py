"""The blocks of an answer below each other; while it grows, only what changed is touched."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QUrl, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.markup import Block, Code, Prose
from app.ui.code_block import CodeBlock
from app.ui.prose_view import ProseView
from app.ui.theme import Theme

GAP = 12


class BlockStack(QWidget):
    """Prose and code. A block that is equal to the one shown in its place keeps its widget untouched."""

    link_activated = Signal(QUrl)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._blocks: list[Block] = []
        self._views: list[ProseView | CodeBlock] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(GAP)

    @property
    def views(self) -> tuple[QWidget, ...]:
        """The widgets of the blocks, in order."""
        return tuple(self._views)

    def set_blocks(self, blocks: Sequence[Block], final: bool) -> None:
        """Show these blocks. Final ones won't change: prose then shares a view with prose, to be selected as one."""
        if final and not self._has_selection():
            blocks = merged(blocks)
        kept = 0
        while kept < min(len(blocks), len(self._blocks)) and blocks[kept] == self._blocks[kept]:
            kept += 1
        if kept == len(blocks) == len(self._blocks):
            return
        # Nobody sees a stack that is only being made, and to hold its updates costs more than to fill it.
        seen = self.isVisible()
        if seen:
            self.setUpdatesEnabled(False)
        for index in range(kept, len(blocks)):
            self._show(index, blocks[index])
        self._drop_from(len(blocks))
        self._blocks = list(blocks)
        if seen:
            self.setUpdatesEnabled(True)

    def _show(self, index: int, block: Block) -> None:
        wanted = ProseView if isinstance(block, Prose) else CodeBlock
        if index < len(self._views) and not isinstance(self._views[index], wanted):
            self._drop_from(index)
        if index == len(self._views):
            self._add(wanted)
        view = self._views[index]
        if isinstance(view, ProseView) and isinstance(block, Prose):
            view.set_html(block.html)
        elif isinstance(view, CodeBlock) and isinstance(block, Code):
            view.set_code(block.language, block.code)

    def _add(self, kind: type[ProseView] | type[CodeBlock]) -> None:
        view = kind(self._theme, self)
        if isinstance(view, ProseView):
            view.link_activated.connect(self.link_activated)
        self._views.append(view)
        self._layout.addWidget(view)
        view.show()

    def _drop_from(self, index: int) -> None:
        for view in self._views[index:]:
            self._layout.removeWidget(view)
            view.hide()
            view.deleteLater()
        del self._views[index:]

    def _has_selection(self) -> bool:
        return any(isinstance(view, ProseView) and view.textCursor().hasSelection() for view in self._views)


def merged(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with each run of prose made one."""
    result: list[Block] = []
    for block in blocks:
        last = result[-1] if result else None
        if isinstance(block, Prose) and isinstance(last, Prose):
            result[-1] = Prose(last.html + "\n" + block.html)
        else:
            result.append(block)
    return result
