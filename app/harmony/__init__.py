"""The harmony format of gpt-oss: prompts, and the output that answers them.

Format: https://github.com/openai/harmony (docs/format.md). The package openai-harmony is the oracle of the tests, not a
dependency: its parser raises on what the model really writes, and its renderer takes text only, no sampled ids.
"""

from app.harmony.dialect import HarmonyDialect

__all__ = ["HarmonyDialect"]
