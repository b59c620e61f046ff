"""What is kept of a document's characters: all that a person would see, and nothing that hides or steers."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_SPACES = dict.fromkeys((0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " ")
_BREAKS = {0x0B: "\n", 0x0C: "\n", 0x0D: "\n", 0x85: "\n", 0x2028: "\n", 0x2029: "\n"}
# Joiners (U+200C, U+200D) are letters' shapes in Persian, Hindi and emoji and stay; what only steers direction or hides
# text goes: bidirectional controls, tag characters, interlinear annotations, lone surrogates, noncharacters.
_INVISIBLE = dict.fromkeys(
    (
        *range(9),
        *range(0x0E, 0x20),
        *range(0x7F, 0x85),
        *range(0x86, 0xA0),
        0xAD,
        0x61C,
        0x180E,
        0x200B,
        0x200E,
        0x200F,
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xD800, 0xE000),
        *range(0xFDD0, 0xFDF0),
        0xFEFF,
        *range(0xFFF0, 0xFFFC),
        0xFFFE,
        0xFFFF,
        *range(0xE0000, 0xE0080),
    )
)
_TABLE: dict[int, str | None] = {**_INVISIBLE, **_LIGATURES, **_SPACES, **_BREAKS}


def _ranges(codes: Iterable[int]) -> str:
    """Characters as the ranges of a class, which compiles many times faster than each of them."""
    runs: list[tuple[int, int]] = []
    for code in sorted(codes):
        if runs and runs[-1][1] == code - 1:
            runs[-1] = (runs[-1][0], code)
        else:
            runs.append((code, code))
    return "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in runs)


# Three searches, for the speed of it: Python compares a class of characters one range after another, unless all of them
# are of 16 bits.
_ASCII_CHANGED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CHANGED = re.compile(f"[{_ranges(code for code in _TABLE if code <= 0xFFFF)}]")
_TAGS = re.compile("[\U000e0000-\U000e007f]")
_RUN_OF_SPACE = re.compile(r"\s+")
_RUN_OF_BLANKS = re.compile(r"[ \t]+")
_SPACE_BEFORE_BREAK = re.compile(r"[ \t]+\n")
_MANY_BREAKS = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """Text without control and invisible characters; breaks become newlines, ligatures letters, odd spaces spaces."""
    changed = _ASCII_CHANGED.search(text) if text.isascii() else _CHANGED.search(text) or _TAGS.search(text)
    if not changed:
        return text
    return text.replace("\r\n", "\n").translate(_TABLE)


def clean_line(text: str) -> str:
    """Cleaned, on one line, with single spaces."""
    return _RUN_OF_SPACE.sub(" ", clean(text)).strip()


def clean_flow(text: str) -> str:
    """Cleaned running text: its own line breaks stay, runs of blanks and of empty lines shrink."""
    lines = _RUN_OF_BLANKS.sub(" ", clean(text)).split("\n")
    return _MANY_BREAKS.sub("\n\n", "\n".join(line.strip() for line in lines)).strip()


def clean_code(text: str) -> str:
    """Cleaned text whose indentation and line breaks mean something."""
    text = clean(text).expandtabs(4)
    return _SPACE_BEFORE_BREAK.sub("\n", text).rstrip().strip("\n")
