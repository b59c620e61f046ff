"""What is read from each format, from documents that the usual libraries made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.documents.formats import identify
from app.documents.limits import Limits, UnreadableError
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
