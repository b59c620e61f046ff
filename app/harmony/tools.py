"""How tools are declared in a prompt: the two the model was trained on, and functions as TypeScript types.

The texts and the layout are those of openai-harmony 0.0.8 (src/chat.rs, src/encoding.rs), blank lines included: the
model has seen no others. Only the browser's sources are ours, which is a field of it (openai/gpt-oss names them by the
backend).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.dialect import FunctionTool

_BROWSER = """\
## browser

// Tool for browsing.
// The `cursor` appears in brackets before each browsing display: `[{cursor}]`.
// Cite information from the tool using the following format:
// `【{cursor}†L{line_start}(-L{line_end})?】`, for example: `【6†L9-L11】` or `【8†L3】`.
// Do not quote more than 10 words directly from the tool output.
// sources=documents (default: documents)
namespace browser {

// Searches for information related to `query` and displays `topn` results.
type search = (_: {
query: string,
topn?: number, // default: 10
source?: string,
}) => any;

// Opens the link `id` from the page indicated by `cursor` starting at line number `loc`, showing `num_lines` lines.
// Valid link ids are displayed with the formatting: `【{id}†.*】`.
// If `cursor` is not provided, the most recent page is implied.
// If `id` is a string, it is treated as a fully qualified URL associated with `source`.
// If `loc` is not provided, the viewport will be positioned at the beginning of the document or centered on \
the most relevant passage, if available.
// Use this function without `id` to scroll to a new location of an opened page.
type open = (_: {
id?: number | string, // default: -1
cursor?: number, // default: -1
loc?: number, // default: -1
num_lines?: number, // default: -1
view_source?: boolean, // default: false
source?: string,
}) => any;

// Finds exact matches of `pattern` in the current page, or the page given by `cursor`.
type find = (_: {
pattern: string,
cursor?: number, // default: -1
}) => any;

} // namespace browser"""

_PYTHON = """\
## python

Use this tool to execute Python code in your chain of thought. The code will not be shown to the user. \
This tool should be used for internal reasoning, but not for code that is intended to be visible to the user \
(e.g. when creating plots, tables, or files).

When you send a message containing Python code to python, it will be executed in a stateful Jupyter notebook \
environment. python will respond with the output of the execution or time out after 120.0 seconds. \
The drive at '/mnt/data' can be used to save and persist user files. \
Internet access for this session is UNKNOWN. Depends on the cluster."""

_BUILTIN = {"browser": _BROWSER, "python": _PYTHON}

_SCALARS = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean"}

Schema = Mapping[str, Any]


def builtin_section(names: Sequence[str]) -> str:
    """The system message's section on built-in tools. A name the model was not trained on is a KeyError."""
    return "\n\n".join(["# Tools", *(_BUILTIN[name] for name in sorted(set(names)))])


def functions_section(functions: Sequence[FunctionTool]) -> str:
    """The developer message's section on functions."""
    lines = ["# Tools\n", "## functions\n", "namespace functions {\n"]
    for function in functions:
        lines += [f"// {line}" for line in function.description.splitlines()]
        arguments = "" if function.parameters is None else f"_: {_type(function.parameters, '')}"
        lines.append(f"type {function.name} = ({arguments}) => any;\n")
    return "\n".join([*lines, "} // namespace functions"])


def _type(schema: Schema, indent: str) -> str:
    """A JSON schema as a TypeScript type. What the format has no words for (anyOf, const, $ref) is ``any``."""
    if variants := schema.get("oneOf"):
        return _union(variants, indent, described=None)
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join("number" if name == "integer" else name for name in kind)
    if kind == "object":
        return _object(schema, indent)
    if kind == "array":
        return f"{_type(schema['items'], indent)}[]" if "items" in schema else "Array<any>"
    if kind == "string" and schema.get("enum"):
        return " | ".join(f'"{value}"' for value in schema["enum"])
    return _SCALARS.get(str(kind), "any")


def _nullable_type(schema: Schema, indent: str) -> str:
    written = _type(schema, indent)
    return f"{written} | null" if schema.get("nullable") and "null" not in written else written


def _object(schema: Schema, indent: str) -> str:
    lines = [f"{indent}// {schema['description']}"] if schema.get("description") else []
    lines.append("{")
    required = schema.get("required", ())
    for name, value in schema.get("properties", {}).items():
        lines += _comments(value, indent)
        key = f"{indent}{name}{'' if name in required else '?'}:"
        lines += _alternatives(key, value, indent) if value.get("oneOf") else [_property(key, value, indent)]
    return "\n".join([*lines, f"{indent}}}"])


def _property(key: str, schema: Schema, indent: str) -> str:
    default = f" // {_default(schema)}" if "default" in schema else ""
    return f"{key} {_nullable_type(schema, indent + '    ')},{default}"


def _alternatives(key: str, schema: Schema, indent: str) -> list[str]:
    default = [f"{indent}// {_default(schema)}"] if "default" in schema else []
    return [*default, key + _union(schema["oneOf"], indent, schema.get("description")), f"{indent},"]


def _union(variants: Sequence[Schema], indent: str, described: str | None) -> str:
    """One line per variant. The property's own description stands for that of its first variant."""
    lines = [""]
    for position, variant in enumerate(variants):
        description = variant.get("description")
        comments = []
        if description and description != described and not (position == 0 and described):
            comments.append(description)
        if "default" in variant:
            comments.append(_default(variant))
        comment = f" // {' '.join(comments)}" if comments else ""
        lines.append(f"{indent} | {_nullable_type(variant, indent + '   ')}{comment}")
    return "\n".join(lines)


def _comments(schema: Schema, indent: str) -> list[str]:
    lines = []
    if title := schema.get("title"):
        lines += [f"{indent}// {title}", f"{indent}//"]
    if description := schema.get("description"):
        lines.append(f"{indent}// {description}")
    if examples := [example for example in schema.get("examples", ()) if isinstance(example, str)]:
        lines += [f"{indent}// Examples:", *(f'{indent}// - "{example}"' for example in examples)]
    return lines


def _default(schema: Schema) -> str:
    value = schema["default"]
    if isinstance(value, str):
        return f"default: {value}" if schema.get("enum") else f'default: "{value}"'
    return f"default: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}"
