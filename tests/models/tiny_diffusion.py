"""Random pipelines and captioners, small, in the layout in which the published ones come."""

from __future__ import annotations

import json
from pathlib import Path

import torch

_WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[DEC]", "[ENC]", "a", "bench", "in", "snow"]


def _bytes_of_bpe() -> list[str]:
    """The 256 letters of CLIP's vocabulary, each also as the end of a word."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    extra = [256 + n for n in range(256 - len(plain))]
    letters = [chr(code) for code in (*plain, *extra)]
    return [*letters, *(f"{letter}</w>" for letter in letters)]


def save_pipeline(folder: Path, *, control: bool = False) -> Path:
    """An inpainting pipeline of Stable Diffusion's parts; with a ControlNet in `control/`."""
    from diffusers import (
        AutoencoderKL,
        ControlNetModel,
        DDIMScheduler,
        StableDiffusionInpaintPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(0)
    shape = {
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "cross_attention_dim": 16,
        "attention_head_dim": 8,
        "norm_num_groups": 4,
    }
    ups = ("CrossAttnUpBlock2D", "UpBlock2D")
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=9, out_channels=4, up_block_types=ups, **shape
    )
    vae = AutoencoderKL(
        block_out_channels=[8, 8, 8, 8],
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        norm_num_groups=4,
        latent_channels=4,
    )
    vocabulary = [*_bytes_of_bpe(), "<|startoftext|>", "<|endoftext|>"]
    source = folder / "words"
    source.mkdir(parents=True)
    (source / "vocab.json").write_text(json.dumps({w: n for n, w in enumerate(vocabulary)}))
    (source / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(
        str(source / "vocab.json"), str(source / "merges.txt"), model_max_length=77
    )
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(vocabulary),
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            bos_token_id=len(vocabulary) - 2,
            eos_token_id=len(vocabulary) - 1,
        )
    )
    pipeline = StableDiffusionInpaintPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    if control:
        # the published ones read four channels, beside a network that reads nine
        ControlNetModel(
            in_channels=4, conditioning_embedding_out_channels=(4, 4, 8, 8), **shape
        ).save_pretrained(folder / "control")
    return folder


def save_captioner(folder: Path) -> Path:
    """A BLIP of four layers in all, with ten words."""
    from transformers import BertTokenizer, BlipConfig, BlipForConditionalGeneration

    torch.manual_seed(0)
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    text = small | {
        "vocab_size": len(_WORDS),
        "encoder_hidden_size": 16,
        "num_attention_heads": 2,
        "max_position_embeddings": 64,
        "bos_token_id": 4,
        "eos_token_id": 3,
        "sep_token_id": 3,
        "pad_token_id": 0,
    }
    vision = small | {"num_attention_heads": 2, "image_size": 32, "patch_size": 16}
    config = BlipConfig(text_config=text, vision_config=vision, projection_dim=16)
    BlipForConditionalGeneration(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(_WORDS) + "\n")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder
