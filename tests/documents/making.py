"""Makes real documents: with the libraries that people's programs use, or by hand where there is none."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from email.message import EmailMessage

import docx
import openpyxl
import pptx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

Drawn = tuple[float, float, str]
"""Text on a page: x and y of its baseline in PDF points from the bottom left corner, and what it says."""


def pdf(
    pages: Sequence[Sequence[Drawn]],
    *,
    outline: Sequence[tuple[str, int, float]] = (),
    title: str = "",
    rotate: int = 0,
    crop: tuple[int, int, int, int] | None = None,
    trailer: str = "",
    size: int = 11,
) -> bytes:
    """A PDF with text in Helvetica; outline holds title, page index and y."""
    objects: list[bytes] = []

    def add(body: str | bytes) -> int:
        objects.append(body.encode("cp1252") if isinstance(body, str) else body)
        return len(objects)

    catalog, tree, font = (
        add(""),
        add(""),
        add("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"),
    )
    kids = []
    for texts in pages:
        drawn = "".join(f"BT /F1 {size} Tf {x} {y} Td ({_quoted(text)}) Tj ET\n" for x, y, text in texts).encode(
            "cp1252"
        )
        content = add(b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn))
        box = f"/CropBox[{' '.join(map(str, crop))}]" if crop else ""
        kids.append(
            add(
                f"<</Type/Page/Parent {tree} 0 R/MediaBox[0 0 612 792]{box}/Rotate {rotate}"
                f"/Resources<</Font<</F1 {font} 0 R>>>>/Contents {content} 0 R>>"
            )
        )
    objects[tree - 1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(f'{kid} 0 R' for kid in kids)}]>>".encode()
    info = add(f"<</Title({_quoted(title)})>>")
    outlines = ""
    if outline:
        root = add("")
        first = len(objects) + 1
        for index, (name, page, y) in enumerate(outline):
            following = f"/Next {first + index + 1} 0 R" if index + 1 < len(outline) else ""
            add(f"<</Title({_quoted(name)})/Parent {root} 0 R{following}/Dest[{kids[page]} 0 R/XYZ 0 {y} 0]>>")
        objects[root - 1] = f"<</First {first} 0 R/Last {len(objects)} 0 R/Count {len(outline)}>>".encode()
        outlines = f"/Outlines {root} 0 R"
    objects[catalog - 1] = f"<</Type/Catalog/Pages {tree} 0 R{outlines}>>".encode()
    return _assembled(objects, f"/Root {catalog} 0 R/Info {info} 0 R{trailer}")


def _assembled(objects: Iterable[bytes], trailer: str) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += f"trailer\n<</Size {len(places) + 1}{trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def _quoted(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def filled_form() -> bytes:
    """A page of a form: fields that are filled in, one of them in two places, a tick, a note, and what is not shown."""
    font = "/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
    content = "BT /F1 11 Tf 72 700 Td (Name:) Tj 0 -40 Td (Policy:) Tj 0 -40 Td (Smoker) Tj 0 -40 Td (Yours) Tj ET"
    field = "<</Type/Annot/Subtype/Widget/Rect[{} 320 {}]{}>>"
    fields = [
        field.format("120 695", 715, "/FT/Tx/T(name)/V(Ada Lovelace)/F 4"),
        field.format("120 655", 675, "/Parent 5 0 R/F 4"),
        field.format("120 615", 635, "/FT/Btn/T(smoker)/V/Yes/AS/Yes/F 4/AP<</N<</Yes 4 0 R>>>>"),
        field.format("120 395", 415, "/FT/Tx/T(hidden)/V(hidden)/F 2"),
        field.format("120 395", 415, "/FT/Tx/T(password)/V(password)/Ff 8192/F 4"),
        "<</Type/Annot/Subtype/FreeText/Contents(Call back)/Rect[72 500 272 520]/F 4>>",
    ]
    first = 6
    numbers = " ".join(f"{first + index} 0 R" for index in range(len(fields)))
    objects = [
        f"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R {numbers}]>>>>",
        "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R{font}/Annots[{numbers}]>>",
        f"<</Length {len(content)}>>stream\n{content}\nendstream",
        f"<</FT/Tx/T(policy)/V(PX-7781)/Kids[{first + 1} 0 R]>>",
        *fields,
    ]
    return _assembled([body.encode() for body in objects], "/Root 1 0 R")


def written(lines: Sequence[str], top: float = 700, leading: float = 14, left: float = 72) -> list[Drawn]:
    """Lines of text from the top of a page downward."""
    return [(left, top - leading * index, line) for index, line in enumerate(lines)]


def paged_pdf(pages: int, sentence: str = "Page {number} speaks of nothing in particular.") -> bytes:
    """A PDF with a running head and page numbers around one sentence a page."""
    return pdf(
        [
            [
                (72, 760, "A Running Head"),
                (72, 600, sentence.format(number=number)),
                (290, 30, f"{number}"),
            ]
            for number in range(1, pages + 1)
        ]
    )


_LATER_PARAGRAPHS = (
    (
        "<w:p {ns}><w:r><w:t>Visible</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:del><w:r>"
        "<w:delText>deleted</w:delText></w:r></w:del><w:ins><w:r><w:t> and added.</w:t></w:r></w:ins></w:p>"
    ),
    "<w:sdt {ns}><w:sdtContent><w:p><w:r><w:t>In a content control.</w:t></w:r></w:p></w:sdtContent></w:sdt>",
    (
        "<w:p {ns}><w:r><w:t>Around.</w:t><w:pict><w:txbxContent><w:p><w:r><w:t>In a text box.</w:t></w:r></w:p>"
        "</w:txbxContent></w:pict></w:r></w:p>"
    ),
)


def docx_file() -> bytes:
    """A Word file with headings, a list, a table, a footnote's mark, hidden, deleted and added text, and a text box."""
    document = docx.Document()
    document.core_properties.title = "Terms of Delivery"
    document.add_heading("Warranty", level=1)
    document.add_paragraph("The warranty lasts 24 months from delivery.")
    document.add_heading("Exclusions", level=2)
    document.add_paragraph("Damage by water is excluded.", style="List Bullet")
    document.add_paragraph("Wear is excluded.", style="List Bullet")
    document.add_paragraph("Write to us.", style="List Number")
    document.add_paragraph("Send the device.", style="List Number")
    table = document.add_table(rows=3, cols=2)
    for row, cells in zip(table.rows, [("Part", "Months"), ("Battery", "12"), ("Screen", "24")], strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    body = document.element.body
    section = body[-1]
    for xml in _LATER_PARAGRAPHS:
        section.addprevious(parse_xml(xml.format(ns=nsdecls("w"))))
    return _saved(document)


def pptx_file() -> bytes:
    """Two slides, the second with a table and notes."""
    deck = pptx.Presentation()
    deck.core_properties.title = "Plans"
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "Where we stand"
    first.placeholders[1].text = "Sales grew by a tenth.\nCosts did not."
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Next year"
    table = second.shapes.add_table(2, 2, 0, 0, 3_000_000, 1_000_000).table
    for row, cells in enumerate([("City", "Shops"), ("Graz", "7")]):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    second.notes_slide.notes_text_frame.text = "Mention the river."
    return _saved(deck)


def xlsx_file() -> bytes:
    """A sheet with words, numbers, a date and a percentage; one more, and a hidden one."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Invoices"
    sheet.append(["Customer", "Due", "Amount", "Discount"])
    sheet.append(["Miller", date(2026, 3, 14), 1234.5, 0.125])
    sheet.append(["Zweig", datetime(2026, 3, 15, 9, 30), 0.1 + 0.2, 0])
    sheet["D2"].number_format = "0.0%"
    sheet["F2"] = "far"
    other = book.create_sheet("Notes")
    other["A1"] = "Ask about the roof."
    book.create_sheet("Secret").sheet_state = "hidden"
    return _saved(book)


def _saved(document: object) -> bytes:
    stream = io.BytesIO()
    document.save(stream)  # type: ignore[attr-defined]
    return stream.getvalue()


def zipped(parts: dict[str, bytes | str], first: str = "") -> bytes:
    """A zip archive; the part named first comes first and unpacked."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        if first:
            archive.writestr(zipfile.ZipInfo(first), parts[first])
        for name, content in parts.items():
            if name != first:
                archive.writestr(name, content)
    return stream.getvalue()


OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
_ODF_NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in {"office": "office", "text": "text", "table": "table", "draw": "drawing"}.items()
)


