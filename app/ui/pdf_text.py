"""The characters that a PDF's glyphs stand for, set right where Qt guessed wrong.

Qt notes for each glyph the first character in Unicode that the font shows by it, which for 日 is the radical ⽇ that
nobody writes. Such words could be read, but neither found nor copied. The notes are plain text (ToUnicode CMaps, ISO
32000-1, 9.10.3), and a character is replaced by another in the same place.
"""

from __future__ import annotations

import re
import unicodedata

_MAPPINGS = re.compile(rb"beginbfrange\n.*?endbfrange", re.DOTALL)
# Several glyphs have a list of characters, or the first of characters that follow each other; a single one has its own.
_VALUES = re.compile(rb"\[[^\]]*\]|^(<[0-9A-F]{4}> )\1<[0-9A-F]{4}>$", re.MULTILINE)
_VALUE = re.compile(rb"<([0-9A-F]{4})>")
# What fonts show alike where unicodedata does not know it: a letter of two alphabets, and radicals with the characters
# that Unicode's EquivalentUnifiedIdeograph.txt gives for them.
_ALIKE = dict(
    zip(
        "ɩ⺟⻁⻄⻅⻆⻉⻋⻑⻓⻔⻘⻙⻚⻛⻜⻝⻢⻤⻥⻦⻨⻩⻫⻬⻭⻮⻯⻰⻲⻳",
        "ι母虎西见角贝车長长门青韦页风飞食马鬼鱼鸟麦黄斉齐歯齿竜龙亀龟",
        strict=True,
    )
)


def with_characters_of(pdf: bytes, text: str) -> bytes:
    """Replace characters that the text doesn't have by those which it has in their place."""
    written = set(text)

    def value(match: re.Match[bytes]) -> bytes:
        noted = chr(int(match[1], 16))
        meant = _ALIKE.get(noted) or unicodedata.normalize("NFKC", noted)
        if noted in written or meant not in written:
            return match[0]
        return b"<%04X>" % ord(meant)

    def mapping(match: re.Match[bytes]) -> bytes:
        return _VALUES.sub(lambda values: _VALUE.sub(value, values[0]), match[0])

    return _MAPPINGS.sub(mapping, pdf)
