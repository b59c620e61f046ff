"""``inglenook list`` and ``inglenook show``: the conversations, read without starting anything.

What they print for people has no control characters: these would give a terminal orders. JSON is exact.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from app.cli.places import citation_fields, place_of
from app.domain.chat import (
    Attachment,
    Citation,
    Conversation,
    Message,
    Reasoning,
    Role,
    Status,
    Text,
    ToolCall,
    ToolResult,
)
from app.domain.marks import without_marks
from app.export.transcript import title_of
from app.markup import printable
from app.paths import Paths
from app.store.conversations import ConversationStore
from app.store.database import open_database
from app.store.folder import prepare

_SHORT_ID = 8


def add_list_command(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``list`` to the commands of the command line. common holds what all commands take."""
    command = commands.add_parser("list", parents=[common], help="list the conversations")
    command.add_argument("--json", action="store_true")


def add_show_command(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``show`` to the commands of the command line. common holds what all commands take."""
    command = commands.add_parser("show", parents=[common], help="print a conversation")
    command.add_argument("id", metavar="ID", help="its id, or the beginning of it")
    command.add_argument("--show-reasoning", action="store_true", help="print the model's thoughts too")
    command.add_argument("--json", action="store_true")


def list_conversations(paths: Paths, options: argparse.Namespace) -> int:
    with opened_store(paths) as store:
        conversations = store.conversations()
    if options.json:
        print(json.dumps([_summary(conversation) for conversation in conversations], ensure_ascii=False, indent=1))
        return 0
    for conversation in conversations:
        when = conversation.updated_at.astimezone().strftime("%Y-%m-%d %H:%M")
        print(f"{conversation.id[:_SHORT_ID]}  {when}  {title_of(conversation)}")
    if not conversations:
        print("There are no conversations yet.")
    return 0


def show(paths: Paths, options: argparse.Namespace) -> int:
    with opened_store(paths) as store:
        conversation = store.conversation(store.find(options.id))
    if options.json:
        messages = [_message(message) for message in conversation.messages]
        print(json.dumps({**_summary(conversation), "messages": messages}, ensure_ascii=False, indent=1))
        return 0
    print(f"# {title_of(conversation)}")
    for message in conversation.messages:
        print(f"\n## {'You' if message.role is Role.USER else 'Answer'}\n")
        if options.show_reasoning and message.reasoning:
            print("> " + printable(message.reasoning).replace("\n", "\n> ") + "\n")
        cited = [part for part in message.parts if isinstance(part, Citation)]
        print(printable(without_marks(message.text, cited)))
        sources = {citation.number: citation for citation in reversed(cited)}
        for number in sorted(sources):
            print(f"\n[{number}] {place_of(sources[number])}", end="")
        print(end="\n" if cited else "")
        if message.status is not Status.COMPLETE:
            print(f"\n[{message.status.value}]")
    return 0


@contextmanager
def opened_store(paths: Paths) -> Iterator[ConversationStore]:
    """Open the conversations for a command that needs nothing else. Raises AppError."""
    prepare(paths)
    store = ConversationStore(open_database(paths.database))
    try:
        store.recover_interrupted()
        yield store
    finally:
        store.close()


def _summary(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "title": conversation.title,
        "created_at": conversation.created_at.isoformat(),
        "updated_at": conversation.updated_at.isoformat(),
        "effort": conversation.effort.value,
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "parent": message.parent_id,
        "role": message.role.value,
        "status": message.status.value,
        "created_at": message.created_at.isoformat(),
        "text": message.text,
        "reasoning": message.reasoning,
        "parts": [_part(part) for part in message.parts],
        "stats": asdict(message.statistics) if message.statistics else None,
        "failure": asdict(message.failure) if message.failure else None,
    }


def _part(part: object) -> dict[str, Any]:
    match part:
        case Text(text, _, preamble):
            return {"kind": "preamble" if preamble else "text", "text": text}
        case Reasoning(text, seconds, tokens):
            return {"kind": "reasoning", "text": text, "seconds": round(seconds, 3), "tokens": tokens}
        case ToolCall(name, arguments):
            return {"kind": "tool_call", "name": name, "text": arguments}
        case ToolResult(name, output):
            return {"kind": "tool_result", "name": name, "text": output}
        case Attachment(name, sha256, size, text):
            return {"kind": "attachment", "file": name, "sha256": sha256, "size": size, "text": text}
        case Citation():
            return {"kind": "citation", **citation_fields(part)}
        case _:
            return {"kind": type(part).__name__.lower()}
