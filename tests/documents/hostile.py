"""Files that are broken, or made to hurt whoever opens them, each with the statuses that are right for it."""

from __future__ import annotations

import io
import os
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.domain.documents import FileStatus as S
from tests.documents import making

Content = bytes | Callable[[Path], object]
"""What is in the file, or what makes the file at this path."""


@dataclass(frozen=True)
class Case:
    """A file to be made; never holds what may under no circumstances be in its text."""

    name: str
    content: Content
    expected: frozenset[S]
    never: str = "root:x:0"

    def make(self, folder: Path) -> Path:
        path = folder / self.name
        if callable(self.content):
            self.content(path)
        else:
            path.write_bytes(self.content)
        return path


FAILED = frozenset({S.DAMAGED, S.CRASHED, S.NO_TEXT, S.OUT_OF_MEMORY, S.TIMED_OUT, S.TOO_LARGE, S.UNSUPPORTED})
ANY = FAILED | {S.READ}
XXE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)) + "]>"
)
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def cases() -> list[Case]:
    """All of them."""
    return [
        *_pdf(),
        *_word(),
        *_sheets(),
        *_slides(),
        *_open_document(),
        *_epub(),
        *_html(),
        *_text(),
        *_mail(),
        *_others(),
    ]


def _late(make: Callable[..., bytes], *arguments: object) -> Content:
    """Content that is made only when it is asked for, because it is large."""
    return lambda path: path.write_bytes(make(*arguments))


def _case(name: str, content: Content, *expected: S) -> Case:
    return Case(name, content, frozenset(expected) if expected else ANY)


# --- PDF -----------------------------------------------------------------------------------------------------------


def _pdf() -> list[Case]:
    good = making.pdf([making.written(["A sentence on a page."])] * 3)
    return [
        _case("empty.pdf", b"", S.EMPTY),
        _case("half.pdf", good[: len(good) // 3], *FAILED),
        _case("header only.pdf", b"%PDF-1.7\n", S.DAMAGED),
        _case("noise.pdf", b"%PDF-1.7\n" + _noise(20_000, 1), S.DAMAGED),
        _case("picture.pdf", b"\x89PNG\r\n\x1a\n" + bytes(100), S.DAMAGED),
        _case("no text.pdf", making.pdf([[], []]), S.NO_TEXT),
        _case("password.pdf", making.pdf([making.written(["secret"])], trailer=_ENCRYPTION), S.ENCRYPTED),
        _case("no table.pdf", good.replace(b"startxref", b"startxxxx"), S.READ, S.DAMAGED),
        _case(
            "circular pages.pdf",
            _raw_pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 3/Kids[2 0 R 2 0 R]>>"),
            *FAILED,
        ),
        _case("false count.pdf", good.replace(b"/Count 3", b"/Count 2147483647"), *ANY),
        _case(
            "deep nesting.pdf",
            _raw_pdf(b"<</Type/Catalog/Pages 2 0 R/X " + b"[" * 200_000 + b">>", b"<</Type/Pages/Count 0/Kids[]>>"),
            *FAILED,
        ),
        _case("stream bomb.pdf", _late(_stream_bomb), *ANY),
        _case("double bomb.pdf", _late(_double_bomb), *ANY),
        _case("form in itself.pdf", _form_in_itself(), *ANY),
        _case(
            "actions.pdf", good.replace(b"/Type/Catalog", b"/Type/Catalog/OpenAction<</S/Launch/F(/bin/sh)>>"), S.READ
        ),
        _case("huge page.pdf", good.replace(b"[0 0 612 792]", b"[0 0 9e9 9e9]"), *ANY),
        _case("endless pages.pdf", _endless_pages(3_000), S.READ),
        _case("outline in circles.pdf", _circular_outline(), S.READ),
        *(_case(f"mutated {seed}.pdf", _mutated(good, seed), *ANY) for seed in range(8)),
    ]


_KEYS = f"/O<{'11' * 32}>/U<{'22' * 32}>"
_ENCRYPTION = f"/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -44{_KEYS}>>/ID[<{'33' * 16}><{'33' * 16}>]"


def _raw_pdf(*objects: bytes) -> bytes:
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, one) for number, one in enumerate(objects, 1))
    return b"%PDF-1.7\n" + body + b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n0\n%%%%EOF" % (len(objects) + 1)


