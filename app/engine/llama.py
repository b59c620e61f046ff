"""llama.cpp through its C API: the only module that imports llama_cpp.

The class ``llama_cpp.Llama`` is not used: it can't set what a 16 GB machine needs (no repacked copy of the weights, one
output row, a small window cache) and its chat path is wrong for gpt-oss. Thin objects here own what C gives out;
policy (what to keep in the cache, when to stop) lives in generation.py and cache.py.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import llama_cpp
from llama_cpp import llama_cpp as C

from app.engine.base import EnginePlan, Sampling
from app.engine.variants import choose, library_folder, variants
from app.engine.vocabulary import Vocabulary, control_like
from app.errors import EngineError, ModelFileError

_SEQUENCE = 0
_PIECE_BYTES = 4096
_CONTROL = C.LLAMA_TOKEN_ATTR_CONTROL
_USER_DEFINED = C.LLAMA_TOKEN_ATTR_USER_DEFINED

DECODED, CACHE_FULL, ABORTED = 0, 1, 2

LIBRARY_VERSION: str = llama_cpp.__version__


class LogSink:
    """Keeps the last lines that llama.cpp logs, for the details of an error. The C side calls it from any thread."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=200)
        self.variant = ""
        """The module that computes (see variants.py), empty where llama.cpp was built without modules."""
        # The callback must outlive every use by the library, so it lives as long as this object.
        self._callback = C.llama_log_callback(self._take)
        C.llama_log_set(self._callback, ctypes.c_void_p(0))

    def _take(self, _level: int, text: bytes, _user_data: Any) -> None:
        self.lines.append(text.decode("utf-8", errors="replace").rstrip("\n"))

    def errors(self) -> str:
        said = [line for line in self.lines if "error" in line.lower() or "failed" in line.lower()]
        return "\n".join((said or list(self.lines))[-6:])


def start_backends() -> LogSink:
    """Initialise the library once per process and load the CPU variant that fits this processor."""
    sink = LogSink()
    C.llama_backend_init()
    # A build with GGML_BACKEND_DL has no backend until one is loaded, and would look in the working directory
    # (llama-cpp-python #2069). In a build without it there is nothing to load.
    folder = library_folder()
    if folder is None:
        return sink
    # Elsewhere than on Windows the symbol is looked up through libllama: opening libggml.so by its name would load a
    # second copy of libggml.so.0 with a registry of its own, since wheels hold copies in the place of links.
    ggml = ctypes.CDLL(str(folder / "ggml.dll")) if sys.platform == "win32" else C._lib
    chosen = choose(variants(folder))
    if chosen is None:
        ggml.ggml_backend_load_all_from_path.argtypes = [ctypes.c_char_p]
        ggml.ggml_backend_load_all_from_path.restype = None
        ggml.ggml_backend_load_all_from_path(os.fsencode(folder))
        return sink
    ggml.ggml_backend_load.argtypes = [ctypes.c_char_p]
    ggml.ggml_backend_load.restype = ctypes.c_void_p
    for path in (chosen.path, *_other_backends(folder)):
        ggml.ggml_backend_load(os.fsencode(path))
    sink.variant = chosen.name
    return sink


def _other_backends(folder: Path) -> list[Path]:
    """Modules for graphics processors, where the build has any."""
    pattern = re.compile(r"(?:lib)?ggml-(?!base|cpu)\w+\.(?:so|dll|dylib)")
    return sorted(path for path in folder.iterdir() if pattern.fullmatch(path.name))


