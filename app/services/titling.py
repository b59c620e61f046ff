"""Titles that the model gives to conversations in idle time. Until there is one, the first words are the title.

The question for it goes behind what the cache holds already, so that it costs its own few tokens only.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from app.domain.chat import Conversation, ConversationId, Message, MessageId, Role, Status, Text
from app.domain.dialect import Dialect, PromptOptions
from app.domain.stream import Channel, Delta
from app.engine.base import Engine, Failed, Finished, FinishReason, Generated, GenerateRequest, Sampling
from app.errors import AppError
from app.markup import plain_text, title_from
from app.services.models import ModelService
from app.services.turn import Stop
from app.store.conversations import ConversationStore

_log = logging.getLogger(__name__)

_MOST_TOKENS = 32
_MOST_WORDS = 12
_QUESTION = Message(
    MessageId(""),
    ConversationId(""),
    None,
    Role.USER,
    (
        Text(
            "Give this conversation a title of two to six words, in its own language. "
            "Write the title and nothing else: no quotation marks, no full stop."
        ),
    ),
    datetime.min.replace(tzinfo=UTC),
)
# What stands around a title in spite of the request.
_LABEL = re.compile(r"^(?:(?:conversation )?title|titel|titre|título)\s*[:：]\s*", re.IGNORECASE)
_AROUND = " \t\"'“”„‘’«»「」『』*_`#-–—.。:：,;"


class Titles:
    """Which conversations want a title of the model's, and giving it to them. Called on the main thread."""

    def __init__(
        self, store: ConversationStore, enabled: Callable[[], bool], models: ModelService, renamed: Callable[[], None]
    ) -> None:
        self._store = store
        self._enabled = enabled
        self._models = models
        self._renamed = renamed
        self._tried: set[MessageId] = set()

    def wanted(self, conversation: Conversation) -> bool:
        """Whether the title is still the user's first words, and there is an answer since the model was asked last.

        Never of the trial model: it hardly knows what a title is.
        """
        file, messages = self._models.state.file, conversation.in_sight
        if not self._enabled() or file is None or file.trial or not messages or messages[-1].id in self._tried:
            return False
        if messages[-1].status is not Status.COMPLETE or conversation.title != first_title(conversation.messages):
            return False
        self._tried.add(messages[-1].id)
        return True

    def give(self, conversation_id: ConversationId, title: str) -> None:
        """Rename a conversation, unless the user did so meanwhile."""
        try:
            conversation = self._store.conversation(conversation_id)
            if conversation.title == first_title(conversation.messages):
                self._store.rename(conversation_id, title)
                self._renamed()
        except AppError as error:
            _log.info("A title could not be kept: %s", error)


def first_title(messages: Sequence[Message]) -> str:
    """The title that a conversation has before anybody gave it one: the first words of the user."""
    return title_from(next((message.text for message in messages if message.role is Role.USER), ""))


def find_title(
    engine: Engine, dialect: Dialect, messages: Sequence[Message], options: PromptOptions, stop: Stop
) -> str | None:
    """Ask the model for a title. None if it was stopped, failed, or wrote nothing that could be one."""
    question = replace(_QUESTION, conversation_id=messages[-1].conversation_id, parent_id=messages[-1].id)
    prompt = dialect.render((*messages, question), options)
    prompt, parser = dialect.answer_at_once(prompt) or (prompt, dialect.parser())
    request = GenerateRequest(prompt, Sampling(temperature=0), _MOST_TOKENS, state=question.conversation_id)
    written: list[str] = []
    sound = False
    for event in engine.generate(request):
        stop.enforce()
        match event:
            case Generated(tokens):
                for token in tokens:
                    # Never from the thoughts, and not from what the model says in somebody else's name.
                    written += [
                        output.text
                        for output in parser.feed(token)
                        if isinstance(output, Delta) and output.channel is Channel.ANSWER
                    ]
                if parser.over:
                    engine.stop()
            case Finished(reason):
                sound = reason is FinishReason.END or (reason is FinishReason.STOPPED and parser.over)
            case Failed():
                return None
    return clean_title("".join(written)) if sound and not stop.requested else None


def clean_title(text: str) -> str | None:
    """A title of what the model wrote: its first line without decoration; None where that is no title."""
    first = next(filter(None, map(str.strip, text.splitlines())), "")
    line = _LABEL.sub("", plain_text(first).strip(_AROUND)).strip(_AROUND)
    if not any(character.isalnum() for character in line) or len(line.split()) > _MOST_WORDS:
        return None
    return title_from(line)
