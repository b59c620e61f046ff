"""XLSX: the rows of each sheet that is shown, with values as a person sees them (ECMA-376, part 1, 18).

Read as a stream by our own hand: openpyxl loads NumPy where it is installed, and gives raw numbers where a sheet shows
a date or a percentage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from app.documents import office, xml
from app.documents.archive import Archive
from app.documents.builder import DocumentBuilder
from app.documents.limits import damaged
from app.documents.source import Source
from app.documents.tables import TableWriter
from app.documents.xml import Element
from app.domain.documents import UnitKind

_LAST_COLUMN = 16_384
_BUILT_IN_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_BUILT_IN_PERCENT = {9: 0, 10: 2}
_FIRST_OWN_FORMAT = 164
# What in a number format is text and no sign of a date: quoted, escaped, colours, currencies.
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.')
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.I)
_BUILT_IN_ELAPSED = 46
_DATE_SIGN = re.compile(r"[dmyhs]", re.I)
_DECIMALS = re.compile(r"\.(0+)")
_LETTERS = re.compile(r"[A-Z]{1,3}")
_MOST_SHARED = 2_000_000


def extract(source: Source, builder: DocumentBuilder) -> None:
    archive = Archive(source, builder.limits)
    builder.title = office.title(archive)
    _Workbook(archive, builder).read()


class _Workbook:
    def __init__(self, archive: Archive, builder: DocumentBuilder) -> None:
        self._archive = archive
        self._builder = builder
        self._main = office.main_part(archive, "xl/workbook.xml")
        self._targets = office.relations(archive, self._main)
        self._formats = _Formats(archive, self._target("styles"))
        self._shared = _shared_strings(archive, self._target("sharedStrings"))

    def read(self) -> None:
        with self._archive.open(self._main) as stream:
            root = xml.parse(stream)
        properties = xml.child(root, "workbookPr")
        self._formats.use_1904 = properties is not None and xml.attribute(properties, "date1904") in {"1", "true"}
        sheets = list(root.iter("{*}sheet"))
        if not sheets:
            raise damaged("The file is damaged: it lists no sheets.")
        shown = [sheet for sheet in sheets if xml.attribute(sheet, "state") in {"", "visible"}]
        if len(shown) < len(sheets):
            names = ", ".join(xml.attribute(sheet, "name")[:60] for sheet in sheets if sheet not in shown)
            self._builder.notes.append(f"Hidden sheets were left out ({names}).")
        for number, sheet in enumerate(shown, 1):
            self._add_sheet(sheet, number)

    def _add_sheet(self, sheet: Element, number: int) -> None:
        key = next((str(value) for name, value in sheet.attrib.items() if name.endswith("}id")), "")
        relation = self._targets.get(key)
        if relation is None or relation.target not in self._archive or relation.kind != "worksheet":
            return
        name = xml.attribute(sheet, "name")
        self._builder.begin_unit(UnitKind.SHEET, number, name)
        self._builder.set_heading(name, 1)
        table = TableWriter(self._builder)
        with self._archive.open(relation.target) as stream:
            for _, row in xml.events(stream, "{*}row"):
                table.add(self._cells(row))
                xml.release(row)

    def _cells(self, row: Element) -> list[str]:
        """The row's values, each at its column."""
        cells: list[str] = []
        for cell in row:
            if xml.local(cell) != "c":
                continue
            column = _column(xml.attribute(cell, "r"))
            if column is not None:
                cells += [""] * (column - len(cells))
            cells.append(self._value(cell))
        return cells

    def _value(self, cell: Element) -> str:
        kind = xml.attribute(cell, "t")
        if kind == "inlineStr":
            return _rich_text(cell)
        value = xml.child(cell, "v")
        raw = (value.text or "") if value is not None else ""
        match kind:
            case "s":
                index = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 9 else -1
                return self._shared[index] if 0 <= index < len(self._shared) else ""
            case "b":
                return "TRUE" if raw == "1" else "FALSE"
            case "str" | "e" | "d":
                return raw
            case _:
                return self._formats.shown(raw, xml.attribute(cell, "s"))

    def _target(self, kind: str) -> str:
        found = (one.target for one in self._targets.values() if one.kind == kind and one.target in self._archive)
        return next(found, "")


