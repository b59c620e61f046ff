"""A model's vocabulary, and how a prompt becomes token ids without text ever turning into control tokens."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import tiktoken

from app.domain.prompt import Plain, Prompt, Special, Tokens, Trusted
from app.domain.stream import Token
from app.errors import ModelFileError

# The pre-tokenizer pattern of o200k, which gpt-oss uses (openai/harmony, src/tiktoken_ext/public_encodings.rs).
O200K_PATTERN = "|".join(
    [
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)

# llama_tokenize recurses once per character of a run and overflows the stack at some ten thousand (llama.cpp #27783).
LONGEST_RUN = 500


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a GGUF says of its tokens.

    pieces[id] are the bytes of a token; specials maps the text of each control token to its id; end holds the ids that
    end an answer. kind and pre are tokenizer.ggml.model and tokenizer.ggml.pre; sentencepiece tells that text gets a
    leading space of its own.
    """

    pieces: tuple[bytes, ...]
    specials: dict[str, int]
    end: frozenset[int]
    kind: str
    pre: str
    sentencepiece: bool = False


class Tokenizer(ABC):
    """Turns prompts into ids and ids into tokens."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._special_names = {token_id: text for text, token_id in vocabulary.specials.items()}

    def encode(self, prompt: Prompt) -> list[int]:
        """Ids of a prompt. Raises ModelFileError where the model lacks a control token that the prompt names."""
        ids: list[int] = []
        for piece in prompt:
            match piece:
                case Special(text):
                    ids.append(self._special(text))
                case Tokens(known):
                    ids.extend(known)
                case Trusted(text):
                    ids.extend(self.encode_trusted(text))
                case Plain(text):
                    ids.extend(self.encode_plain(text))
        return ids

    def decode(self, token_id: int) -> Token:
        name = self._special_names.get(token_id)
        return Token(token_id, b"" if name is not None else self.vocabulary.pieces[token_id], name)

    def _special(self, text: str) -> int:
        try:
            return self.vocabulary.specials[text]
        except KeyError:
            raise ModelFileError(
                f"This model has no {text} token.", "Choose another file: this one does not speak its own format."
            ) from None

    @abstractmethod
    def encode_plain(self, text: str) -> list[int]:
        """Ids of untrusted text; never one of a control token."""

    @abstractmethod
    def encode_trusted(self, text: str) -> list[int]:
        """Ids of a chat template's text, control tokens included."""


class O200kTokenizer(Tokenizer):
    """The tokenizer of gpt-oss, built from the GGUF's own vocabulary.

    llama_tokenize would turn ``<|start|>`` in a document into the control token, overflow the stack on long runs and
    split Hindi and Thai wrongly; tiktoken without special tokens can do none of that.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__(vocabulary)
        control = set(vocabulary.specials.values())
        ranks = {piece: i for i, piece in enumerate(vocabulary.pieces) if piece and i not in control}
        self._encoding = tiktoken.Encoding(
            "o200k", pat_str=O200K_PATTERN, mergeable_ranks=ranks, special_tokens={}, explicit_n_vocab=None
        )

    def encode_plain(self, text: str) -> list[int]:
        return self._encoding.encode_ordinary(text)

    def encode_trusted(self, text: str) -> list[int]:
        """Split at control tokens; the harmony renderer never needs it, a template for a gpt-oss variant may."""
        pattern = "|".join(re.escape(name) for name in sorted(self.vocabulary.specials, key=len, reverse=True))
        ids: list[int] = []
        for part in re.split(f"({pattern})", text):
            if part in self.vocabulary.specials:
                ids.append(self.vocabulary.specials[part])
            elif part:
                ids.extend(self.encode_plain(part))
        return ids


class LlamaTokenizer(Tokenizer):
    """llama.cpp's own tokenizer behind guards: long runs are cut, and control tokens spelled in text are broken up.

    tokenize(text, parse_special) is llama_tokenize without BOS.
    """

    def __init__(self, vocabulary: Vocabulary, tokenize: Callable[[bytes, bool], list[int]]) -> None:
        super().__init__(vocabulary)
        self._tokenize = tokenize
        self._control = frozenset(vocabulary.specials.values())
        names = sorted((name for name in vocabulary.specials if len(name) > 1), key=len, reverse=True)
        self._spelled = re.compile("|".join(map(re.escape, names))) if names else None

    def encode_trusted(self, text: str) -> list[int]:
        return self._without_added_space(text, parse_special=True)

    def encode_plain(self, text: str) -> list[int]:
        ids: list[int] = []
        for run in self._safe_pieces(text):
            found = self._without_added_space(run, parse_special=False)
            # A last guard, should a vocabulary find yet another way: such text goes in character by character.
            if self._control.isdisjoint(found):
                ids.extend(found)
            else:
                for character in run:
                    single = self._without_added_space(character, parse_special=False)
                    ids.extend(i for i in single if i not in self._control)
        return ids

    def _safe_pieces(self, text: str) -> list[str]:
        """Cut within each spelled control token, then within overlong runs of letters or of space."""
        parts = [text]
        if self._spelled is not None:
            parts, start = [], 0
            for match in self._spelled.finditer(text):
                parts.append(text[start : match.start() + 1])
                start = match.start() + 1
            parts.append(text[start:])
        overlong = re.compile(rf"\S{{{LONGEST_RUN}}}(?=\S)|\s{{{LONGEST_RUN}}}(?=\s)")
        pieces: list[str] = []
        for part in parts:
            start = 0
            for match in overlong.finditer(part):
                pieces.append(part[start : match.end()])
                start = match.end()
            pieces.append(part[start:])
        return [piece for piece in pieces if piece]

    def _without_added_space(self, text: str, parse_special: bool) -> list[int]:
        """Tokenize text that continues a prompt.

        SentencePiece vocabularies put a space before every text. A newline before ours takes that space, and the
        tokens of the newline are cut off again.
        """
        raw = text.encode("utf-8", errors="replace")
        if not self.vocabulary.sentencepiece:
            return self._tokenize(raw, parse_special)
        lead = self._tokenize(b"\n", False)
        ids = self._tokenize(b"\n" + raw, parse_special)
        return ids[len(lead) :] if ids[: len(lead)] == lead else self._tokenize(raw, parse_special)


def control_like(piece: bytes) -> bool:
    """Whether a USER_DEFINED token looks like control (``<think>``, ``[INST]``), not like text (runs of newlines)."""
    return re.fullmatch(rb"<[^\s<>][^\n<>]*>|\[[^\s\[\]][^\n\[\]]*\]", piece) is not None
