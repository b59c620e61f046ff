"""Passages: cut along the structure, of a sensible size, always the same."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.documents.builder import DocumentBuilder
from app.documents.limits import DEFAULT_LIMITS
from app.documents.passages import LONGEST, passages
from app.domain.documents import BlockKind, Document, DocumentKind, UnitKind, line_at, numbered_lines
from tests.documents import making
from tests.documents.reading import extracted

SENTENCE = "A sentence of some forty characters here. "


def _document(*steps: tuple[str, str]) -> Document:
    builder = DocumentBuilder(DEFAULT_LIMITS)
    for number, (kind, text) in enumerate(steps, 1):
        match kind:
            case "unit":
                builder.begin_unit(UnitKind.PAGE, number, text)
            case "heading":
                builder.heading(text, 1)
            case "row":
                builder.row([text], "A | B")
            case _:
                builder.text(text, BlockKind(kind))
    return builder.build(DocumentKind.TEXT)


def test_a_passage_begins_with_its_heading_and_ends_before_the_next() -> None:
    document = _document(
        ("heading", "One"), ("paragraph", SENTENCE * 10), ("heading", "Two"), ("paragraph", SENTENCE * 10)
    )
    found = list(passages(document))
    assert [passage.headings for passage in found] == [("One",), ("Two",)]
    assert found[1].text.startswith("Two\n\nA sentence")


def test_a_passage_never_spans_pages_but_for_a_sentence() -> None:
    document = _document(("unit", "i"), ("paragraph", "Done."), ("unit", "ii"), ("paragraph", "New page."))
    assert [(passage.text, passage.unit_name) for passage in passages(document)] == [
        ("Done.", "i"),
        ("New page.", "ii"),
    ]


def test_rows_stay_whole_and_know_their_columns() -> None:
    document = _document(*[("row", f"{'x' * 90} {number}") for number in range(100)])
    found = list(passages(document))
    assert len(found) > 5
    assert all(passage.headings == ("A | B",) for passage in found)
    assert all(line.startswith("xxx") for passage in found for line in passage.text.split("\n"))


def test_code_stays_in_one_piece_where_it_fits() -> None:
    code = "\n".join(f"line {number} = {number}" for number in range(50))
    document = _document(("paragraph", SENTENCE * 15), ("code", code), ("paragraph", SENTENCE))
    assert any(code in passage.text for passage in passages(document))


def test_a_long_paragraph_is_cut_at_the_ends_of_sentences() -> None:
    found = list(passages(_document(("paragraph", SENTENCE * 100))))
    assert len(found) > 3
    assert all(passage.text.endswith(".") and passage.text.startswith("A ") for passage in found)


@given(
    st.lists(
        st.tuples(st.sampled_from(["heading", "paragraph", "code", "item", "unit", "row"]), st.text(max_size=3000))
    )
)
def test_passages_cover_all_text_in_order_and_within_their_size(steps: list[tuple[str, str]]) -> None:
    document = _document(*steps)
    found = list(passages(document))
    assert found == list(passages(document))
    lines = numbered_lines(document.text)
    position = 0
    for passage in found:
        assert not document.text[position : passage.start].strip()
        assert passage.text == document.text[passage.start : passage.end]
        assert 0 < len(passage.text) <= 2 * LONGEST
        assert lines[passage.first_line][0] <= passage.start
        assert line_at(lines, passage.end - 1) == passage.last_line
        position = passage.end
    assert not document.text[position:].strip()


@given(st.text(alphabet=st.sampled_from("ab \n"), max_size=600), st.integers(5, 40))
def test_numbered_lines_hold_every_character_and_are_no_longer_than_the_width(text: str, width: int) -> None:
    lines = numbered_lines(text, width)
    position = 0
    for start, end in lines:
        assert text[position:start] in {"", " ", "\n"}
        assert end - start <= width
        position = end
    assert position == len(text)
    for number, (start, end) in enumerate(lines):
        if end > start:
            assert line_at(lines, start) == line_at(lines, end - 1) == number


def test_numbered_lines_wrap_at_spaces_and_keep_empty_lines() -> None:
    assert numbered_lines("one two three\n\nfour", 8) == ((0, 7), (8, 13), (14, 14), (15, 19))


def test_the_same_file_gives_the_same_passages(tmp_path: Path) -> None:
    one, other = (list(passages(extracted(making.docx_file(), tmp_path / name))) for name in ("a.docx", "b.docx"))
    assert one == other
