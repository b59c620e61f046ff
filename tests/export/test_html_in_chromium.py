"""An exported page in a real browser: it asks for nothing but itself. Skipped where no Chromium is installed."""

from __future__ import annotations

import http.server
import threading
from datetime import UTC
from pathlib import Path

import pytest

from app.domain.chat import Role, Text
from app.export.html import to_html
from app.export.transcript import Choices, transcript
from tests.export.chromium import BROWSER, visit
from tests.export.conversations import conversation, everything, long_text, message

pytestmark = pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")
FULL = Choices(reasoning=True, sources=True, branches=True)


def test_a_page_asks_for_nothing_and_its_style_is_allowed_by_its_policy(tmp_path: Path) -> None:
    talk = everything()
    long = message(6, 5, Role.USER, Text("More")), message(7, 6, Role.ASSISTANT, Text(long_text()))
    page = tmp_path / "talk.html"
    page.write_text(to_html(transcript(conversation(*talk.messages, *long), FULL, UTC)), encoding="utf-8")
    found = visit(page, tmp_path / "profile")
    assert found.requests == [page.as_uri()]
    assert found.complaints == []


def test_a_page_that_asks_for_something_is_seen_to(tmp_path: Path) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        picture = f"http://127.0.0.1:{server.server_port}/picture.png"
        page = tmp_path / "page.html"
        page.write_text(f'<!DOCTYPE html><title>x</title><img src="{picture}">', encoding="utf-8")
        assert visit(page, tmp_path / "profile").requests == [page.as_uri(), picture]
        server.shutdown()
