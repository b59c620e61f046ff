"""``inglenook models plan`` as its user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import inglenook
from tests.cli.typed import typed
from tests.models import TINY, trial_model


def test_a_plan_is_printed_as_a_table_and_in_words(tmp_path: Path) -> None:
    result = inglenook("models", "plan", TINY, "--memory", 16, data=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert "KV cache, 16,384 tokens" in result.stdout
    assert "tiny gpt-oss for tests needs 72 MB of memory, and 13.5 GB are available." in result.stdout
    table = result.stdout.partition("\n\n")[0].splitlines()
    assert len({len(line) for line in table}) == 1, "the table is aligned"
    assert table[-1].startswith("total")


def test_a_plan_as_json_has_the_same_numbers(tmp_path: Path) -> None:
    result = typed("models", "plan", trial_model(), "--context", 4096, "--memory", 15.5, "--json", data=tmp_path)
    plan = json.loads(result.stdout)
    assert plan["verdict"] == "fits"
    assert plan["context_size"] == 4096
    assert plan["total_bytes"] == sum(item["bytes"] for item in plan["items"])
    assert plan["machine"]["total_bytes"] == int(15.5 * (1 << 30))
    assert plan["sentence"]
    assert plan["reasons"]


def test_without_a_size_the_plan_is_for_this_computer(tmp_path: Path) -> None:
    plan = json.loads(typed("models", "plan", TINY, "--json", data=tmp_path).stdout)
    assert 0 < plan["machine"]["available_bytes"] < plan["machine"]["total_bytes"]


def test_the_context_of_the_settings_is_planned_for(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"context_size": 2048}')
    plan = json.loads(typed("models", "plan", TINY, "--json", data=tmp_path).stdout)
    assert plan["context_size"] == 2048


def test_what_cannot_run_ends_with_exit_code_1_and_the_plan(tmp_path: Path) -> None:
    result = typed("models", "plan", TINY, "--memory", 0.05, data=tmp_path)
    assert result.returncode == 1
    assert "needs 58 MB of memory, and this computer has 51 MB." in result.stdout


def test_a_file_that_is_no_model_is_named_in_one_sentence(tmp_path: Path) -> None:
    result = typed("models", "plan", tmp_path / "nothing.gguf", data=tmp_path)
    assert result.returncode == 1
    assert "There is no file" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("models",),
        ("models", "plan"),
        ("models", "plan", TINY, "--memory", "lots"),
        ("models", "plan", TINY, "--memory", "-4"),
        ("models", "plan", TINY, "--context", "0"),
    ],
)
def test_wrong_usage_is_said_in_one_sentence(tmp_path: Path, arguments: tuple[object, ...]) -> None:
    result = typed(*arguments, data=tmp_path)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
