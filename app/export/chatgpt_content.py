"""What one node of a ChatGPT conversation says, as parts of a message."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.domain.chat import Part, Reasoning, Role, Text, ToolCall, ToolResult
from app.export.fields import Fields

_ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT, "tool": Role.ASSISTANT}
# What ChatGPT itself doesn't show as a message: instructions, memories, what it looked up for itself.
_NOT_SHOWN = frozenset({"user_editable_context", "model_editable_context", "app_pairing_content"})
# Marks of citations, in characters of Unicode's private use area; the export says what each stands for, or nothing.
_MARK = re.compile("\ue200[^\ue200\ue201]*\ue201")
_PRIVATE = re.compile("[\ue200-\ue206]")
_LONGEST_THOUGHT = 1e6


@dataclass(frozen=True, slots=True)
class Content:
    """The parts of a node, who speaks, and the name of the model."""

    role: Role
    parts: tuple[Part, ...]
    model: str


def read_content(message: Fields) -> tuple[Content | None, list[str]]:
    """Read a node's message, and say what of it could not be read. None stands for what is not shown."""
    author = message.inner("author")
    name = author.raw("role") if author else None
    metadata = message.inner("metadata")
    content = message.inner("content")
    role = _ROLES.get(name) if isinstance(name, str) else None
    if content is None or (metadata and metadata.raw("is_visually_hidden_from_conversation") is True):
        return None, []
    kind = content.raw("content_type")
    if name == "system" or (isinstance(kind, str) and kind in _NOT_SHOWN):
        return None, []
    if role is None:
        said = bool(_parts(kind, content, metadata)[0])
        who = f"“{name[:40]}”" if isinstance(name, str) else "nobody who is named"
        return None, [f"a message of {who} can't be read"] if said else []
    tool = _string(author.raw("name")) if author and name == "tool" else ""
    parts, problems = _parts(kind, content, metadata)
    if name == "tool":
        parts = [ToolResult(tool or "tool", part.text) if isinstance(part, Text) else part for part in parts]
    else:
        parts = _addressed(parts, message, kind)
    model = _string(metadata.raw("model_slug")) if metadata and role is Role.ASSISTANT else ""
    return (Content(role, tuple(parts), model) if parts else None), problems


def _parts(kind: object, content: Fields, metadata: Fields | None) -> tuple[list[Part], list[str]]:
    match kind:
        case "text" | "multimodal_text":
            texts, problems = _texts(content)
            text = _without_marks("\n\n".join(texts + _attached(metadata)), metadata)
            return ([Text(text)] if text.strip() else []), problems
        case "code":
            return _text_of(content, "text")
        case "execution_output":
            return _text_of(content, "text")
        case "thoughts":
            return _thoughts(content)
        case "reasoning_recap":
            seconds = _seconds(metadata)
            return ([Reasoning("", seconds)] if seconds else []), []
        case "tether_quote" | "sonic_webpage":
            return _page(content), []
        case "tether_browsing_display" | "system_error":
            return _text_of(content, "text", "result", "name")
    parts, _ = _text_of(content, "text", "result")
    what = f"content of the kind “{str(kind)[:60]}”"
    return parts, [f"{what} was taken as text" if parts else f"{what} can't be read"]


def _texts(content: Fields) -> tuple[list[str], list[str]]:
    """Read the parts of a text: strings, and objects for pictures and sound."""
    texts: list[str] = []
    problems: list[str] = []
    parts = content.raw("parts")
    for part in parts if isinstance(parts, list) else [content.raw("text")]:
        if isinstance(part, str):
            texts.append(_storable(part))
        elif isinstance(part, dict):
            fields = Fields(part, "a part")
            kind = str(fields.raw("content_type"))[:60]
            text = fields.raw("text")
            if isinstance(text, str) and text:
                # A transcription of what was said, or a text in a newer form.
                texts.append(_storable(text))
            elif "image" in kind:
                texts.append("[Image]")
                problems.append("an image was left out")
            else:
                problems.append(f"a part of the kind “{kind}” can't be read")
        elif part is not None:
            problems.append("a part that is no text can't be read")
    return [text for text in texts if text], problems


def _attached(metadata: Fields | None) -> list[str]:
    """Name the files that came with a message; the export has no contents of them."""
    attachments = metadata.raw("attachments") if metadata else None
    names = [
        item["name"]
        for item in (attachments if isinstance(attachments, list) else [])
        if isinstance(item, dict) and isinstance(item.get("name"), str)
    ]
    return [f"[File: {_storable(name)}]" for name in names]


def _text_of(content: Fields, *names: str) -> tuple[list[Part], list[str]]:
    for name in names:
        text = content.raw(name)
        if isinstance(text, str) and text.strip():
            return [Text(_storable(text))], []
    return [], []


def _page(content: Fields) -> list[Part]:
    """Read what was quoted of a page, under its title and address."""
    texts = [_string(content.raw(name)).strip() for name in ("title", "url", "text")]
    return [Text("\n\n".join(filter(None, texts)))] if any(texts) else []


def _thoughts(content: Fields) -> tuple[list[Part], list[str]]:
    thoughts = content.raw("thoughts")
    texts: list[str] = []
    for thought in thoughts if isinstance(thoughts, list) else []:
        if not isinstance(thought, dict):
            return [], ["thoughts that are no text can't be read"]
        said = [thought.get("summary"), thought.get("content")]
        texts += [_storable(text) for text in said if isinstance(text, str) and text]
    return ([Reasoning("\n\n".join(texts))] if texts else []), []


def _addressed(parts: list[Part], message: Fields, kind: object) -> list[Part]:
    """Make a tool's call of text that goes to a tool, and a block of code of code that goes to the user."""
    recipient = _string(message.raw("recipient"))
    addressed: list[Part] = []
    for part in parts:
        if isinstance(part, Text) and recipient not in ("", "all", "assistant"):
            addressed.append(ToolCall(recipient, part.text))
        elif isinstance(part, Text) and kind == "code":
            content = message.inner("content")
            language = _string(content.raw("language")) if content else ""
            addressed.append(Text(_fenced(part.text, "" if language == "unknown" else language)))
        else:
            addressed.append(part)
    return addressed


def _fenced(code: str, language: str) -> str:
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{re.sub(r'[^a-zA-Z0-9+#.-]', '', language)[:30]}\n{code}\n{fence}"


def _without_marks(text: str, metadata: Fields | None) -> str:
    """Put words in the place of marks that only ChatGPT can follow."""
    if "\ue200" not in text:
        return text
    references = metadata.raw("content_references") if metadata else None
    for reference in references if isinstance(references, list) else []:
        if not isinstance(reference, dict):
            continue
        mark, words = reference.get("matched_text"), reference.get("alt")
        if isinstance(mark, str) and mark.startswith("\ue200"):
            text = text.replace(mark, _storable(words) if isinstance(words, str) else "")
    return _PRIVATE.sub("", _MARK.sub("", text))


def _seconds(metadata: Fields | None) -> float:
    value = metadata.raw("finished_duration_sec") if metadata else None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _LONGEST_THOUGHT:
        return float(value)
    return 0.0


def _string(value: object) -> str:
    return _storable(value) if isinstance(value, str) else ""


def _storable(text: str) -> str:
    """Replace halves of surrogate pairs, which UTF-8 can't express."""
    return text.encode("utf-8", "replace").decode()
