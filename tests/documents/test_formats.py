"""What is read from each format, from documents that the usual libraries made."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest

from app.documents.formats import identify
from app.documents.limits import Limits, UnreadableError
from app.documents.reader import read_document
from app.domain.documents import BlockKind, DocumentKind, FileStatus, UnitKind
from tests.documents import making
from tests.documents.reading import extracted, outline


def test_a_word_file_gives_headings_numbered_items_rows_and_all_visible_text(tmp_path: Path) -> None:
    document = extracted(making.docx_file(), tmp_path / "a.docx")
    assert document.title == "Terms of Delivery"
    assert outline(document) == [
        ("heading", "Warranty"),
        ("paragraph", "The warranty lasts 24 months from delivery."),
        ("heading", "Exclusions"),
        ("item", "• Damage by water is excluded."),
        ("item", "• Wear is excluded."),
        ("item", "1. Write to us."),
        ("item", "2. Send the device."),
        ("row", "Part | Months"),
        ("row", "Battery | 12"),
        ("row", "Screen | 24"),
        ("paragraph", "Visible and added."),
        ("paragraph", "In a content control."),
        ("paragraph", "Around."),
        ("paragraph", "In a text box."),
    ]
    battery = next(block for block in document.blocks if document.text[block.start :].startswith("Battery"))
    assert battery.headings == ("Warranty", "Exclusions", "Part | Months")


def test_text_boxes_in_a_word_table_are_read_once_and_its_footnotes_follow(tmp_path: Path) -> None:
    names = (
        'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    )
    box = "<w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent>"
    cell = (
        f"<w:tc><w:p><w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
        '</mc:AlternateContent><w:t>Battery</w:t><w:footnoteReference w:id="2"/></w:r></w:p></w:tc>'
    )
    body = f"<w:tbl><w:tr>{cell}<w:tc><w:p><w:r><w:t>12 months</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    note = '<w:footnote w:id="2"><w:p><w:r><w:t>From delivery.</w:t></w:r></w:p></w:footnote>'
    file = making.zipped(
        {
            "word/document.xml": f"<w:document {names}><w:body>{body}</w:body></w:document>",
            "word/footnotes.xml": f"<w:footnotes {names}>{note}</w:footnotes>",
        }
    )
    assert extracted(file, tmp_path / "a.docx").text == "Battery boxed | 12 months\n\nFrom delivery."


def test_what_a_slide_shows_in_two_forms_is_read_once(tmp_path: Path) -> None:
    names = (
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
        'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    )
    shape = "<p:sp><p:txBody><a:p><a:r><a:t>Twice written</a:t></a:r></a:p></p:txBody></p:sp>"
    twice = (
        f"<mc:AlternateContent><mc:Choice>{shape}</mc:Choice><mc:Fallback>{shape}</mc:Fallback></mc:AlternateContent>"
    )
    file = making.zipped(
        {
            "ppt/presentation.xml": f'<p:presentation {names}><p:sldId id="2" r:id="s"/></p:presentation>',
            "ppt/_rels/presentation.xml.rels": '<Relationships><Relationship Id="s" Type="x/slide" Target="s.xml"/>'
            "</Relationships>",
            "ppt/s.xml": f"<p:sld {names}><p:grpSp>{twice}</p:grpSp></p:sld>",
        }
    )
    assert extracted(file, tmp_path / "a.pptx").text == "Twice written"


def test_slides_come_with_their_titles_tables_and_notes(tmp_path: Path) -> None:
    document = extracted(making.pptx_file(), tmp_path / "a.pptx")
    assert document.unit_kind is UnitKind.SLIDE
    assert [(unit.number, unit.name) for unit in document.units] == [(1, "Where we stand"), (2, "Next year")]
    assert ("item", "• Costs did not.") in outline(document)
    assert ("row", "Graz | 7") in outline(document)
    note = next(block for block in document.blocks if block.kind is BlockKind.NOTE)
    assert document.text[note.start : note.end] == "Mention the river."
    assert note.unit == 2


def test_cells_of_a_sheet_read_as_they_are_shown(tmp_path: Path) -> None:
    document = extracted(making.xlsx_file(), tmp_path / "a.xlsx")
    assert [unit.name for unit in document.units] == ["Invoices", "Notes"]
    assert outline(document) == [
        ("row", "Customer | Due | Amount | Discount"),
        ("row", "Miller | 2026-03-14 | 1234.5 | 12.5% |  | far"),
        ("row", "Zweig | 2026-03-15 09:30 | 0.3 | 0"),
        ("row", "Ask about the roof."),
    ]


def test_a_length_of_time_is_no_day(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for value, form in ((1.5, "[h]:mm"), (-0.25, "[h]:mm:ss"), (45000.5, "yyyy-mm-dd")):
        sheet.append([value])
        sheet.cell(sheet.max_row, 1).number_format = form
    stream = io.BytesIO()
    book.save(stream)
    assert extracted(stream.getvalue(), tmp_path / "a.xlsx").text == "36:00\n-6:00\n2023-03-15 12:00"


def test_open_document_leaves_out_what_is_hidden_and_keeps_the_notes_of_tables(tmp_path: Path) -> None:
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    row = f"<table:table-row>{cell}</table:table-row>"
    hiding = (
        '<style:style style:name="h" xmlns:style="urn:x"><style:table-properties table:display="false"/></style:style>'
    )
    sheets = f'{hiding}<table:table table:name="A">{row.format("seen")}</table:table>'
    sheets += f'<table:table table:name="B" table:style-name="h">{row.format("secret")}</table:table>'
    path = tmp_path / "a.ods"
    path.write_bytes(making.open_document("spreadsheet", sheets))
    result = read_document(path)
    assert result.document is not None
    assert (result.document.text, result.reason) == ("seen", "Hidden sheets were left out (B).")
    note = "<text:note><text:note-body><text:p>at sea level</text:p></text:note-body></text:note>"
    hidden = '<text:section text:display="none"><text:p>secret</text:p></text:section>'
    run = '<text:p>open<text:hidden-text text:is-hidden="true">secret</text:hidden-text></text:p>'
    table = f"<table:table>{row.format('Water boils' + note)}</table:table>"
    document = extracted(making.open_document("text", hidden + run + table), tmp_path / "a.odt")
    assert document.text == "open\n\nWater boils\n\nat sea level"


def test_open_document_text_has_headings_lists_tables_and_notes(tmp_path: Path) -> None:
    document = extracted(making.odt_file(), tmp_path / "a.odt")
    assert document.title == "An open title"
    assert outline(document) == [
        ("heading", "Travel"),
        ("paragraph", "Book early. Then relax."),
        ("note", "At least a month."),
        ("heading", "Packing"),
        ("item", "• Socks"),
        ("item", "• Maps"),
        ("row", "Place | Night"),
        ("row", "Lyon | 2"),
    ]


def test_open_document_sheets_do_not_repeat_what_is_empty(tmp_path: Path) -> None:
    document = extracted(making.ods_file(), tmp_path / "a.ods")
    assert document.text == "Item | Count\nNails | 4000\n\nNone yet"
    assert [unit.name for unit in document.units] == ["Stock", "Orders"]


def test_open_document_slides_are_units(tmp_path: Path) -> None:
    document = extracted(making.odp_file(), tmp_path / "a.odp")
    assert [(unit.name, document.text[unit.start : unit.end]) for unit in document.units] == [
        ("Opening", "Welcome all"),
        ("End", "Goodbye"),
    ]


def test_chapters_of_a_book_come_in_reading_order(tmp_path: Path) -> None:
    document = extracted(making.epub_file(), tmp_path / "a.epub")
    assert document.title == "The Voyage"
    assert [unit.name for unit in document.units] == ["Departure", "Arrival"]
    assert "It came back in the rain." in document.text
    assert document.blocks[-1].headings == ("Arrival", "Cargo")


def test_rich_text_keeps_letters_of_its_code_page_and_drops_pictures(tmp_path: Path) -> None:
    document = extracted(making.rtf_file(), tmp_path / "a.rtf")
    assert document.title == "Letter"
    assert document.text == "Dear Müller,\n\nthe price is 40 €.\n\nName | Sum\nAda | 7\n\nYours"


def test_rich_text_keeps_checksums_footnotes_and_emoji_and_drops_what_is_hidden(tmp_path: Path) -> None:
    checksum = "0123456789abcdef" * 4
    text = (
        r"{\rtf1\ansi\ansicpg1252{\info{\title Caf\'e9}}\uc1 Fine \u-10179?\u-8694? "
        r"{\v secret}{\b\v secret \v0 seen} " + checksum + r"{\footnote  At sea.}\par}"
    )
    document = extracted(text.encode(), tmp_path / "a.rtf")
    assert document.title == "Café"
    assert document.text == f"Fine 😊 seen {checksum}\n\nAt sea."


def test_letters_in_the_headers_of_a_mail_are_read_however_they_were_sent(tmp_path: Path) -> None:
    head = "From: =?utf-8?q?J=C3=BCrgen?= <a@b>\nTo: Zoë <c@d>\nSubject: =?iso-2022-jp?b?GyRCRnxLXBsoQg==?=\n"
    part = (
        "Content-Disposition: attachment; filename*=utf-8''na%C3%AFve.pdf\nContent-Type: application/pdf\n\nJVBERi0=\n"
    )
    path = tmp_path / "a.eml"
    path.write_text(f"{head}Content-Type: multipart/mixed; boundary=B\n\n--B\n{part}--B--\n")
    # In a process of its own: there a codec that nobody thought of is one that does not exist.
    result = read_document(path)
    assert result.document is not None
    assert (result.document.title, result.reason) == ("日本", "")
    lines = ("From: Jürgen <a@b>\nTo: Zoë <c@d>\nSubject: 日本", "Attachment: naïve.pdf (application/pdf)")
    assert result.document.text == "\n\n".join(lines)


def test_a_mail_gives_its_words_once_and_the_names_of_its_attachments(tmp_path: Path) -> None:
    document = extracted(making.eml_file(), tmp_path / "a.eml")
    assert document.title == "Übergabe der Schlüssel"
    assert document.text.count("under the mat") == 1
    assert "From: Anna Weiß <anna@example.org>" in document.text
    assert document.text.endswith("Attachment: plan of the house.pdf (application/pdf)")


def test_a_page_reads_as_a_browser_shows_it(tmp_path: Path) -> None:
    document = extracted(making.html_file(), tmp_path / "a.html")
    assert document.title == "Bread"
    assert outline(document) == [
        ("heading", "Bread"),
        ("paragraph", "Mix flour and water.\nWait."),
        ("heading", "Amounts"),
        ("row", "What | How much"),
        ("row", "Flour | 500 g"),
        ("item", "1. Knead"),
        ("item", "2. Bake"),
        ("code", "for loaf in oven:\n    turn(loaf)"),
    ]


def test_lists_of_a_page_count_from_where_they_say(tmp_path: Path) -> None:
    page = b"<ol start=5><li>five<li value=9>nine<li>ten</ol><noframes><p>old</noframes>"
    assert extracted(page, tmp_path / "a.html").text == "5. five\n9. nine\n10. ten"


def test_pages_and_chapters_are_read_in_the_encoding_that_they_declare(tmp_path: Path) -> None:
    page = '<?xml version="1.0" encoding="iso-8859-2"?><html><body><p>Zażółć gęślą jaźń</p></body></html>'
    content = page.encode("iso-8859-2")
    assert extracted(content, tmp_path / "a.xhtml").text == "Zażółć gęślą jaźń"
    book = making.epub_file(["<p>one</p>"])
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    chapter = next(name for name, part in parts.items() if b"<p>one</p>" in part)
    parts[chapter] = content
    changed = making.zipped(dict(parts), first="mimetype")
    assert extracted(changed, tmp_path / "a.epub").text == "Zażółć gęślą jaźń"


def test_a_book_says_that_chapters_are_missing(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(making.epub_file(["<p>one</p>", "<p>two</p>"]))) as archive:
        parts: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    del parts[next(name for name, part in parts.items() if b"<p>two</p>" in bytes(part))]  # type: ignore[arg-type]
    path = tmp_path / "a.epub"
    path.write_bytes(making.zipped(parts, first="mimetype"))
    result = read_document(path)
    assert result.document is not None
    assert (result.document.text, result.reason) == ("one", "Chapters that are missing from the file: 1 of 2.")


def test_markdown_keeps_its_lines_and_finds_headings_and_fences(tmp_path: Path) -> None:
    text = "# Title\n\nWords.\n\n\n```python\n# no heading\n\nx = 1\n```\n\nBelow\n-----\n* one\n* two\n"
    document = extracted(text.encode(), tmp_path / "a.md")
    assert document.text == text.rstrip()
    assert document.title == "Title"
    assert ("code", "```python\n# no heading\n\nx = 1\n```") in outline(document)
    assert document.blocks[-1].kind is BlockKind.ITEM
    assert document.blocks[-1].headings == ("Title", "Below")


def test_source_code_keeps_its_line_numbers_and_knows_its_definitions(tmp_path: Path) -> None:
    code = "import os\n\n\nclass Shop:\n    def open(self):\n\n        return 1\n\n\ndef main():\n    pass\n"
    document = extracted(code.encode(), tmp_path / "a.py")
    assert document.text == code.rstrip()
    assert [block.headings for block in document.blocks] == [(), ("class Shop",), ("def main",)]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_tables_are_divided_by_whatever_divides_them(mark: str, tmp_path: Path) -> None:
    rows = [["Name", "Town"], ["Ada, Countess", "London"], ["Zoë", "Graz"]]
    text = "\n".join(mark.join(f'"{cell}"' for cell in row) for row in rows)
    document = extracted(text.encode("cp1252"), tmp_path / "a.csv")
    assert document.text == "Name | Town\nAda, Countess | London\nZoë | Graz"
    assert document.blocks[2].headings == ("Name | Town",)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1,5;2,5;3,5\n2,5;3,5;4,5\n", "1,5 | 2,5 | 3,5\n2,5 | 3,5 | 4,5"),
        ('a,"x;y;z"\nb,"x;y;z"\n', "a | x;y;z\nb | x;y;z"),
        ("sep=;\nA;B\n1,5;2,5\n", "A | B\n1,5 | 2,5"),
    ],
)
def test_decimals_and_quotes_do_not_mislead_about_what_divides_a_table(text: str, read: str, tmp_path: Path) -> None:
    assert extracted(text.encode(), tmp_path / "a.csv").text == read


def test_letters_that_json_escapes_are_letters(tmp_path: Path) -> None:
    own = r'{"a": "caf\u00e9 \ud83d\ude0a", "b": "\\u00e9 \u003c \u2028"}'
    read = r'{"a": "café 😊", "b": "\\u00e9 \u003c \u2028"}'
    assert extracted(own.encode(), tmp_path / "a.json").text == read
    assert extracted(own.encode(), tmp_path / "a.jsonl").text == read


def test_json_on_one_line_is_laid_out_and_written_json_is_left_alone(tmp_path: Path) -> None:
    value = {"names": ["Ada"] * 500, "town": "Graz"}
    flat = extracted(json.dumps(value).encode(), tmp_path / "a.json")
    assert '\n  "town": "Graz"\n' in flat.text
    own = '{"town":\n   "Graz"}'
    assert extracted(own.encode(), tmp_path / "b.json").text == own


def test_cells_of_a_notebook_are_text_and_code(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Study\n", "Why."]},
        {"cell_type": "code", "source": "x = 1", "outputs": [{"text": "printed"}]},
    ]
    document = extracted(json.dumps({"cells": cells}).encode(), tmp_path / "a.ipynb")
    assert outline(document) == [("heading", "Study"), ("paragraph", "Why."), ("code", "x = 1")]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Grüße aus Köln, schöne Füße überall.", "utf-8-sig"),
        ("Grüße aus Köln, schöne Füße überall.", "utf-16"),
        ("Grüße aus Köln, schöne Füße überall.", "utf-16-le"),
        ("Гарантия действует два года.\nИ ещё.", "utf-16-le"),
        ("Гарантия действует два года.\nИ ещё.", "utf-16-be"),
        ("保修期为两年。\n如有问题，请联系客服。", "utf-16-le"),
        ("الضمان لمدة سنتين.\nمرحبا بالعالم", "utf-16-be"),
        ("日本語の文書です。\n保証期間は二年です。", "iso2022_jp"),
        ("Grüße aus Köln, schöne Füße überall. Das Übrige hören wir später.", "cp1252"),
        ("Съешь же ещё этих мягких французских булок, да выпей чаю. Широкая электрификация.", "cp1251"),
        ("いろはにほへとちりぬるをわかよたれそつねならむ。今日は天気がいいです。", "shift_jis"),
    ],
)
def test_text_is_read_in_the_encoding_it_was_written_in(text: str, encoding: str, tmp_path: Path) -> None:
    assert extracted(text.encode(encoding), tmp_path / "a.txt").text == text


def test_what_hides_or_steers_is_removed_and_what_shapes_letters_is_kept(tmp_path: Path) -> None:
    text = "a\x00b\u202ec\u2066d\U000e0041e\ufeff f\u00adg \ufb01n می\u200cخواهم 👩\u200d🔧\r\nnext\x0cpage"
    assert extracted(text.encode(), tmp_path / "a.txt").text == "abcde fg fin می\u200cخواهم 👩\u200d🔧\nnext\npage"


def test_content_decides_over_the_name() -> None:
    assert identify(making.pdf([[]]), "letter.docx") is DocumentKind.PDF
    assert identify(making.docx_file(), "letter") is DocumentKind.DOCX
    assert identify(making.odt_file(), "letter.zip") is DocumentKind.ODT
    assert identify(b"<!DOCTYPE html><p>x", "letter") is DocumentKind.HTML
    assert identify(making.eml_file(), "letter") is DocumentKind.MAIL
    assert identify(b"plain", "Makefile") is DocumentKind.CODE


def test_a_file_named_like_a_document_that_is_none_is_damaged() -> None:
    with pytest.raises(UnreadableError) as caught:
        identify(b"just words", "letter.docx")
    assert caught.value.status is FileStatus.DAMAGED


def test_endless_input_is_cut_where_the_limits_are(tmp_path: Path) -> None:
    limits = Limits(characters=1000, units=3)
    assert len(extracted(b"word\n\n" * 10_000, tmp_path / "a.txt", limits).text) <= 1000
    book = extracted(making.epub_file(["<p>Again.</p>"] * 9), tmp_path / "a.epub", limits)
    assert len(book.units) == 3
    assert book.text == "Again.\n\nAgain.\n\nAgain."
