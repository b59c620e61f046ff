"""What a model file is for, as its header tells."""

from __future__ import annotations

from pathlib import Path

from app.domain.catalogue import Purpose
from app.engine.embedding_models import is_embedding_model
from app.engine.gguf_header import read_header
from app.errors import AppError


def purpose_of(path: Path) -> Purpose:
    """DOCUMENTS for an embedding model, CHAT for all else: whoever loads it says what is wrong with a file."""
    try:
        return Purpose.DOCUMENTS if is_embedding_model(read_header(path)) else Purpose.CHAT
    except AppError:
        return Purpose.CHAT
