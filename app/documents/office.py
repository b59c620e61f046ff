"""What Word, PowerPoint and Excel files have in common: a zip of parts that point to each other (ECMA-376, part 2)."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from app.documents import xml
from app.documents.archive import Archive

_CORE_PROPERTIES = "docProps/core.xml"


@dataclass(frozen=True, slots=True)
class Relation:
    """Where a part points: the last word of the relation's type ("slide"), and the part's name in the archive."""

    kind: str
    target: str


def relations(archive: Archive, part: str) -> dict[str, Relation]:
    """The relations of a part by id. Those that lead outside the file are left out: they are never followed."""
    folder, name = posixpath.split(part)
    listing = posixpath.join(folder, "_rels", name + ".rels")
    if listing not in archive:
        return {}
    with archive.open(listing) as stream:
        root = xml.parse(stream)
    found: dict[str, Relation] = {}
    for element in root:
        if xml.local(element) == "Relationship" and xml.attribute(element, "TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, xml.attribute(element, "Target"))).lstrip("/")
            kind = xml.attribute(element, "Type").rpartition("/")[2]
            found[xml.attribute(element, "Id")] = Relation(kind, target)
    return found


def main_part(archive: Archive, otherwise: str) -> str:
    """The name of the part that holds the document, which need not be the usual one."""
    found = (relation.target for relation in relations(archive, "").values() if relation.kind == "officeDocument")
    name = next(found, otherwise)
    return name if name in archive else otherwise


def title(archive: Archive) -> str:
    """The title among the file's properties."""
    if _CORE_PROPERTIES not in archive:
        return ""
    with archive.open(_CORE_PROPERTIES) as stream:
        return "".join(text for one in xml.parse(stream) if xml.local(one) == "title" for text in one.itertext())
