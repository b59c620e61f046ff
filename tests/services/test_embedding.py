"""Search by meaning as a person has it: on real files, with a real embedding model in its process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.errors import ModelFileError
from app.services.document_events import EmbeddingChanged, EmbeddingPhase
from tests.bert_models import write_tiny
from tests.models import TINY
from tests.services.libraries import Shelf

Open = Callable[..., Shelf]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("model") / "tiny-synonyms.gguf")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "garage.txt").write_text("The automobile was defective after the storm.")
    (folder / "garden.txt").write_text("The puppy is in the garden.")
    (folder / "kitchen.txt").write_text("Bread and coffee.")
    return folder


@pytest.fixture
def open_shelf(tmp_path: Path) -> Iterator[Open]:
    shelves: list[Shelf] = []

    def make(**options: object) -> Shelf:
        shelves.append(Shelf(tmp_path / "data", **options))  # type: ignore[arg-type]
        return shelves[-1]

    yield make
    for shelf in shelves:
        shelf.close()


def found(shelf: Shelf, question: str) -> list[str]:
    """The names of the files that a conversation with the library finds."""
    conversation = shelf.talk()
    shelf.service.use(conversation, "Papers")
    source = shelf.service.source_for(conversation)
    assert source is not None
    return [hit.name for hit in source.search(question, 5)]


def test_what_is_meant_is_found_though_other_words_stand_there(open_shelf: Open, folder: Path, model: Path) -> None:
    shelf = open_shelf(embedding=model)
    shelf.create("Papers", folder)
    assert shelf.embedded().phase is EmbeddingPhase.READY
    assert found(shelf, "broken car") == ["garage.txt"]
    assert found(shelf, "hound") == ["garden.txt"]
    assert found(shelf, "music in the mountains") == []
    assert found(shelf, "") == []


def test_a_model_that_is_chosen_later_learns_all_that_is_there(open_shelf: Open, folder: Path, model: Path) -> None:
    shelf = open_shelf()
    shelf.create("Papers", folder)
    assert found(shelf, "broken car") == []
    shelf.embeddings.use(model)
    assert shelf.embedded().phase is EmbeddingPhase.READY
    assert shelf.remembered == {"embedding_path": str(model)}
    assert found(shelf, "broken car") == ["garage.txt"]
    shelf.embeddings.use(None)
    assert found(shelf, "broken car") == []
    assert shelf.remembered == {"embedding_path": None}
    assert [event.state.phase for event in shelf.events if isinstance(event, EmbeddingChanged)][
        -1
    ] is EmbeddingPhase.OFF


def test_words_alone_are_found_as_before_where_there_is_no_model(open_shelf: Open, folder: Path) -> None:
    shelf = open_shelf()
    shelf.create("Papers", folder)
    assert found(shelf, "coffee") == ["kitchen.txt"]
    assert shelf.embeddings.state.phase is EmbeddingPhase.OFF


def test_a_file_that_changes_is_learned_anew(open_shelf: Open, folder: Path, model: Path) -> None:
    shelf = open_shelf(embedding=model)
    shelf.create("Papers", folder)
    shelf.embedded()
    (folder / "kitchen.txt").write_text("Rain in the street.")
    shelf.rescan("Papers")
    shelf.embedded()
    assert sorted(found(shelf, "weather")) == ["garage.txt", "kitchen.txt"]


def test_an_attached_file_is_learned_too(open_shelf: Open, tmp_path: Path, model: Path) -> None:
    shelf = open_shelf(embedding=model)
    long = tmp_path / "long.txt"
    long.write_text("Paper and paper again. " * 400 + "\n\nThe automobile was faulty.\n\n" + "Music. " * 400)
    file = shelf.attached(long)
    assert not file.whole
    shelf.embedded()
    conversation = shelf.talk()
    shelf.service.take([file.id], conversation)
    source = shelf.service.source_for(conversation)
    assert source is not None
    (hit, *_) = source.search("broken car", 3)
    assert "automobile" in hit.passage.text


def test_no_more_is_learned_while_an_answer_is_made(open_shelf: Open, folder: Path, model: Path) -> None:
    shelf = open_shelf()
    shelf.create("Papers", folder)
    shelf.service.hold()
    shelf.embeddings.use(model)
    shelf.run_for(0.5)
    assert found(shelf, "broken car") == []
    shelf.service.release()
    shelf.embedded()
    assert found(shelf, "broken car") == ["garage.txt"]


def test_a_chat_model_is_refused_and_the_choice_stays(open_shelf: Open, folder: Path, model: Path) -> None:
    shelf = open_shelf(embedding=model)
    shelf.create("Papers", folder)
    with pytest.raises(ModelFileError, match="no embedding model"):
        shelf.embeddings.use(TINY)
    shelf.embedded()
    assert found(shelf, "broken car") == ["garage.txt"]


def test_a_model_that_is_gone_is_told_of_and_words_are_still_found(
    open_shelf: Open, folder: Path, tmp_path: Path
) -> None:
    shelf = open_shelf(embedding=tmp_path / "gone.gguf")
    shelf.create("Papers", folder)
    state = shelf.embedded()
    assert state.phase is EmbeddingPhase.FAILED
    assert state.failure is not None
    assert "gone.gguf" in state.failure.title
    assert found(shelf, "coffee") == ["kitchen.txt"]


def test_a_model_that_comes_back_is_used_by_the_next_question(
    open_shelf: Open, folder: Path, model: Path, tmp_path: Path
) -> None:
    own, away = tmp_path / "own.gguf", tmp_path / "away.gguf"
    own.write_bytes(model.read_bytes())
    shelf = open_shelf(embedding=own)
    shelf.create("Papers", folder)
    embeddings = shelf.service.embeddings
    assert embeddings is not None
    shelf.embedded()
    shelf.embedder.unload()
    own.rename(away)
    assert found(shelf, "broken car") == []
    shelf.until(lambda: embeddings.state.phase is EmbeddingPhase.FAILED)
    away.rename(own)
    assert found(shelf, "broken car") == ["garage.txt"]
    shelf.until(lambda: embeddings.state.phase is EmbeddingPhase.READY)


def test_a_text_that_kills_the_model_costs_nobody_else_anything(open_shelf: Open, folder: Path, model: Path) -> None:
    (folder / "poison.txt").write_text("Coffee and poison.")
    shelf = open_shelf(embedding=model, embedder="tests.engine.factories:frail_embedder")
    shelf.create("Papers", folder)
    assert shelf.embedded().phase is EmbeddingPhase.READY
    assert found(shelf, "broken car") == ["garage.txt"]
    assert found(shelf, "hound") == ["garden.txt"]
    assert found(shelf, "poison") == ["poison.txt"], "its words are found"


def test_a_killed_process_is_started_again_for_the_next_question(open_shelf: Open, folder: Path, model: Path) -> None:
    shelf = open_shelf(embedding=model)
    shelf.create("Papers", folder)
    shelf.embedded()
    assert found(shelf, "broken car") == ["garage.txt"]
    pid = shelf.embedder.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    shelf.until(lambda: shelf.embedder.info is None)
    assert found(shelf, "broken car") == ["garage.txt"]


def test_at_the_next_start_nothing_is_learned_twice(open_shelf: Open, folder: Path, model: Path) -> None:
    shelf = open_shelf(embedding=model)
    shelf.create("Papers", folder)
    shelf.embedded()
    shelf.close()
    again = open_shelf(embedding=model)
    again.rescan("Papers")
    again.embedded()
    assert again.embedder.pid is None, "nothing was to be done, so nothing was started"
    assert found(again, "broken car") == ["garage.txt"]
