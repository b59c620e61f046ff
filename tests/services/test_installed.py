"""Models that are here: found, brought, verified, removed; and those that lie nearby."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.catalogue import CatalogueEntry
from app.errors import ModelFileError
from app.services.checksums import sha256_of
from app.services.installed import Check, InstalledModels
from app.services.nearby import models_nearby, places_to_look
from tests.engine.test_damaged_models import split
from tests.hub.server import entry_of
from tests.models import TINY, without_chat_template


class Shelf:
    """InstalledModels with settings that are a list."""

    def __init__(self, folder: Path, *catalogue: CatalogueEntry) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.in_place: tuple[str, ...] = ()
        self.models = InstalledModels(folder, catalogue, lambda: self.in_place, self._remember)

    def _remember(self, files: tuple[str, ...]) -> None:
        self.in_place = files


def silent(done: int, total: int) -> None:
    pass


TINY_ENTRY = entry_of({TINY.name: TINY.read_bytes()}, "tiny")


def test_a_copied_model_is_recognised_by_its_checksum_at_the_next_start_too(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "models", TINY_ENTRY)
    told: list[tuple[int, int]] = []
    model = shelf.models.copy_in(TINY, lambda done, total: told.append((done, total)))
    assert model.path == tmp_path / "models" / TINY.name
    assert model.path.read_bytes() == TINY.read_bytes()
    assert (model.entry, model.verified, model.in_place) == (TINY_ENTRY, True, False)
    assert told[-1] == (TINY.stat().st_size, TINY.stat().st_size)
    assert Shelf(tmp_path / "models", TINY_ENTRY).models.all() == (model,)


def test_a_renamed_file_of_a_known_model_is_recognised_once_it_was_hashed(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "models", TINY_ENTRY)
    other = shelf.folder / "other name.gguf"
    other.write_bytes(TINY.read_bytes())
    found = shelf.models.find("other name.gguf")
    assert (found.entry, found.verified) == (None, False)
    assert shelf.models.verify(found, silent) is Check.RIGHT
    assert shelf.models.find("tiny").path == other


def test_a_damaged_file_of_a_known_model_is_told(tmp_path: Path) -> None:
    data = bytearray(TINY.read_bytes())
    data[-100] ^= 1
    shelf = Shelf(tmp_path / "models", TINY_ENTRY)
    (shelf.folder / TINY.name).write_bytes(data)
    assert shelf.models.verify(shelf.models.find("tiny"), silent) is Check.WRONG
    assert not shelf.models.find("tiny").verified
    (tmp_path / TINY.name).write_bytes(data)
    (shelf.folder / TINY.name).unlink()
    with pytest.raises(ModelFileError, match="is damaged: its checksum is not that of tiny"):
        shelf.models.copy_in(tmp_path / TINY.name, silent)
    assert shelf.models.all() == ()
    assert list(shelf.folder.glob("*.copy")) == []


def test_a_checksum_is_forgotten_when_the_file_changes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "models", TINY_ENTRY)
    model = shelf.models.copy_in(TINY, silent)
    os.utime(model.path, (1, 1))
    assert not shelf.models.find("tiny").verified


def test_a_model_used_in_place_stays_where_it_lies(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "models")
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(TINY.read_bytes())
    model = shelf.models.use_in_place(mine)
    assert (model.in_place, shelf.in_place) == (True, (str(mine),))
    assert shelf.models.verify(model, silent) is Check.UNKNOWN
    shelf.models.use_in_place(mine)
    assert shelf.models.all() == (model,)
    shelf.models.remove(model)
    assert shelf.models.all() == ()
    assert mine.exists()


def test_a_model_in_the_folder_is_deleted(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "models")
    shelf.models.remove(shelf.models.copy_in(TINY, silent))
    assert list(shelf.folder.glob("*.gguf")) == []


def test_what_is_no_chat_model_is_not_taken_in(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "models")
    (tmp_path / "page.gguf").write_text("<html>Not found</html>" * 10)
    with pytest.raises(ModelFileError, match="is not a GGUF file"):
        shelf.models.copy_in(tmp_path / "page.gguf", silent)
    with pytest.raises(ModelFileError, match="has no chat template"):
        shelf.models.use_in_place(without_chat_template(tmp_path / "base.gguf"))
    assert (shelf.models.all(), shelf.in_place) == ((), ())


def test_a_model_that_is_gone_or_damaged_is_listed_with_the_reason(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "models")
    (shelf.folder / "cut.gguf").write_bytes(TINY.read_bytes()[:500_000])
    shelf.in_place = (str(tmp_path / "gone.gguf"),)
    problems = {model.name: model.problem for model in shelf.models.all()}
    assert "incomplete" in problems["cut"]
    assert "There is no file" in problems["gone"]


def test_all_parts_are_copied_and_removed_together(tmp_path: Path) -> None:
    paths = split(tmp_path)
    shelf = Shelf(tmp_path / "models")
    model = shelf.models.copy_in(paths[1], silent)
    assert [path.name for path in model.files] == [path.name for path in paths]
    assert all(path.parent == shelf.folder for path in model.files)
    shelf.models.remove(model)
    assert list(shelf.folder.glob("*.gguf")) == []
    paths[2].unlink()
    with pytest.raises(ModelFileError, match=r"big-00003-of-00003\.gguf is missing"):
        shelf.models.copy_in(paths[0], silent)


def test_a_copy_that_is_ended_leaves_nothing(tmp_path: Path) -> None:
    class EndedError(Exception):
        pass

    def end(done: int, total: int) -> None:
        raise EndedError

    shelf = Shelf(tmp_path / "models")
    with pytest.raises(EndedError):
        shelf.models.copy_in(TINY, end)
    assert list(shelf.folder.iterdir()) == []


def test_another_file_of_the_same_name_is_not_overwritten(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "models")
    (shelf.folder / TINY.name).write_bytes(b"mine")
    with pytest.raises(ModelFileError, match=r"another tiny-gpt-oss\.gguf in the folder"):
        shelf.models.copy_in(TINY, silent)
    assert (shelf.folder / TINY.name).read_bytes() == b"mine"


def test_known_models_are_found_nearby_by_name_or_size(tmp_path: Path) -> None:
    stick, downloads = tmp_path / "stick" / "stuff", tmp_path / "downloads"
    stick.mkdir(parents=True)
    downloads.mkdir()
    (stick / TINY.name).write_bytes(TINY.read_bytes())
    (stick / "unknown.gguf").write_bytes(b"GGUF")
    paths = split(downloads)
    parts = entry_of({path.name: path.read_bytes() for path in paths}, "parts")
    found = models_nearby([tmp_path / "stick", downloads, tmp_path / "missing"], [TINY_ENTRY, parts])
    assert [(offer.entry.id, offer.files) for offer in found] == [
        ("parts", tuple(paths)),
        ("tiny", (stick / TINY.name,)),
    ]
    (stick / TINY.name).rename(stick / "renamed.gguf")
    paths[0].unlink()
    found = models_nearby([tmp_path / "stick", downloads], [TINY_ENTRY, parts])
    assert [offer.files for offer in found] == [(stick / "renamed.gguf",)]


def test_the_search_is_bounded(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c" / "d" / "e"
    deep.mkdir(parents=True)
    (deep / TINY.name).write_bytes(TINY.read_bytes())
    assert models_nearby([tmp_path], [TINY_ENTRY]) == ()
    assert models_nearby([deep], [TINY_ENTRY], seconds=0) == ()


def test_a_file_of_a_known_name_and_another_size_is_not_offered(tmp_path: Path) -> None:
    (tmp_path / TINY.name).write_bytes(b"short")
    assert models_nearby([tmp_path], [TINY_ENTRY]) == ()
    unsized = replace(TINY_ENTRY, files=(replace(TINY_ENTRY.files[0], size=None),))
    assert len(models_nearby([tmp_path], [unsized])) == 1
    assert TINY_ENTRY.files[0].sha256 == hashlib.sha256(TINY.read_bytes()).hexdigest()


def test_one_looks_beside_the_application_first(tmp_path: Path) -> None:
    assert places_to_look(tmp_path)[0] == tmp_path
    assert len(places_to_look(None)) >= 1


def test_what_a_hub_vouched_for_counts_as_verified_until_it_changes_or_is_removed(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "models")
    path = shelf.folder / "fetched.gguf"
    path.write_bytes(TINY.read_bytes())
    assert shelf.models.verify(shelf.models.find("fetched"), silent) is Check.UNKNOWN
    shelf.models.note_downloaded([path], [sha256_of(path, silent)])
    assert Shelf(tmp_path / "models").models.find("fetched").verified
    assert shelf.models.verify(shelf.models.find("fetched"), silent) is Check.RIGHT
    data = bytearray(TINY.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    assert not shelf.models.find("fetched").verified
    assert shelf.models.verify(shelf.models.find("fetched"), silent) is Check.WRONG
    shelf.models.remove(shelf.models.find("fetched"))
    path.write_bytes(data)
    assert shelf.models.verify(shelf.models.find("fetched"), silent) is Check.UNKNOWN
