"""PPTX: slides in their order, titles as headings, tables, and the speaker's notes (ECMA-376, part 1, 19)."""

from __future__ import annotations

from app.documents import office, xml
from app.documents.archive import Archive
from app.documents.builder import DocumentBuilder
from app.documents.limits import damaged
from app.documents.source import Source
from app.documents.tables import TableWriter
from app.documents.xml import Element
from app.domain.documents import BlockKind, UnitKind

_TITLES = frozenset({"title", "ctrTitle"})
_REPEATED = frozenset({"sldNum", "ftr", "dt", "hdr", "sldImg"})
_SHAPES = ("{*}sp", "{*}graphicFrame")


def extract(source: Source, builder: DocumentBuilder) -> None:
    archive = Archive(source, builder.limits)
    builder.title = office.title(archive)
    main = office.main_part(archive, "ppt/presentation.xml")
    targets = office.relations(archive, main)
    with archive.open(main) as stream:
        order = [_relation_id(one) for one in xml.parse(stream).iter("{*}sldId")]
    if not order:
        raise damaged("The file is damaged: it lists no slides.")
    for number, identifier in enumerate(order, 1):
        relation = targets.get(identifier)
        if relation is not None and relation.target in archive:
            _add_slide(archive, relation.target, number, builder)


def _add_slide(archive: Archive, part: str, number: int, builder: DocumentBuilder) -> None:
    with archive.open(part) as stream:
        # What only programs show that can't show the same thing in its other form is left out.
        shapes = [
            one for one in xml.parse(stream).iter(*_SHAPES) if next(one.iterancestors("{*}Fallback"), None) is None
        ]
    title = next((shape for shape in shapes if _role(shape) in _TITLES), None)
    name = " ".join(_paragraphs(title)) if title is not None else ""
    builder.leave_headings()
    builder.begin_unit(UnitKind.SLIDE, number, name)
    if name:
        builder.heading(name, 1)
    for shape in shapes:
        if shape is not title and _role(shape) not in _REPEATED:
            _add_shape(shape, builder)
    for relation in office.relations(archive, part).values():
        if relation.target in archive and relation.kind == "notesSlide":
            _add_notes(archive, relation.target, builder)
        elif relation.target in archive and relation.kind == "diagramData":
            _add_diagram(archive, relation.target, builder)


def _add_shape(shape: Element, builder: DocumentBuilder) -> None:
    table = next(shape.iter("{*}tbl"), None)
    if table is not None:
        writer = TableWriter(builder)
        for row in table.iter("{*}tr"):
            writer.add([" ".join(_paragraphs(cell)) for cell in row.iter("{*}tc")])
        return
    is_list = _role(shape) in {"body", "obj", ""} and _has_role(shape)
    for text in _paragraphs(shape):
        builder.text(f"• {text}" if is_list else text, BlockKind.ITEM if is_list else BlockKind.PARAGRAPH)


def _add_notes(archive: Archive, part: str, builder: DocumentBuilder) -> None:
    with archive.open(part) as stream:
        shapes = list(xml.parse(stream).iter("{*}sp"))
    for shape in shapes:
        if _role(shape) not in _REPEATED:
            builder.text("\n".join(_paragraphs(shape)), BlockKind.NOTE)


def _add_diagram(archive: Archive, part: str, builder: DocumentBuilder) -> None:
    """The words of a diagram (SmartArt)."""
    with archive.open(part) as stream:
        for text in _paragraphs(xml.parse(stream)):
            builder.text(text, BlockKind.ITEM)


def _paragraphs(element: Element) -> list[str]:
    """The paragraphs below an element that hold text."""
    texts = []
    for paragraph in element.iter("{*}p"):
        parts = []
        for one in paragraph.iter("{*}t", "{*}br"):
            parts.append("\n" if xml.local(one) == "br" else one.text or "")
        text = "".join(parts)
        if text.strip():
            texts.append(text)
    return texts


def _placeholder(shape: Element) -> Element | None:
    return next(shape.iter("{*}ph"), None)


def _has_role(shape: Element) -> bool:
    return _placeholder(shape) is not None


def _role(shape: Element) -> str:
    """What a shape is for: "title", "body", "sldNum"; empty for a placeholder without a type, and for other shapes."""
    placeholder = _placeholder(shape)
    return xml.attribute(placeholder, "type") if placeholder is not None else ""


def _relation_id(slide: Element) -> str:
    """r:id, not the slide's own id."""
    return next((str(value) for key, value in slide.attrib.items() if key.endswith("}id")), "")
