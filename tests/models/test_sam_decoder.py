"""The decoder with random weights against transformers' own network with the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from compose.models.sam_decoder import MASKS, WIDTH, MaskDecoder, PromptEncoder
from compose.models.sam_keys import transformers_keys

transformers = pytest.importorskip("transformers")

CELLS, PATCH = 8, 16
SIDE = CELLS * PATCH


class Ours(nn.Module):
    """Both parts, called as in Meta's files."""

    def __init__(self) -> None:
        super().__init__()
        self.prompt_encoder, self.mask_decoder = PromptEncoder(), MaskDecoder()

    def answers(
        self, embedding: Tensor, places: Tensor, labels: Tensor, guess: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """At places (N,P,2) in pixels; the guess is (1,1,4h,4w)."""
        added = self.prompt_encoder.no_mask_embed.weight[..., None, None]
        if guess is not None:
            added = self.prompt_encoder.mask_downscaling(guess)
        points = self.prompt_encoder.points((places + 0.5) / SIDE, labels)
        grid = self.prompt_encoder.grid(*embedding.shape[2:], CELLS)
        logits, expected = self.mask_decoder(embedding + added, points, grid)
        return logits, expected


@pytest.fixture(scope="module")
def ours() -> Ours:
    torch.manual_seed(0)
    net = Ours().eval().requires_grad_(False)
    for name, tensor in net.state_dict().items():
        fan = tensor[0].numel() if tensor.ndim > 1 else 1
        first = tensor if "norm" in name and name.endswith("weight") else 0 * tensor
        tensor.copy_(first + torch.randn(tensor.shape) * (1.5 / fan**0.5 if fan > 1 else 0.2))
    net.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix.normal_()
    for kind in net.prompt_encoder.point_embeddings:
        kind.weight.normal_()
    return net


@pytest.fixture(scope="module")
def theirs(ours: Ours) -> Any:
    config = transformers.SamConfig(
        vision_config={
            "hidden_size": 16, "num_attention_heads": 2, "output_channels": WIDTH,
            "num_hidden_layers": 1, "image_size": SIDE, "patch_size": PATCH, "mlp_dim": 16,
            "global_attn_indexes": [0], "num_pos_feats": WIDTH // 2,
        },
        prompt_encoder_config={"hidden_size": WIDTH, "image_size": SIDE, "patch_size": PATCH},
        mask_decoder_config={"hidden_size": WIDTH, "layer_norm_eps": 1e-5},
    )  # fmt: skip
    net = transformers.SamModel(config).eval().requires_grad_(False)
    found = net.load_state_dict(transformers_keys(ours.state_dict()), strict=False)
    assert not found.unexpected_keys
    assert all(name.startswith("vision_encoder.") for name in found.missing_keys)
    return net


def embedding(height: int = CELLS, width: int = CELLS) -> Tensor:
    return torch.randn(1, WIDTH, height, width, generator=torch.Generator().manual_seed(1))


def expected_of(theirs: Any, **prompt: Tensor) -> tuple[Tensor, Tensor]:
    """All four answers (N,4,…), of which transformers gives one or three."""
    found = [
        theirs(image_embeddings=embedding(), multimask_output=several, **prompt)
        for several in (False, True)
    ]
    logits = torch.cat([each.pred_masks[0] for each in found], 1)
    return logits, torch.cat([each.iou_scores[0] for each in found], 1)


def assert_answers(found: tuple[Tensor, Tensor], expected: tuple[Tensor, Tensor]) -> None:
    for ours, wanted in zip(found, expected, strict=True):
        assert ours.shape == wanted.shape
        assert wanted.std() > 0.05  # or nothing would be compared
        torch.testing.assert_close(ours, wanted, rtol=1e-4, atol=1e-4 * float(wanted.std()))


POINTS = torch.tensor([[[20.0, 30.0], [99.0, 5.0]], [[64, 64], [0, 127]], [[3, 100], [70, 71]]])
LABELS = torch.tensor([[1, 0], [0, 1], [1, 1]])
BOXES = torch.tensor([[10.0, 20.0, 90.0, 60.0], [0, 0, 128, 128], [50, 60, 70, 61]])


def with_none(points: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    none = torch.zeros(len(points), 1, 2)
    return torch.cat([points, none], 1), torch.cat([labels, -torch.ones(len(points), 1).long()], 1)


@pytest.mark.parametrize("count", [1, 2])
def test_points(ours: Ours, theirs: Any, count: int) -> None:
    """Three prompts at once, each of so many points."""
    points, labels = POINTS[:, :count], LABELS[:, :count]
    found = ours.answers(embedding(), *with_none(points, labels))
    assert found[0].shape == (3, MASKS, 4 * CELLS, 4 * CELLS)
    expected = expected_of(theirs, input_points=points[None], input_labels=labels[None].int())
    assert_answers(found, expected)


def test_boxes(ours: Ours, theirs: Any) -> None:
    found = ours.answers(embedding(), BOXES.view(3, 2, 2), torch.tensor([[2, 3]] * 3))
    assert_answers(found, expected_of(theirs, input_boxes=BOXES[None]))


def test_a_box_with_points(ours: Ours, theirs: Any) -> None:
    places = torch.cat([POINTS, BOXES.view(3, 2, 2)], 1)
    labels = torch.cat([LABELS, torch.tensor([[2, 3]] * 3)], 1)
    expected = expected_of(
        theirs, input_points=POINTS[None], input_labels=LABELS[None].int(), input_boxes=BOXES[None]
    )
    assert_answers(ours.answers(embedding(), places, labels), expected)


def test_a_first_guess(ours: Ours, theirs: Any) -> None:
    guess = 5 * torch.randn(1, 1, 4 * CELLS, 4 * CELLS, generator=torch.Generator().manual_seed(2))
    places, labels = BOXES[:1].view(1, 2, 2), torch.tensor([[2, 3]])
    found = ours.answers(embedding(), places, labels, guess)
    assert_answers(found, expected_of(theirs, input_boxes=BOXES[None, :1], input_masks=guess))
    without = ours.answers(embedding(), places, labels)
    assert (found[0] - without[0]).abs().max() > 0.1  # the guess is heeded
    points, kinds = with_none(POINTS[:1], LABELS[:1])
    expected = expected_of(
        theirs, input_points=POINTS[None, :1], input_labels=LABELS[None, :1].int(),
        input_masks=guess,
    )  # fmt: skip
    assert_answers(ours.answers(embedding(), points, kinds, guess), expected)


def test_a_picture_that_is_not_square(ours: Ours, theirs: Any) -> None:
    """transformers' decoder is given the part of the square where the picture lies."""
    height, width = 3, 5
    points, labels = with_none(POINTS, LABELS)
    positions = theirs.get_image_wide_positional_embeddings()[..., :height, :width]
    sparse, _ = theirs.prompt_encoder(
        input_points=POINTS[None], input_labels=LABELS[None].int(),
        input_boxes=None, input_masks=None,
    )  # fmt: skip
    dense = ours.prompt_encoder.no_mask_embed.weight[..., None, None].expand(1, -1, height, width)
    expected = [
        theirs.mask_decoder(
            embedding(height, width), positions, sparse, dense, multimask_output=several
        )
        for several in (False, True)
    ]
    both = [torch.cat([each[i][0] for each in expected], 1) for i in (0, 1)]
    found = ours.answers(embedding(height, width), points, labels)
    assert found[0].shape == (3, MASKS, 4 * height, 4 * width)
    assert_answers(found, (both[0], both[1]))


def test_an_embedding_for_each_prompt_is_the_same_as_one_for_all(ours: Ours) -> None:
    prompt = with_none(POINTS, LABELS)
    once = ours.answers(embedding(), *prompt)
    each = ours.answers(embedding().expand(3, -1, -1, -1), *prompt)
    for one, other in zip(once, each, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_the_grid_of_a_part_is_part_of_the_grid(ours: Ours) -> None:
    whole = ours.prompt_encoder.grid(CELLS, CELLS, CELLS).view(CELLS, CELLS, WIDTH)
    part = ours.prompt_encoder.grid(3, 5, CELLS).view(3, 5, WIDTH)
    np.testing.assert_array_equal(part, whole[:3, :5])
