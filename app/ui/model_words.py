"""What the window says about models that are fetched, kept and used for documents."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.domain.catalogue import CatalogueEntry, Prospect, Suitability
from app.services.document_events import EmbeddingPhase, EmbeddingState
from app.services.download_events import Download, DownloadPhase
from app.services.installed import InstalledModel
from app.settings import Settings
from app.ui import words


def tr(text: str) -> str:
    """The text in the user's language."""
    return QCoreApplication.translate("ModelWords", text)


def suitability(value: Suitability) -> str:
    """How a model would run on this computer, for a badge."""
    return {
        Suitability.WELL: tr("runs well here"),
        Suitability.TIGHT: tr("tight"),
        Suitability.NOT_HERE: tr("will not run here"),
    }[value]


def facts(prospect: Prospect) -> str:
    """What a model takes, in one line."""
    return tr("{size} to download · {memory} of memory · {free} free on the disk").format(
        size=_whole(words.file_size(prospect.disk)),
        memory=_whole(words.memory(prospect.memory)),
        free=_whole(words.file_size(max(0, prospect.free_disk))),
    )


def _whole(size: str) -> str:
    """A size that is never broken into two lines."""
    return size.replace(" ", "\N{NO-BREAK SPACE}")


def get(entry: CatalogueEntry) -> str:
    return tr("Get {name} ({size})").format(name=entry.name, size=words.file_size(entry.size))


def speed(bytes_per_second: float) -> str:
    if bytes_per_second < 1_000_000:
        return tr("{speed} kB/s").format(speed=words.number(max(1, round(bytes_per_second / 1000))))
    return tr("{speed} MB/s").format(speed=words.decimal(bytes_per_second / 1_000_000))


def amount(done: int, total: int) -> str:
    """So much of so much; a total of 0 is not known."""
    if not total:
        return words.file_size(done)
    return tr("{done} of {total}").format(done=words.file_size(done), total=words.file_size(total))


def download(now: Download) -> str:
    """How a download stands, in one line."""
    match now.phase:
        case DownloadPhase.WAITING:
            if now.seconds_left is None:
                return now.reason or tr("Starting the download")
            again = tr("Trying again in {duration}.").format(duration=words.duration(now.seconds_left))
            return f"{now.reason} {again}".strip()
        case DownloadPhase.ASKING:
            return tr("Asking the server for the file")
        case DownloadPhase.FETCHING:
            pace = "" if now.speed is None else " · " + speed(now.speed)
            return amount(now.done, now.total) + pace + words.time_left(now.seconds_left)
        case DownloadPhase.CHECKING:
            return tr("Checking what has arrived, {percent} %").format(percent=round(100 * (now.checked or 0.0)))
        case DownloadPhase.PAUSED:
            return tr("Paused at {amount}").format(amount=amount(now.done, now.total))
        case DownloadPhase.FAILED:
            failure = now.failure
            return f"{failure.title} {failure.remedy}".strip() if failure else tr("The download failed.")
        case DownloadPhase.DONE:
            return tr("The download is complete")


def fraction(now: Download) -> float | None:
    """How far a download is, for a bar; None where there is nothing to show."""
    if now.phase is DownloadPhase.CHECKING:
        return now.checked
    return now.done / now.total if now.total else None


def installed(model: InstalledModel) -> str:
    """Size, whether it is known to be whole, and where it is if that is elsewhere."""
    parts = [words.file_size(model.size)] if model.size else []
    if model.verified:
        parts.append(tr("checksum is right"))
    elif not model.problem:
        parts.append(tr("not verified"))
    if model.in_place:
        parts.append(tr("used where it lies, in {folder}").format(folder=model.path.parent))
    return " · ".join(parts)


def embedding(state: EmbeddingState) -> str:
    """Whether passages are found by their meaning, and what is still to do."""
    match state.phase:
        case EmbeddingPhase.OFF:
            return tr("Off. Passages in your documents are found by their words alone.")
        case EmbeddingPhase.READY:
            return tr("On. Passages in your documents are found by their meaning too.")
        case EmbeddingPhase.WORKING:
            to_do = tr("Learning what the passages mean: {count} to do").format(count=words.number(state.waiting))
            return to_do + words.time_left(state.seconds_left)
        case EmbeddingPhase.FAILED:
            failure = state.failure
            return f"{failure.title} {failure.remedy}".strip() if failure else tr("The model for documents failed.")


def place_of(path: Path) -> str:
    """Where a file was found, as a person calls the place: "on USB DISK", "in Downloads"."""
    disk = disk_of(path)
    return tr("on {disk}").format(disk=disk) if disk else tr("in {folder}").format(folder=path.parent.name)


def disk_of(path: Path) -> str:
    """The name of the disk that a file lies on, if it is one that was plugged in, as far as its path tells."""
    parts = path.parts
    for mount, depth in ((("/", "media"), 3), (("/", "run", "media"), 4), (("/", "mnt"), 2), (("/", "Volumes"), 2)):
        if parts[: len(mount)] == mount and len(parts) > depth + 1:
            return parts[depth]
    return path.anchor if path.parent == Path(path.anchor) else ""


def source(settings: Settings) -> str:
    """Where models are fetched from, if that is not what everybody gets; else nothing."""
    if settings.hub_endpoint == Settings().hub_endpoint:
        return ""
    return tr("Models are fetched from {address}.").format(address=settings.hub_endpoint)
