"""A language model of half a megabyte with random weights, as a file that llama.cpp loads.

It has learnt nothing, so what it answers is noise; but what a grammar forbids it cannot say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import gguf
import numpy as np
from vocabulary import BEGIN, END, SIZE, SPECIAL, TEXTS, UNKNOWN

if TYPE_CHECKING:
    from pathlib import Path

CONTEXT: Final = 4096  # tokens, of a prompt and its answer

_WIDTH: Final = 64
_HEADS: Final = 4
_LAYERS: Final = 2
_INNER: Final = 128

_TEMPLATE: Final = (
    "{{ bos_token }}{% for message in messages %}{{ message['role'] }}: "
    "{{ message['content'] }}\n{% endfor %}assistant: "
)


def write_tiny_model(path: Path, *, seed: int = 7) -> None:
    """Write the model; the same seed gives the same file.

    Args:
        path: The file, which must not be there yet.
        seed: Of the weights.
    """
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_INNER)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(SIZE)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    _add_vocabulary(writer)
    _add_weights(writer, np.random.default_rng(seed))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_vocabulary(writer: gguf.GGUFWriter) -> None:
    texts = [text.replace(" ", "\u2581") for text in TEXTS]  # SentencePiece's blank
    types = {UNKNOWN: gguf.TokenType.UNKNOWN}
    writer.add_tokenizer_model("llama")
    writer.add_token_list([*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), *texts])
    writer.add_token_scores([0.0] * SIZE)
    writer.add_token_types(
        [
            *(types.get(token, gguf.TokenType.CONTROL) for token in range(len(SPECIAL))),
            *[gguf.TokenType.BYTE] * 256,
            *[gguf.TokenType.NORMAL] * len(texts),
        ]
    )
    writer.add_bos_token_id(BEGIN)
    writer.add_eos_token_id(END)
    writer.add_unk_token_id(UNKNOWN)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(_TEMPLATE)


def _add_weights(writer: gguf.GGUFWriter, random: np.random.Generator) -> None:
    def matrix(name: str, rows: int, columns: int) -> None:
        weights = random.standard_normal((rows, columns)) / np.sqrt(columns)
        writer.add_tensor(f"{name}.weight", weights.astype(np.float32))

    def ones(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(_WIDTH, dtype=np.float32))

    matrix("token_embd", SIZE, _WIDTH)
    for layer in range(_LAYERS):
        block = f"blk.{layer}"
        ones(f"{block}.attn_norm")
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            matrix(f"{block}.{name}", _WIDTH, _WIDTH)
        ones(f"{block}.ffn_norm")
        matrix(f"{block}.ffn_gate", _INNER, _WIDTH)
        matrix(f"{block}.ffn_up", _INNER, _WIDTH)
        matrix(f"{block}.ffn_down", _WIDTH, _INNER)
    ones("output_norm")
    matrix("output", SIZE, _WIDTH)
