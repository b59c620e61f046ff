"""The download process: the only one of the application that has the network."""

from __future__ import annotations

import os
import pkgutil
import signal
import threading
import traceback
from multiprocessing.connection import Connection

from app.errors import DownloadError
from app.hub.messages import DownloadRequest, Event, Failed, Stopped
from app.process_name import name_process

# Loaded by name, in this process only.
_FETCH = "app.hub.transfer:fetch"
_STOPPED = "app.hub.transfer:StoppedError"
_GRACE_SECONDS = 2.0
# Read by huggingface_hub when it is loaded: nothing but what was asked for leaves this computer.
_QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_VERBOSITY": "critical",
}
_NOT_OURS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DEBUG")


def serve(connection: Connection) -> None:
    """Main function of the process. Ends with the download, or when the other end of the pipe is gone."""
    # Ctrl+C in a terminal reaches this process too; the one that owns the pipe decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    name_process("download")
    for name in _NOT_OURS:
        os.environ.pop(name, None)
    os.environ.update(_QUIET)
    try:
        request = connection.recv()
        stop = threading.Event()
        threading.Thread(target=_listen, args=(connection, stop), daemon=True).start()
        connection.send(_outcome(request, connection, stop))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _outcome(request: DownloadRequest, connection: Connection, stop: threading.Event) -> Event:
    """The event that ends a download. A fault of our own becomes one too: this is a border."""
    fetch, stopped = pkgutil.resolve_name(_FETCH), pkgutil.resolve_name(_STOPPED)
    try:
        downloaded: Event = fetch(request, connection.send, stop)
    except stopped:
        return Stopped()
    except DownloadError as error:
        return Failed(error.title, error.remedy, error.details)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception:  # noqa: BLE001 - what is not foreseen must reach the window, not end the process
        return Failed(
            "The download met an internal error.", "Try again; if it stays, report it.", traceback.format_exc()
        )
    return downloaded


def _listen(connection: Connection, stop: threading.Event) -> None:
    """Stop when told to, or when the other end is gone. A thread that waits for a server would not hear it."""
    try:
        connection.recv()
    except (EOFError, OSError):
        # Nobody is there any more to be told of an end.
        stop.set()
        threading.Event().wait(_GRACE_SECONDS)
        os._exit(1)
    stop.set()
