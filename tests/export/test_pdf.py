"""PDFs, read back by pdfium."""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Iterator
from datetime import UTC

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication

from app.domain.chat import Conversation, Role, Text
from app.export.transcript import Choices, transcript
from app.ui.pdf_export import to_pdf
from app.ui.pdf_outline import Bookmark, with_outline
from app.ui.theme import load_fonts
from tests.export.conversations import CODE, QUESTION, conversation, everything, long_text, message

FULL = Choices(reasoning=True, sources=True, branches=True)
PLAIN = Choices(sources=False)

# Qt looks for another font where one can't set a script, and says so first.
pytestmark = pytest.mark.qt_log_ignore("OpenType support missing", extend=True)


@pytest.fixture(autouse=True)
def fonts(qapp: QApplication) -> None:
    load_fonts()


def opened(talk: Conversation, choices: Choices = PLAIN) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(to_pdf(transcript(talk, choices, UTC)))


def pages(document: pypdfium2.PdfDocument) -> list[str]:
    """Give the words of each page; pdfium gives one space for several."""
    return [page.get_textpage().get_text_bounded().replace("\r\n", "\n") for page in document]


def links(document: pypdfium2.PdfDocument) -> Iterator[str]:
    for page in document:
        position, link = ctypes.c_int(0), pdfium.FPDF_LINK()
        while pdfium.FPDFLink_Enumerate(page, position, link):
            action = pdfium.FPDFLink_GetAction(link)
            size = pdfium.FPDFAction_GetURIPath(document, action, None, 0)
            address = ctypes.create_string_buffer(size)
            pdfium.FPDFAction_GetURIPath(document, action, address, size)
            yield address.value.decode()


def answer(text: str) -> Conversation:
    return conversation(message(1, None, Role.ASSISTANT, Text(text)))


def test_every_page_has_words_and_its_number() -> None:
    found = pages(opened(everything(), FULL))
    assert len(found) >= 2
    for number, text in enumerate(found, 1):
        assert f"{number} of {len(found)}" in text
        assert len(text.split()) > 20


def test_code_and_questions_are_there_line_by_line() -> None:
    # A set of three backticks is read as something else by pdfium, though it looks right.
    text = "\n".join(pages(opened(everything())))
    for source in (*CODE.values(), QUESTION):
        for line in source.splitlines():
            assert " ".join(line.split()) in text or "```" in line


def test_code_is_set_without_ligatures() -> None:
    text = "\n".join(pages(opened(answer("```\na -> b != c >= d === e\n```"))))
    assert "a -> b != c >= d === e" in text


def test_code_stands_in_a_box_with_room_and_a_tab_is_four_characters_wide() -> None:
    page = opened(answer("```\nx\n\tT\n    S\n```"))[0]
    text = page.get_textpage()
    words = text.get_text_range()
    [x, tab, spaces] = [text.get_charbox(words.index(letter, words.index("x"))) for letter in "xTS"]
    assert abs(tab[0] - spaces[0]) < 0.5
    picture = page.render(scale=2).to_pil()
    height = page.get_height()
    left_of_x = picture.getpixel((int((x[0] - 2) * 2), int((height - x[1]) * 2)))
    assert left_of_x == (0xF5, 0xF3, 0xEF)
    assert picture.getpixel((int((x[0] - 12) * 2), int((height - x[1]) * 2))) == (0xFF, 0xFF, 0xFF)


def test_spaces_in_code_within_a_line_stay_as_many_as_they_are() -> None:
    words = opened(answer("`x    y`"))[0].get_textpage()
    place = {words.get_text_range(at, 1): words.get_charbox(at) for at in range(words.count_chars())}
    # Five characters lie between the left edges, each as wide as in any other code.
    assert place["y"][0] - place["x"][0] > 4 * (place["x"][2] - place["x"][0])


def test_a_line_of_code_wider_than_the_page_is_wrapped_and_not_cut() -> None:
    line = "".join(f"word{number}," for number in range(60))
    text = "".join(pages(opened(answer(f"```\n{line}\n```"))))
    assert line in text.replace("\n", "").replace("\ufffe", "")


