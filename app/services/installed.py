"""The models that are here: in the folder of models, or used where they lie. Brought, checked, removed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from app.domain.catalogue import CatalogueEntry, Purpose
from app.domain.sizes import file_size
from app.engine.gguf_header import GgufHeader
from app.engine.gguf_parts import first_part, parts_of, read_model
from app.errors import AppError, ModelFileError
from app.services.checksums import Checksums, Progress, Published, sha256_of
from app.services.dialects import check_is_chat_model

_COPY_RESERVE = 256 << 20
_BLOCK = 4 << 20


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model that is here. path is its first part; size counts all files, of which it has at least that one.

    entry is what the catalogue has of it: known by its checksum if verified, else by name and size alone. in_place: it
    lies outside of the folder of models and is not the application's to delete. problem says why it can't be used.
    """

    path: Path
    files: tuple[Path, ...]
    name: str
    size: int
    entry: CatalogueEntry | None = None
    verified: bool = False
    in_place: bool = False
    problem: str = ""


class Check(StrEnum):
    """What hashing a model told: it is what was published, it is damaged or something else, or nobody knows."""

    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "unknown"


class InstalledModels:
    """Knows the models that are here. Reading them is quick; bringing and verifying them is for a lane."""

    def __init__(
        self,
        folder: Path,
        catalogue: Iterable[CatalogueEntry],
        used_in_place: Callable[[], tuple[str, ...]],
        remember: Callable[[tuple[str, ...]], None],
    ) -> None:
        """used_in_place gives the files outside of the folder that are kept in the settings, remember keeps others."""
        self._folder = folder
        self._catalogue = tuple(catalogue)
        self._used_in_place = used_in_place
        self._remember = remember
        self._checksums = Checksums(folder / "checksums.json")
        self._published = Published(folder / "published.json")
        # Headers that were read, by path, size and time of change.
        self._headers: dict[tuple[Path, int, int], GgufHeader] = {}

    def all(self) -> tuple[InstalledModel, ...]:
        """Every model, by name. Nothing is hashed."""
        inside = {first_part(path): False for path in sorted(self._folder.glob("*.gguf"))}
        outside = {Path(text): True for text in self._used_in_place()}
        found = [self._model(path, in_place) for path, in_place in (outside | inside).items()]
        return tuple(sorted(found, key=lambda model: model.name.lower()))

    def find(self, text: str) -> InstalledModel:
        """The model of this id, name, file name or path. Raises ModelFileError."""
        path = Path(text).expanduser().absolute()
        for model in self.all():
            names = {model.name, model.path.name, model.entry.id if model.entry else model.name}
            if text in names or path in model.files:
                return model
        raise ModelFileError(f"There is no model “{text}” here.", "List the models to see their names.")

    def of_entry(self, identity: str) -> InstalledModel | None:
        """The model of the catalogue with this id, if it is here and whole."""
        found = [model for model in self.all() if model.entry is not None and model.entry.id == identity]
        return next((model for model in found if not model.problem), None)

    def note_downloaded(self, files: Sequence[Path], sha256: Sequence[str]) -> None:
        """Keep the checksums that a download has found right, by what the hub says of the files."""
        for path, digest in zip(files, sha256, strict=True):
            self._checksums.keep(path, digest)
            self._published.keep(path, digest)

    def use_in_place(self, path: Path) -> InstalledModel:
        """Use a model where it lies, and keep that. Raises ModelFileError for what is no model, SettingsError."""
        path = self._checked(path)
        if path.parent != self._folder and str(path) not in self._used_in_place():
            self._remember((*self._used_in_place(), str(path)))
        return self._model(path, in_place=path.parent != self._folder)

    def copy_in(self, path: Path, on_progress: Progress) -> InstalledModel:
        """Copy a model into the folder of models, hashed on the way. Raises AppError; then nothing of it is left.

        on_progress may raise to end it. Runs on any thread.
        """
        path = self._checked(path)
        files = parts_of(path)
        if path.parent == self._folder:
            return self._model(path, in_place=False)
        try:
            self._copy_all(files, on_progress)
        except OSError as error:
            raise _copy_error(error, self._folder) from error
        return self._model(self._folder / path.name, in_place=False)

    def verify(self, model: InstalledModel, on_progress: Progress) -> Check:
        """Hash a model now, and compare that with what was published. Raises ModelFileError.

        on_progress may raise to end it. Runs on any thread.
        """
        read_model(model.path)
        try:
            found = [
                self._checksums.compute(path, progress) for path, progress in _with_progress(model.files, on_progress)
            ]
        except OSError as error:
            raise ModelFileError(
                f"{model.path.name} can’t be read to its end.", "Check the disk it lies on.", str(error)
            ) from error
        if _entry_of(self._catalogue, found) is not None or self._is_as_fetched(model.files, found):
            return Check.RIGHT
        named = self._named(model.files)
        # What has a known name and size and other bytes is not what was published.
        known = named is not None and all(file.sha256 for file in named.files)
        fetched = not model.in_place and any(map(self._published.of, model.files))
        return Check.WRONG if known or fetched else Check.UNKNOWN

    def remove(self, model: InstalledModel) -> None:
        """Delete a model in the folder, or forget one that is used in place. Raises AppError."""
        if model.in_place:
            self._remember(tuple(text for text in self._used_in_place() if Path(text) != model.path))
            return
        try:
            for path in model.files:
                path.unlink(missing_ok=True)
                self._published.keep(path, None)
        except OSError as error:
            raise ModelFileError(
                f"{model.path.name} can’t be deleted ({error.strerror or error}).",
                "Close whatever has it open, then try again.",
            ) from error

    def _checked(self, path: Path) -> Path:
        """The model's first part. Raises ModelFileError for what can't be used."""
        path = first_part(path.expanduser().absolute())
        header = read_model(path)
        entry = self._named(parts_of(path))
        if entry is None or entry.purpose is Purpose.CHAT:
            check_is_chat_model(header)
        return path

    def _copy_all(self, files: Sequence[Path], on_progress: Progress) -> None:
        total = sum(path.stat().st_size for path in files)
        free = shutil.disk_usage(self._folder).free
        if free < total + _COPY_RESERVE:
            raise ModelFileError(
                f"The disk has too little room for a copy: {file_size(total)} are needed, and {file_size(free)} are "
                "free.",
                "Use the file where it lies, or delete what you no longer need.",
            )
        unfinished = [self._folder / f"{path.name}.copy" for path in files]
        try:
            digests = [
                _copy(path, target, progress)
                for (path, progress), target in zip(_with_progress(files, on_progress), unfinished, strict=True)
            ]
            self._check_copy(files, digests)
            for path, target, digest in zip(files, unfinished, digests, strict=True):
                final = self._folder / path.name
                _refuse_another(final, digest)
                target.replace(final)
                self._checksums.keep(final, digest)
                if self._published.of(final) != digest:
                    self._published.keep(final, None)
        finally:
            for target in unfinished:
                target.unlink(missing_ok=True)

    def _check_copy(self, files: Sequence[Path], digests: Sequence[str]) -> None:
        """Refuse a damaged file of a known model. Raises ModelFileError."""
        named = self._named(files)
        if named is None:
            return
        for path, file, digest in zip(files, named.files, digests, strict=True):
            if file.sha256 is not None and file.sha256 != digest:
                raise ModelFileError(
                    f"{path.name} is damaged: its checksum is not that of {named.name}.",
                    "Copy or download it again where you have it from.",
                )

    def _model(self, path: Path, in_place: bool) -> InstalledModel:
        try:
            files = parts_of(path)
            header = self._header(path)
        except AppError as error:
            present = (path,) if path.exists() else ()
            return InstalledModel(path, present, path.stem, _size(path), in_place=in_place, problem=str(error))
        known = [self._checksums.known(file) for file in files]
        by_checksum = _entry_of(self._catalogue, known)
        entry = by_checksum or self._named(files)
        name = entry.name if entry is not None else path.stem
        verified = by_checksum is not None or self._is_as_fetched(files, known)
        return InstalledModel(path, files, name, header.size, entry, verified, in_place)

    def _is_as_fetched(self, files: Sequence[Path], digests: Sequence[str | None]) -> bool:
        """Whether files of the folder have the checksums that the hub gave for them."""
        return all(
            path.parent == self._folder and digest is not None and digest == self._published.of(path)
            for path, digest in zip(files, digests, strict=True)
        )

    def _header(self, path: Path) -> GgufHeader:
        try:
            facts = path.stat()
        except OSError:
            return read_model(path)
        key = (path, facts.st_size, facts.st_mtime_ns)
        if key not in self._headers:
            self._headers[key] = read_model(path)
        return self._headers[key]

    def _named(self, files: Sequence[Path]) -> CatalogueEntry | None:
        """The entry whose files have these names and sizes."""
        for entry in self._catalogue:
            if len(files) == len(entry.files) and all(
                path.name == Path(file.name).name and file.size in (None, _size(path))
                for path, file in zip(files, entry.files, strict=True)
            ):
                return entry
        return None


