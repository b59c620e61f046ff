"""Word's styles and numbering: which paragraphs are headings, and what number or bullet is printed before one."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from app.documents import xml
from app.documents.archive import Archive
from app.documents.xml import Element

_HEADING_NAME = re.compile(r"heading ([1-9])$", re.I)
_LONGEST_CHAIN = 20
_LEVELS = 9
_PLACE_HOLDER = re.compile(r"%([1-9])")
_BODY_LEVEL = 9
"""The outline level that Word gives to body text (levels are counted from 0)."""


@dataclass(frozen=True, slots=True)
class Style:
    """level is the heading's, 1 the highest, None for text; list_id and list_level name a numbering, if any."""

    level: int | None = None
    list_id: str = ""
    list_level: int | None = None


class Styles:
    """Paragraph styles by id, each with what it inherits."""

    def __init__(self, archive: Archive, part: str) -> None:
        self._elements: dict[str, Element] = {}
        if part in archive:
            with archive.open(part) as stream:
                for element in xml.parse(stream):
                    if xml.local(element) == "style":
                        self._elements[xml.attribute(element, "styleId")] = element
        self._known: dict[str, Style] = {}

    def of(self, paragraph: Element) -> Style:
        """The style of a paragraph: its own settings before those of the style it names."""
        properties = xml.child(paragraph, "pPr")
        if properties is None:
            return Style()
        named = xml.child(properties, "pStyle")
        inherited = self._named(xml.attribute(named, "val")) if named is not None else Style()
        return _settled(_own(properties), inherited)

    def _named(self, style_id: str) -> Style:
        if style_id not in self._known:
            result, current = Style(), style_id
            for _ in range(_LONGEST_CHAIN):
                element = self._elements.get(current)
                if element is None:
                    break
                properties = xml.child(element, "pPr")
                own = _own(properties) if properties is not None else Style()
                result = _settled(_settled(result, own), Style(level=_level_by_name(element)))
                based_on = xml.child(element, "basedOn")
                if based_on is None:
                    break
                current = xml.attribute(based_on, "val")
            self._known[style_id] = result
        return self._known[style_id]


class Numbering:
    """Counts the lists and numbered headings of a document, in the order in which they are asked for."""

    def __init__(self, archive: Archive, part: str) -> None:
        self._levels: dict[str, dict[int, tuple[str, str, int]]] = {}
        self._lists: dict[str, str] = {}
        self._counters: defaultdict[str, list[int]] = defaultdict(lambda: [0] * _LEVELS)
        if part in archive:
            with archive.open(part) as stream:
                for element in xml.parse(stream):
                    self._take(element)

    def label(self, style: Style) -> str:
        """What is printed before the next paragraph with this style: a bullet, "3.", "4.2"; empty for none."""
        if style.list_id in {"", "0"}:
            return ""
        abstract = self._lists.get(style.list_id, "")
        level = min(style.list_level or 0, _LEVELS - 1)
        form, pattern, _ = self._levels.get(abstract, {}).get(level, ("bullet", "", 1))
        if form == "bullet":
            return "•"
        if form == "none":
            return ""
        counters = self._counters[abstract]
        counters[level] = counters[level] + 1 if counters[level] else self._start(abstract, level)
        counters[level + 1 :] = [0] * (_LEVELS - level - 1)
        return _PLACE_HOLDER.sub(lambda match: self._printed(abstract, int(match.group(1)) - 1), pattern)

    def _printed(self, abstract: str, level: int) -> str:
        number = self._counters[abstract][level] or self._start(abstract, level)
        form = self._levels.get(abstract, {}).get(level, ("decimal", "", 1))[0]
        match form:
            case "lowerLetter":
                return _letters(number)
            case "upperLetter":
                return _letters(number).upper()
            case "lowerRoman":
                return _roman(number)
            case "upperRoman":
                return _roman(number).upper()
            case _:
                return str(number)

    def _start(self, abstract: str, level: int) -> int:
        return self._levels.get(abstract, {}).get(level, ("", "", 1))[2]

    def _take(self, element: Element) -> None:
        if xml.local(element) == "abstractNum":
            levels = {}
            for one in element:
                if xml.local(one) == "lvl":
                    levels[_number(xml.attribute(one, "ilvl"), 0)] = (
                        _value(one, "numFmt") or "decimal",
                        _value(one, "lvlText"),
                        _number(_value(one, "start"), 1),
                    )
            self._levels[xml.attribute(element, "abstractNumId")] = levels
        elif xml.local(element) == "num":
            self._lists[xml.attribute(element, "numId")] = _value(element, "abstractNumId")


def _settled(first: Style, second: Style) -> Style:
    """The first style's settings, and the second's where the first has none."""
    return Style(
        first.level if first.level is not None else second.level,
        first.list_id or second.list_id,
        first.list_level if first.list_level is not None else second.list_level,
    )


def _own(properties: Element) -> Style:
    level = _number(_value(properties, "outlineLvl"), _BODY_LEVEL)
    numbering = xml.child(properties, "numPr")
    if numbering is None:
        return Style(level + 1 if level < _BODY_LEVEL else None)
    list_level = _value(numbering, "ilvl")
    return Style(
        level + 1 if level < _BODY_LEVEL else None,
        _value(numbering, "numId"),
        _number(list_level, 0) if list_level else None,
    )


def _level_by_name(style: Element) -> int | None:
    name = _value(style, "name")
    if name.lower() == "title":
        return 1
    match = _HEADING_NAME.match(name)
    return int(match.group(1)) if match else None


def _value(element: Element, name: str) -> str:
    found = xml.child(element, name)
    return xml.attribute(found, "val") if found is not None else ""


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else otherwise


def _letters(number: int) -> str:
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 % 10 + 1)


def _roman(number: int) -> str:
    signs = (("m", 1000), ("cm", 900), ("d", 500), ("cd", 400), ("c", 100), ("xc", 90), ("l", 50), ("xl", 40))
    small = (("x", 10), ("ix", 9), ("v", 5), ("iv", 4), ("i", 1))
    text, left = "", number % 4000
    for sign, worth in (*signs, *small):
        text += sign * (left // worth)
        left %= worth
    return text