def test_other_scripts_can_be_found_and_copied() -> None:
    text = "".join(pages(opened(answer("日本語 中文 한국어 עברית العربية ไทย Русский Ελληνικά 長青"))))
    systems = QFontDatabase.WritingSystem
    # Ours have the European scripts; for the others it takes fonts of the system, which is not sure to have all.
    if systems.Japanese in QFontDatabase.writingSystems():
        assert {"日本語", "長青"} <= set(text.split())
    for word, system in (("中文", systems.SimplifiedChinese), ("한국어", systems.Korean), ("ไทย", systems.Thai)):
        assert word in text or system not in QFontDatabase.writingSystems()
    assert {"Русский", "Ελληνικά"} <= set(text.split())


def test_links_work_and_lead_only_to_the_web_and_to_mail() -> None:
    assert list(dict.fromkeys(links(opened(everything())))) == [
        "https://example.org/path?a=1&b=2",
        "https://example.com/",
        "mailto:someone@example.org",
    ]


def test_the_outline_leads_to_who_speaks() -> None:
    document = opened(everything(), FULL)
    outline = [(entry.get_title(), entry.level, entry.get_dest().get_index()) for entry in document.get_toc()]
    assert [(title, level) for title, level, _ in outline] == [
        ("A/B & *everything* “at once”", 0),
        ("1. You, 2026-11-24 09:31", 1),
        ("2. Answer, 2026-11-24 09:32", 1),
        ("3. You, 2026-11-24 09:33", 1),
        ("4. Answer (version 2 of 2), 2026-11-24 09:35", 1),
        ("Another version, from message 4 on", 0),
        ("4. Answer (version 1 of 2), 2026-11-24 09:34", 1),
    ]
    found = pages(document)
    for title, _, page in outline:
        assert title in found[page]


def test_a_message_of_100_kb_has_no_empty_page_and_no_lonely_heading() -> None:
    found = pages(opened(answer(long_text())))
    assert len(found) > 20
    assert "Omega." in found[-1]
    for text in found:
        lines = [line for line in text.splitlines() if line.strip()]
        assert len(lines) > 3
        # The footer stands last, on one or two lines.
        body = [line for line in lines if " of " not in line and not line.startswith("A/B")]
        assert not body[-1].startswith("Part ")


@pytest.mark.parametrize(
    "text",
    [
        " ".join(f"w{number}." for number in range(3000)),
        "- item\n  - " + " ".join(f"w{number}." for number in range(3000)),
        "```\n" + "\n".join(f"w{number}." for number in range(3000)) + "\n```",
        "\n\n".join(f"w{number}." for number in range(3000)),
    ],
    ids=["paragraph", "list", "code", "paragraphs"],
)
def test_every_word_is_on_one_page(text: str) -> None:
    found = re.findall(r"w\d+\.", " ".join(pages(opened(answer(text)))))
    assert found == [f"w{number}." for number in range(3000)]


def test_a_row_of_a_table_that_is_higher_than_a_page_goes_on_in_the_next() -> None:
    cell = " ".join(f"w{number}." for number in range(3000))
    found = pages(opened(answer(f"| a | b |\n|---|---|\n| {cell} | d |\n\nEnd")))
    words = set(re.findall(r"w\d+\.", " ".join(found)))
    assert len(words) == 3000
    assert "End" in found[-1]


def test_a_pdf_can_be_made_on_any_thread() -> None:
    made: list[bytes] = []
    document = transcript(everything(), FULL, UTC)
    thread = threading.Thread(target=lambda: made.append(to_pdf(document)))
    thread.start()
    thread.join()
    assert len(pypdfium2.PdfDocument(made[0])) >= 2


def test_the_title_is_in_the_properties() -> None:
    assert opened(everything()).get_metadata_dict()["Title"] == "A/B & *everything* “at once”"


def test_a_file_of_another_form_is_left_as_it_is() -> None:
    assert with_outline(b"%PDF-2.0 of somebody else", [Bookmark("x", 1, 0)]) == b"%PDF-2.0 of somebody else"
    plain = to_pdf(transcript(conversation(), PLAIN, UTC))
    assert with_outline(plain, []) == plain
