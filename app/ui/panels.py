"""The parts of the window that the controllers speak to."""

from __future__ import annotations

from dataclasses import dataclass

from app.ui.banner import Banner
from app.ui.composer import Composer
from app.ui.document_panel import DocumentPanel
from app.ui.download_strip import DownloadStrip
from app.ui.find_bar import FindBar
from app.ui.header import Header
from app.ui.pages import Pages
from app.ui.sidebar import Sidebar
from app.ui.snackbar import Snackbar
from app.ui.status_line import StatusLine
from app.ui.waiting_messages import WaitingMessages


@dataclass(frozen=True, slots=True)
class Panels:
    """Made by the window, which lays them out."""

    sidebar: Sidebar
    header: Header
    banner: Banner
    pages: Pages
    composer: Composer
    status: StatusLine
    snackbar: Snackbar
    waiting: WaitingMessages
    document: DocumentPanel
    find_bar: FindBar
    downloads: DownloadStrip
