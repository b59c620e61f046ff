"""`make bench`: measures and prints. Exits 1 where a figure that is promised is not met."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.bench import full_size, many, memory_plan, start_up
from tests.bench.report import as_json, print_table


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--synthetic", type=Path, default=full_size.default_path(), help="a model of full size")
    parser.add_argument("--json", type=Path, help="write the results here as well")
    options = parser.parse_args()
    rows = start_up.rows() + many.rows()
    print_table(rows)
    if options.synthetic.exists():
        full = full_size.rows(options.synthetic) + memory_plan.rows(options.synthetic)
        print_table(full)
        rows += full
    else:
        print(
            f"full-size measurements skipped: there is no file {options.synthetic}. "
            "Name one with `make bench SYNTHETIC=FILE` (any gpt-oss-20b GGUF will do)."
        )
    if options.json:
        options.json.write_text(as_json(rows))
    return 1 if any(row.met is False for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
