"""The data folder, before anything is opened in it."""

from __future__ import annotations

from app.errors import StoreError
from app.paths import Paths
from app.store.files import keep_private


def prepare(paths: Paths) -> None:
    """Make the folders. Raises StoreError."""
    try:
        paths.create()
        keep_private(paths.data)
    except FileNotFoundError as error:
        raise StoreError(
            f"The data folder {paths.data} can't be made: there is no folder {paths.data.parent}.",
            "If it is on a disk that was unplugged, connect it again; or choose another folder with --data-dir.",
        ) from error
    except OSError as error:
        raise StoreError(
            f"The data folder {paths.data} can't be used ({error.strerror or error}).",
            "Choose another one with --data-dir, or give your user the right to write there.",
        ) from error
