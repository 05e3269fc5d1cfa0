"""Engine pics: what it touches, what it is shown, and its sampler."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from compose.core.boxes import Box
from compose.core.errors import InputError, MaskError
from compose.models.pics_load import PicsModel, begin_pics, save_pics
from compose.models.pics_net import PicsInput
from compose.models.pics_noise import SamplerConfig, add_noise, ddim, draw_times, kept_signal
from compose.models.pics_sample import nothing_features, sample
from compose.stages.composite_pics import PicsEngine, PlacedObject, open_pics
from compose.stages.composite_window import WindowConfig, feather, window_around

from .composite_cases import MINI

QUICK = SamplerConfig(steps=3, guidance=2)


def noisy_model() -> PicsModel:
    """Of which nothing is zero, so that everything it is told matters."""
    torch.manual_seed(0)
    model = begin_pics(MINI)
    for parameter in model.net.parameters():
        nn.init.normal_(parameter, std=0.15)
    model.net.eval()
    return model


def photograph(width: int = 90, height: int = 60) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 2, y * 3, (x + y) % 256], -1).astype(np.uint8)


def placed(colour: tuple[int, int, int], box: Box) -> PlacedObject:
    return np.full((20, 24, 3), colour, np.uint8), np.full((20, 24), 255, np.uint8), box


@pytest.fixture(scope="module")
def engine() -> PicsEngine:
    return PicsEngine(noisy_model(), sampler=QUICK, window=WindowConfig(least=16))


PAIR = [placed((200, 0, 0), Box(20, 15, 45, 40)), placed((0, 0, 200), Box(35, 22, 60, 45))]


@pytest.mark.parametrize("objects", [1, 2, 3])
def test_outside_the_zone_every_byte_stays(engine: PicsEngine, objects: int) -> None:
    background = photograph()
    before = background.copy()
    given_ = [*PAIR, placed((0, 200, 0), Box(80, 50, 95.4, 66))][-objects:]
    picture, zone = engine.compose(background, given_, list(range(objects)), seed=1)
    assert np.array_equal(background, before)
    assert picture.shape == background.shape
    assert picture.dtype == np.uint8
    assert np.array_equal(picture[~zone], background[~zone])
    assert 0 < zone.sum() < zone.size
    for _, _, (x1, y1, x2, y2) in given_:
        assert zone[round(y1) : round(y2), round(x1) : round(x2)].all()
    assert (picture != background).any()


def test_the_same_seed_paints_the_same(engine: PicsEngine) -> None:
    one, same, other = (engine.compose(photograph(), PAIR, [0, 1], seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_it_is_told_objects_and_their_order(engine: PicsEngine) -> None:
    assert engine.knows_order
    first = engine.compose(photograph(), PAIR, [0, 1], 1)[0]
    assert not np.array_equal(first, engine.compose(photograph(), PAIR, [1, 0], 1)[0])
    assert not np.array_equal(first, engine.compose(photograph(), PAIR, None, 1)[0])
    turned = engine.compose(photograph(), PAIR[::-1], [1, 0], 1)[0]
    assert np.abs(first.astype(int) - turned).max() <= 1  # the same scene
    others = [placed((9, 99, 9), PAIR[0][2]), PAIR[1]]
    assert not np.array_equal(first, engine.compose(photograph(), others, [0, 1], 1)[0])
    # what stood in the boxes before is not looked at: only the rim of the paste shows it
    changed = photograph()
    changed[24:38, 37:43] = 0
    assert np.array_equal(engine.compose(changed, PAIR, [0, 1], 1)[0], first)


def test_without_places_in_its_network_order_is_nothing(tmp_path: Path) -> None:
    torch.manual_seed(1)
    config = dataclasses.replace(MINI, ranks=0)
    model = begin_pics(config)
    save_pics(model.net.state_dict(), config, tmp_path / "p.safetensors")
    engine = open_pics(tmp_path / "p.safetensors", sampler=QUICK)
    assert not engine.knows_order
    pictures = [engine.compose(photograph(), PAIR, order, 3)[0] for order in ([0, 1], [1, 0], None)]
    assert np.array_equal(pictures[0], pictures[1])
    assert np.array_equal(pictures[0], pictures[2])


def test_what_cannot_be_placed_is_refused(engine: PicsEngine) -> None:
    with pytest.raises(InputError, match="object 1"):
        engine.compose(photograph(), [PAIR[0], placed((1, 1, 1), Box(90, 0, 99, 9))], None, 0)
    empty = PAIR[0][0], np.zeros((20, 24), np.uint8), PAIR[0][2]
    with pytest.raises(MaskError, match="object 0"):
        engine.compose(photograph(), [empty], None, 0)


@given(st.integers(20, 300), st.integers(20, 300), st.data())
@settings(max_examples=60, deadline=None)
def test_the_window_holds_the_boxes_and_their_rim(
    width: int, height: int, data: st.DataObject
) -> None:
    x = sorted(data.draw(st.lists(st.integers(0, width), min_size=2, max_size=2, unique=True)))
    y = sorted(data.draw(st.lists(st.integers(0, height), min_size=2, max_size=2, unique=True)))
    box = Box(x[0], y[0], x[1], y[1])
    config = WindowConfig(margin=0.0)
    x1, y1, x2, y2 = (int(edge) for edge in window_around([box], width, height, config))
    assert 0 <= x1 <= box.x1
    assert box.x2 <= x2 <= width
    assert 0 <= y1 <= box.y1
    assert box.y2 <= y2 <= height
    share = feather([Box(box.x1 - x1, box.y1 - y1, box.x2 - x1, box.y2 - y1)],
                    x2 - x1, y2 - y1, config)  # fmt: skip
    inside = share[int(box.y1) - y1 : int(box.y2) - y1, int(box.x1) - x1 : int(box.x2) - x1]
    assert (inside == 1).all()
    assert ((share > 0) | (share == 0)).all()
    # nothing is pasted at an edge of the window that lies within the picture
    for edge, free in ((share[0], y1 > 0), (share[-1], y2 < height), (share[:, 0], x1 > 0),
                       (share[:, -1], x2 < width)):  # fmt: skip
        if free:
            assert edge.max() < 0.6


def test_the_schedule_is_stable_diffusion_s() -> None:
    kept = kept_signal()
    assert kept[0].item() == pytest.approx(1 - 0.00085)
    assert kept[999].item() == pytest.approx(0.0047, abs=1e-4)
    clean, noise = torch.ones(2, 1, 1, 1), torch.full((2, 1, 1, 1), 2.0)
    noisy = add_noise(clean, noise, torch.tensor([0, 999])).flatten()
    expected = [k**0.5 + 2 * (1 - k) ** 0.5 for k in (kept[0].item(), kept[999].item())]
    assert noisy.tolist() == pytest.approx(expected)


def test_times_are_drawn_by_the_rule() -> None:
    times = draw_times(np.random.default_rng(0), 20_000)
    assert times.min() >= 0
    assert times.max() < 1000
    assert (times >= 500).mean() == pytest.approx(0.15, abs=0.01)
    even = draw_times(np.random.default_rng(0), 20_000, 1.0)
    assert (even >= 500).mean() == pytest.approx(0.5, abs=0.02)


def test_ddim_finds_what_a_perfect_network_knows() -> None:
    truth = torch.linspace(-1, 1, 12).view(1, 3, 2, 2)
    kept, seen = kept_signal(), []

    def noise_of(x: Tensor, time: int) -> Tensor:
        seen.append(time)
        k = float(kept[time])
        return (x - k**0.5 * truth) / (1 - k) ** 0.5

    start = torch.randn(1, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    found = ddim(noise_of, start, 50)
    assert seen == list(range(981, 0, -20))  # as published
    # as published, what remains is the first step's noise
    assert (found - truth).abs().max() < 0.15
    seen.clear()
    ddim(noise_of, start, 300)
    assert len(seen) == 300
    assert seen[0] == 997  # noise is where it begins, whatever divides 1000
    assert set(np.diff(seen)) == {-4, -3}
    held = ddim(lambda x, t: x * 0 - 5, start, 10, limit=0.5)
    assert held.abs().max() < 0.7


def test_guidance_leaves_objects_out_and_keeps_the_rest() -> None:
    model = noisy_model()
    calls: list[PicsInput] = []
    forward = model.net.forward

    def spied(noisy: Tensor, times: Tensor, known: PicsInput) -> Tensor:
        calls.append(known)
        return forward(noisy, times, known)

    model.net.forward = spied  # type: ignore[method-assign]
    nothing = nothing_features(model.net, model.encoder)
    masks = torch.ones(3, 2, 16, 16)
    masks[:, 0, :, 8:], masks[:, 1, :, :4] = 0, 0
    known = PicsInput(torch.randn(3, 4, 16, 16), masks,
                      torch.randn(3, 2, MINI.tokens, MINI.features),
                      torch.tensor([[0, 1]]).expand(3, 2))  # fmt: skip

    def drawn(guidance: float, at_once: int = 8) -> Tensor:
        config = SamplerConfig(steps=2, guidance=guidance, at_once=at_once)
        noise = torch.Generator().manual_seed(0)
        return sample(model.net, model.codec, known, nothing, noise, config)

    plain = drawn(1)
    assert len(calls) == 2
    calls.clear()
    guided = drawn(3)
    told, alone = calls[0], calls[1]
    assert torch.equal(alone.hint, told.hint)
    assert torch.equal(alone.masks, told.masks)
    assert torch.equal(alone.features, nothing.expand_as(told.features))
    assert alone.ranks is not None
    assert (alone.ranks == -1).all()
    assert (plain - guided).abs().max() > 1e-3
    torch.testing.assert_close(drawn(3, at_once=2)[:2], guided[:2], rtol=1e-4, atol=1e-4)
