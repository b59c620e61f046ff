"""Conversations as files for people and other programs, and back: Markdown, HTML, DOCX, text, JSON."""
