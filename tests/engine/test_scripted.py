"""The scripted engine keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.engine.base import Engine
from app.engine.scripted import Script, ScriptedEngine
from tests.engine.contract import EngineContract, StopContract
from tests.engine.factories import LONG


class TestScriptedEngine(EngineContract, StopContract):
    @pytest.fixture
    def engine(self) -> Iterator[Engine]:
        engine = ScriptedEngine(script=Script((LONG,)))
        yield engine
        engine.close()

    @pytest.fixture
    def slow_engine(self) -> Iterator[Engine]:
        engine = ScriptedEngine(script=Script((LONG,), load_seconds=20))
        yield engine
        engine.close()
