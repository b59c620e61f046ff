"""PDF: text in its order and at its place."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest

from app.documents.limits import Limits
from app.documents.passages import passages
from app.documents.reader import read_document
from app.domain.documents import Document, FileStatus, Rectangle
from tests.documents import making
from tests.documents.reading import extracted, outline


def _place(document: Document, words: str) -> Rectangle:
    start = document.text.index(words)
    (mark,) = document.marks_in(start, start + len(words))
    return mark.rectangle


def test_lines_of_a_paragraph_flow_together_and_lists_and_code_do_not(tmp_path: Path) -> None:
    lines = [
        "The first line of a paragraph that is long enough to reach the margin",
        "is followed by a second one that reaches it, too, or nearly does so.",
        "",
        "• One item",
        "• Another item",
        "",
        "short = 1",
        "shorter = 2",
    ]
    document = extracted(making.pdf([making.written(lines)]), tmp_path / "a.pdf")
    assert outline(document) == [
        ("paragraph", f"{lines[0]} {lines[1]}"),
        ("item", "• One item"),
        ("item", "• Another item"),
        ("paragraph", "short = 1\nshorter = 2"),
    ]


def test_words_that_are_broken_at_a_line_end_become_whole(tmp_path: Path) -> None:
    lines = [
        "The agreement of the architects says that no well-known build-",
        "ing may be changed without asking, and that each of the well-",
        "known ones must be described before the work on it is begun.",
    ]
    document = extracted(making.pdf([making.written(lines)]), tmp_path / "a.pdf")
    assert "no well-known building may" in document.text
    assert "the well-known ones" in document.text


def test_running_heads_and_page_numbers_are_left_out(tmp_path: Path) -> None:
    document = extracted(making.paged_pdf(8), tmp_path / "a.pdf")
    assert [document.text[unit.start : unit.end] for unit in document.units] == [
        f"Page {number} speaks of nothing in particular." for number in range(1, 9)
    ]


def test_a_feet_that_names_its_section_is_known_by_its_page_number(tmp_path: Path) -> None:
    pages = [
        [(72, 600, f"Words of page {number}."), (72, 30, f"Section {'abcdefgh'[number]} {number + 12}")]
        for number in range(8)
    ]
    assert "Section" not in extracted(making.pdf(pages), tmp_path / "a.pdf").text


def test_numbered_headings_at_the_top_of_each_page_stay(tmp_path: Path) -> None:
    pages = [[(72, 740, f"4.{number} Version 1.{number}.{number}"), (72, 600, "Words.")] for number in range(8)]
    text = extracted(making.pdf(pages), tmp_path / "a.pdf").text
    assert all(f"4.{number} Version" in text for number in range(8))
    lessons = [[(72, 740, f"Lesson {number + 1}"), (72, 600, "Words.")] for number in range(8)]
    bookmarks = [(f"Lesson {number + 1}", number, 750.0) for number in range(8)]
    assert extracted(making.pdf(lessons, outline=bookmarks), tmp_path / "b.pdf").text.count("Lesson") == 8


def test_headings_come_from_the_outline(tmp_path: Path) -> None:
    pages = [
        making.written(
            ["1 Beginnings", "", "", "It began with a letter.", "", "", "1.1 The Letter", "", "", "It was blue."]
        ),
        making.written(["It went on."]),
    ]
    bookmarks = [("Beginnings", 0, 712.0), ("The Letter", 0, 628.0), ("Unprinted", 1, 712.0)]
    document = extracted(making.pdf(pages, outline=bookmarks), tmp_path / "a.pdf")
    assert [(kind, text) for kind, text in outline(document) if kind == "heading"] == [
        ("heading", "1 Beginnings"),
        ("heading", "1.1 The Letter"),
    ]
    assert [block.headings[-1] for block in document.blocks if block.kind == "paragraph"] == [
        "Beginnings",
        "The Letter",
        "Unprinted",
    ]


def test_what_is_printed_above_a_chapters_title_belongs_to_the_chapter(tmp_path: Path) -> None:
    pages = [
        making.written(["Old words end here."]),
        making.written(["CHAPTER", "TWO", "", "", "The Storm", "", "", "It blew."]),
    ]
    content = making.pdf(pages, outline=[("The Calm", 0, 720.0), ("The Storm", 1, 720.0)])
    found = list(passages(extracted(content, tmp_path / "a.pdf")))
    assert [passage.headings for passage in found] == [("The Calm",), ("The Storm",)]
    assert found[1].text.split() == ["CHAPTER", "TWO", "The", "Storm", "It", "blew."]


def test_marks_say_where_words_stand(tmp_path: Path) -> None:
    document = extracted(making.pdf([[(100, 700, "Upper words"), (100, 300, "Lower words")]]), tmp_path / "a.pdf")
    upper, lower = _place(document, "Upper words"), _place(document, "Lower words")
    assert upper.left == pytest.approx(100, abs=2)
    assert upper.bottom == pytest.approx(792 - 700, abs=4)
    assert lower.bottom == pytest.approx(792 - 300, abs=4)
    assert 40 < upper.right - upper.left < 80
    second = _place(document, "words")
    assert second.left > upper.left + 25
    assert second.right == pytest.approx(upper.right, abs=1)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (50, 100, 500, 760)])
def test_marks_are_where_a_viewer_draws_the_words(
    rotate: int, crop: tuple[int, int, int, int] | None, tmp_path: Path
) -> None:
    content = making.pdf([[(100, 700, "Black words on white")]], rotate=rotate, crop=crop)
    document = extracted(content, tmp_path / "a.pdf")
    box = _place(document, "Black words on white")
    image = pypdfium2.PdfDocument(content)[0].render(scale=1, grayscale=True).to_numpy()
    unit = document.units[0]
    assert image.shape[:2] == (pytest.approx(unit.height, abs=1), pytest.approx(unit.width, abs=1))
    dark = [(y, x) for y, row in enumerate(image.reshape(image.shape[:2])) for x in (row < 128).nonzero()[0]]
    assert dark
    inside = [box.top - 2 <= y <= box.bottom + 2 and box.left - 2 <= x <= box.right + 2 for y, x in dark]
    assert all(inside)
    ys, xs = zip(*dark, strict=True)
    assert max(xs) - min(xs) == pytest.approx(box.right - box.left, abs=6)
    assert max(ys) - min(ys) == pytest.approx(box.bottom - box.top, abs=6)


def test_what_was_filled_into_a_form_is_read_in_its_place(tmp_path: Path) -> None:
    document = extracted(making.filled_form(), tmp_path / "a.pdf")
    assert " ".join(document.text.split()) == "Name: Ada Lovelace Policy: PX-7781 Smoker ☒ Yours Call back"
    box = _place(document, "Ada Lovelace")
    assert (box.left, box.right) == (120, 320)
    assert (box.top, box.bottom) == (792 - 715, 792 - 695)


def test_pages_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    content = making.pdf([making.written(["A sentence on a page."])] * 3)
    path.write_bytes(content.replace(b"/Count 3", b"/Count 5"))
    result = read_document(path)
    assert (result.status, result.reason) == (
        FileStatus.READ,
        "Pages that are damaged and could not be read: 2 of 5.",
    )


def test_a_page_with_more_than_memory_holds_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(making.pdf([[(72, n % 780, f"{n} " + "word " * 200) for n in range(1000)]]))
    result = read_document(path, Limits(memory_bytes=64 << 20))
    assert (result.status, result.reason) == (
        FileStatus.OUT_OF_MEMORY,
        "Reading this file takes more memory than it may.",
    )


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_lines_keep_their_order_on_a_page_that_is_turned(rotate: int, tmp_path: Path) -> None:
    lines = [f"Line {number} of a page that somebody has turned around." for number in range(5)]
    text = extracted(making.pdf([making.written(lines)], rotate=rotate), tmp_path / "a.pdf").text
    assert text.split() == " ".join(lines).split()


def test_a_sentence_that_runs_over_a_page_stays_in_one_passage(tmp_path: Path) -> None:
    first = ["This sentence begins at the foot of the page and is not over when the page"]
    second = ["ends, but only here. Another sentence follows on the second page of these."]
    document = extracted(making.pdf([making.written(first), making.written(second)]), tmp_path / "a.pdf")
    found = list(passages(document))
    assert found[0].text == f"{first[0]}\n\nends, but only here."
    assert {mark.page for mark in found[0].marks} == {1, 2}
    assert (found[1].unit, found[1].text) == (2, "Another sentence follows on the second page of these.")
