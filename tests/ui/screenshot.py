"""Takes the README's picture: `QT_QPA_PLATFORM=offscreen python -m tests.ui.screenshot FILE.png [light|dark]`."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from PySide6.QtCore import QTimer

from app.domain.chat import Reasoning
from app.ui.main_window import MainWindow
from app.ui.reasoning_panel import ReasoningPanel
from app.ui.run import make_application, theme_of
from tests.ui.fakes import FakeCore, answer, conversation, question

ANSWER = """Two habits make the difference: a **fixed hour** at which the screen goes dark, and paper within reach.

| When | What | For how long |
|---|---|---|
| 21:30 | Lamp on, telephone in the drawer | – |
| 21:35 | One chapter, read aloud if you like | 25 min |
| 22:00 | Three lines in the notebook | 5 min |

If you want to be reminded, put this into your crontab:

```sh
# Every evening at half past nine
30 21 * * *  notify-send "Inglenook hour" "The fire is lit."
```
"""


def main() -> int:
    target, theme = Path(sys.argv[1]), (sys.argv[2:] or ["light"])[0]
    thought = Reasoning(
        "The user wants an evening without screens. A short plan with times is more useful than advice. They mention "
        "a computer, so a reminder by cron fits; keep it to one line.",
        14.2,
        48,
    )
    shown = conversation(
        "An evening without screens",
        question("How do I get an hour of reading back in the evening? I work at a computer all day."),
        answer(ANSWER, thought),
    )
    day = timedelta(days=1)
    core = FakeCore(
        shown,
        conversation("Regular expression for dates", age=timedelta(hours=2)),
        conversation("Menu for eight, two vegetarians", age=day),
        conversation("Why the build fails on Windows", age=3 * day),
        conversation("Lettre à la mairie", age=12 * day),
        conversation("Mock interview, data engineer", age=15 * day),
    )
    application = make_application(theme)
    window = MainWindow(theme_of(application))
    window.resize(1180, 760)
    window.show()
    core.update_settings(theme=theme)
    window.attach(core)
    window.panels.sidebar.conversations.select(shown.id)
    window.panels.sidebar.conversations.conversation_selected.emit(shown.id)

    def take() -> None:
        window.grab().save(str(target))
        window.close()

    def unfold() -> None:
        for panel in window.findChildren(ReasoningPanel):
            panel.set_open(True)
        QTimer.singleShot(400, take)

    QTimer.singleShot(600, unfold)
    return application.exec()


if __name__ == "__main__":
    raise SystemExit(main())