class Model:
    """Weights and vocabulary of a GGUF. Raises ModelFileError where llama.cpp refuses the file."""

    def __init__(self, path: Path, plan: EnginePlan, sink: LogSink, on_progress: Callable[[float], bool]) -> None:
        """on_progress gets fractions and returns whether to go on; if it said no, nothing is loaded."""
        params = C.llama_model_default_params()
        params.n_gpu_layers = plan.gpu_layers
        params.load_mode = C.LLAMA_LOAD_MODE_MMAP if plan.memory_map else C.LLAMA_LOAD_MODE_NONE
        params.use_extra_bufts = plan.repack
        stopped = False

        def progress(fraction: float, _user_data: Any) -> bool:
            nonlocal stopped
            stopped = not on_progress(fraction)
            return not stopped

        callback = C.llama_progress_callback(progress)
        params.progress_callback = callback
        self.pointer: Any = C.llama_model_load_from_file(os.fsencode(path), params)
        if self.pointer is None and not stopped:
            raise ModelFileError(
                f"{path.name} could not be loaded.",
                "The file may be damaged or of a kind that this version does not know; choose another one.",
                sink.errors(),
            )

    @property
    def loaded(self) -> bool:
        return self.pointer is not None

    @property
    def window(self) -> int:
        """Positions that sliding-window layers look back, 0 where there are none."""
        return int(C.llama_model_n_swa(self.pointer))

    @property
    def has_recurrent_state(self) -> bool:
        """Whether the cache can't be rolled back token by token."""
        return bool(C.llama_model_is_recurrent(self.pointer) or C.llama_model_is_hybrid(self.pointer))

    def vocabulary(self) -> Vocabulary:
        """Read every token once. Raises ModelFileError for a model without a vocabulary."""
        vocab = C.llama_model_get_vocab(self.pointer)
        kind = C.llama_vocab_type(vocab)
        if kind == C.LLAMA_VOCAB_TYPE_NONE:
            raise ModelFileError("This model has no vocabulary.", "Choose the GGUF of a chat model.")
        buffer = (ctypes.c_char * _PIECE_BYTES)()
        pieces: list[bytes] = []
        specials: dict[str, int] = {}
        end: set[int] = set()
        for token in range(C.llama_vocab_n_tokens(vocab)):
            length = C.llama_token_to_piece(vocab, token, buffer, _PIECE_BYTES, 0, True)
            piece = buffer.raw[:length] if length > 0 else b""
            pieces.append(piece)
            attributes = C.llama_vocab_get_attr(vocab, token)
            if attributes & _CONTROL or (attributes & _USER_DEFINED and control_like(piece)):
                specials.setdefault(piece.decode("utf-8", errors="replace"), token)
                if C.llama_vocab_is_eog(vocab, token):
                    end.add(token)
            elif C.llama_vocab_is_eog(vocab, token):
                end.add(token)
        return Vocabulary(
            tuple(pieces),
            {text: token for text, token in specials.items() if text},
            frozenset(end),
            self.metadata("tokenizer.ggml.model"),
            self.metadata("tokenizer.ggml.pre"),
            sentencepiece=kind == C.LLAMA_VOCAB_TYPE_SPM,
        )

    def metadata(self, key: str) -> str:
        buffer = ctypes.create_string_buffer(256)
        length = C.llama_model_meta_val_str(self.pointer, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", errors="replace") if length >= 0 else ""

    def marks(self) -> tuple[int, int, bool]:
        """Ids of BOS and EOS (-1 for none), and whether a prompt is meant to begin with BOS."""
        vocab = C.llama_model_get_vocab(self.pointer)
        return C.llama_vocab_bos(vocab), C.llama_vocab_eos(vocab), bool(C.llama_vocab_get_add_bos(vocab))

    def tokenize(self, text: bytes, parse_special: bool, whole: bool = False) -> list[int]:
        """llama_tokenize. Callers guard against its traps (see vocabulary.LlamaTokenizer).

        whole adds what the vocabulary puts around a text, as BOS or [CLS] and [SEP].
        """
        vocab = C.llama_model_get_vocab(self.pointer)
        room = len(text) + 8
        ids = (C.llama_token * room)()
        count = C.llama_tokenize(vocab, text, len(text), ids, room, whole, parse_special)
        if count < 0:
            raise EngineError("A text could not be read by the model.", "Shorten the message.")
        return list(ids[:count])

    @property
    def dimensions(self) -> int:
        """Of the vectors that the model gives."""
        return int(C.llama_model_n_embd(self.pointer))

    def free(self) -> None:
        if self.pointer is not None:
            C.llama_model_free(self.pointer)
            self.pointer = None


class Sampler:
    """min_p, then temperature, then a draw; greedy at temperature 0 (facts/engine.md 1.9)."""

    def __init__(self, sampling: Sampling, seed: int) -> None:
        self._chain = C.llama_sampler_chain_init(C.llama_sampler_chain_default_params())
        if sampling.temperature <= 0:
            C.llama_sampler_chain_add(self._chain, C.llama_sampler_init_greedy())
            return
        if sampling.min_p > 0:
            C.llama_sampler_chain_add(self._chain, C.llama_sampler_init_min_p(sampling.min_p, 1))
        C.llama_sampler_chain_add(self._chain, C.llama_sampler_init_temp(sampling.temperature))
        C.llama_sampler_chain_add(self._chain, C.llama_sampler_init_dist(seed))

    def sample(self, context: Context) -> int:
        """The next token after the last decoded one."""
        return int(C.llama_sampler_sample(self._chain, context.pointer, -1))

    def free(self) -> None:
        C.llama_sampler_free(self._chain)


class Context:
    """A KV cache and compute buffers over a model, for one sequence."""

    def __init__(self, model: Model, plan: EnginePlan, threads: int, abort: Any, sink: LogSink) -> None:
        """abort is a ctypes array of two bytes, shared across processes; a first byte other than 0 ends a decode."""
        params = C.llama_context_default_params()
        params.n_ctx = plan.context_size
        params.n_batch = params.n_ubatch = plan.batch_size
        params.n_threads = params.n_threads_batch = threads
        params.n_outputs_max = 1
        params.flash_attn_type = C.LLAMA_FLASH_ATTN_TYPE_ENABLED
        params.swa_full = False
        params.no_perf = True
        self.pointer: Any = C.llama_init_from_model(model.pointer, params)
        if self.pointer is None:
            # Some architectures have no flash attention; llama.cpp then decides for itself.
            params.flash_attn_type = C.LLAMA_FLASH_ATTN_TYPE_AUTO
            self.pointer = C.llama_init_from_model(model.pointer, params)
        if self.pointer is None:
            raise EngineError(
                "There is not enough memory for the context.",
                "Close other applications or choose a smaller context.",
                sink.errors(),
            )
        self.size = int(C.llama_n_ctx(self.pointer))
        self._memory = C.llama_get_memory(self.pointer)
        self._batch = C.llama_batch_init(plan.batch_size, 0, 1)
        self._abort = _abort_through(self.pointer, abort)

    def decode(self, ids: Sequence[int], position: int, want_logits: bool) -> int:
        """Compute tokens at position and after it. Gives DECODED, CACHE_FULL or ABORTED; raises EngineError else.

        At most batch_size tokens. After ABORTED some of them may be in the cache; see last_position.
        """
        batch = self._batch
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i] = token
            batch.pos[i] = position + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = _SEQUENCE
            batch.logits[i] = False
        batch.logits[len(ids) - 1] = want_logits
        code = int(C.llama_decode(self.pointer, batch))
        if code not in (DECODED, CACHE_FULL, ABORTED):
            raise EngineError("The model could not compute the next token.", "Send the message again.", f"code {code}")
        return code

    def use_threads(self, generation: int, prefill: int) -> None:
        """Compute single tokens and batches with so many threads from now on."""
        C.llama_set_n_threads(self.pointer, generation, prefill)

    @property
    def first_position(self) -> int:
        """The smallest position that every layer still holds, -1 if empty."""
        return int(C.llama_memory_seq_pos_min(self._memory, _SEQUENCE))

    @property
    def last_position(self) -> int:
        return int(C.llama_memory_seq_pos_max(self._memory, _SEQUENCE))

    def remove_from(self, position: int) -> bool:
        """Drop position and all after it. False where this cache can't."""
        return bool(C.llama_memory_seq_rm(self._memory, _SEQUENCE, position, -1))

    def clear(self) -> None:
        C.llama_memory_clear(self._memory, True)

    def window_state(self) -> bytes:
        """The sliding-window layers' part of the cache, about 3 MiB for gpt-oss-20b."""
        flags = C.LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY
        size = C.llama_state_seq_get_size_ext(self.pointer, _SEQUENCE, flags)
        buffer = (ctypes.c_uint8 * size)()
        written = C.llama_state_seq_get_data_ext(self.pointer, buffer, size, _SEQUENCE, flags)
        # A slice of the array itself would be a list with an object for each byte.
        return bytes(memoryview(buffer)[:written]) if written == size else b""

    def restore_window_state(self, state: bytes) -> bool:
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        flags = C.LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY
        return bool(C.llama_state_seq_set_data_ext(self.pointer, buffer, len(state), _SEQUENCE, flags))

    def save_state(self, path: Path, tokens: Sequence[int]) -> bool:
        """Write the whole cache, 24 KiB a token for gpt-oss-20b, with the tokens that it holds."""
        ids = (C.llama_token * len(tokens))(*tokens)
        return bool(C.llama_state_seq_save_file(self.pointer, os.fsencode(path), _SEQUENCE, ids, len(tokens)))

    def load_state(self, path: Path, count: int) -> bool:
        """Replace the cache by a saved one of count tokens. If that fails the cache is in no known state: clear it.

        Window layers get back their last positions only, so tokens can be added to it but hardly taken away.
        """
        ids, found = (C.llama_token * count)(), ctypes.c_size_t()
        read = C.llama_state_seq_load_file(self.pointer, os.fsencode(path), _SEQUENCE, ids, count, ctypes.byref(found))
        return bool(read) and found.value == count

    def free(self) -> None:
        if self.pointer is not None:
            C.llama_batch_free(self._batch)
            C.llama_free(self.pointer)
            self.pointer = None


