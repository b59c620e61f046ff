"""The Dialect of gpt-oss: renderer and parser behind one interface."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.chat import Message, ToolResult
from app.domain.dialect import PromptOptions
from app.domain.prompt import Prompt
from app.domain.stream import Token
from app.harmony.parse import HarmonyParser
from app.harmony.render import render_forced_answer, render_prompt, render_tool_result


class HarmonyDialect:
    """Renders conversations in harmony and reads what the model answers. Has no state."""

    calls_tools = True

    def render(self, messages: Sequence[Message], options: PromptOptions) -> Prompt:
        return render_prompt(messages, options)

    def parser(self) -> HarmonyParser:
        return HarmonyParser()

    def tool_result(self, sampled: Sequence[Token], result: ToolResult) -> Prompt:
        return render_tool_result(sampled, result)

    def answer_at_once(self, prompt: Prompt) -> tuple[Prompt, HarmonyParser]:
        return (*prompt, *render_forced_answer(())), HarmonyParser.inside_answer()

    def force_answer(self, sampled: Sequence[Token]) -> tuple[Prompt, HarmonyParser]:
        return render_forced_answer(sampled), HarmonyParser.inside_answer()