def open_document(kind: str, body: str, prologue: str = "", parts: dict[str, bytes | str] | None = None) -> bytes:
    """An OpenDocument file of this kind ("text", "spreadsheet", "presentation") with this body."""
    content = (
        f"{prologue}<office:document-content {_ODF_NAMES}><office:body><office:{kind}>{body}</office:{kind}>"
        "</office:body></office:document-content>"
    )
    meta = (
        f'<office:document-meta {_ODF_NAMES} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>'
        f"<dc:title>An open title</dc:title></office:meta></office:document-meta>"
    )
    mimetype = f"application/vnd.oasis.opendocument.{kind}"
    return zipped({"mimetype": mimetype, "content.xml": content, "meta.xml": meta, **(parts or {})}, first="mimetype")


def odt_file() -> bytes:
    return open_document(
        "text",
        '<text:h text:outline-level="1">Travel</text:h>'
        '<text:p>Book<text:s text:c="2"/>early.<text:note><text:note-citation>1</text:note-citation><text:note-body>'
        "<text:p>At least a month.</text:p></text:note-body></text:note> Then relax.</text:p>"
        '<text:h text:outline-level="2">Packing</text:h>'
        "<text:list><text:list-item><text:p>Socks</text:p></text:list-item><text:list-item><text:p>Maps</text:p>"
        "</text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>Place</text:p></table:table-cell><table:table-cell>"
        "<text:p>Night</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>Lyon</text:p>"
        "</table:table-cell><table:table-cell><text:p>2</text:p></table:table-cell></table:table-row></table:table>",
    )


