"""From bytes to text when nobody says in which encoding: byte order mark, UTF-8, the declared one, a good guess."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from app.documents.builder import DocumentBuilder
from app.documents.limits import MIB, UnreadableError
from app.documents.source import Source
from app.domain.documents import FileStatus

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What people's files are in. A longer list guesses slower and no better.
GUESSED = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "iso8859_2", "iso8859_5", "iso8859_7"),
    *("koi8_r", "mac_roman", "cp437", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "cp874"),
)
DECLARED = (
    *("ascii", "latin_1", "utf_8", "utf_16", "utf_16_le", "utf_16_be", "utf_32_le", "utf_32_be", "utf_7", "iso8859_15"),
    *("iso8859_3", "iso8859_4", "iso8859_6", "iso8859_8", "iso8859_9", "iso8859_10", "iso8859_13", "iso8859_14"),
    *("cp850", "cp852", "cp866", "cp932", "cp936", "cp949", "cp950", "cp1257", "cp1258", "gb2312", "gbk", "iso2022_jp"),
    *("koi8_u", "mac_cyrillic", "tis_620"),
)
_SAMPLE = 256 << 10
_GAPS = " \n\r\t"
_MOSTLY = 0.98
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SHIFTED = re.compile(rb"\x1b\$(?:[@B]|\([DB@])")
"""What Japanese in ISO-2022-JP begins with; all its bytes are ASCII."""
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def preload() -> None:
    """Load every codec that may be asked for: in the sandbox no module can be opened any more."""
    for name in (*GUESSED, *DECLARED):
        codecs.lookup(name)


def read_text(source: Source, builder: DocumentBuilder) -> str:
    """The text of a file that is nothing but text; only its beginning where there is more than anyone reads."""
    most = builder.limits.text_bytes
    data = source.read(most)
    if source.size > most:
        builder.notes.append(f"Only the first {most // MIB:,} MB were read.")
        # No character may be cut in two.
        data = data[: data.rfind(b"\n") + 1 or most]
    return decode(data)


def decode(data: bytes, declared: str = "") -> str:
    """Text of unknown encoding. Raises UnreadableError if it is no text.

    Bytes that do not fit become U+FFFD: one wrong byte is no reason to refuse a file.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    wide = _wide(data[:_SAMPLE])
    if wide:
        return data.decode(wide, errors="replace")
    _refuse_binary(data)
    if _SHIFTED.search(data[:_SAMPLE]):
        try:
            return data.decode("iso2022_jp")
        except UnicodeError:
            pass
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_other(data, declared)


def decode_as(data: bytes, encoding: str) -> str:
    """Text in the encoding that its container names, or the best guess where the name means nothing."""
    try:
        return data.decode(encoding or "utf-8")
    except (LookupError, UnicodeError, ValueError):
        return decode(data)


def _decode_other(data: bytes, declared: str) -> str:
    sample = data[:_SAMPLE]
    if declared:
        try:
            return data.decode(declared)
        except (LookupError, UnicodeError, ValueError):
            pass
    if _is_nearly_utf8(sample):
        return data.decode("utf-8", errors="replace")
    best = from_bytes(sample, cp_isolation=list(GUESSED)).best()
    return data.decode(best.encoding if best is not None else "cp1252", errors="replace")


def _refuse_binary(data: bytes) -> None:
    sample = data[:_SAMPLE]
    if len(_CONTROL.findall(sample)) > len(sample) // 200 + 2:
        raise UnreadableError(FileStatus.UNSUPPORTED, "This is no text and no document that can be read.")


def _wide(sample: bytes) -> str:
    """UTF-16 without a mark: every other byte of most texts is zero, and one of each space and line end always is."""
    if len(sample) < 4 or b"\0" not in sample:
        return ""
    even, odd = sample[0::2].count(0) / len(sample[0::2]), sample[1::2].count(0) / len(sample[1::2])
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    if even > 0.4 and odd < 0.05:
        return "utf-16-be"
    gaps, encoding = max((_gaps(sample, encoding), encoding) for encoding in ("utf-16-le", "utf-16-be"))
    return encoding if gaps else ""


def _gaps(sample: bytes, encoding: str) -> int:
    """How many spaces and line ends the sample has in this encoding; none if it makes no text."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return 0
    written = sum(char.isprintable() or char in _GAPS for char in text)
    return sum(map(text.count, _GAPS)) if written > _MOSTLY * len(text) else 0


def _is_nearly_utf8(sample: bytes) -> bool:
    """Whether most of what is not ASCII is valid UTF-8: a damaged file, or one cut in the middle."""
    valid = sum(len(match) for match in _MULTIBYTE.findall(sample))
    beyond = sum(byte >= 0x80 for byte in sample)
    return valid > 4 * (beyond - valid)
