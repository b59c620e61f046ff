"""Code in pieces that take a colour, for the formats that have colours."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from app.markup import Code

_LONGEST = 60_000
"""Characters beyond which code stays in one colour; some lexers take long."""


class Colour(StrEnum):
    """What a piece of code is, as far as colours tell; the values are the classes in HTML."""

    KEYWORD = "k"
    STRING = "s"
    NUMBER = "n"
    COMMENT = "c"
    FUNCTION = "f"
    TYPE = "t"


LIGHT: dict[Colour, str] = {
    Colour.KEYWORD: "#2f6f5e",
    Colour.STRING: "#8a5a1c",
    Colour.NUMBER: "#a0522d",
    Colour.COMMENT: "#706960",
    Colour.FUNCTION: "#35588c",
    Colour.TYPE: "#6f4a8e",
}
"""The window's colours, on white paper."""

DARK: dict[Colour, str] = {
    Colour.KEYWORD: "#7cc4ad",
    Colour.STRING: "#dcb67a",
    Colour.NUMBER: "#e39b84",
    Colour.COMMENT: "#968f84",
    Colour.FUNCTION: "#8fb4e3",
    Colour.TYPE: "#bda3e0",
}
"""The window's colours, on a dark ground."""

_COLOURS = {
    "Keyword": Colour.KEYWORD,
    "Keyword.Constant": Colour.NUMBER,
    "Keyword.Type": Colour.TYPE,
    "Operator.Word": Colour.KEYWORD,
    "Name.Tag": Colour.KEYWORD,
    "Literal.String": Colour.STRING,
    "Literal.Number": Colour.NUMBER,
    "Comment": Colour.COMMENT,
    "Name.Function": Colour.FUNCTION,
    "Name.Attribute": Colour.FUNCTION,
    "Name.Class": Colour.TYPE,
    "Name.Builtin": Colour.TYPE,
    "Name.Exception": Colour.TYPE,
    "Name.Decorator": Colour.TYPE,
    "Generic.Inserted": Colour.KEYWORD,
    "Generic.Deleted": Colour.NUMBER,
}


def coloured(block: Code) -> list[tuple[str, Colour | None]]:
    """Give the code in pieces, with the colour of each, or None. Joined they are the code, to the character."""
    whole: list[tuple[str, Colour | None]] = [(block.code, None)]
    if not block.language or len(block.code) > _LONGEST:
        return whole
    # Pygments is loaded when the first code is written, not at start.
    import pygments.lexers  # noqa: PLC0415
    import pygments.util  # noqa: PLC0415

    try:
        lexer = pygments.lexers.get_lexer_by_name(block.language, stripnl=False, ensurenl=False)
    except pygments.util.ClassNotFound:
        return whole
    pieces = [(text, _colour(kind)) for kind, text in pygments.lex(block.code, lexer)]
    # A lexer may change line ends or drop a byte order mark; what was written goes before colours.
    return pieces if "".join(text for text, _ in pieces) == block.code else whole


def _colour(kind: Iterable[str]) -> Colour | None:
    """Give the colour of the narrowest kind that has one: Name.Function.Magic, Name.Function, Name."""
    parts = tuple(kind)
    names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((_COLOURS[name] for name in names if name in _COLOURS), None)
