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
    except OSError as error:
        raise StoreError(
            f"The data folder {paths.data} can't be used ({error.strerror or error}).",
            "Choose another one with --data-dir, or give your user the right to write there.",
        ) from error
