"""Serves one file as a hub does, on this computer, until it is ended: small_hub.py FILE. Prints its address."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.hub.server import local_hub

path = Path(sys.argv[1])
with local_hub({path.name: path.read_bytes()}) as hub:
    print(hub.endpoint, flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
