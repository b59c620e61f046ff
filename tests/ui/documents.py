"""Documents as the window is given them in tests."""

from __future__ import annotations

from typing import Any

from app.domain.chat import Attachment, Citation, Message, Role, Text
from app.domain.documents import DocumentKind, Mark, Rectangle, StoredDocument, Unit, UnitKind
from tests.ui.fakes import FakeCore, answer, conversation, message

SHA = "a" * 64
OTHER_SHA = "b" * 64
PAGE_TEXT = "The tenant shall give notice of three months.\n\n"
PAGES = 6
LEASE = StoredDocument(
    SHA,
    "lease.pdf",
    "/home/me/lease.pdf",
    1000,
    DocumentKind.PDF,
    "Lease",
    PAGE_TEXT * PAGES,
    UnitKind.PAGE,
    tuple(
        Unit(number + 1, "", number * len(PAGE_TEXT), (number + 1) * len(PAGE_TEXT), 612.0, 792.0)
        for number in range(PAGES)
    ),
)
NOTES = StoredDocument(
    OTHER_SHA,
    "notes.md",
    "/home/me/notes.md",
    500,
    DocumentKind.MARKDOWN,
    "",
    "\n\n".join(f"Note {n}." for n in range(400)),
)
MARKS = tuple(Mark(unit.start, unit.end, unit.number, Rectangle(72.0, 300.0, 400.0, 314.0)) for unit in LEASE.units)
FIRST, SECOND, FALSE = "【1†L3-L4】", "【2†L7】", "【9†L1】"


def of_lease(number: int, page: int, mark: str) -> Citation:
    unit = LEASE.units[page - 1]
    return Citation(number, "lease.pdf", 3, 4, PAGE_TEXT.strip(), page, True, mark, SHA, unit.start, unit.end)


def of_notes(number: int, note: int, mark: str) -> Citation:
    words = f"Note {note}."
    start = NOTES.text.index(words)
    return Citation(number, "notes.md", note, note, words, None, True, mark, OTHER_SHA, start, start + len(words))


UNSEEN = Citation(3, "", 1, 1, "", None, False, FALSE)
CITATIONS = (of_lease(1, 5, FIRST), of_notes(2, 300, SECOND), UNSEEN)
TEXT = f"Three months{FIRST}, or one{SECOND}. Never on Sundays{FALSE}."


def cited(text: str = TEXT, *citations: Citation) -> Message:
    """An answer that cites."""
    given = answer(text)
    return message(Role.ASSISTANT, *given.parts, *(citations or CITATIONS), statistics=given.statistics)


def asked(text: str = "How much notice?") -> Message:
    """A question with two files."""
    files = (Attachment("lease.pdf", SHA, 1000), Attachment("notes.md", OTHER_SHA, 500, NOTES.text))
    return message(Role.USER, *files, Text(text))


def core_with_documents(**options: Any) -> FakeCore:
    """A core that holds the documents and a conversation about them."""
    core = FakeCore(conversation("Lease", asked(), cited()), **options)
    core.documents.documents = {SHA: LEASE, OTHER_SHA: NOTES}
    core.documents.places = {SHA: MARKS}
    return core
