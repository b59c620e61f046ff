"""The model's thoughts, folded into one line, apart from the answer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.chat import Part, Reasoning, ToolCall
from app.ui import tool_steps, words
from app.ui.live_answer import with_results
from app.ui.theme import LINE_HEIGHT, Theme
from app.ui.widgets.controls import flat_button
from app.ui.widgets.fold_button import FoldButton
from app.ui.widgets.text_view import TextView

TICK = 1000


class ReasoningPanel(QFrame):
    """Shows thoughts and tool calls in the order in which they came. Folded until the user opens it."""

    toggled = Signal(bool)  # open
    answer_now_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = ""
        self._seconds = 0.0
        self._build()
        self._connect()

    def _build(self) -> None:
        self.setObjectName("reasoning")
        self.setAccessibleName("reasoning")
        self._button = FoldButton(self)
        self._answer_now = flat_button(
            self.tr("Answer now"), self.tr("End the thinking and answer at once (Ctrl+Enter)"), self
        )
        self._answer_now.setObjectName("answer_now")
        self._answer_now.hide()
        self._body = TextView(self)
        self._body.setProperty("tone", "notes")
        self._body.setAccessibleName(self.tr("Raw notes of the model"))
        self._body.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 0, 0, 0)
        layout.setSpacing(4)
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self._button)
        line.addWidget(self._answer_now)
        line.addStretch(1)
        layout.addLayout(line)
        layout.addWidget(self._body)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK)
        self._colour()

    def _connect(self) -> None:
        self._button.toggled.connect(self._on_toggled)
        self._answer_now.clicked.connect(self.answer_now_requested)
        self._timer.timeout.connect(self._on_tick)
        self._theme.changed.connect(self._on_theme_changed)

    @property
    def text(self) -> str:
        """All the notes, open or not."""
        return self._text

    @property
    def summary(self) -> str:
        """The line that stands for them."""
        return self._button.accessibleName()

    @property
    def is_open(self) -> bool:
        return self._button.isChecked()

    def set_open(self, value: bool) -> None:
        self._button.setChecked(value)

    def show_parts(self, parts: Sequence[Part]) -> None:
        """Show the thoughts and tool calls among the parts of an answer."""
        text = notes(tuple(parts))
        if text != self._text:
            previous, self._text = self._text, text
            if self.is_open:
                self._continue_body(previous)
        self.setVisible(bool(text) or self._timer.isActive())

    def run(self, seconds: float, can_answer: bool = True) -> None:
        """Count the seconds the model thinks, beginning at those that are past; offer to end it if that can be."""
        self._seconds = seconds
        if not self._timer.isActive():
            self._timer.start()
            self.show()
        self._button.set_words(words.thinking(seconds))
        # Models without thoughts are said to think for a moment, too; there is nothing to end then.
        self._answer_now.setVisible(can_answer and bool(self._text))

    def finish(self, seconds: float, tokens: int = 0) -> None:
        """The model has thought for that long; tokens are 0 while nobody knows them."""
        self._timer.stop()
        self._answer_now.hide()
        self._seconds = seconds
        count = self.tr(" · {tokens} tokens").format(tokens=words.number(tokens)) if tokens else ""
        took = words.duration(seconds) if round(seconds) else self.tr("less than 1 s")
        title = self.tr("Thought for {duration}").format(duration=took) if seconds else ""
        self._button.set_words(title or self.tr("Thoughts"), count + self.tr(" · raw notes, can be wrong"))
        self.setVisible(bool(self._text))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._colour()

    @Slot(bool)
    def _on_toggled(self, checked: bool) -> None:
        if checked:
            self._body.set_plain(self._text, LINE_HEIGHT)
        self._body.setVisible(checked)
        self._button.setAccessibleDescription(self.tr("open") if checked else self.tr("folded"))
        self.toggled.emit(checked)

    @Slot()
    def _on_tick(self) -> None:
        self._seconds += TICK / 1000
        self._button.set_words(words.thinking(self._seconds))

    @Slot()
    def _on_theme_changed(self) -> None:
        self._colour()

    def _colour(self) -> None:
        palette = self._theme.palette
        self._button.set_colours(palette.mute, palette.faint, palette.accent)

    def _continue_body(self, previous: str) -> None:
        if self._text.startswith(previous) and previous:
            self._body.append_plain(self._text[len(previous) :])
        else:
            self._body.set_plain(self._text, LINE_HEIGHT)


def notes(parts: tuple[Part, ...]) -> str:
    """The thoughts and the tool calls as plain text, a paragraph each."""
    lines = []
    for part, result in with_results(parts):
        if isinstance(part, Reasoning) and part.text:
            lines.append(part.text)
        elif isinstance(part, ToolCall):
            lines.append("→ " + tool_steps.tool_step(part, result))
    return "\n\n".join(lines)
