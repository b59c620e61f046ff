"""Lists of a Word document: each ordered list counts for itself, which the styles of the template can't do."""

from __future__ import annotations

from typing import Any

from docx.document import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.numbering import CT_Num
from docx.text.paragraph import Paragraph

# Not ▪, which is drawn as an emoji in places.
_BULLETS = "•◦–"
_TWIPS = 360


class Numbering:
    """The definitions of lists (ECMA-376 part 1, 17.9): one abstract one for each kind, one instance for each list."""

    DEEPEST = 8

    def __init__(self, word: Document) -> None:
        self._root = word.part.numbering_part.element
        bullets = self._define(None)
        self._numbers = self._define("decimal")
        self._last = max((known.numId for known in self._root.num_lst), default=0)
        self._bullets = self._add(bullets).numId

    def begin(self, start: int | None) -> int:
        """Give the number of a new list that begins with start, or of one with bullets."""
        if start is None:
            return int(self._bullets)
        instance = self._add(self._numbers)
        for level in range(self.DEEPEST + 1):
            instance.add_lvlOverride(ilvl=level).add_startOverride(start)
        return int(instance.numId)

    def apply(self, paragraph: Paragraph, number: int, level: int) -> None:
        """Make a paragraph an item of a list."""
        properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
        properties.get_or_add_ilvl().val = level
        properties.get_or_add_numId().val = number

    def _add(self, definition: int) -> Any:
        # python-docx looks through all instances for a number that is free, which takes long where there are many.
        self._last += 1
        instance = CT_Num.new(self._last, definition)  # type: ignore[no-untyped-call]
        self._root.append(instance)
        return instance

    def _define(self, numbers: str | None) -> int:
        taken = [int(known.get(qn("w:abstractNumId"))) for known in self._root.findall(qn("w:abstractNum"))]
        identity = max(taken, default=-1) + 1
        definition = _element("w:abstractNum", abstractNumId=identity)
        definition.append(_element("w:multiLevelType", val="hybridMultilevel"))
        for level in range(self.DEEPEST + 1):
            layer = _element("w:lvl", ilvl=level)
            layer.append(_element("w:start", val=1))
            layer.append(_element("w:numFmt", val=numbers or "bullet"))
            layer.append(_element("w:lvlText", val=f"%{level + 1}." if numbers else _BULLETS[level % len(_BULLETS)]))
            layer.append(_element("w:lvlJc", val="left"))
            properties = OxmlElement("w:pPr")
            properties.append(_element("w:ind", left=_TWIPS * (level + 1), hanging=_TWIPS))
            layer.append(properties)
            definition.append(layer)
        # Definitions stand before instances.
        self._root.insert(len(taken), definition)
        return identity


def _element(tag: str, **attributes: object) -> Any:
    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), str(value))
    return element
