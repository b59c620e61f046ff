"""Conversations as files, and back: Markdown, HTML, DOCX, plain text and lossless JSON, all of it without Qt."""
