"""Word documents, read back by python-docx and, where it is installed, by LibreOffice."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from datetime import UTC
from pathlib import Path

import docx
import pytest
from docx.document import Document
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.chat import Role, Text
from app.export.docx import to_docx
from app.export.transcript import Choices, transcript
from tests.export.conversations import CODE, QUESTION, conversation, everything, long_text, message

FULL = Choices(reasoning=True, sources=True, branches=True)


@pytest.fixture(scope="module")
def word() -> Document:
    return docx.Document(io.BytesIO(to_docx(transcript(everything(), FULL, UTC))))


def texts(document: Document, *styles: str) -> list[str]:
    return [paragraph.text for paragraph in document.paragraphs if paragraph.style and paragraph.style.name in styles]


def answer(text: str) -> Document:
    talk = conversation(message(1, None, Role.ASSISTANT, Text(text)))
    return docx.Document(io.BytesIO(to_docx(transcript(talk, Choices(), UTC))))


def test_headings_are_headings(word: Document) -> None:
    assert texts(word, "Title") == ["A/B & *everything* “at once”"]
    assert texts(word, "Heading 1") == ["Another version, from message 4 on"]
    assert texts(word, "Heading 2")[:2] == ["1. You, 2026-11-24 09:31", "2. Answer, 2026-11-24 09:32"]
    assert "Everything at once" in texts(word, "Heading 3")


def test_code_is_monospaced_and_to_the_character(word: Document) -> None:
    code = texts(word, "Code")
    for source in CODE.values():
        assert source.rstrip("\n") in [text.rstrip("\n") for text in code]
    assert word.styles["Code"].font.name == "Consolas"


def test_what_the_user_wrote_keeps_its_lines(word: Document) -> None:
    lines = [paragraph.text for paragraph in word.paragraphs]
    start = lines.index(QUESTION.splitlines()[0])
    assert lines[start : start + 5] == QUESTION.splitlines()
    spaces = [paragraph.paragraph_format.space_after for paragraph in word.paragraphs[start : start + 5]]
    assert spaces == [0, 0, 0, 0, None]


def test_two_blocks_of_code_are_two_boxes() -> None:
    document = answer("```\na\n```\n\n```\nb\n```")
    after = [(paragraph.text, paragraph.style.name) for paragraph in document.paragraphs[-3:] if paragraph.style]
    assert after == [("a", "Code"), ("", "Normal"), ("b", "Code")]


def test_tables_have_a_head_and_their_alignment(word: Document) -> None:
    (table,) = word.tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["Left", "Centre", "Right"],
        ["x", "中文", "1.5"],
        ["a | b", "bold", "22"],
    ]
    assert table.style is not None
    assert table.style.name == "Table Grid"
    assert table.rows[0].cells[0].paragraphs[0].runs[0].bold
    assert table.rows[0]._tr.find(f".//{qn('w:tblHeader')}") is not None


def test_links_lead_to_the_web_and_to_mail_and_nowhere_else(word: Document) -> None:
    links = [(link.text, link.address) for paragraph in word.paragraphs for link in paragraph.hyperlinks]
    assert links == [
        ("link", "https://example.org/path?a=1&b=2"),
        ("https://example.com/", "https://example.com/"),
        ("someone@example.org", "mailto:someone@example.org"),
    ]


def test_each_ordered_list_counts_from_its_own_start() -> None:
    document = answer("1. a\n2. b\n\nText\n\n1. c\n\nText\n\n7. d\n   1. e\n   - f")
    items = [paragraph for paragraph in document.paragraphs if paragraph._p.xpath("./w:pPr/w:numPr")]
    numbering = document.part.numbering_part.element
    found = []
    for item in items:
        (properties,) = item._p.xpath("./w:pPr/w:numPr")
        instance = numbering.num_having_numId(properties.numId.val)
        start = instance.xpath(f"./w:lvlOverride[@w:ilvl='{properties.ilvl.val}']/w:startOverride/@w:val")
        found.append((item.text, properties.ilvl.val, properties.numId.val, [int(value) for value in start]))
    lists = [number for _, _, number, _ in found]
    assert [(text, level, start) for text, level, _, start in found] == [
        ("a", 0, [1]),
        ("b", 0, [1]),
        ("c", 0, [1]),
        ("d", 0, [7]),
        ("e", 1, [1]),
        ("f", 1, []),
    ]
    assert lists[0] == lists[1]
    assert len({lists[0], lists[2], lists[3], lists[4], lists[5]}) == 5


def test_words_that_run_from_right_to_left_are_marked_so(word: Document) -> None:
    arabic = next(paragraph for paragraph in word.paragraphs if paragraph.text.startswith("هذه"))
    assert arabic._p.pPr is not None
    assert arabic._p.pPr.find(qn("w:bidi")) is not None
    assert arabic.runs[0].font.rtl


def test_properties_are_the_conversation_s(word: Document) -> None:
    assert word.core_properties.title == "A/B & *everything* “at once”"
    assert word.core_properties.author == "Inglenook"


def test_a_message_of_100_kb_is_there_to_its_end() -> None:
    document = answer(long_text())
    assert document.paragraphs[-1].text == "Omega."


def test_nothing_in_the_file_leads_out_but_the_links() -> None:
    with zipfile.ZipFile(io.BytesIO(to_docx(transcript(everything(), FULL, UTC)))) as archive:
        relations = archive.read("word/_rels/document.xml.rels").decode()
    assert relations.count('TargetMode="External"') == 3


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=80))
def test_any_words_make_a_document(text: str) -> None:
    talk = conversation(message(1, None, Role.USER, Text(text)), message(2, 1, Role.ASSISTANT, Text(text)), title=text)
    docx.Document(io.BytesIO(to_docx(transcript(talk, FULL, UTC))))


def test_libreoffice_opens_it(tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    file = tmp_path / "talk.docx"
    file.write_bytes(to_docx(transcript(everything(), FULL, UTC)))
    command = [
        office,
        f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
        "--headless",
        "--convert-to",
        "txt:Text (encoded):UTF8",
        "--outdir",
        str(tmp_path),
        str(file),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    text = (tmp_path / "talk.txt").read_text(encoding="utf-8-sig")
    assert "Everything at once" in text
    assert "println!" in text
