"""Names of files made of titles, such as every system takes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from app.markup import printable, without_unseen

# What Windows forbids in names, and what separates folders anywhere.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ufffd]+')
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: reserved also with an extension.
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
# Most systems take 255 bytes; this leaves room for a number, an extension and the name of a temporary file.
_LONGEST_BYTES = 150


def file_name(title: str, suffix: str, taken: Collection[str] = ()) -> str:
    """Make a name, suffix (".md") included, that none of those taken equals for a system that ignores case.

    taken holds names as name_key gives them.
    """
    stem = _stem(title)
    name = stem + suffix
    number = 2
    while name_key(name) in taken:
        name = f"{stem} ({number}){suffix}"
        number += 1
    return name


def name_key(name: str) -> str:
    """Give what is equal for names that one folder may not tell apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _stem(title: str) -> str:
    text = unicodedata.normalize("NFC", without_unseen(printable(title)))
    text = " ".join(_FORBIDDEN.sub(" ", text).split())
    # A leading dot hides a file, a leading dash looks like an option; Windows drops dots and spaces at the end.
    text = _shortened(text.lstrip(" .-~")).rstrip(" .")
    if _RESERVED.fullmatch(text):
        text = f"_{text}"
    return text or "Conversation"


def _shortened(text: str) -> str:
    if len(text.encode()) <= _LONGEST_BYTES:
        return text
    cut = text.encode()[:_LONGEST_BYTES].decode(errors="ignore")
    # An accent belongs to the letter before it.
    while cut and len(cut) < len(text) and unicodedata.category(text[len(cut)]).startswith("M"):
        cut = cut[:-1]
    return cut
