"""Starts the application with a catalogue of one tiny model in the place of its own: INGLENOOK_TEST_CATALOGUE names it.

For whole-window tests: 12 GB are too much to fetch in one.
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from pathlib import Path

from app import core
from app.cli import main
from app.engine.gguf_header import read_header
from app.services.catalogue import load_catalogue
from app.services.checksums import sha256_of
from tests.models import TINY

VARIABLE = "INGLENOOK_TEST_CATALOGUE"
NAME = "tiny-model.gguf"


def write_catalogue(target: Path) -> Path:
    """A catalogue that recommends the tiny model, and has an address for it on a hub that has a file of this NAME."""
    header = read_header(TINY)
    metadata = {key: value for key, value in header.metadata.items() if isinstance(value, (str, int))}
    model = {
        "id": "tiny",
        "name": "Tiny model",
        "purpose": "chat",
        "recommended": True,
        "description": "A model for tests.",
        "licence": "Apache-2.0",
        "repository": "someone/something",
        "revision": None,
        "files": [{"name": NAME, "size": TINY.stat().st_size, "sha256": sha256_of(TINY, lambda done, total: None)}],
        "tensor_bytes": header.tensor_bytes,
        "header": metadata,
        "lengths": dict(header.lengths),
    }
    target.write_text(json.dumps({"version": 1, "models": [model]}), encoding="utf-8")
    return target


if __name__ == "__main__":
    # core took the function over by its name.
    setattr(core, "load_catalogue", partial(load_catalogue, Path(os.environ[VARIABLE])))  # noqa: B010
    sys.exit(main())
