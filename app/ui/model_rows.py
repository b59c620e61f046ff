"""Models as rows: what is said of each, and what can be done with it, on the first page and in the manager alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.domain.catalogue import Prospect, Purpose, Suitability
from app.services.document_events import EmbeddingPhase, EmbeddingState
from app.services.download_events import Download, DownloadPhase
from app.services.events import ModelPhase, ModelState
from app.services.installed import InstalledModel
from app.services.nearby import Nearby
from app.ui import model_words, words
from app.ui.model_words import tr


class Do(StrEnum):
    """What can be done with a model. The key of its row is an id of the catalogue up to CANCEL, then a path."""

    GET = "get"
    PAUSE = "pause"
    CANCEL = "cancel"
    USE = "use"
    USE_HERE = "use_here"
    COPY = "copy"
    VERIFY = "verify"
    STOP = "stop"
    SHOW = "show"
    REMOVE = "remove"
    NO_DOCUMENTS = "no_documents"


class Weight(StrEnum):
    """How a button stands out; the tones of buttons."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    FLAT = "flat"


@dataclass(frozen=True, slots=True)
class Act:
    """A button of a row."""

    do: Do
    label: str
    weight: Weight = Weight.SECONDARY
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """A model. badge says in a word how it stands, which is good unless warns. fraction fills a bar (0 to 1)."""

    key: str
    title: str
    detail: str = ""
    badge: str = ""
    warns: bool = False
    warning: str = ""
    fraction: float | None = None
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """A file that is copied or verified: bytes done, and of the whole."""

    verb: Do
    name: str
    done: int = 0
    total: int = 0


def prospect_row(prospect: Prospect, now: Download | None, offline: bool, weight: Weight | None = None) -> Row:
    """A model that can be had, or that is on its way. Without a weight its button is one among many, and brief."""
    if now is not None and now.phase is not DownloadPhase.DONE:
        return download_row(now, offline, weight or Weight.SECONDARY)
    entry, suits = prospect.entry, prospect.suitability
    runs = suits is not Suitability.NOT_HERE
    label = model_words.get(entry) if weight is not None else tr("Get")
    fits_disk = prospect.disk < prospect.free_disk
    act = (
        Act(Do.GET, label, weight or Weight.SECONDARY, not offline and fits_disk)
        if runs
        else Act(Do.GET, tr("Get it all the same"), Weight.SECONDARY, not offline and fits_disk)
    )
    detail = entry.description + "\n" + model_words.facts(prospect)
    badge = model_words.suitability(suits)
    # What runs well needs no more words.
    warning = "" if suits is Suitability.WELL else prospect.sentence
    return Row(entry.id, entry.name, detail, badge, suits is not Suitability.WELL, warning, acts=(act,))


def download_row(now: Download, offline: bool, weight: Weight = Weight.SECONDARY) -> Row:
    """A model on its way."""
    fails = now.phase is DownloadPhase.FAILED
    go_on = tr("Try again") if fails else tr("Resume")
    main = Act(Do.PAUSE, tr("Pause")) if now.active else Act(Do.GET, go_on, weight, not offline)
    said = model_words.download(now)
    return Row(
        now.entry.id,
        now.entry.name,
        "" if fails else said,
        warning=said if fails else "",
        fraction=model_words.fraction(now),
        acts=(main, Act(Do.CANCEL, tr("Cancel"), Weight.FLAT)),
    )


def nearby_row(found: Nearby, task: Task | None) -> Row:
    """A model of the catalogue that lies somewhere near."""
    path = found.files[0]
    if task is not None:
        return task_row(str(path), task)
    disk = model_words.disk_of(path)
    title = tr("Found {name} {place}").format(name=found.entry.name, place=model_words.place_of(path))
    size = words.file_size(found.entry.size)
    return Row(
        str(path),
        title,
        tr("{size}. Copy it if you will unplug that disk.").format(size=size) if disk else size,
        acts=(Act(Do.USE_HERE, tr("Use it here"), Weight.PRIMARY), Act(Do.COPY, tr("Copy it"))),
    )


def task_row(key: str, task: Task) -> Row:
    """A file that is worked on."""
    doing = tr("Copying {name}") if task.verb is Do.COPY else tr("Verifying {name}")
    return Row(
        key,
        doing.format(name=task.name),
        model_words.amount(task.done, task.total) if task.total else tr("Waiting for other work to end"),
        fraction=task.done / task.total if task.total else 0.0,
        acts=(Act(Do.STOP, tr("Stop")),),
    )


def installed_row(
    model: InstalledModel, state: ModelState, embedding: EmbeddingState | None, task: Task | None, outcome: str
) -> Row:
    """A model that is here. outcome is what its last check told, if that needs to be said."""
    key = str(model.path)
    if task is not None:
        return task_row(key, task)
    for_documents = model.entry is not None and model.entry.purpose is Purpose.DOCUMENTS
    used = uses_for_documents(embedding, model.path) if for_documents else uses(state, model.path)
    acts = []
    if not used and not model.problem and (not for_documents or embedding is not None):
        acts.append(Act(Do.USE, tr("Use for documents") if for_documents else tr("Use")))
    if not model.problem:
        acts.append(Act(Do.VERIFY, tr("Verify"), Weight.FLAT))
    acts.append(Act(Do.SHOW, tr("Show in folder"), Weight.FLAT))
    acts.append(Act(Do.REMOVE, tr("Forget…") if model.in_place else tr("Remove…"), Weight.FLAT))
    badge = tr("in use") if used else tr("can’t be used") if model.problem else ""
    return Row(
        key, model.name, model_words.installed(model), badge, not used, model.problem or outcome, acts=tuple(acts)
    )


def chosen_row(state: ModelState) -> Row | None:
    """The model in use where it is none of those that are kept: the trial model, or a file that was opened."""
    if state.file is None or state.phase is ModelPhase.NONE:
        return None
    fails = state.phase is ModelPhase.FAILED
    return Row(
        str(state.file.path),
        state.file.name,
        words.file_size(state.file.size) if state.file.size else "",
        tr("can’t be used") if fails else tr("in use"),
        fails,
        state.failure.title if fails and state.failure is not None else "",
        acts=(Act(Do.SHOW, tr("Show in folder"), Weight.FLAT),),
    )


def embedding_row(state: EmbeddingState) -> Row:
    """What is done so that passages are found by their meaning."""
    fails = state.phase is EmbeddingPhase.FAILED
    said = model_words.embedding(state)
    title = state.path.stem if state.path is not None else tr("No model for documents")
    off = (Act(Do.NO_DOCUMENTS, tr("Switch off")),) if state.path is not None else ()
    return Row("documents", title, "" if fails else said, warning=said if fails else "", acts=off)


def uses(state: ModelState, path: Path) -> bool:
    """Whether this file is the model that answers."""
    return state.file is not None and state.file.path == path


def uses_for_documents(state: EmbeddingState | None, path: Path) -> bool:
    return state is not None and state.path == path
