"""Conversations as harmony prompts.

Only this module's own headers name roles and channels, and only a Special makes a control token: what users, tools,
documents and the model itself wrote is Plain, or Tokens that were sampled as ordinary text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.domain.chat import Attachment, Effort, Message, Part, Reasoning, Role, Text, ToolCall, ToolResult
from app.domain.dialect import PromptOptions
from app.domain.prompt import Plain, Prompt, PromptPiece, Special, Tokens
from app.domain.stream import Token
from app.harmony.controls import (
    ANALYSIS,
    ASSISTANT,
    CALL,
    CHANNEL,
    CLOSERS,
    COMMENTARY,
    CONSTRAIN,
    END,
    FINAL,
    MESSAGE,
    ROLES,
    START,
    STOPS,
)
from app.harmony.documents import attached_file, instructions
from app.harmony.tools import builtin_section, functions_section

# The model was trained with these words; who it is to be for the user is a matter of instructions.
_IDENTITY = "You are ChatGPT, a large language model trained by OpenAI.\nKnowledge cutoff: 2024-06"

_NEXT: Prompt = (Special(START), Plain(ASSISTANT))
"""Where the model takes over."""

_FINAL_HEADER: Prompt = (Special(CHANNEL), Plain(FINAL), Special(MESSAGE))


def render_prompt(messages: Sequence[Message], options: PromptOptions) -> Prompt:
    """System message, developer message where there is something to say, the history, and the model's turn."""
    pieces: list[PromptPiece] = [*_message("system", Plain(_system(options)))]
    if developer := _developer(options):
        pieces += _message("developer", Plain(developer))
    for message in messages:
        if message.role is Role.USER:
            for file in (part for part in message.parts if isinstance(part, Attachment)):
                pieces += _message("user", Plain(attached_file(file)))
            pieces += _message("user", Plain(message.text))
        else:
            pieces += _assistant(message, options, in_progress=message is messages[-1] and not _has_answer(message))
    return (*pieces, *_NEXT)


def render_tool_result(sampled: Sequence[Token], result: ToolResult) -> Prompt:
    """The sampled call, closed as a call even if the model ended it in another way, its result, the next turn."""
    call = _without_stop(sampled)
    end = () if call and call[-1].special in CLOSERS else (Special(CALL),)
    return (*_tokens(call), *end, *_tool_result(result), *_NEXT)


def render_forced_answer(sampled: Sequence[Token]) -> Prompt:
    """The sampled tokens, their last message closed, and the header of a final message.

    A header that was not finished, or that nothing follows, is left out: it holds nothing yet.
    """
    kept = _without_empty_end(_without_stop(sampled))
    if not kept:  # the prompt's own <|start|>assistant is still open
        return _FINAL_HEADER
    end = () if kept[-1].special in CLOSERS else (Special(END),)
    return (*_tokens(kept), *end, *_NEXT, *_FINAL_HEADER)


def _tokens(sampled: Sequence[Token]) -> Prompt:
    return (Tokens(tuple(token.id for token in sampled)),) if sampled else ()


def _without_stop(sampled: Sequence[Token]) -> Sequence[Token]:
    return sampled[:-1] if sampled and sampled[-1].special in STOPS else sampled


def _without_empty_end(tokens: Sequence[Token]) -> Sequence[Token]:
    kept, in_content = 0, False
    for position, token in enumerate(tokens, start=1):
        if token.special == MESSAGE and not in_content:
            in_content = True
            continue
        if in_content and token.special in (START, CHANNEL):
            in_content = False
        elif in_content and token.special in CLOSERS:
            in_content, kept = False, position
        if in_content:
            kept = position
    return tokens[:kept]


def _system(options: PromptOptions) -> str:
    # The model knows no effort below low; its thoughts are left out by opening the final channel for it.
    effort = Effort.LOW if options.effort is Effort.NONE else options.effort
    sections = [f"{_IDENTITY}\nCurrent date: {options.date.isoformat()}", f"Reasoning: {effort.value}"]
    if options.builtin_tools:
        sections.append(builtin_section(options.builtin_tools))
    channels = "# Valid channels: analysis, commentary, final. Channel must be included for every message."
    if options.functions:
        channels += "\nCalls to these tools must go to the commentary channel: 'functions'."
    return "\n\n".join([*sections, channels])


def _developer(options: PromptOptions) -> str:
    said = [options.instructions] if options.instructions else []
    if options.documents:
        said.append(instructions(searched="browser" in options.builtin_tools))
    sections = ["# Instructions\n\n" + "\n\n".join(said)] if said else []
    if options.functions:
        sections.append(functions_section(options.functions))
    return "\n\n".join(sections)


def _has_answer(message: Message) -> bool:
    return any(isinstance(part, Text) and part.text and not part.preamble for part in message.parts)


def _assistant(message: Message, options: PromptOptions, *, in_progress: bool) -> Iterator[PromptPiece]:
    """An answer with its calls and results. Thoughts stay only while the turn is in progress.

    This is the rule of harmony's documentation ("dropping CoT"); the library drops thoughts before the first final
    message only.
    """
    reusable = options.model != "" and message.model == options.model
    for part in message.parts:
        if in_progress or not isinstance(part, Reasoning):
            yield from _part(part, reusable)


def _part(part: Part, reusable: bool) -> Iterator[PromptPiece]:
    match part:
        case Reasoning(text=text) if text:
            yield from _message(ASSISTANT, Plain(text), channel=ANALYSIS)
        case Text(text=text, token_ids=ids, preamble=preamble) if text:
            yield from _message(ASSISTANT, _said(text, ids, reusable), channel=COMMENTARY if preamble else FINAL)
        case ToolCall():
            yield from _tool_call(part, reusable)
        case ToolResult():
            yield from _tool_result(part)


def _said(text: str, ids: tuple[int, ...], reusable: bool) -> Plain | Tokens:
    return Tokens(ids) if reusable and ids else Plain(text)


def _tool_call(call: ToolCall, reusable: bool) -> Iterator[PromptPiece]:
    # openai-harmony writes the recipient before the channel ("assistant to=python<|channel|>commentary"). Both orders
    # are harmony; the model itself writes this one, so that history repeats what it sampled and the KV cache holds.
    yield Special(START)
    yield Plain(ASSISTANT)
    yield Special(CHANNEL)
    header = f"{_tool_channel(call.channel)} to={call.name}"
    if call.content_type == "json":
        yield from (Plain(f"{header} "), Special(CONSTRAIN), Plain("json"))
    else:
        yield Plain(f"{header} {call.content_type}".rstrip())
    yield Special(MESSAGE)
    yield _said(call.arguments, call.token_ids, reusable)
    yield Special(CALL)


def _tool_result(result: ToolResult) -> Iterator[PromptPiece]:
    # A tool's name stands where a role does. A model can be talked into calling a tool named "system"; the answer to
    # that must not be a system message.
    name = f"functions.{result.name}" if result.name.split(":")[0] in ROLES else result.name
    yield from _message(f"{name} to={ASSISTANT}", Plain(result.output), channel=_tool_channel(result.channel))


def _tool_channel(channel: str) -> str:
    """Calls belong to commentary, and to analysis where the model was trained to; it writes others by mistake."""
    return ANALYSIS if channel == ANALYSIS else COMMENTARY


def _message(author: str, content: PromptPiece, channel: str = "") -> Iterator[PromptPiece]:
    yield Special(START)
    yield Plain(author)
    if channel:
        yield from (Special(CHANNEL), Plain(channel))
    yield Special(MESSAGE)
    yield content
    yield Special(END)
