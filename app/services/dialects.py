"""Chooses how to speak with a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from app.domain.chat import Attachment, ConversationId, Message, MessageId, Role, Text
from app.domain.dialect import Dialect, PromptOptions, StreamParser
from app.domain.models import ModelInfo
from app.domain.prompt import Plain, Prompt, Tokens
from app.engine.gguf_header import GgufHeader
from app.errors import ModelFileError
from app.harmony import HarmonyDialect

_HARMONY_TOKENS = frozenset({"<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|return|>"})
_HARMONY_ARCHITECTURE = "gpt-oss"
_PROBE = Message(
    MessageId(""),
    ConversationId(""),
    None,
    Role.USER,
    (Text("What comes before these words is what the next message will find."),),
    datetime.min.replace(tzinfo=UTC),
)


def dialect_for(model: ModelInfo) -> Dialect:
    """Harmony where the vocabulary has its tokens, else the model's own chat template. Raises ModelFileError."""
    if model.specials >= _HARMONY_TOKENS:
        return HarmonyDialect()
    if model.chat_template is None:
        raise _no_chat_model(model.path.name)
    # Brings a template engine, for which nobody has to wait who uses gpt-oss, nor the window.
    from app.chat_template import TemplateDialect

    return TemplateDialect(model.chat_template, bos=model.bos, eos=model.eos, add_bos=model.add_bos)


def recommended_temperature(model: ModelInfo) -> float:
    """What its makers say in the file; else OpenAI's 1.0 for gpt-oss, and less for others, which are mostly smaller."""
    if model.temperature is not None:
        return model.temperature
    return 1.0 if model.specials >= _HARMONY_TOKENS else 0.6


def check_is_chat_model(header: GgufHeader) -> None:
    """Refuse, before a long load, a file that no dialect could speak with. Raises ModelFileError."""
    if header.architecture != _HARMONY_ARCHITECTURE and header.chat_template is None:
        raise _no_chat_model(header.path.name)


def until_next_message(
    dialect: Dialect, messages: Sequence[Message], options: PromptOptions, files: Sequence[Attachment] = ()
) -> Prompt:
    """The part of the next prompt that is certain already: all before the words of the user's next message.

    files are going to come with that message. Empty where the dialect can't say.
    """
    prompt = dialect.render((*messages, replace(_PROBE, parts=(*files, *_PROBE.parts))), options)
    for i in reversed(range(len(prompt))):
        if prompt[i] == Plain(_PROBE.text):
            return prompt[:i]
    return ()


def answer_so_far(
    dialect: Dialect, messages: Sequence[Message], answer: Message, options: PromptOptions
) -> tuple[Prompt, StreamParser] | None:
    """The prompt that ends with the last words of an answer, so that the model goes on with it, and the parser for what
    follows. messages end with the question; None where the answer has no words or the dialect leaves them out.

    What comes before the words is what any later prompt has of this answer, so that a cache of it is of use here.
    """
    texts = [part for part in answer.parts if isinstance(part, Text) and part.text.strip()]
    if not texts or texts[-1] is not answer.parts[-1]:
        return None
    said = texts[-1]
    at_once = dialect.answer_at_once(dialect.render(messages, options))
    parser = at_once[1] if at_once is not None else dialect.parser()
    prompt = dialect.render((*messages, answer, replace(_PROBE, parent_id=answer.id)), options)
    pieces = (Tokens(said.token_ids), Plain(said.text), Plain(said.text.strip()))
    for i in reversed(range(len(prompt))):
        if prompt[i] in pieces:
            return prompt[: i + 1], parser
    return None


def _no_chat_model(name: str) -> ModelFileError:
    return ModelFileError(
        f"{name} has no chat template, so it can't hold a conversation.",
        "Choose a chat model; its name often says “instruct”, “chat” or “it”.",
    )
