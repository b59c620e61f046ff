"""What embedding models want to be told: which files are such models, and what goes before a query and a passage.

Each family was trained with words of its own before the text, and finds markedly less without them. Sources are the
model cards on the hub: nomic-ai/nomic-embed-text-v1.5, intfloat/e5-base-v2 and multilingual-e5, BAAI/bge-base-en-v1.5,
mixedbread-ai/mxbai-embed-large-v1, Snowflake/snowflake-arctic-embed-m (and v2.0), google/embeddinggemma-300m,
Qwen/Qwen3-Embedding-0.6B. all-MiniLM, gte, bge-m3 and jina want nothing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from app.engine.base import TextRole
from app.engine.gguf_header import GgufHeader
from app.errors import ModelFileError

_ENCODERS = frozenset(
    {"bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "modern-bert", "jina-bert-v2", "jina-bert-v3", "eurobert"}
    | {"gemma-embedding"}
)
_RERANKS = 4
"""LLAMA_POOLING_TYPE_RANK: a model that judges pairs and gives no vectors."""
_MOST_TOKENS = 512
"""Of a text. A passage has about 300; to read more would only cost time."""
_FOR_SEARCHING = "Represent this sentence for searching relevant passages: "


@dataclass(frozen=True, slots=True)
class Convention:
    """What goes before a text of each role."""

    query: str = ""
    passage: str = ""

    def applied(self, text: str, role: TextRole) -> str:
        return (self.query if role is TextRole.QUERY else self.passage) + text


_CONVENTIONS = (
    (r"nomic", Convention("search_query: ", "search_document: ")),
    (r"embedding-?gemma|gemma-embedding", Convention("task: search result | query: ", "title: none | text: ")),
    (
        r"multilingual-e5.*instruct|e5-mistral",
        Convention("Instruct: Given a question, find passages that answer it\nQuery: "),
    ),
    (r"(^|[^a-z0-9])e5-|multilingual-e5", Convention("query: ", "passage: ")),
    (r"bge-m3", Convention()),
    (r"bge-.*-zh", Convention("为这个句子生成表示以用于检索相关文章：")),
    (r"bge-|mxbai", Convention(_FOR_SEARCHING)),
    (r"arctic-embed.*v2", Convention("query: ")),
    (r"arctic-embed", Convention(_FOR_SEARCHING)),
    (r"qwen3-embedding", Convention("Instruct: Given a question, find passages that answer it\nQuery:")),
)


def convention_of(header: GgufHeader) -> Convention:
    """By what the file says of itself, and by its own name where that says nothing."""
    names = [header.metadata.get(f"general.{key}", "") for key in ("name", "basename")]
    known = " ".join([*map(str, names), header.path.stem, header.architecture])
    known = re.sub(r"[\s_]+", "-", known.lower())
    return next((convention for pattern, convention in _CONVENTIONS if re.search(pattern, known)), Convention())


def longest_text(header: GgufHeader) -> int:
    """Tokens of a text that are read."""
    return min(header.number("context_length") or _MOST_TOKENS, _MOST_TOKENS)


def vectors_fingerprint(header: GgufHeader) -> str:
    """Tells apart what gives other vectors: models, and the ways in which texts are put to them."""
    ways = f"{header.fingerprint} {longest_text(header)} {convention_of(header)}"
    return hashlib.sha256(ways.encode()).hexdigest()[:32]


def is_embedding_model(header: GgufHeader) -> bool:
    """Whether a file is for search by meaning and not for conversations."""
    pooling = header.number("pooling_type")
    return pooling != _RERANKS and (header.architecture in _ENCODERS or pooling > 0)


def check_is_embedding_model(header: GgufHeader) -> None:
    """Raises ModelFileError for a file that gives no vectors."""
    if not is_embedding_model(header):
        raise ModelFileError(
            f"{header.path.name} is no embedding model, so it can’t help to find passages.",
            "Choose the GGUF of an embedding model, such as nomic-embed-text or all-MiniLM.",
        )