def ods_file() -> bytes:
    return open_document(
        "spreadsheet",
        '<table:table table:name="Stock"><table:table-row><table:table-cell><text:p>Item</text:p></table:table-cell>'
        "<table:table-cell><text:p>Count</text:p></table:table-cell></table:table-row><table:table-row>"
        "<table:table-cell><text:p>Nails</text:p></table:table-cell><table:table-cell><text:p>4000</text:p>"
        '</table:table-cell><table:table-cell table:number-columns-repeated="16000"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048570">'
        '<table:table-cell table:number-columns-repeated="16384"/>'
        "</table:table-row></table:table>"
        '<table:table table:name="Orders"><table:table-row><table:table-cell>'
        "<text:p>None yet</text:p></table:table-cell>"
        "</table:table-row></table:table>",
    )


def odp_file() -> bytes:
    return open_document(
        "presentation",
        '<draw:page draw:name="Opening" draw:master-page-name="Default"><draw:frame><draw:text-box>'
        "<text:p>Welcome all</text:p>"
        "</draw:text-box></draw:frame></draw:page>"
        '<draw:page draw:name="End" draw:master-page-name="Default"><draw:frame>'
        "<draw:text-box><text:p>Goodbye</text:p></draw:text-box></draw:frame></draw:page>",
    )


def epub_file(chapters: Sequence[str] | None = None, parts: dict[str, bytes | str] | None = None) -> bytes:
    """A book with these chapters, each the body of an XHTML page."""
    bodies = chapters or [
        "<h1>Departure</h1><p>The ship left at dawn.</p>",
        '<h1>Arrival</h1><p>It came back<a id="x"/> in the rain.</p><h2>Cargo</h2><ul><li>Tea</li><li>Silk</li></ul>',
    ]
    pages: dict[str, bytes | str] = {
        f"OEBPS/part {number}.xhtml": '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">'
        f"<head><title/></head><body>{body}</body></html>"
        for number, body in enumerate(bodies)
    }
    items = "".join(
        f'<item id="c{number}" href="part%20{number}.xhtml" media-type="application/xhtml+xml"/>'
        for number in range(len(bodies))
    )
    order = "".join(f'<itemref idref="c{number}"/>' for number in range(len(bodies)))
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
            "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<metadata><dc:title>The Voyage</dc:title></metadata><manifest>{items}</manifest>"
            f"<spine>{order}</spine></package>",
            **pages,
            **(parts or {}),
        },
        first="mimetype",
    )


def rtf_file() -> bytes:
    return (
        rb"{\rtf1\ansi\ansicpg1252{\info{\title Letter}}{\fonttbl{\f0 Arial;}}{\*\generator X;}"
        rb"\pard Dear M\'fcller,\par the price is 40 \u8364?.\par{\pict\pngblip 89504e47" + b"0f" * 5000 + rb"}"
        rb"\trowd\cellx1000\cellx2000 Name\cell Sum\cell\row\trowd Ada\cell 7\cell\row\pard Yours}"
    )


def eml_file() -> bytes:
    message = EmailMessage()
    message["Subject"] = "Übergabe der Schlüssel"
    message["From"] = "Anna Weiß <anna@example.org>"
    message["To"] = "ben@example.org"
    message["Date"] = "Tue, 24 Nov 2026 10:00:00 +0100"
    message.set_content("The keys are under the mat.\n\nAnna")
    message.add_alternative("<p>The keys are <b>under</b> the mat.</p>", subtype="html")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="plan of the house.pdf")
    return message.as_bytes()


def html_file() -> bytes:
    return (
        "<!doctype html><html><head><meta charset=utf-8><title>Bread</title><style>p{}</style></head><body>"
        "<nav><a href=/>Home</a></nav><h1>Bread<a class=headerlink>¶</a></h1><p>Mix flour\n and <b>water</b>."
        "<br>Wait.</p>"
        "<script>alert('no')</script><p hidden>unseen</p><p style='display: none'>unseen too</p>"
        "<h2>Amounts</h2><table><tr><th>What<th>How much</tr><tr><td>Flour</td><td>500 g</td></tr></table>"
        "<ol><li>Knead</li><li>Bake</li></ol><pre>for loaf in oven:\n    turn(loaf)</pre>"
        "<img src='http://example.org/x.png'><iframe src='file:///etc/passwd'></iframe></body></html>"
    ).encode()
