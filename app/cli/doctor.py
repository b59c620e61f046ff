"""``inglenook doctor``: versions, paths, processor, memory, model and database, for a person or a report."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from app import __version__
from app.cli.network import network
from app.domain.sizes import file_size, memory_there
from app.engine.gguf_header import read_header
from app.engine.machine import available_memory, engine_threads, physical_cores, total_memory
from app.engine.variants import choose, library_folder, variants
from app.errors import AppError
from app.paths import Paths
from app.settings import load_settings
from app.store.conversations import ConversationStore
from app.store.database import open_database
from app.store.folder import prepare

_PACKAGES = ("llama-cpp-python", "PySide6-Essentials", "sqlite-utils", "markdown-it-py", "tiktoken", "huggingface-hub")
_FEATURES = ("avx", "avx2", "avx512f", "avx512_vnni", "amx_int8", "fma", "f16c", "bmi2", "asimd", "sve")

_IN_WORDS: dict[str, Callable[[Any], str]] = {
    "memory_bytes": memory_there,
    "memory_available_bytes": memory_there,
    "disk_free_bytes": file_size,
}


def add_doctor_command(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``doctor`` to the commands of the command line. common holds what all commands take."""
    command = commands.add_parser("doctor", parents=[common], help="say how this installation and its data are")
    command.add_argument(
        "--network", action="store_true", help="list every process and what it has open to the outside"
    )
    command.add_argument("--json", action="store_true")


def doctor(paths: Paths, options: argparse.Namespace) -> int:
    """Print a report. Exit code 1 if something is wrong that keeps the application from working."""
    if options.network:
        return network(paths, options.json)
    prepare(paths)
    database, healthy = _database(paths)
    report = {
        "version": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "data_folder": str(paths.data),
        "processor": _processor(),
        "processor_features": _processor_features(),
        "cpu_variant": _cpu_variant(),
        "cores": physical_cores(),
        "engine_threads": engine_threads(),
        "memory_bytes": total_memory(),
        "memory_available_bytes": available_memory(),
        "disk_free_bytes": psutil.disk_usage(str(paths.data)).free,
        "model": _model(paths),
        "database": database,
    }
    if options.json:
        print(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        for name, value in report.items():
            words = _IN_WORDS[name](value) if name in _IN_WORDS else _words(value)
            print(f"{name.removesuffix('_bytes').replace('_', ' '):22} {words}")
    return 0 if healthy else 1


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        # Only Linux has the file.
        pass
    return platform.processor() or platform.machine()


def _processor_features() -> list[str]:
    """Those that matter to llama.cpp, as far as the system tells."""
    try:
        words = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return []
    return [feature for feature in _FEATURES if feature in words]


def _cpu_variant() -> dict[str, str]:
    """Which of llama.cpp's modules computes, and which others are there."""
    folder = library_folder()
    known = variants(folder) if folder is not None else []
    chosen = choose(known)
    return {
        "used": chosen.name if chosen is not None else "built in",
        "runs_here": " ".join(variant.name for variant in known if variant.score) or "-",
        "would_not": " ".join(variant.name for variant in known if not variant.score) or "-",
    }


def _model(paths: Paths) -> str:
    settings, _ = load_settings(paths.settings)
    if settings.model_path is None:
        return "none chosen"
    try:
        header = read_header(Path(settings.model_path))
    except AppError as error:
        return f"{settings.model_path}: {error}"
    return f"{settings.model_path} ({header.architecture}, {file_size(header.size)})"


def _database(paths: Paths) -> tuple[str, bool]:
    try:
        store = ConversationStore(open_database(paths.database))
    except AppError as error:
        return str(error), False
    try:
        return (
            f"sound, {len(store.conversations())} conversations, {file_size(paths.database.stat().st_size)}",
            True,
        )
    finally:
        store.close()


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {text}" for name, text in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value)) or "unknown"
    return str(value)
