"""The catalogue: what it says of models, and how each would run before its file is there."""

from __future__ import annotations

import json

import jsonschema
import pytest

from app.domain.catalogue import Purpose, Suitability
from app.engine.machine import Machine
from app.engine.planner import plan_for
from app.errors import NotFoundError
from app.paths import resource
from app.services.catalogue import entry_named, expected_header, load_catalogue, prospects
from tests.bench.synthetic import GIB, Shape

MACHINES = {gib: Machine(gib * GIB, int((gib - 2.5) * GIB), 4) for gib in (4, 8, 16, 32, 96)}


def test_the_catalogue_is_what_its_schema_says() -> None:
    schema = json.loads(resource("models.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(resource("models.json").read_text(encoding="utf-8")), schema)


def test_there_is_one_recommended_chat_model_and_one_for_documents() -> None:
    catalogue = load_catalogue()
    assert len({entry.id for entry in catalogue}) == len(catalogue)
    assert [entry.id for entry in catalogue if entry.recommended] == ["gpt-oss-20b"]
    documents = [entry for entry in catalogue if entry.purpose is Purpose.DOCUMENTS]
    assert [entry.query_prefix for entry in documents] == ["search_query: "]
    assert [entry.document_prefix for entry in documents] == ["search_document: "]


@pytest.mark.parametrize(("name", "shape"), [("gpt-oss-20b", Shape()), ("gpt-oss-120b", Shape(layers=36, experts=128))])
def test_the_weights_have_the_size_that_the_shape_gives(name: str, shape: Shape) -> None:
    entry = entry_named(load_catalogue(), name)
    assert entry.tensor_bytes == shape.size
    header = entry.size - entry.tensor_bytes
    assert 0 < header < 32 << 20, "what is not weights is header and vocabulary"


def test_an_unknown_model_is_said_with_those_that_there_are() -> None:
    with pytest.raises(NotFoundError, match=r"no model “nothing” in the catalogue.*gpt-oss-20b"):
        entry_named(load_catalogue(), "nothing")


def test_how_models_run_depends_on_the_memory() -> None:
    def verdicts(gib: int) -> dict[str, Suitability]:
        found = prospects(load_catalogue(), MACHINES[gib], 16384, 1000 * GIB)
        return {prospect.entry.id: prospect.suitability for prospect in found}

    assert verdicts(16)["gpt-oss-20b"] is Suitability.WELL
    assert verdicts(16)["gpt-oss-120b"] is Suitability.NOT_HERE
    assert verdicts(96)["gpt-oss-120b"] is Suitability.WELL
    assert verdicts(8)["gpt-oss-20b"] is Suitability.NOT_HERE
    assert verdicts(4)["nomic-embed-text-v1.5"] is Suitability.WELL


def test_the_numbers_are_the_planner_s() -> None:
    machine = MACHINES[16]
    found = prospects(load_catalogue(), machine, 16384, 100 * GIB)[0]
    plan = plan_for(expected_header(found.entry), 16384, machine)
    assert (found.memory, found.sentence) == (plan.total, plan.sentence)
    assert plan.plan.context_size == 16384
    assert found.sentence.startswith("gpt-oss-20b needs")


def test_one_is_recommended_if_it_runs_and_none_if_none_does() -> None:
    def recommended(gib: int, free_disk: int = 1000 * GIB) -> list[str]:
        found = prospects(load_catalogue(), MACHINES[gib], 16384, free_disk)
        return [prospect.entry.id for prospect in found if prospect.recommended]

    assert recommended(16) == ["gpt-oss-20b"]
    assert recommended(96) == ["gpt-oss-20b"]
    assert recommended(8) == []
    assert recommended(16, free_disk=5 * GIB) == []


def test_a_full_disk_is_said_in_words() -> None:
    found = prospects(load_catalogue(), MACHINES[16], 16384, 5 * GIB)[0]
    assert found.suitability is Suitability.NOT_HERE
    assert found.sentence == "gpt-oss-20b takes 12.1 GB on the disk, and 5.4 GB are free."
