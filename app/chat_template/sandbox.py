"""A sandbox for the chat templates of GGUF files, which are programs of strangers.

It gives a template what transformers gives it (utils/chat_template_utils.py), and bounds what it may cost. Templates
see neither files nor the objects of this program; what is left to them is to waste time or memory. Every round of a
loop and every call of a macro looks at the clock, repetition and powers are bounded, and so is the output. A template
that sets out to fill the memory by doubling strings is not held back: whoever opens a model file trusts it that far.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NoReturn

from jinja2 import TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

TEMPLATE_FAILURES = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,  # among them RecursionError
    SyntaxError,  # a template nested too deeply compiles to Python that can't be
    TypeError,
    ValueError,
)
"""What compiling or rendering a template may raise: a template is a program, and its errors are Python's."""

_CHARACTERS = 1_000_000  # of a template, and of what it writes; message texts are not among them
_REPETITIONS = 100_000


class SandboxedTemplate:
    """One chat template, compiled; it may run for so many seconds.

    Raises one of TEMPLATE_FAILURES if it can't be compiled or rendered.
    """

    def __init__(self, source: str, seconds: float) -> None:
        self._seconds = seconds
        if len(source) > _CHARACTERS:
            raise SecurityError("The template is too long.")
        self._environment = _Environment(trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols])
        self._template = self._environment.from_string(_parsed_with_clock(self._environment, source))

    def render(self, today: date, **variables: Any) -> str:
        def strftime_now(layout: str) -> str:
            return datetime.combine(today, datetime.min.time()).strftime(layout)

        self._environment.deadline = time.monotonic() + self._seconds
        return "".join(_bounded(self._template.generate(strftime_now=strftime_now, **variables)))


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox with the functions that templates expect."""

    intercepted_binops = frozenset({"*", "**"})
    deadline = float("inf")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.filters["tojson"] = _to_json
        self.globals["raise_exception"] = _raise_exception

    def tick(self) -> None:
        if time.monotonic() > self.deadline:
            raise SecurityError("The template runs too long.")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or _length(left) * _length(right) > _REPETITIONS:
            raise SecurityError("The template calculates with numbers or texts that are too large.")
        return super().call_binop(context, operator, left, right)


class _Generation(Extension):
    """``{% generation %}`` marks the assistant's text for training (transformers); it changes nothing here."""

    tags = {"generation"}  # noqa: RUF012 - declared so by jinja2

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _parsed_with_clock(environment: _Environment, source: str) -> nodes.Template:
    """Parse a template, and let each round of its loops and each call of its macros look at the clock."""
    template = environment.parse(source)
    repeated: list[nodes.For | nodes.Macro] = [*template.find_all(nodes.For), *template.find_all(nodes.Macro)]
    for node in repeated:
        tick = nodes.ExprStmt(nodes.Call(nodes.EnvironmentAttribute("tick"), [], [], None, None))
        node.body.insert(0, tick.set_lineno(node.lineno).set_environment(environment))
    return template


def _bounded(pieces: Iterator[str]) -> Iterator[str]:
    left = _CHARACTERS
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise SecurityError("The template writes too much.")
        yield piece


def _length(value: Any) -> float:
    return abs(value) if isinstance(value, (int, float)) else len(value)


def _raise_exception(message: str) -> NoReturn:
    raise TemplateError(message)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """JSON without HTML escaping, unlike jinja's own filter."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
