"""What this application is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

from app import APP_NAME, __version__
from app.paths import resource
from app.ui.widgets.controls import button, plain_label


class AboutBox(QDialog):
    """Name, version, licence and the promise."""

    def __init__(self, parent: QWidget | None = None, variant: str = "") -> None:
        """variant names the code of llama.cpp that computes now, if a model is loaded."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("About {name}").format(name=APP_NAME))
        self.setFixedWidth(380)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(28, 26, 28, 20)
        layout.setSpacing(6)
        picture = QLabel(self)
        picture.setPixmap(QIcon(str(resource("icons/inglenook.svg"))).pixmap(64, 64))
        layout.addWidget(picture, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(6)
        promise = self.tr("Chat with gpt-oss on your own computer. Nothing leaves it.")
        terms = self.tr(
            "Apache License 2.0. Typeset in Inter and JetBrains Mono (SIL Open Font License), made with Qt."
        )
        lines = [(f"{APP_NAME} {__version__}", "noticetitle"), (promise, "lead"), (terms, "note")]
        if variant:
            lines.append(
                (self.tr("Computes with llama.cpp’s code for {variant} processors.").format(variant=variant), "note")
            )
        for text, tone in lines:
            label = plain_label(text, tone, self)
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            layout.addWidget(label)
        layout.addSpacing(10)
        close = button(self.tr("Close"), "secondary", self)
        close.setDefault(True)
        close.clicked.connect(self.accept)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignHCenter)
