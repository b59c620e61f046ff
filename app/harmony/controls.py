"""Names of harmony's control tokens, channels and roles (docs/format.md of openai/harmony)."""

from __future__ import annotations

START = "<|start|>"
END = "<|end|>"
MESSAGE = "<|message|>"
CHANNEL = "<|channel|>"
CONSTRAIN = "<|constrain|>"
RETURN = "<|return|>"
CALL = "<|call|>"
END_OF_TEXT = "<|endoftext|>"

STOPS = frozenset({RETURN, CALL, END_OF_TEXT})
"""End a message and the sampling."""

CLOSERS = STOPS | {END}
"""End a message."""

ASSISTANT = "assistant"
SPEAKERS = frozenset({"system", "developer", "user"})
"""Roles whose messages no model writes; if it does, its turn has been over for a while."""

ROLES = SPEAKERS | {ASSISTANT, "tool"}

ANALYSIS = "analysis"
COMMENTARY = "commentary"
FINAL = "final"