class EmbeddingContext:
    """Compute buffers over an embedding model, for one text at a time: a batch of several is no faster on a CPU."""

    def __init__(self, model: Model, tokens: int, threads: int, abort: Any, sink: LogSink) -> None:
        """tokens is the longest text; abort as for Context. Raises EngineError."""
        params = C.llama_context_default_params()
        params.embeddings = True
        # An encoder sees a text at once or not at all: it must fit into one batch.
        params.n_ctx = params.n_batch = params.n_ubatch = tokens
        params.n_threads = params.n_threads_batch = threads
        params.no_perf = True
        self.pointer: Any = C.llama_init_from_model(model.pointer, params)
        if self.pointer is not None and C.llama_pooling_type(self.pointer) == C.LLAMA_POOLING_TYPE_NONE:
            # The file does not say how the vectors of tokens become one: their mean is what most models mean.
            C.llama_free(self.pointer)
            params.pooling_type = C.LLAMA_POOLING_TYPE_MEAN
            self.pointer = C.llama_init_from_model(model.pointer, params)
        if self.pointer is None:
            raise EngineError(
                "There is not enough memory for the embedding model.", "Close other applications.", sink.errors()
            )
        self._dimensions = model.dimensions
        self._tokens = tokens
        self._batch = C.llama_batch_init(tokens, 0, 1)
        self._abort = _abort_through(self.pointer, abort)

    def embed(self, ids: Sequence[int]) -> bytes | None:
        """The vector of a text as float32, not normalised; None where that was aborted. Raises EngineError."""
        memory = C.llama_get_memory(self.pointer)
        if memory:
            C.llama_memory_clear(memory, True)
        batch = self._batch
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i] = token
            batch.pos[i] = i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = _SEQUENCE
            batch.logits[i] = True
        code = int(C.llama_decode(self.pointer, batch))
        if code == ABORTED:
            return None
        values = C.llama_get_embeddings_seq(self.pointer, _SEQUENCE) if code == DECODED else None
        if not values:
            raise EngineError("The embedding model could not read a text.", "Choose another model.", f"code {code}")
        return ctypes.string_at(values, self._dimensions * ctypes.sizeof(ctypes.c_float))

    def free(self) -> None:
        if self.pointer is not None:
            C.llama_batch_free(self._batch)
            C.llama_free(self.pointer)
            self.pointer = None


def _abort_through(context: Any, abort: Any) -> tuple[Any, Any]:
    """Have a context stop when the shared byte says so. What is returned must live as long as the context.

    strlen of the byte is the abort callback: it returns 0 for "go on" without Python or the GIL, although the computing
    thread asks after every graph node (facts/engine.md 3.7).
    """
    strlen = ctypes.cast(ctypes.CDLL(None if sys.platform != "win32" else "msvcrt").strlen, C.ggml_abort_callback)
    C.llama_set_abort_callback(context, strlen, ctypes.cast(abort, ctypes.c_void_p))
    return strlen, abort
