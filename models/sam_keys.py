"""Meta's published files of Segment Anything, read as transformers' network of the same form.

The files (`sam_vit_b_01ec64.pth` and its like) are state dicts of Meta's own package; here their
names are turned into those of `SamModel`, and the network's sizes are read off the tensors.
"""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor

# of Meta's names, in this order
_RENAMED = (
    (r"^image_encoder\.", "vision_encoder."),
    (r"patch_embed\.proj\.", "patch_embed.projection."),
    (r"^vision_encoder\.blocks\.", "vision_encoder.layers."),
    (r"^vision_encoder\.neck\.0\.", "vision_encoder.neck.conv1."),
    (r"^vision_encoder\.neck\.1\.", "vision_encoder.neck.layer_norm1."),
    (r"^vision_encoder\.neck\.2\.", "vision_encoder.neck.conv2."),
    (r"^vision_encoder\.neck\.3\.", "vision_encoder.neck.layer_norm2."),
    (r"\.norm(\d)\.", r".layer_norm\1."),
    (r"\.norm_final_attn\.", ".layer_norm_final_attn."),
    (r"^prompt_encoder\.point_embeddings\.", "prompt_encoder.point_embed."),
    (r"\.mask_downscaling\.0\.", ".mask_embed.conv1."),
    (r"\.mask_downscaling\.1\.", ".mask_embed.layer_norm1."),
    (r"\.mask_downscaling\.3\.", ".mask_embed.conv2."),
    (r"\.mask_downscaling\.4\.", ".mask_embed.layer_norm2."),
    (r"\.mask_downscaling\.6\.", ".mask_embed.conv3."),
    (
        r"\.pe_layer\.positional_encoding_gaussian_matrix$",
        ".shared_embedding.positional_embedding",
    ),
    (r"\.output_upscaling\.0\.", ".upscale_conv1."),
    (r"\.output_upscaling\.1\.", ".upscale_layer_norm."),
    (r"\.output_upscaling\.3\.", ".upscale_conv2."),
)
_PERCEPTRON = re.compile(
    r"^(mask_decoder\.(?:output_hypernetworks_mlps\.\d+|iou_prediction_head))\.layers\.(\d+)\."
)
_SHARED = "prompt_encoder.shared_embedding.positional_embedding"


def transformers_keys(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Meta's state dict with the names of transformers' `SamModel`."""
    depth: dict[str, int] = {}  # of each small perceptron: the number of its last layer
    for name in state:
        if match := _PERCEPTRON.match(name):
            depth[match[1]] = max(depth.get(match[1], 0), int(match[2]))
    renamed = {}
    for name, value in state.items():
        new = name
        for pattern, replacement in _RENAMED:
            new = re.sub(pattern, replacement, new)
        if match := _PERCEPTRON.match(name):
            number, last = int(match[2]), depth[match[1]]
            layer = {0: "proj_in", last: "proj_out"}.get(number, f"layers.{number - 1}")
            new = f"{match[1]}.{layer}.{name[match.end() :]}"
        renamed[new] = value
    if _SHARED in renamed:  # transformers keeps the one matrix under two names
        renamed["shared_image_embedding.positional_embedding"] = renamed[_SHARED]
    return renamed


def sam_sizes(state: dict[str, Tensor]) -> dict[str, dict[str, Any]]:
    """The three parts' sizes for transformers' `SamConfig`, from Meta's state dict.

    Heads of the decoder cannot be read off its tensors; every published file has 8.

    Raises:
        KeyError, ValueError: a tensor is missing or of another shape, so it is another network.
    """
    patches = state["image_encoder.patch_embed.proj.weight"]  # width, colours, side, side
    _, cells, _, width = state["image_encoder.pos_embed"].shape
    patch = patches.shape[-1]
    blocks = _count(state, r"image_encoder\.blocks\.(\d+)\.")
    spans = [state[f"image_encoder.blocks.{i}.attn.rel_pos_h"].shape[0] for i in range(blocks)]
    over_all = [i for i, span in enumerate(spans) if span == 2 * cells - 1]
    windows = {span for i, span in enumerate(spans) if i not in over_all}
    if len(windows) > 1:
        raise ValueError("its windows differ")
    inner = state["mask_decoder.transformer.layers.0.cross_attn_token_to_image.q_proj.weight"]
    hidden = state["mask_decoder.iou_token.weight"].shape[1]
    head = "mask_decoder.iou_prediction_head"
    return {
        "vision_config": {
            "hidden_size": width,
            "output_channels": state["image_encoder.neck.0.weight"].shape[0],
            "num_hidden_layers": blocks,
            "num_attention_heads": width // state["image_encoder.blocks.0.attn.rel_pos_h"].shape[1],
            "image_size": cells * patch,
            "patch_size": patch,
            "mlp_dim": state["image_encoder.blocks.0.mlp.lin1.weight"].shape[0],
            "window_size": (windows.pop() + 1) // 2 if windows else cells,
            "global_attn_indexes": over_all,
            "num_pos_feats": state[
                "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"
            ].shape[1],
        },
        "prompt_encoder_config": {
            "hidden_size": hidden,
            "image_size": cells * patch,
            "patch_size": patch,
            "mask_input_channels": state["prompt_encoder.mask_downscaling.3.weight"].shape[0],
            "num_point_embeddings": _count(state, r"prompt_encoder\.point_embeddings\.(\d+)\."),
        },
        "mask_decoder_config": {
            "hidden_size": hidden,
            "mlp_dim": state["mask_decoder.transformer.layers.0.mlp.lin1.weight"].shape[0],
            "num_hidden_layers": _count(state, r"mask_decoder\.transformer\.layers\.(\d+)\."),
            "num_attention_heads": 8,
            "attention_downsample_rate": hidden // inner.shape[0],
            "num_multimask_outputs": state["mask_decoder.mask_tokens.weight"].shape[0] - 1,
            "iou_head_depth": _count(state, rf"{re.escape(head)}\.layers\.(\d+)\."),
            "iou_head_hidden_dim": state[f"{head}.layers.0.weight"].shape[0],
            # Meta's blocks have PyTorch's own value, transformers' default is another
            "layer_norm_eps": 1e-5,
        },
    }


def _count(state: dict[str, Tensor], pattern: str) -> int:
    numbers = [int(match[1]) for name in state if (match := re.match(pattern, name))]
    if not numbers:
        raise KeyError(pattern)
    return max(numbers) + 1
