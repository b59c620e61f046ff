"""Debian's manuals (packages debian-policy, developers-reference), in the formats in which they are installed."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from app.documents.passages import passages
from app.documents.reader import read_document
from app.domain.documents import Document, FileStatus

POLICY = Path("/usr/share/doc/debian-policy")
REFERENCE = Path("/usr/share/developers-reference")
pytestmark = pytest.mark.skipif(
    not POLICY.exists() or not REFERENCE.exists(), reason="Debian's manuals are not installed"
)

# Of a package that another release of Debian changes only the pages are other ones; the words have stood for decades.
IN_POLICY = [
    (
        "Every package must be accompanied by a verbatim copy of its distribution license(s)",
        "Copyright: debian/copyright",
    ),
    ("debian/rules must start with the line #!/usr/bin/make -f", "Main building script: debian/rules"),
    (
        "Two different packages must not install programs with different functionality but with the same filenames",
        "Binaries",
    ),
]


def _read(path: Path) -> Document:
    result = read_document(path)
    assert result.status is FileStatus.READ, result.reason
    assert result.document is not None
    return result.document


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Document:
    path = tmp_path_factory.mktemp("policy") / "policy.pdf"
    packed = POLICY / "policy.pdf.gz"
    path.write_bytes(gzip.decompress(packed.read_bytes()) if packed.exists() else (POLICY / "policy.pdf").read_bytes())
    return _read(path)


@pytest.mark.parametrize(("words", "heading"), IN_POLICY)
def test_known_sentences_stand_under_their_heading(words: str, heading: str, policy: Document) -> None:
    found = [passage for passage in passages(policy) if words in " ".join(passage.text.split())]
    (passage,) = [one for one in found if heading in one.headings]
    assert passage.marks
    assert passage.unit in {mark.page for mark in passage.marks}


def test_the_table_of_contents_and_the_pages_agree(policy: Document) -> None:
    """The contents name the printed page of each section, which is the page's label in the file."""
    numbers = {unit.name or str(unit.number): unit.number for unit in policy.units}
    entries = [line.rpartition(" … ") for line in policy.text.split("\n") if " … " in line and line[:1].isdigit()]
    assert len(entries) > 100
    wrong = []
    for title, _, printed in entries:
        words = title.partition(" ")[2].strip()
        unit = policy.units[numbers[printed] - 1]
        if words.casefold()[:40] not in " ".join(policy.text[unit.start : unit.end].split()).casefold():
            wrong.append(title)
    assert len(wrong) <= len(entries) // 50, wrong


def test_no_running_head_is_left(policy: Document) -> None:
    assert policy.text.count("Debian Policy Manual, Release") <= 2
    assert policy.title == "Debian Policy Manual"


def test_the_same_book_says_the_same_in_every_format() -> None:
    sentence = "The DELAYED queue should not be used to put additional pressure on the maintainer."
    documents = [_read(REFERENCE / f"developers-reference.{ending}") for ending in ("pdf", "epub", "html")]
    for document in documents:
        found = [passage for passage in passages(document) if sentence in " ".join(passage.text.split())]
        assert len(found) == 1
        assert any("DELAYED" in heading for heading in found[0].headings)
    lengths = [len(document.text) for document in documents]
    assert max(lengths) < 1.1 * min(lengths)


def test_text_files_find_their_chapters(tmp_path: Path) -> None:
    path = tmp_path / "reference.txt"
    path.write_bytes(gzip.decompress((REFERENCE / "developers-reference.txt.gz").read_bytes()))
    document = _read(path)
    paths = {block.headings for block in document.blocks}
    assert len(paths) > 100
