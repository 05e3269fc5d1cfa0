"""The DETR croppers against transformers' networks, slow references and the published sizes."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from compose.core.errors import UsageError
from compose.models.crop_detr import CropAnswer, CropDetr, CropInputs
from compose.models.crop_detr_config import PAPER, SMALL, CropDetrConfig
from compose.models.deformable_attention import DeformableAttention, deformable_sample
from compose.models.retrieval_fusion import Memory, RetrievalFusion, Retrieved
from compose.models.scrm import draw_context, likeliest_context

TINY = CropDetrConfig(
    backbone="embedded", train_backbone=False, channels=32, heads=4, encoder=1, decoder=2,
    hidden=48, queries=6, fusion="none", square=96, dropout=0.0, stages=(2, 4),
    reference_channels=20, reference_tokens=9, references=3,
)  # fmt: skip
TINY_MANY = dataclasses.replace(
    TINY, engine="multi-in-one", queries=4, levels=3, points=2, context="topk", norm=False
)


def net_of(config: CropDetrConfig, seed: int = 0) -> CropDetr:
    torch.manual_seed(seed)
    return CropDetr(config).eval()


def inputs_of(config: CropDetrConfig, batch: int = 2, side: int = 96, seed: int = 1) -> CropInputs:
    """Random maps of pictures that fill two thirds of their square."""
    draws = torch.Generator().manual_seed(seed)
    net = net_of(config)
    maps = [
        torch.rand(batch, c, side // s, side // s, generator=draws)
        for c, s in zip(net.backbone[0].channels, (8, 16), strict=True)
    ]
    pad = torch.zeros(batch, side, side, dtype=torch.bool)
    pad[:, :, side * 2 // 3 :] = True
    context = None
    if config.engine == "multi-in-one":
        context = torch.rand(batch, 1, 5, config.channels, generator=draws)
    return CropInputs(pad, maps=maps, context=context)


# Sizes, on the meta device: nothing is allocated.


def count(net: torch.nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def test_the_paper_s_sizes() -> None:
    with torch.device("meta"):
        procrop, many = CropDetr(PAPER["procrop"]), CropDetr(PAPER["multi-in-one"])
        plain = CropDetr(dataclasses.replace(PAPER["procrop"], fusion="none", norm=False))
        simple = CropDetr(dataclasses.replace(PAPER["multi-in-one"], context="none"))
    # ResNet-50 without its classifier and batch norms: 25,557,032 - 2,049,000 - 53,120
    assert count(procrop.backbone) == 23_454_912
    d, f = 256, 2048
    attention, norm = 4 * d * d + 4 * d, 2 * d
    feed = 2 * d * f + d + f
    encoder = attention + feed + 2 * norm
    projections = (5 + 5) * (d * d + d)  # self: content and place twice, value; cross: the same
    decoder = projections + 2 * (d * d + d) + feed + 3 * norm
    heads = (d + 1) + 2 * (d * d + d) + 4 * d + 4
    shared = norm + 2 * (d * d + d) + (d * d + d) + 2 * d + 2  # norm, scale, reference points
    entry = 2048 * d + d + 90 * d
    first = d * d + d  # only the first layer projects the query's place for the cross-attention
    assert count(plain) == 23_454_912 + 6 * (encoder + decoder) + first + heads + shared + entry
    fusion = norm + d * d + d + 10 * d + d + attention
    assert count(procrop) - count(plain) == fusion + 2 * norm  # and a norm after each ReLU
    assert procrop.query_embed.weight.shape == (90, 256)
    assert len(procrop.transformer["encoder"].layers) == 6
    assert len(procrop.transformer["decoder"].layers) == 6
    # Multi in One: 4 queries of 512, points from a linear layer, one decoder layer and one SCRM
    assert many.query_embed.weight.shape == (4, 512)
    assert many.transformer.reference_points.weight.shape == (2, 256)
    assert [p[0].weight.shape for p in many.input_proj] == [
        (256, 512, 1, 1), (256, 1024, 1, 1), (256, 2048, 1, 1), (256, 2048, 3, 3),
    ]  # fmt: skip
    f = 1024
    deformable = (256 + 128) * (d + 1) + 2 * (d * d + d)  # 8 heads, 4 levels, 4 points
    feed = 2 * d * f + d + f
    pairs = 2 * d * d + d + d * d + d + norm
    scrm = pairs + 2 * attention + deformable + feed + 3 * norm  # one attention pools for topk
    assert count(many) - count(simple) == scrm
    frozen = [n for n, p in procrop.named_parameters() if not p.requires_grad]
    assert {n.split(".")[3] for n in frozen} == {"conv1", "layer1"}


def test_the_last_stage_keeps_its_stride_when_dilated() -> None:
    torch.manual_seed(0)
    config = dataclasses.replace(PAPER["procrop"], backbone="resnet50-dc5")
    with torch.device("meta"):
        backbone = CropDetr(config).backbone[0]
        maps = backbone(torch.empty(1, 3, 64, 96), torch.empty(1, 64, 96, dtype=torch.bool))
    assert [m.shape[1:] for m in maps] == [(512, 8, 12), (1024, 4, 6), (2048, 4, 6)]


# The same numbers as transformers' networks with the same weights.


def test_conditional_detr_is_transformers() -> None:
    from transformers import ConditionalDetrConfig
    from transformers.models.conditional_detr import modeling_conditional_detr as theirs

    config = ConditionalDetrConfig(
        d_model=32, encoder_layers=2, decoder_layers=3, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=48, decoder_ffn_dim=48, dropout=0.0,
    )  # fmt: skip
    config._attn_implementation = "eager"
    torch.manual_seed(3)
    encoder, decoder = theirs.ConditionalDetrEncoder(config), theirs.ConditionalDetrDecoder(config)
    ours = net_of(dataclasses.replace(TINY, encoder=2, decoder=3))
    for part in (encoder, decoder):
        part.eval()
        for parameter in part.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    _take_theirs(ours, encoder, decoder)
    tokens, places = torch.randn(2, 12, 32), torch.randn(2, 12, 32)
    kept = torch.ones(2, 12, dtype=torch.bool)
    kept[0, 9:] = False
    queries = ours.query_embed.weight
    with torch.no_grad():
        memory = ours.transformer["encoder"](tokens, places, ~kept)
        found, points = ours.transformer["decoder"](memory, places, ~kept, queries)
        expected = encoder(
            inputs_embeds=tokens, attention_mask=kept, spatial_position_embeddings=places
        )[0]
    assert torch.allclose(memory[kept], expected[kept], atol=1e-4)
    for layers in (3, 2, 1):  # an earlier layer's answer is that of a shorter decoder
        decoder.layers = decoder.layers[:layers]
        with torch.no_grad():
            answer = decoder(
                inputs_embeds=torch.zeros(2, 6, 32), encoder_hidden_states=expected,
                encoder_attention_mask=kept, spatial_position_embeddings=places,
                object_queries_position_embeddings=queries[None].expand(2, -1, -1),
            )  # fmt: skip
        assert torch.allclose(found[layers - 1], answer.last_hidden_state, atol=1e-4)
    reference = answer.reference_points.transpose(0, 1)
    assert torch.allclose(points.sigmoid(), reference, atol=1e-5)


def _take_theirs(ours: CropDetr, encoder: torch.nn.Module, decoder: torch.nn.Module) -> None:
    own = ours.state_dict()
    for side, part in (("encoder", encoder), ("decoder", decoder)):
        state = part.state_dict()
        joined: dict[str, dict[str, Tensor]] = {}
        for name, value in state.items():
            name = name.replace("mlp.fc", "linear").replace("layernorm", "norm")
            last = "norm2" if side == "encoder" else "norm3"
            name = name.replace("self_attn_layer_norm", "norm1")
            name = name.replace("encoder_attn_layer_norm", "norm2")
            name = name.replace("final_layer_norm", last).replace("o_proj", "out_proj")
            if side == "decoder":
                for old, new in (("self_attn", "sa"), ("encoder_attn", "ca")):
                    if f"{old}.out_proj" in name:
                        name = name.replace("encoder_attn", "cross_attn")
                    name = name.replace(f"{old}.q_pos_sine", f"{new}_qpos_sine")
                    for kind in ("q_content", "q_pos", "k_content", "k_pos", "v"):
                        name = name.replace(
                            f"{old}.{kind}_proj", f"{new}_{kind.replace('_', '')}_proj"
                        )
            elif ".self_attn." in name and "out_proj" not in name:
                base, which, kind = name.rsplit(".", 2)
                joined.setdefault(f"{base}.in_proj_{kind}", {})[which[0]] = value
                continue
            own[f"transformer.{side}.{name}"].copy_(value)
        for name, parts in joined.items():
            own[f"transformer.{side}.{name}"].copy_(torch.cat([parts[k] for k in "qkv"]))


# Deformable attention, written out.


def slow_sample(
    values: Tensor, shapes: list[tuple[int, int]], places: Tensor, weights: Tensor
) -> Tensor:
    """One sample after the other, one corner after the other."""
    batch, queries, heads, levels, points, _ = places.shape
    rows = []
    for b in range(batch):
        for q in range(queries):
            for m in range(heads):
                total = torch.zeros(values.shape[-1], dtype=values.dtype)
                begin = 0
                for level in range(levels):
                    h, w = shapes[level]
                    for p in range(points):
                        x = places[b, q, m, level, p, 0] * w - 0.5
                        y = places[b, q, m, level, p, 1] * h - 0.5
                        left, top = int(torch.floor(x)), int(torch.floor(y))
                        for i in (left, left + 1):
                            for j in (top, top + 1):
                                if 0 <= i < w and 0 <= j < h:
                                    share = (1 - (x - i).abs()) * (1 - (y - j).abs())
                                    cell = values[b, begin + j * w + i, m]
                                    total = total + weights[b, q, m, level, p] * share * cell
                    begin += h * w
                rows.append(total)
    return torch.stack(rows).view(batch, queries, -1)


def test_deformable_sampling_forward_and_gradients() -> None:
    draws = torch.Generator().manual_seed(0)
    shapes = [(3, 5), (2, 3)]
    values = torch.randn(2, 21, 2, 3, generator=draws, dtype=torch.float64, requires_grad=True)
    places = torch.rand(2, 3, 2, 2, 2, 2, generator=draws, dtype=torch.float64) * 1.4 - 0.2
    weights = torch.rand(2, 3, 2, 2, 2, generator=draws, dtype=torch.float64, requires_grad=True)
    places.requires_grad_()
    fast, slow = (
        deformable_sample(values, shapes, places, weights),
        slow_sample(values, shapes, places, weights),
    )
    assert torch.allclose(fast, slow, atol=1e-12)
    upon = torch.randn(fast.shape, generator=draws, dtype=torch.float64)
    known = (values, places, weights)
    for one, other in zip(
        torch.autograd.grad(fast, known, upon), torch.autograd.grad(slow, known, upon), strict=True
    ):
        assert torch.allclose(one, other, atol=1e-10)


def test_heads_look_around_the_point_at_first() -> None:
    attention = DeformableAttention(16, levels=2, heads=8, points=3)
    bias = attention.sampling_offsets.bias.view(8, 2, 3, 2)
    assert torch.allclose(bias[0, 0], torch.tensor([[1.0, 0], [2, 0], [3, 0]]))
    assert torch.allclose(bias[1, 1, 2], torch.tensor([3.0, 3.0]), atol=1e-5)


# Padding.


def test_what_is_padded_is_not_seen() -> None:
    net, given = net_of(TINY), inputs_of(TINY)
    other = [m.clone() for m in given.maps]
    for m in other:
        m[..., m.shape[-1] * 2 // 3 :] = 9.0
    with torch.no_grad():
        one, two = net(given), net(dataclasses.replace(given, maps=other))
        three = net(dataclasses.replace(given, maps=[m + 1 for m in given.maps]))
    assert torch.allclose(one.boxes, two.boxes, atol=1e-5)
    assert torch.allclose(one.logits, two.logits, atol=1e-5)
    assert not torch.allclose(one.boxes, three.boxes, atol=1e-4)


def test_deformable_attention_leaves_padding_out() -> None:
    torch.manual_seed(0)
    attention = DeformableAttention(16, levels=1, heads=2, points=3)
    queries, values = torch.randn(1, 4, 16), torch.randn(1, 12, 16)
    pad = torch.zeros(1, 12, dtype=torch.bool)
    pad[0, 8:] = True
    points = torch.rand(1, 4, 1, 2)
    changed = values.masked_fill(pad[..., None], 9.0)
    one = attention(queries, points, values, [(3, 4)], pad)
    assert torch.equal(one, attention(queries, points, changed, [(3, 4)], pad))
    assert not torch.equal(one, attention(queries, points, changed, [(3, 4)], pad & False))


def test_boxes_of_multi_in_one_begin_around_their_points() -> None:
    net, given = net_of(TINY_MANY), inputs_of(TINY_MANY)
    with torch.no_grad():
        answer: CropAnswer = net(given)
    # the last layer of the boxes is zero but for the sizes, so that centres are the points
    assert torch.allclose(answer.boxes[0, ..., :2], answer.points, atol=1e-5)
    assert torch.allclose(answer.boxes[0, ..., 2:], torch.tensor(-2.0).sigmoid())
    assert torch.equal(answer.points[0], answer.points[1])  # whatever the picture is


def test_refinement_moves_the_points_of_the_next_layer() -> None:
    config = dataclasses.replace(TINY_MANY, refine=True, decoder=2)
    net, given = net_of(config), inputs_of(config)
    torch.nn.init.normal_(net.bbox_embed.layers[-1].weight)
    with torch.no_grad():
        answer = net(given)
    assert answer.boxes.shape == (2, 2, 4, 4)
    assert not torch.allclose(answer.boxes[0], answer.boxes[1], atol=1e-3)


# SCRM and its context.


def test_context_by_lot_and_by_likelihood() -> None:
    features = torch.arange(12.0).view(1, 6, 2).expand(2, -1, -1)
    one = draw_context(features, 4, torch.Generator().manual_seed(5))
    two = draw_context(features, 4, torch.Generator().manual_seed(5))
    three = draw_context(features, 4, torch.Generator().manual_seed(6))
    assert torch.equal(one, two)
    assert not torch.equal(one, three)
    assert one.shape == (2, 4, 2)
    assert len({tuple(row.tolist()) for row in one[0]}) == 4  # none twice
    logits = torch.full((2, 6, 3), -5.0)
    logits[0, 4, 2], logits[0, 1, 0], logits[1, 0, 1], logits[1, 5, 1] = 3.0, 2.0, 1.0, 4.0
    best = likeliest_context(features, logits, 2)
    assert best.shape == (2, 1, 2, 2)
    assert best[:, 0, :, 0].tolist() == [[8.0, 2.0], [10.0, 0.0]]


def test_the_context_matters_and_its_order_does_not() -> None:
    net, given = net_of(TINY_MANY), inputs_of(TINY_MANY)
    torch.nn.init.normal_(net.bbox_embed.layers[-1].weight, std=0.5)
    assert given.context is not None
    turned = dataclasses.replace(given, context=given.context.flip(2))
    other = dataclasses.replace(given, context=given.context + 1)
    none = dataclasses.replace(given, context=None)
    with torch.no_grad():
        boxes = [net(x).boxes for x in (given, turned, other, none)]
    assert torch.allclose(boxes[0], boxes[1], atol=1e-5)
    assert not torch.allclose(boxes[0], boxes[2], atol=1e-4)
    assert not torch.allclose(boxes[0], boxes[3], atol=1e-4)


def test_context_from_the_picture_itself_is_learned() -> None:
    config = dataclasses.replace(TINY_MANY, context="memory")
    net, given = net_of(config), inputs_of(config)
    torch.nn.init.normal_(net.bbox_embed.layers[-1].weight, std=0.5)
    answer = net(dataclasses.replace(given, context=None))
    answer.boxes.sum().backward()
    assert float(net.context_score.weight.grad.abs().sum()) > 0


# Fusion.


def fusion_of(kind: str) -> tuple[RetrievalFusion, Memory, Retrieved]:
    torch.manual_seed(2)
    fusion = RetrievalFusion(kind, 32, 4, 20, 3, tokens=9, query=16).eval()
    query = Memory(torch.randn(2, 16, 32), torch.randn(2, 16, 32), torch.zeros(2, 16).bool())
    pad = torch.tensor([[False, False, True], [True, True, True]])
    return fusion, query, Retrieved(torch.randn(2, 3, 9, 20), pad)


@pytest.mark.parametrize(
    ("kind", "length"), [("paper", 16 + 27 + 16), ("concat", 16 + 27), ("token-mlp", 16)]
)
def test_fusion_sees_the_references_that_are_there(kind: str, length: int) -> None:
    fusion, query, found = fusion_of(kind)
    fused = fusion(query, found)
    assert fused.tokens.shape == fused.positions.shape == (2, length, 32)
    assert fused.pad.shape == (2, length)
    assert bool(torch.isfinite(fused.tokens).all())
    if kind != "token-mlp":
        assert torch.equal(fused.tokens[:, :16], query.tokens)
        assert fused.pad.sum(1).tolist() == [9, length - 16]  # of the second all that was retrieved
    absent = found.tokens.clone()
    absent[0, 2], absent[1] = 7.0, 7.0
    same = fusion(query, Retrieved(absent, found.pad))
    assert torch.allclose(fused.tokens[~fused.pad], same.tokens[~fused.pad], atol=1e-5)
    present = found.tokens.clone()
    present[0, 0, :, 0] += 5
    other = fusion(query, Retrieved(present, found.pad))
    assert not torch.allclose(fused.tokens[0], other.tokens[0], atol=1e-3)
    assert torch.allclose(fused.tokens[1], other.tokens[1])
    with pytest.raises(UsageError, match="at most 3"):
        fusion(query, Retrieved(torch.randn(2, 4, 9, 20), torch.zeros(2, 4).bool()))


def test_the_token_mlp_is_bound_to_its_sizes() -> None:
    fusion, query, found = fusion_of("token-mlp")
    with pytest.raises(UsageError, match="fusion paper"):
        fusion(query, Retrieved(found.tokens[:, :, :4], found.pad))
    fewer = fusion(query, Retrieved(found.tokens[:, :2], found.pad[:, :2]))
    whole = fusion(query, found)
    assert torch.allclose(fewer.tokens, whole.tokens, atol=1e-5)  # the third was not there anyway


@pytest.mark.parametrize("kind", ["paper", "concat", "token-mlp"])
def test_a_network_with_references_goes_without(kind: str) -> None:
    config = dataclasses.replace(TINY, fusion=kind, text_channels=12)
    net, given = net_of(config), inputs_of(config)
    assert net(given).boxes.shape == (2, 2, 6, 4)
    tokens = torch.randn(2, 3, 9, 20)
    found = Retrieved(tokens, torch.zeros(2, 3).bool())
    text = Retrieved(torch.randn(2, 3, 9, 12), torch.zeros(2, 3).bool())
    one = net(dataclasses.replace(given, retrieved=found))
    two = net(dataclasses.replace(given, retrieved=found, text=text))
    assert not torch.allclose(one.boxes, two.boxes, atol=1e-5)
    assert not torch.allclose(net(given).boxes, one.boxes, atol=1e-5)
    two.boxes.sum().backward()


def test_small_ones_are_small() -> None:
    for config in SMALL.values():
        assert count(CropDetr(config)) < 2_000_000