def _page_with(content: bytes, filters: str) -> bytes:
    return _raw_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>",
        b"<</Length %d/Filter %s>>stream\n%s\nendstream" % (len(content), filters.encode(), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )


def _stream_bomb() -> bytes:
    return _page_with(_packed(b"BT /F1 9 Tf (bomb) Tj ET\n" * 4_000_000), "/FlateDecode")


def _double_bomb() -> bytes:
    return _page_with(_packed(_packed(bytes(200_000_000))), "[/FlateDecode/FlateDecode]")


def _form_in_itself() -> bytes:
    form = b"BT /F1 9 Tf (again) Tj ET /X Do /X Do"
    return _raw_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</XObject<</X 4 0 R>>>>/Contents 5 0 R>>",
        b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 4 0 R>>/Font<</F1 6 0 R>>>>"
        b"/Length %d>>stream\n%s\nendstream" % (len(form), form),
        b"<</Length 5>>stream\n/X Do\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )


def _endless_pages(count: int) -> bytes:
    content = b"BT /F1 11 Tf 72 700 Td (The same page again.) Tj ET"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 4 0 R>>>>/Contents 5 0 R>>"
    kids = b" ".join(b"3 0 R" for _ in range(count))
    return _raw_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids),
        page,
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
    )


def _circular_outline() -> bytes:
    good = making.pdf([making.written(["A sentence on a page."])], outline=[("One", 0, 700), ("Two", 0, 600)])
    return good.replace(b"/Title(Two)", b"/Next 7 0 R/First 7 0 R/Title(Two)")


def _mutated(data: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    changed = bytearray(data)
    for _ in range(25):
        changed[chance.randrange(9, len(changed))] = chance.randrange(256)
    return bytes(changed)


# --- Office --------------------------------------------------------------------------------------------------------


def _word_file(document: str | bytes, **parts: str | bytes) -> bytes:
    return making.zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": document,
            **{name.replace("__", "/"): part for name, part in parts.items()},
        }
    )


def _body(inner: str) -> str:
    return f"<w:document {_W}><w:body>{inner}</w:body></w:document>"


_PARAGRAPH = "<w:p><w:r><w:t>Harmless words.</w:t></w:r></w:p>"


