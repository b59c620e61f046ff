"""Search: any question is a query, in any script, and the answers are few, different and at their place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.documents import Passage
from app.store.index import DocumentIndex
from app.store.query import understand
from app.store.ranking import Candidate, Ranking, Selection, fuse
from tests.store.indexing import add, document

TEXTS = {
    "warranty.txt": "The warranty of the machine ends after two years. Claims are made in writing.",
    "bread.txt": "Knead the dough and let it rest for an hour before baking.",
    "vertrag.txt": "Die Kündigungsfrist beträgt drei Monate zum Quartalsende.",
    "contrat.txt": "Le délai de préavis est fixé à trois mois par l’article 7.",
    "chinese.txt": "本产品的保修期为两年，自购买之日起计算。退货须在十四天内提出。",
    "japanese.txt": "保証期間は購入日から二年間です。返品は十四日以内にお願いします。",
    "korean.txt": "보증기간은 구입일로부터 이년입니다.",
    "thai.txt": "การรับประกันสินค้ามีระยะเวลาสองปีนับจากวันที่ซื้อ",
    "hindi.txt": "इस उत्पाद की वारंटी दो साल की है।",
    "greek.txt": "Η εγγύηση ισχύει για δύο χρόνια.",
    "russian.txt": "Гарантия действует два года со дня покупки.",
    "arabic.txt": "الضمان ساري المفعول لمدة عامين من تاريخ الشراء.",
    "code.txt": "def read_file(path): return DocumentReader(path).max_retry_count",
    "part.txt": "Order the part number XJ-9000/B from the workshop, or mail to parts@example.org.",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DocumentIndex]:
    index = DocumentIndex(tmp_path_factory.mktemp("search") / "index.db")
    for name, text in TEXTS.items():
        add(index, name, document(text))
    yield index
    index.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[DocumentIndex]:
    index = DocumentIndex(tmp_path / "index.db")
    yield index
    index.close()


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("How long is the machine under warranty?", "warranty.txt"),
        ("warranties", "warranty.txt"),
        ("WARRANTY CLAIM", "warranty.txt"),
        ("kneading doughs", "bread.txt"),
        ("Wie lang ist die Kündigungsfrist?", "vertrag.txt"),
        ("kundigungsfrist", "vertrag.txt"),
        ("Kündigung", "vertrag.txt"),
        ("frist", "vertrag.txt"),
        ("Quel est le délai de préavis ?", "contrat.txt"),
        ("preavis", "contrat.txt"),
        ("保修期", "chinese.txt"),
        ("产品的保修期是多长时间？", "chinese.txt"),
        ("退货", "chinese.txt"),
        ("返品はいつまでですか", "japanese.txt"),
        ("보증기간", "korean.txt"),
        ("การรับประกัน", "thai.txt"),
        ("ระยะเวลารับประกันสินค้านานเท่าไร", "thai.txt"),
        ("वारंटी", "hindi.txt"),
        ("εγγυηση", "greek.txt"),
        ("ГАРАНТИЯ", "russian.txt"),
        ("الضمان", "arabic.txt"),
        ("read_file", "code.txt"),
        ("DocumentReader", "code.txt"),
        ("reader", "code.txt"),
        ("retry count", "code.txt"),
        ("XJ-9000/B", "part.txt"),
        ("9000", "part.txt"),
        ("parts@example.org", "part.txt"),
        ("ｗａｒｒａｎｔｙ", "warranty.txt"),
        ("war\u00adranty", "warranty.txt"),
    ],
)
def test_a_question_finds_its_document(index: DocumentIndex, question: str, name: str) -> None:
    hits = index.search(question, 5)
    assert hits
    assert hits[0].name == name
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize(
    "question",
    [
        "",
        " ",
        "?!",
        '"',
        '""',
        "'; DROP TABLE words; --",
        "AND",
        "NOT warranty",
        "warranty AND",
        "NEAR(",
        "title:warranty",
        "warranty*",
        "^warranty",
        "(warranty",
        "{title} : x",
        '"warranty" OR "',
        "-warranty +machine",
        "\0",
        "a\0b",
        "\ud800",
        "😀🎉",
        "the of and",
        "x" * 100_000,
        "word " * 5_000,
        "保" * 5_000,
    ],
)
def test_no_question_is_an_error(index: DocumentIndex, question: str) -> None:
    assert len(index.search(question, 5)) <= 5


@given(
    question=st.text(max_size=60)
    | st.lists(st.sampled_from(['"', "*", "AND", "(", ")", ":", "NEAR", "a", "保", "_", "”", "“"])).map(" ".join)
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_at_all_is_an_error(index: DocumentIndex, question: str) -> None:
    index.search(question, 3)


def test_what_is_not_there_is_not_found(index: DocumentIndex) -> None:
    assert index.search("photosynthesis", 5) == []


def test_only_the_named_documents_are_searched(index: DocumentIndex) -> None:
    every = {hit.name: hit.document for hit in index.search("two years warranty kneading parts", 10)}
    assert len(every) >= 3
    some = [every["bread.txt"], every["part.txt"]]
    assert {hit.name for hit in index.search("two years warranty kneading parts", 10, some)} == {
        "bread.txt",
        "part.txt",
    }
    assert index.search("warranty", 10, []) == []
    assert index.search("warranty", 10, ["unknown"]) == []


class TestWords:
    def test_stop_words_are_dropped_in_the_language_of_the_question(self) -> None:
        assert understand("What is the notice period?").words == ('"notice"', '"period"')
        assert understand("Wie lang ist die Frist?").words == ('"lang"', '"frist"')
        assert understand("Quelle est la durée du préavis ?").words == ('"durée"', '"préavis"')

    def test_words_that_are_stop_words_elsewhere_stay(self) -> None:
        assert understand("the war").words == ('"war"',)
        assert understand("die hard").words == ('"die"', '"hard"')

    def test_a_question_of_nothing_but_stop_words_keeps_them(self) -> None:
        assert understand("To be or not to be").words == ('"to"', '"be"', '"or"', '"not"')

    def test_quotes_of_all_kinds_make_a_phrase(self) -> None:
        for quoted in ('"notice period"', "“notice period”", "„notice period“", "«notice period»"):
            assert understand(f"the {quoted} of tenants").phrases == ('"notice period"',)

    def test_there_are_never_too_many(self) -> None:
        assert len(understand(" ".join(f"word{number}" for number in range(500))).words) <= 24


def test_what_is_in_quotes_comes_first(empty: DocumentIndex) -> None:
    add(empty, "loose.txt", document("Period of notice. Notice of a period, a notice, a period, notices and periods."))
    add(empty, "exact.txt", document("Somewhere in a long text about renting a flat there is the notice period, too."))
    assert [hit.name for hit in empty.search('"notice period"', 5)] == ["exact.txt", "loose.txt"]
    assert [hit.name for hit in empty.search('"period notice period"', 5)], "a phrase that is nowhere is taken as words"


def test_title_and_headings_count(empty: DocumentIndex) -> None:
    filling = "It is said here at some length, and in other words than one might think of. " * 3
    add(empty, "a.txt", document(f"{filling} A turbine is mentioned.", headings=["Introduction"]))
    add(empty, "b.txt", document(f"{filling} It is mentioned.", headings=["Turbine maintenance"]))
    assert [hit.name for hit in empty.search("turbine maintenance", 5)] == ["b.txt", "a.txt"]
    assert [hit.passage.headings for hit in empty.search("turbine maintenance", 1)] == [("Turbine maintenance",)]


def test_near_duplicates_are_dropped(empty: DocumentIndex) -> None:
    text = "The boiler is checked once a year by a person who has learned how that is done, in the first week of May."
    for number in range(4):
        add(empty, f"copy{number}.txt", document(text + " " * number))
    add(empty, "almost.txt", document(text + " Indeed."))
    add(empty, "other.txt", document("The boiler stands in the cellar."))
    names = [hit.name for hit in empty.search("boiler", 10)]
    assert len(names) == 2
    assert "other.txt" in names


def test_neighbours_are_joined_if_they_are_of_one_page(empty: DocumentIndex) -> None:
    long = [f"Turbine {word} " + f"and {word} " * 110 for word in ("alpha", "beta", "gamma")]
    made = document(*long)
    add(empty, "plain.txt", made)
    hits = empty.search("turbine", 5)
    assert len(hits) < 3
    joined = max((hit.passage for hit in hits), key=lambda passage: passage.end - passage.start)
    assert joined.text == made.text[joined.start : joined.end]
    assert joined.last_line > joined.first_line + 10


def test_neighbours_on_different_pages_are_not_joined(empty: DocumentIndex) -> None:
    add(empty, "pages.pdf", document("Turbine alpha here.", "Turbine beta there.", "Turbine gamma gone.", pages=True))
    assert {hit.passage.unit for hit in empty.search("turbine", 5)} == {1, 2, 3}


def test_one_document_leaves_room_for_others(empty: DocumentIndex) -> None:
    pages = [f"Turbine turbine turbine number {number} of kind {number * 7919}." for number in range(30)]
    add(empty, "much.pdf", document(*pages, pages=True))
    for number in range(9):
        add(
            empty,
            f"little{number}.txt",
            document(f"Among other things number {number * 31} has a turbine {'x' * number}."),
        )
    names = [hit.name for hit in empty.search("turbine", 8)]
    assert names.count("much.pdf") == 3
    assert len(names) == 8


def test_one_document_alone_may_fill_the_list(empty: DocumentIndex) -> None:
    pages = [f"Turbine number {number} of kind {number * 7919}." for number in range(30)]
    add(empty, "much.pdf", document(*pages, pages=True))
    assert len(empty.search("turbine", 8)) == 8


class TestFusion:
    def test_what_several_rankings_like_wins(self) -> None:
        fused = fuse([Ranking([(1, 0), (2, 0), (3, 0)]), Ranking([(4, 0), (2, 0), (5, 0)])])
        assert fused[0][0] == (2, 0)

    def test_the_leader_of_all_rankings_has_a_score_of_one(self) -> None:
        assert fuse([Ranking([(1, 0)]), Ranking([(1, 0), (2, 0)], 0.3)])[0] == ((1, 0), 1.0)

    def test_nothing_gives_nothing(self) -> None:
        assert fuse([]) == []


def test_a_selection_joins_from_both_sides_up_to_a_length() -> None:
    text = "".join(f"{number:0>4}" for number in range(2_000))

    def passage(number: int) -> Passage:
        return Passage(
            number, text[number * 800 : number * 800 + 800], number * 800, number * 800 + 800, number, number
        )

    selection = Selection(5, 5, lambda _, start, end: text[start:end])
    for number in (3, 4, 2, 1):
        selection.offer(Candidate(1, passage(number), 1.0))
    first, second = (candidate.passage for candidate in selection.candidates)
    assert (first.start, first.end, first.first_line, first.last_line) == (1_600, 4_000, 2, 4)
    assert first.text == text[1_600:4_000]
    assert (second.start, second.end) == (800, 1_600)
