"""Messages on their way: sent at once where that is possible, else kept in a line until the answer before is there."""

from __future__ import annotations

import logging

from app.domain.chat import ConversationId, Effort, MessageId, Status, Unsent
from app.errors import AppError
from app.jobs import Post
from app.markup import title_from
from app.services.ahead import Attached
from app.services.chat import ChatService
from app.services.events import ConversationsChanged, Event, QueueChanged, TurnEnded
from app.store.conversations import ConversationStore
from app.store.unsent import UnsentStore

_log = logging.getLogger(__name__)


class Outbox:
    """One line for all conversations. Called on the main thread only.

    After an answer that failed, and after a restart, the line stands still until the user sends on; what waits is kept
    in the database.
    """

    def __init__(self, chat: ChatService, conversations: ConversationStore, unsent: UnsentStore, post: Post) -> None:
        self._chat = chat
        self._conversations = conversations
        self._unsent = unsent
        self._post = post
        chat.subscribe(self._on_event)

    def submit(
        self,
        conversation_id: ConversationId | None,
        text: str,
        effort: Effort | None = None,
        attached: Attached | None = None,
    ) -> ConversationId:
        """Send a message, or have it wait for the answer that is being written. Gives its conversation.

        A message with files can't wait in line. Raises AppError as ChatService.send() does.
        """
        if self._chat.running is None:
            return self._chat.send(conversation_id, text, effort, attached=attached)
        if attached is not None:
            raise AppError("An answer is still being written.", "Send the message with its files once it has ended.")
        begun = conversation_id is None
        with self._conversations.together():
            if conversation_id is None:
                conversation = self._conversations.create_conversation(title_from(text), effort or Effort.MEDIUM)
                conversation_id = conversation.id
            self._unsent.add(conversation_id, text, effort)
        if begun:
            self._chat.notify(ConversationsChanged())
        self._chat.notify(QueueChanged())
        return conversation_id

    def waiting(self) -> list[Unsent]:
        """What waits, in the order in which it will be sent."""
        return self._unsent.waiting()

    def take_back(self, unsent_id: MessageId) -> Unsent | None:
        """Take a message out of the line, to change it or to forget it. None if it was sent meanwhile."""
        found = next((unsent for unsent in self.waiting() if unsent.id == unsent_id), None)
        if found is None:
            return None
        alone = self.is_alone(found)
        with self._conversations.together():
            if not self._unsent.remove(unsent_id):
                return None
            if alone:
                self._conversations.drop_empty(found.conversation_id)
        if alone:
            self._chat.notify(ConversationsChanged())
        self._chat.notify(QueueChanged())
        return found

    def is_alone(self, unsent: Unsent) -> bool:
        """Whether a conversation was begun for this message and has nothing else: it goes when that is taken back."""
        return self._unsent.is_alone(unsent)

    def send_now(self, unsent_id: MessageId) -> None:
        """Send a message that waits although nothing runs. Raises AppError as ChatService.send() does."""
        found = next((unsent for unsent in self.waiting() if unsent.id == unsent_id), None)
        if found is not None:
            self._send(found)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, TurnEnded) and event.message.status is not Status.FAILED:
            # Later, so that everybody has heard of the end before the next turn begins.
            self._post(self._send_next)

    def _send_next(self) -> None:
        try:
            waiting = self.waiting() if self._chat.running is None else []
            if waiting:
                self._send(waiting[0])
        except AppError as error:
            _log.warning("A message that waited could not be sent: %s", error)

    def _send(self, unsent: Unsent) -> None:
        self._chat.send(unsent.conversation_id, unsent.text, unsent.effort, message_id=unsent.id)
        self._unsent.remove(unsent.id)
        self._chat.notify(QueueChanged())