def _entry_of(catalogue: Iterable[CatalogueEntry], digests: Sequence[str | None]) -> CatalogueEntry | None:
    """The entry whose files have these checksums."""
    for entry in catalogue:
        if None not in digests and [file.sha256 for file in entry.files] == list(digests):
            return entry
    return None


def _with_progress(files: Sequence[Path], on_progress: Progress) -> Iterator[tuple[Path, Progress]]:
    """Each file with what is to be told of the work on it, so that all of them count as one."""
    sizes = [path.stat().st_size for path in files]
    for i, path in enumerate(files):
        before = sum(sizes[:i])
        yield path, partial(_tell, on_progress, before, sum(sizes))


def _tell(on_progress: Progress, before: int, total: int, done: int, _of_this: int) -> None:
    on_progress(before + done, total)


def _copy(source: Path, target: Path, on_progress: Progress) -> str:
    """Copy a file, have it on the disk, and give its checksum."""
    digest, done, size = hashlib.sha256(), 0, source.stat().st_size
    with source.open("rb", buffering=0) as reader, target.open("wb", buffering=0) as writer:
        while block := reader.read(_BLOCK):
            view = memoryview(block)
            while view:
                view = view[writer.write(view) :]
            digest.update(block)
            done += len(block)
            on_progress(done, size)
        os.fsync(writer.fileno())
    return digest.hexdigest()


def _refuse_another(final: Path, digest: str) -> None:
    if final.exists() and sha256_of(final, lambda *_: None) != digest:
        raise ModelFileError(
            f"There is another {final.name} in the folder of models.", "Remove that first, or give this another name."
        )


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0


def _copy_error(error: OSError, folder: Path) -> ModelFileError:
    if error.errno == errno.ENOSPC:
        return ModelFileError("The disk is full.", "Use the file where it lies, or delete what you no longer need.")
    return ModelFileError(
        f"The file can’t be copied to {folder} ({error.strerror or error}).", "Use the file where it lies.", str(error)
    )
