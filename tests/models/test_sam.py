"""SAM from small random weights in each published form, and what is said of all else."""

from __future__ import annotations

import json
import os
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from compose.core.boxes import Box
from compose.core.errors import MaskError, ModelError
from compose.core.masks import Mask
from compose.models.amg import AutomaticMasks
from compose.models.cache import UserPaths
from compose.models.sam_keys import sam_sizes
from compose.models.sam_load import load_published, load_sam, sam_checkpoint_here
from compose.models.sam_predictor import SamPredictor
from compose.models.segmenter import Prompt
from compose.models.segmenter_sam import SamSegmenter

SIDE, WIDTH, HEIGHT = 64, 90, 60


def sam_net(seed: int = 0, **vision: Any) -> nn.Module:
    from transformers import SamConfig, SamModel

    sizes = {"hidden_size": 32, "num_attention_heads": 4, "output_channels": 32}
    config = SamConfig(
        vision_config={
            **sizes,
            "num_hidden_layers": 3,
            "image_size": SIDE,
            "patch_size": 8,
            "mlp_dim": 48,
            "window_size": 3,
            "global_attn_indexes": [2],
            "num_pos_feats": 16,
            **vision,
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": SIDE, "patch_size": 8},
        mask_decoder_config={
            "hidden_size": 32,
            "mlp_dim": 40,
            "iou_head_hidden_dim": 24,
            "layer_norm_eps": 1e-5,
        },
    )
    torch.manual_seed(seed)
    net = SamModel(config)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(0, 0.3)
    return net.eval()


def sam2_net() -> nn.Module:
    from transformers import Sam2Config, Sam2Model

    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 8,
        "image_size": [SIDE, SIDE],
        "blocks_per_stage": [1, 2, 1, 1],
        "embed_dim_per_stage": [8, 16, 32, 64],
        "num_attention_heads_per_stage": [1, 1, 2, 2],
        "window_size_per_stage": [4, 4, 4, 4],
        "global_attention_blocks": [2],
        "window_positional_embedding_background_size": [3, 3],
    }
    config = Sam2Config(
        vision_config={
            "backbone_config": backbone,
            "backbone_channel_list": [64, 32, 16, 8],
            "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
            "fpn_hidden_size": 32,
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": SIDE, "patch_size": 16},
        mask_decoder_config={"hidden_size": 32, "mlp_dim": 40, "iou_head_hidden_dim": 24},
    )
    torch.manual_seed(0)
    return Sam2Model(config).eval()


def meta_names(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The way back from transformers' names to Meta's, written down a second time."""
    words = {
        "vision_encoder": "image_encoder",
        "projection": "proj",
        "point_embed": "point_embeddings",
        "shared_embedding": "pe_layer",
        "positional_embedding": "positional_encoding_gaussian_matrix",
        "layer_norm_final_attn": "norm_final_attn",
    }
    numbered = {
        "neck": {"conv1": "0", "layer_norm1": "1", "conv2": "2", "layer_norm2": "3"},
        "mask_embed": {
            "conv1": "0",
            "layer_norm1": "1",
            "conv2": "3",
            "layer_norm2": "4",
            "conv3": "6",
        },
    }
    found = {}
    for name, value in state.items():
        if name.startswith("shared_image_embedding."):
            continue
        parts = name.split(".")
        for group, numbers in numbered.items():
            if group in parts:
                at = parts.index(group)
                parts[at + 1] = numbers[parts[at + 1]]
                parts[at] = {"neck": "neck", "mask_embed": "mask_downscaling"}[group]
        parts = [words.get(part, part) for part in parts]
        if parts[0] == "image_encoder" and parts[1] == "layers":
            parts[1] = "blocks"
        parts = [re.sub(r"^layer_norm(\d)$", r"norm\1", part) for part in parts]
        text = ".".join(parts)
        text = text.replace("upscale_conv1", "output_upscaling.0")
        text = text.replace("upscale_layer_norm", "output_upscaling.1")
        text = text.replace("upscale_conv2", "output_upscaling.3")
        if "hypernetworks" in text or "iou_prediction_head" in text:
            text = text.replace(".layers.0.", ".layers.1.")
            text = text.replace(".proj_in.", ".layers.0.").replace(".proj_out.", ".layers.2.")
        found[text] = value
    return found


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return sam_net()


@pytest.fixture(scope="module")
def published(network: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("meta") / "sam_vit_t.pth"
    torch.save(meta_names(network.state_dict()), path)
    return path


@pytest.fixture(scope="module")
def rgb() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def answers(net: nn.Module, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    predictor = SamPredictor(net)
    predictor.look(rgb)
    return predictor.at_points(np.array([[20.0, 30.0], [70.0, 10.0]]))


def test_names_in_meta_s_files(published: Path) -> None:
    """Some of each kind, as Meta's package calls them."""
    state = torch.load(published, weights_only=True)
    for name in (
        "image_encoder.pos_embed",
        "image_encoder.patch_embed.proj.weight",
        "image_encoder.blocks.1.norm1.weight",
        "image_encoder.blocks.2.attn.rel_pos_h",
        "image_encoder.blocks.0.attn.qkv.bias",
        "image_encoder.blocks.0.mlp.lin2.weight",
        "image_encoder.neck.0.weight",
        "image_encoder.neck.3.bias",
        "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
        "prompt_encoder.point_embeddings.3.weight",
        "prompt_encoder.not_a_point_embed.weight",
        "prompt_encoder.mask_downscaling.4.weight",
        "prompt_encoder.mask_downscaling.6.bias",
        "prompt_encoder.no_mask_embed.weight",
        "mask_decoder.transformer.layers.1.cross_attn_image_to_token.out_proj.weight",
        "mask_decoder.transformer.layers.0.norm4.bias",
        "mask_decoder.transformer.final_attn_token_to_image.k_proj.weight",
        "mask_decoder.transformer.norm_final_attn.weight",
        "mask_decoder.iou_token.weight",
        "mask_decoder.output_upscaling.1.weight",
        "mask_decoder.output_upscaling.3.bias",
        "mask_decoder.output_hypernetworks_mlps.3.layers.2.weight",
        "mask_decoder.iou_prediction_head.layers.1.bias",
    ):
        assert name in state, name


def test_meta_s_file_gives_what_transformers_network_gives(
    network: nn.Module, published: Path, rgb: np.ndarray
) -> None:
    loaded = load_sam(str(published))
    theirs = network.state_dict()
    for name, value in loaded.state_dict().items():
        torch.testing.assert_close(value, theirs[name], rtol=0, atol=0)
    for ours, expected in zip(answers(loaded, rgb), answers(network, rgb), strict=True):
        assert ours.shape[:2] == (2, 3)
        np.testing.assert_allclose(ours, expected, atol=1e-5)


@pytest.mark.parametrize("window", [3, 5])
def test_sizes_are_read_off_the_tensors(window: int) -> None:
    vision = {
        "num_hidden_layers": 4,
        "window_size": window,
        "global_attn_indexes": [1, 3],
        "mlp_dim": 40,
    }
    net = sam_net(**vision)
    sizes = sam_sizes(meta_names(net.state_dict()))
    expected = net.config.vision_config.to_dict()
    for name, value in sizes["vision_config"].items():
        assert value == expected[name], name
    assert sizes["mask_decoder_config"]["attention_downsample_rate"] == 2
    assert sizes["mask_decoder_config"]["iou_head_depth"] == 3
    assert sizes["prompt_encoder_config"]["image_size"] == SIDE


@pytest.mark.parametrize("make", [sam_net, sam2_net])
def test_a_folder_of_transformers_gives_its_network(
    tmp_path: Path, rgb: np.ndarray, make: Any
) -> None:
    net = make()
    net.save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors").is_file()
    for ours, expected in zip(
        answers(load_sam(str(tmp_path)), rgb), answers(net, rgb), strict=True
    ):
        np.testing.assert_allclose(ours, expected, atol=1e-5)


@pytest.mark.parametrize("make", [sam_net, sam2_net])
def test_prompts_of_every_kind_have_the_picture_s_size(make: Any, rgb: np.ndarray) -> None:
    class Everywhere(SamPredictor):
        """Random weights may answer with an empty mask, so that the middle is made positive."""

        def enlarged(self, logits: np.ndarray) -> np.ndarray:
            return super().enlarged(logits - np.median(logits))

    engine = SamSegmenter(Everywhere(make()))
    guess: Mask = np.zeros((HEIGHT, WIDTH), bool)
    guess[10:40, 20:60] = True
    prompts = [
        Prompt(points=((20.0, 30.0, True),)),
        Prompt(points=((20.0, 30.0, True), (70.0, 10.0, False))),
        Prompt(box=Box(10, 10, 60, 50)),
        Prompt(box=Box(10, 10, 60, 50), points=((20.0, 30.0, True),)),
        Prompt(mask=guess),
        Prompt(mask=guess, points=((20.0, 30.0, True),)),
    ]
    found = engine.prompt(rgb, prompts)
    assert len(found) == len(prompts)
    for instance in found:
        assert instance.mask.shape == (HEIGHT, WIDTH)
        assert 0 <= instance.score <= 1
        assert instance.predicted_iou == instance.score
        assert instance.stability is not None
        assert 0 <= instance.stability <= 1
    single = engine.prompt(rgb, [prompts[2]])[0]
    np.testing.assert_array_equal(single.mask, found[2].mask)
    settings = AutomaticMasks(points_per_side=3, pred_iou_thresh=-1e9, stability_score_thresh=0)
    every = SamSegmenter(Everywhere(make()), settings).segment(rgb)
    assert every
    assert all(instance.mask.shape == (HEIGHT, WIDTH) for instance in every)


def test_a_picture_is_embedded_once(network: nn.Module, rgb: np.ndarray) -> None:
    calls = []
    predictor = SamPredictor(network)
    handle = network.vision_encoder.register_forward_pre_hook(lambda *_: calls.append(1))
    for picture in (rgb, rgb, rgb.copy(), rgb[::-1], rgb):
        predictor.look(picture)
    handle.remove()
    assert len(calls) == 3


def test_points_are_taken_where_they_are(network: nn.Module, rgb: np.ndarray) -> None:
    """The network is asked at the place that the point has in the square that it sees."""
    predictor, seen = SamPredictor(network), []
    predictor.look(rgb)
    handle = network.prompt_encoder.register_forward_pre_hook(
        lambda _, args, given: seen.append(given), with_kwargs=True
    )
    predictor.at_points(np.array([[45.0, 30.0]]))
    predictor.at_prompt(np.zeros((0, 2)), np.zeros(0, bool), Box(0, 0, 90, 60), None, several=False)
    handle.remove()
    # 90x60 becomes 64x43
    np.testing.assert_allclose(seen[0]["input_points"].flatten(), [32, 30 * 43 / 60], rtol=1e-6)
    np.testing.assert_allclose(seen[1]["input_boxes"].flatten(), [0, 0, 64, 43], rtol=1e-6)


def test_an_empty_answer_is_said(network: nn.Module, rgb: np.ndarray) -> None:
    class Nowhere(SamPredictor):
        def enlarged(self, logits: np.ndarray) -> np.ndarray:
            return np.full((HEIGHT, WIDTH), -1, np.float32)

    with pytest.raises(MaskError, match="sam finds nothing at prompt 1"):
        SamSegmenter(Nowhere(network)).prompt(rgb, [Prompt(box=Box(0, 0, 9, 9))])


class Evil:
    """What a pickle can do when it is loaded without care."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.target),)


def test_pickles_that_hold_more_than_weights_are_refused(
    tmp_path: Path, network: nn.Module
) -> None:
    target = tmp_path / "made"
    torch.save({"image_encoder.pos_embed": Evil(target)}, tmp_path / "evil.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Evil(target)))
    for name in ("evil.pth", "plain.pth"):
        with pytest.raises(ModelError, match=r"refused|cannot read"):
            load_sam(str(tmp_path / name))
    folder = tmp_path / "folder"
    folder.mkdir()
    network.config.save_pretrained(folder)
    torch.save({"mask_decoder.iou_token.weight": Evil(target)}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError):
        load_sam(str(folder))
    assert not target.exists()


def test_what_is_missing_gets_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: nn.Module, published: Path
) -> None:
    monkeypatch.setenv("COMPOSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COMPOSE_MODELS", raising=False)
    assert sam_checkpoint_here() is None
    with pytest.raises(ModelError, match="compose models pull sam-vit-b"):
        load_sam()
    with pytest.raises(ModelError, match="compose models pull sam-vit-h"):
        load_sam("sam-vit-h")
    user = UserPaths({"sam-vit-l": published})
    assert sam_checkpoint_here(user) == "sam-vit-l"
    assert load_sam(None, user).config.vision_config.hidden_size == 32
    with pytest.raises(ModelError, match="hf download someone/nothing"):
        load_sam("someone/nothing")
    with pytest.raises(ModelError, match="did you mean sam-vit-"):
        load_sam("sam-vit-x")
    with pytest.raises(ModelError, match="cannot read"):
        load_sam(str(tmp_path / "none.pth"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"config\.json"):
        load_sam(str(tmp_path / "empty"))


def test_other_networks_are_refused(tmp_path: Path, network: nn.Module, published: Path) -> None:
    state = torch.load(published, weights_only=True)
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match="does not hold Segment Anything"):
        load_published(tmp_path / "other.pth")
    less = {n: v for n, v in state.items() if n != "mask_decoder.transformer.layers.0.norm2.bias"}
    torch.save(less, tmp_path / "less.pth")
    with pytest.raises(ModelError, match=r"layer_norm2\.bias is missing"):
        load_published(tmp_path / "less.pth")
    folder = tmp_path / "bert"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ModelError, match="type 'bert', not sam"):
        load_sam(str(folder))
    from safetensors.torch import load_file, save_file

    partly = tmp_path / "partly"
    network.save_pretrained(partly)
    kept = load_file(partly / "model.safetensors")
    kept.pop("mask_decoder.iou_token.weight")
    save_file(kept, partly / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match="lacks weights of Segment Anything"):
        load_sam(str(partly))
