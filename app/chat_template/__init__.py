"""Models other than gpt-oss, through the chat template in their GGUF."""

from app.chat_template.dialect import TemplateDialect

__all__ = ["TemplateDialect"]