def _word() -> list[Case]:
    good = making.docx_file()
    return [
        _case("empty.docx", b"", S.EMPTY),
        _case("half.docx", good[: len(good) // 2], S.DAMAGED),
        _case("text.docx", b"This is no Word file.", S.DAMAGED),
        _case("no document.docx", making.zipped({"[Content_Types].xml": "<Types/>", "word/x.xml": "<x/>"}), S.DAMAGED),
        _case("no paragraphs.docx", _word_file(_body("")), S.NO_TEXT),
        _case("broken xml.docx", _word_file("<w:document><w:p>"), S.DAMAGED),
        _case("bomb.docx", _late(_bomb, "word/document.xml", 150_000_000), S.TOO_LARGE),
        _case(
            "bomb with a false size.docx",
            _false_size(_bomb("word/document.xml", 50_000_000)),
            S.DAMAGED,
            S.NO_TEXT,
            S.TOO_LARGE,
        ),
        _case("entity.docx", _word_file(XXE + _body("<w:p><w:r><w:t>&e;</w:t></w:r></w:p>")), S.DAMAGED),
        _case(
            "entity in utf-16.docx",
            _word_file((XXE + _body("<w:p><w:r><w:t>&e;</w:t></w:r></w:p>")).encode("utf-16")),
            S.DAMAGED,
        ),
        _case("laughs.docx", _word_file(LAUGHS + _body("<w:p><w:r><w:t>&a11;</w:t></w:r></w:p>")), S.DAMAGED),
        _case(
            "outside template.docx",
            _word_file(
                _body(_PARAGRAPH),
                **{
                    "word___rels__document.xml.rels": _relation(
                        "attachedTemplate", "http://192.0.2.1/evil.dotm", external=True
                    )
                },
            ),
            S.READ,
        ),
        _case(
            "part outside.docx",
            making.zipped(
                {
                    "[Content_Types].xml": "<Types/>",
                    "_rels/.rels": _relation("officeDocument", "../../../../etc/passwd"),
                    "word/x": "x",
                }
            ),
            S.DAMAGED,
        ),
        _case(
            "names outside.docx",
            making.zipped({"../../evil.txt": "x", "/etc/cron.d/evil": "x", "word/document.xml": _body(_PARAGRAPH)}),
            S.READ,
        ),
        _case("deep.docx", _word_file(_body("<w:sdt>" * 100_000)), S.DAMAGED),
        _case("many parts.docx", making.zipped({f"word/{number}": "" for number in range(25_000)}), S.TOO_LARGE),
        _case("locked.docx", _locked(good), S.ENCRYPTED),
        _case("endless.docx", _word_file(_body(_PARAGRAPH * 200_000)), S.READ, S.TIMED_OUT),
        _case(
            "style in circles.docx",
            _word_file(
                _body('<w:p><w:pPr><w:pStyle w:val="A"/></w:pPr><w:r><w:t>Round.</w:t></w:r></w:p>'),
                word__styles__xml="",
            ),
            S.READ,
        ),
        *(_case(f"mutated {seed}.docx", _mutated(good, seed), *ANY) for seed in range(4)),
    ]


def _bomb(part: str, size: int) -> bytes:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open(part, "w", force_zip64=True) as out,
    ):
        block = b" " * (1 << 20)
        for _ in range(size >> 20):
            out.write(block)
    return stream.getvalue()


def _false_size(data: bytes) -> bytes:
    """The archive, its list stating that the part unpacks to a few bytes."""
    place = data.rindex(b"PK\x01\x02")
    return data[: place + 24] + struct.pack("<I", 100) + data[place + 28 :]


def _locked(data: bytes) -> bytes:
    changed = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = changed.find(mark)
        while place >= 0:
            changed[place + offset] |= 1
            place = changed.find(mark, place + 4)
    return bytes(changed)


def _relation(kind: str, target: str, *, external: bool = False, identifier: str = "r1") -> str:
    mode = ' TargetMode="External"' if external else ""
    kind = f"{_RELATIONS}/{kind}"
    return f'<Relationships><Relationship Id="{identifier}" Type="{kind}" Target="{target}"{mode}/></Relationships>'


def _sheet_file(sheet: str, shared: str = "", target: str = "worksheets/sheet1.xml") -> bytes:
    relations = (
        f'<Relationships><Relationship Id="r1" Type="{_RELATIONS}/worksheet" Target="{target}"/>'
        f'<Relationship Id="r2" Type="{_RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    )
    return making.zipped(
        {
            "xl/workbook.xml": f'<workbook {_S} {_R}><sheets><sheet name="One" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": relations,
            "xl/worksheets/sheet1.xml": f"<worksheet {_S}><sheetData>{sheet}</sheetData></worksheet>",
            "xl/sharedStrings.xml": shared or f"<sst {_S}><si><t>word</t></si></sst>",
        }
    )


def _sheets() -> list[Case]:
    cell = '<c r="A1" t="inlineStr"><is><t>word</t></is></c>'
    return [
        _case(
            "far cell.xlsx", _sheet_file(f'<row>{cell}<c r="XFD1" t="inlineStr"><is><t>far</t></is></c></row>'), S.READ
        ),
        _case(
            "no such string.xlsx",
            _sheet_file(f'<row>{cell}<c t="s"><v>99999</v></c><c t="s"><v>-1</v></c></row>'),
            S.READ,
        ),
        _case(
            "false reference.xlsx",
            _sheet_file('<row><c r="ZZZZZ99999999999999999"><v>1e999</v></c><c r=""><v>nan</v></c></row>'),
            S.READ,
        ),
        _case("entity.xlsx", _sheet_file("<row/>", XXE + f"<sst {_S}><si><t>&e;</t></si></sst>"), S.DAMAGED),
        _case(
            "strings bomb.xlsx",
            _sheet_file(f"<row>{cell}</row>", f"<sst {_S}>" + f"<si><t>{'a' * 5000}</t></si>" * 21_000 + "</sst>"),
            S.TOO_LARGE,
            S.OUT_OF_MEMORY,
        ),
        _case("endless rows.xlsx", _sheet_file(f"<row>{cell}</row>" * 300_000), S.READ, S.TIMED_OUT),
        _case("sheet outside.xlsx", _sheet_file(f"<row>{cell}</row>", target="/../../../etc/passwd"), S.NO_TEXT),
        _case("macro.xlsm", _sheet_file(f"<row>{cell}</row>"), S.READ),
    ]


def _slides() -> list[Case]:
    deck = (
        f'<p:presentation xmlns:p="urn:p" {_R}><p:sldIdLst><p:sldId id="256" r:id="r1"/></p:sldIdLst></p:presentation>'
    )
    main = {"ppt/presentation.xml": deck}
    good = making.pptx_file()
    return [
        _case("no slides.pptx", making.zipped({"ppt/presentation.xml": "<p/>"}), S.DAMAGED),
        _case(
            "slide outside.pptx",
            making.zipped({**main, "ppt/_rels/presentation.xml.rels": _relation("slide", "../../../etc/passwd")}),
            S.NO_TEXT,
        ),
        _case(
            "slide of the web.pptx",
            making.zipped(
                {**main, "ppt/_rels/presentation.xml.rels": _relation("slide", "http://192.0.2.1/a", external=True)}
            ),
            S.NO_TEXT,
        ),
        _case("half.pptx", good[: len(good) // 2], S.DAMAGED),
    ]


def _open_document() -> list[Case]:
    cell = '<table:table-cell table:number-columns-repeated="999999999"><text:p>again</text:p></table:table-cell>'
    row = f'<table:table-row table:number-rows-repeated="999999999">{cell}</table:table-row>'
    encrypted = '<manifest xmlns="urn:m"><file-entry><encryption-data/></file-entry></manifest>'
    return [
        _case("entity.odt", making.open_document("text", "<text:p>&e;</text:p>", XXE), S.DAMAGED),
        _case("laughs.odt", making.open_document("text", "<text:p>&a11;</text:p>", LAUGHS), S.DAMAGED),
        _case(
            "repeated.ods",
            making.open_document("spreadsheet", f"<table:table>{row * 2000}</table:table>"),
            S.READ,
            S.TIMED_OUT,
        ),
        _case(
            "password.odt",
            making.open_document("text", "<text:p>x</text:p>", parts={"META-INF/manifest.xml": encrypted}),
            S.ENCRYPTED,
        ),
        _case(
            "no content.odt",
            making.zipped({"mimetype": "application/vnd.oasis.opendocument.text"}, first="mimetype"),
            S.DAMAGED,
        ),
        _case("spaces.odt", making.open_document("text", '<text:p>a<text:s text:c="4000000000"/>b</text:p>'), S.READ),
        _case("deep.odt", making.open_document("text", "<text:section>" * 5000), S.DAMAGED),
    ]


def _epub() -> list[Case]:
    container = '<container><rootfiles><rootfile full-path="{path}"/></rootfiles></container>'
    drm = (
        '<encryption><EncryptedData><EncryptionMethod Algorithm="aes"/><CipherData>'
        '<CipherReference URI="OEBPS/part%200.xhtml"/></CipherData></EncryptedData></encryption>'
    )
    laughing = "<p>&a11;</p><p>Still a chapter.</p>"
    return [
        _case(
            "path outside.epub",
            making.epub_file(parts={"META-INF/container.xml": container.format(path="../../../etc/passwd")}),
            S.DAMAGED,
        ),
        _case("protected.epub", making.epub_file(parts={"META-INF/encryption.xml": drm}), S.ENCRYPTED),
        _case(
            "entity.epub",
            making.epub_file(parts={"META-INF/container.xml": XXE + container.format(path="&e;")}),
            S.DAMAGED,
        ),
        _case(
            "laughs.epub",
            making.epub_file([laughing], {"OEBPS/part 0.xhtml": LAUGHS + f"<html><body>{laughing}</body></html>"}),
            S.READ,
        ),
        _case("no chapters.epub", making.epub_file([""]), S.NO_TEXT),
        _case(
            "one chapter for ever.epub",
            making.epub_file(
                ["<p>Again.</p>"],
                {
                    "OEBPS/book.opf": "<package><manifest>"
                    '<item id="a" href="part%200.xhtml" media-type="application/xhtml+xml"/></manifest><spine>'
                    + '<itemref idref="a"/>' * 5_000
                    + "</spine></package>"
                },
            ),
            S.READ,
        ),
    ]


# --- Text ----------------------------------------------------------------------------------------------------------


def _html() -> list[Case]:
    return [
        _case("deep.html", b"<html>" + b"<div>" * 100_000 + b"deep down", *ANY),
        _case("tables in tables.html", b"<html>" + b"<table><tr><td>" * 20_000 + b"deep down", *ANY),
        _case(
            "attributes.html",
            b"<html><p " + b" ".join(b"a%d=b" % n for n in range(8_000)) + b">words",
            S.READ,
            S.TIMED_OUT,
        ),
        _case(
            "outside.html",
            b"<html><base href=http://192.0.2.1><meta http-equiv=refresh content='0;url=http://192.0.2.1'>"
            b"<link rel=stylesheet href=//192.0.2.1/a><img src=file:///etc/passwd><object data=file:///etc/passwd></object>"
            b"<p>words",
            S.READ,
        ),
        _case("entity.html", XXE.encode() + b"<html><p>&e; words", S.READ),
        _case("script only.html", b"<html><script>while(true){}</script>", S.NO_TEXT),
        _case("unclosed.html", b"<html><p>words <!-- " + b"x" * 100_000, S.READ),
    ]


def _text() -> list[Case]:
    return [
        _case("empty.txt", b"", S.EMPTY),
        _case("spaces.txt", b" \n\t\r\n " * 1000, S.NO_TEXT),
        _case("noise.txt", _noise(50_000, 2), S.UNSUPPORTED),
        _case("zeros.txt", lambda path: _sparse(path, 15 << 20), S.UNSUPPORTED),
        _case("two gigabytes.txt", lambda path: _sparse(path, 2 << 30), S.TOO_LARGE),
        _case("two gigabytes.pdf", lambda path: _sparse(path, 2 << 30), S.TOO_LARGE),
        _case("one line.txt", b"word " * 1_000_000, S.READ),
        _case("no spaces.txt", b"x" * 5_000_000, S.READ),
        _case("broken utf-8.txt", "Grüße aus Köln. ".encode() * 50 + b"\xff\xfe\xc3", S.READ),
        _case("half a character.txt", "Grüße".encode()[:3], S.READ),
        _case("lone surrogates.txt", b"\xff\xfe" + "words".encode("utf-16-le") + b"\x00\xd8\x00\xdc\x00\xd8", S.READ),
        _case("program.txt", b"\x7fELF\x02\x01\x01" + _noise(500, 3), S.UNSUPPORTED),
        _case("controls.txt", "be\x1b[31mfore\x07 \u202eafter\u2066 \U000e0041end ".encode() * 40, *ANY),
        _case("open quotation.csv", b'a,b\n1,"never closed\n' + b"x,y\n" * 300_000, S.READ),
        _case("wide.csv", b"a," * 500_000 + b"\n", S.READ, S.OUT_OF_MEMORY),
        _case("deep.json", b"[" * 500_000, S.READ),
        _case("long number.json", b"[" + b"9" * 1_000_000 + b"]", S.READ),
        _case("half.json", b'{"a": [1, 2, {"b": "c', S.READ),
        _case("notebook of nothing.ipynb", b'{"cells": [1, null, {"source": {"a": 1}}, {"source": [1, 2]}]}', *ANY),
        _case("braces.rtf", b"{\\rtf1 " + b"{" * 300_000 + b"words", *ANY),
        _case("half.rtf", making.rtf_file()[:60], *ANY),
        _case("controls.rtf", b"{\\rtf1\\u99999999999 \\bin99999999 \\'zz \\ansicpg99999 words}", *ANY),
        _case("no text.rtf", b"{\\rtf1}", S.NO_TEXT),
        _case("text.rtf", b"no rtf at all", S.DAMAGED),
        _case("fences.md", b"```\n" * 100_000, S.READ),
        _case("signs.md", b"# a\n" * 150_000, S.READ),
    ]


def _mail() -> list[Case]:
    head = b"From: a@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(400))
    messages = b"Content-Type: message/rfc822\r\n\r\nFrom: b@example.org\r\n" * 300
    return [
        _case("no mail.eml", b"just words", S.DAMAGED),
        _case("nested.eml", head + nested + b"\r\nwords", *ANY),
        _case("mail in mail.eml", head + messages + b"\r\nwords", *ANY),
        _case(
            "unknown charset.eml", head + b"Content-Type: text/plain; charset=martian\r\n\r\nwords from Mars", S.READ
        ),
        _case(
            "broken base64.eml",
            head + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%=a=",
            *ANY,
        ),
        _case("endless header.eml", head + b"To: " + b"(" * 200_000 + b"\r\n\r\nwords", *ANY),
        _case(
            "many parts.eml",
            head + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nwords\r\n" * 30_000,
            S.READ,
            S.TIMED_OUT,
        ),
    ]


def _others() -> list[Case]:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000)
    return [
        _case("old.doc", ole, S.UNSUPPORTED),
        _case("password.docx", ole + "EncryptedPackage".encode("utf-16-le") + bytes(900), S.ENCRYPTED),
        _case("archive.zip", making.zipped({"a.txt": "x"}), S.UNSUPPORTED),
        _case(
            "archive in archive.docx",
            making.zipped({"a.zip": making.zipped({"b.zip": making.zipped({"c": "x"})})}),
            S.DAMAGED,
        ),
        _case("packed.gz", b"\x1f\x8b\x08" + _noise(200, 4), S.UNSUPPORTED),
        _case("sound.mp3", b"ID3\x04" + _noise(400, 5), S.UNSUPPORTED),
        _case("film.mp4", b"\0\0\0\x18ftypmp42" + _noise(400, 6), S.UNSUPPORTED),
        _case("no suffix", b"Plain words in a file without a suffix.", S.READ),
        _case("pdf by content.txt", making.pdf([making.written(["A PDF, whatever its name says."])]), S.READ),
        _case("pipe.txt", os.mkfifo, S.UNSUPPORTED),
        _case("folder.txt", lambda path: path.mkdir(), S.UNSUPPORTED),
        _case("loop.txt", lambda path: path.symlink_to(path), S.UNREADABLE),
        _case("device.txt", lambda path: path.symlink_to("/dev/zero"), S.UNSUPPORTED),
        _case("gone.txt", lambda path: None, S.UNREADABLE),
        _case("line\nbreak \udcff.txt", b"Words in a file with an odd name.", S.READ),
    ]


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def _noise(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def _packed(data: bytes) -> bytes:
    return zlib.compress(data, 9)
