"""Going along the tree of a conversation: other versions of a message, edited questions, copies of a branch."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from itertools import count

from app.domain.chat import Conversation, ConversationId, Message, MessageId, Status
from app.domain.copies import renamed
from app.errors import AppError
from app.services.chat import ChatService
from app.services.events import ConversationsChanged
from app.store.branches import BranchStore
from app.store.conversations import ConversationStore

_NUMBER = re.compile(r" \(\d{1,3}\)$")


class Versions:
    """Nothing is overwritten: what is written anew stands beside what was there. Called on the main thread only."""

    def __init__(self, chat: ChatService, conversations: ConversationStore, branches: BranchStore) -> None:
        self._chat = chat
        self._conversations = conversations
        self._branches = branches

    def of(self, conversation_id: ConversationId) -> dict[MessageId, tuple[MessageId, ...]]:
        """For each message all that stand in its place, oldest first, itself among them."""
        return self._branches.versions(conversation_id)

    def show(self, message_id: MessageId) -> Conversation:
        """Show the branch on which this version stands, as far as it goes. Raises AppError while it is written on."""
        message = self._conversations.message(message_id)
        self._check_is_free(message.conversation_id)
        leaf = self._branches.newest_leaf(message.conversation_id, message_id)
        self._branches.show(message.conversation_id, leaf)
        self._chat.notify(ConversationsChanged())
        return self._conversations.conversation(message.conversation_id)

    def edit(self, message_id: MessageId, text: str) -> None:
        """Ask another question in the place of this one, beside it. Raises AppError as ChatService.send() does."""
        message = self._conversations.message(message_id)
        self._chat.send(message.conversation_id, text, replaces=message)

    def branch_off(self, message_id: MessageId) -> ConversationId:
        """A conversation of its own that holds everything up to this message."""
        message = self._conversations.message(message_id)
        conversation = self._conversations.conversation(message.conversation_id)
        place = next((i for i, each in enumerate(conversation.messages) if each.id == message_id), None)
        if place is None:
            raise AppError("This message belongs to another version of the conversation.", "Show that one first.")
        return self._copy(conversation, conversation.messages[: place + 1])

    def duplicate(self, conversation_id: ConversationId) -> ConversationId:
        """A second conversation with the same messages, all versions of them. Raises AppError if there are none."""
        whole = self._conversations.whole_conversation(conversation_id)
        if not whole.messages:
            raise AppError("This conversation has no messages yet.", "Duplicate it once something was said in it.")
        return self._copy(whole, whole.messages)

    def _copy(self, conversation: Conversation, messages: tuple[Message, ...]) -> ConversationId:
        """Store these of its messages as a conversation of their own."""
        kept = {message.id for message in messages}
        settled = tuple(
            replace(message, status=Status.STOPPED) if message.status is Status.STREAMING else message
            for message in messages
        )
        last = settled[-1].id if settled else None
        part = replace(
            conversation,
            title=self._numbered(conversation.title),
            messages=settled,
            head_id=conversation.head_id if conversation.head_id in kept else last,
            in_sight_from=conversation.in_sight_from if conversation.in_sight_from in kept else None,
            trashed_at=None,
            pinned_at=None,
        )
        new_ids: dict[str, str] = {}
        copy = renamed(part, lambda identity: new_ids.setdefault(identity, uuid.uuid4().hex))
        self._conversations.insert_conversation(copy)
        self._chat.notify(ConversationsChanged())
        return copy.id

    def _numbered(self, title: str) -> str:
        """A title that no other conversation has, or copies could not be told apart."""
        taken = {conversation.title for conversation in self._conversations.conversations()}
        stem = _NUMBER.sub("", title)
        return next(numbered for number in count(2) if (numbered := f"{stem} ({number})") not in taken)

    def _check_is_free(self, conversation_id: ConversationId) -> None:
        running = self._chat.running
        if running is not None and self._conversations.message(running).conversation_id == conversation_id:
            raise AppError("An answer is still being written.", "Wait for its end, or stop it first.")