class _Formats:
    """How the numbers of a workbook are shown, by the style of their cell."""

    def __init__(self, archive: Archive, part: str) -> None:
        self.use_1904 = False
        self._codes: dict[int, str] = {}
        self._of_style: list[int] = []
        if part:
            with archive.open(part) as stream:
                root = xml.parse(stream)
            for one in root.iter("{*}numFmt"):
                self._codes[_integer(xml.attribute(one, "numFmtId"))] = xml.attribute(one, "formatCode")
            styles = xml.child(root, "cellXfs")
            self._of_style = [_integer(xml.attribute(one, "numFmtId")) for one in styles] if styles is not None else []

    def shown(self, raw: str, style: str) -> str:
        """A number as a date, a percentage, or itself without the noise of binary fractions."""
        try:
            number = float(raw)
        except ValueError:
            return raw
        index = _integer(style) if style else 0
        form = self._of_style[index] if 0 <= index < len(self._of_style) else 0
        if form == _BUILT_IN_ELAPSED or _ELAPSED.search(self._codes.get(form, "")):
            return _elapsed(number)
        code = _LITERAL.sub("", self._codes.get(form, "").split(";")[0])
        if form in _BUILT_IN_DATES or (form >= _FIRST_OWN_FORMAT and _DATE_SIGN.search(code) and "0" not in code[:1]):
            return self._date(number) or raw
        if form in _BUILT_IN_PERCENT or code.endswith("%"):
            decimals = _DECIMALS.search(code)
            places = _BUILT_IN_PERCENT.get(form, len(decimals.group(1)) if decimals else 0)
            return f"{number * 100:.{min(places, 15)}f}%"
        return f"{number:.15g}" if abs(number) < 1e15 else raw

    def _date(self, number: float) -> str:
        """A day, a time of day, or both, from days since the end of 1899 (or the start of 1904)."""
        if not 0 <= number < 2_958_466:
            return ""
        seconds = round(number * 86_400)
        if number < 1:
            return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        # The calendar of 1900 counts a 29 February that never was; before it days differ by one.
        start = datetime(1904, 1, 1) if self.use_1904 else datetime(1899, 12, 30 if number >= 61 else 31)
        moment = start + timedelta(seconds=seconds)
        return f"{moment:%Y-%m-%d}" if seconds % 86_400 == 0 else f"{moment:%Y-%m-%d %H:%M}"


def _elapsed(days: float) -> str:
    """A length of time: 36 hours are no day of the calendar."""
    seconds = round(abs(days) * 86_400)
    rest = f":{seconds % 60:02}" if seconds % 60 else ""
    return f"{'-' if days < 0 else ''}{seconds // 3600}:{seconds // 60 % 60:02}{rest}"


def _shared_strings(archive: Archive, part: str) -> list[str]:
    if not part:
        return []
    texts: list[str] = []
    with archive.open(part) as stream:
        for _, item in xml.events(stream, "{*}si"):
            texts.append(_rich_text(item))
            xml.release(item)
            if len(texts) >= _MOST_SHARED:
                break
    return texts


def _rich_text(element: Element) -> str:
    """The text of an item in all its fonts, without the reading aid of Japanese (rPh)."""
    return "".join(_texts(element))


def _texts(element: Element) -> Iterator[str]:
    for one in element:
        name = xml.local(one)
        if name == "t":
            yield one.text or ""
        elif name in {"r", "is"}:
            yield from _texts(one)


def _column(reference: str) -> int | None:
    """The index of the column in a reference such as "AB12"; None where there is none."""
    match = _LETTERS.match(reference)
    if not match:
        return None
    number = 0
    for letter in match.group():
        number = number * 26 + ord(letter) - ord("A") + 1
    return min(number, _LAST_COLUMN) - 1


def _integer(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
