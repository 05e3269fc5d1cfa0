"""A tiny random BLIP for image-text retrieval in the published layout."""

from __future__ import annotations

from pathlib import Path

import torch

CHANNELS = 24


def save_blip(path: Path) -> Path:
    """Write model and tokenizer into the folder `path`, which is there."""
    from transformers import BertTokenizer, BlipConfig, BlipForImageTextRetrieval

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "boat", "by", "the", "shore"]
    (path / "vocab.txt").write_text("\n".join(words) + "\n")
    BertTokenizer(str(path / "vocab.txt")).save_pretrained(path)
    torch.manual_seed(0)
    sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2,
             "intermediate_size": 32, "initializer_range": 0.5}  # fmt: skip
    config = BlipConfig(
        text_config={**sizes, "vocab_size": len(words), "encoder_hidden_size": 24,
                     "max_position_embeddings": 16, "bos_token_id": 2, "sep_token_id": 3,
                     "pad_token_id": 0},
        vision_config={**sizes, "image_size": 32, "patch_size": 16},
        projection_dim=8, image_text_hidden_size=8,
    )  # fmt: skip
    BlipForImageTextRetrieval(config).save_pretrained(path)
    return path
