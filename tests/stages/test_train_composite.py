"""Training of compositing: it learns, the published defects are mended, and it goes on exactly."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from compose.core.errors import Interrupted, ModelError, UsageError
from compose.models.pics_load import load_pics
from compose.models.pics_net import PicsNet
from compose.models.pics_noise import SamplerConfig, add_noise
from compose.models.pics_routing import is_overlap_layer
from compose.stages.composite_loss import noise_loss
from compose.stages.composite_sources import ToySource
from compose.stages.train_composite import CompositeTraining, choose_trained
from compose.stages.train_composite_config import TrainCompositeConfig
from compose.stages.train_composite_run import RunHooks, train_composite
from compose.stages.train_composite_state import checkpoints, find_checkpoint
from compose.stages.train_composite_toy import measure_toy

from .composite_cases import FAST, MINI, mini_model, training


def test_training_lowers_the_loss_on_scenes_it_has_not_seen() -> None:
    run = training(steps=30, batch=8, rate=5e-3, average=0.9)

    @torch.no_grad()
    def held_out() -> float:
        losses = []
        for number in range(10_000, 10_002):
            batch = run.batch(number)
            found = run.net(add_noise(batch.latents, batch.noise, batch.times), batch.times,
                            batch.known)  # fmt: skip
            losses.append(float(noise_loss(found, batch)))
        return float(np.mean(losses))

    before = held_out()
    for _ in range(30):
        run.advance()
    after = held_out()
    assert before == pytest.approx(1, abs=0.1)  # the exit is zero, and noise has variance 1
    assert after < 0.8 * before
    with run.with_mean() as net:
        assert net.training is False


# Defect 2: overlap experts outside what is trained. (Their silence at first: test_pics_routing.)


def every_expert_is_trained(net: PicsNet, trained: list[nn.Parameter]) -> bool:
    chosen = {id(parameter) for parameter in trained}
    return all(id(p) in chosen for n, p in net.named_parameters() if is_overlap_layer(n))


def test_overlap_experts_are_trained_wherever_they_stand() -> None:
    net = mini_model().net
    assert every_expert_is_trained(net, choose_trained(net, everything=False))
    fixed = {n for n, p in net.named_parameters() if not p.requires_grad}
    assert {n.split(".")[1] for n in fixed if n.startswith("unet.")} == {
        "input_blocks", "middle_block", "time_embed",
    }  # fmt: skip
    published = [
        p for n, p in net.named_parameters()
        if not n.startswith(("unet.input_blocks.", "unet.middle_block.", "unet.time_embed."))
    ]  # fmt: skip
    assert not every_expert_is_trained(net, published)
    assert every_expert_is_trained(net, choose_trained(net, everything=True))
    moved = training(everything=False, rate=1e-2)
    for parameter in moved.net.parameters():  # as weights that have learned, of which none is zero
        nn.init.normal_(parameter, std=0.2)
    before = {n: p.detach().clone() for n, p in moved.net.named_parameters()}
    for _ in range(4):
        moved.advance()
    still = {n for n, p in moved.net.named_parameters() if torch.equal(p, before[n])}
    assert still == {n for n, p in moved.net.named_parameters() if not p.requires_grad}


# Defect 3: the projector stands where no gradient reaches it.


def projector_learns(run: CompositeTraining) -> bool:
    before = run.net.projector.weight.detach().clone()
    for _ in range(3):
        run.advance()
    # weight decay alone shrinks it evenly
    after = run.net.projector.weight.detach()
    return not torch.allclose(after / after.norm(), before / before.norm(), atol=1e-6)


def test_the_projector_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    assert projector_learns(training(rate=1e-2))
    tokens = PicsNet.tokens

    def without_gradient(self: PicsNet, features: Tensor, ranks: Tensor | None = None) -> Tensor:
        with torch.no_grad():
            return tokens(self, features, ranks)

    monkeypatch.setattr(PicsNet, "tokens", without_gradient)
    assert not projector_learns(training(rate=1e-2))


# Defect 4: guidance asks for what was never trained.


def objects_are_left_out(run: CompositeTraining, batches: int = 30) -> bool:
    """Whether a tenth to 15 % of the samples have nothing for objects, and the rest have theirs."""
    count = 0
    for number in range(batches):
        batch = run.batch(number)
        nothing = run._nothing.expand_as(batch.known.features)
        gone = (batch.known.features == nothing).flatten(1).all(1)
        if not torch.equal(gone, batch.dropped):
            return False
        assert batch.known.ranks is not None
        if bool((batch.known.ranks[gone] != -1).any()):
            return False
        count += int(gone.sum())
    return 0.09 <= count / (batches * run.config.batch) <= 0.16


def test_objects_are_left_out_now_and_then() -> None:
    assert 0.1 <= TrainCompositeConfig().drop <= 0.15
    assert objects_are_left_out(training(drop=0.12, batch=8))
    assert not objects_are_left_out(training(drop=0.0, batch=8))


def test_times_follow_the_published_rule() -> None:
    run = training(anywhere=0.3, batch=8)
    times = torch.cat([run.batch(number).times for number in range(50)])
    assert 0.08 < float((times >= 500).float().mean()) < 0.24  # 15 %
    assert int(times.max()) < 1000


def test_an_interrupted_run_ends_with_the_same_weights(tmp_path: Path) -> None:
    source = ToySource(0)
    whole = train_composite(mini_model(), source, tmp_path / "whole", FAST)
    stops: Iterator[bool] = iter([False, False, True])
    with pytest.raises(Interrupted, match="--resume"):
        train_composite(mini_model(), source, tmp_path / "parts", FAST,
                        hooks=RunHooks(should_stop=lambda: next(stops)))  # fmt: skip
    assert [p.name for p in checkpoints(tmp_path / "parts")] == ["step-0000002", "step-0000003"]
    left: list[int] = []
    parts = train_composite(mini_model(seed=5), source, tmp_path / "parts", FAST, resume="auto",
                            hooks=RunHooks(begin=left.append))  # fmt: skip
    assert left == [3]
    for one, other in zip(whole, parts, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    assert [p.name for p in checkpoints(tmp_path / "parts")] == [
        "step-0000003", "step-0000004", "step-0000006",
    ]  # fmt: skip


def test_what_a_run_leaves(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    config = dataclasses.replace(FAST, steps=4, grids=4, keep=1)
    model = mini_model()
    files = train_composite(model, ToySource(0), tmp_path, config, hooks=RunHooks(rows.append))
    assert [path.name for path in files] == ["pics.safetensors", "metrics.jsonl", "config.json"]
    assert [json.loads(line) for line in files[1].read_text().splitlines()] == rows
    assert [row["step"] for row in rows] == [2, 4]
    told = json.loads(files[2].read_text())
    assert (told["rate"], told["steps"], told["net"]["channels"]) == (2e-3, 4, 16)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-0000004"]
    with Image.open(tmp_path / "samples" / "step-0000004.png") as grid:
        assert grid.size == (5 * 64, 4 * 64)
    assert not list(tmp_path.rglob("*.compose-part"))
    # the result is the mean, which the model is left with, and so is a checkpoint's file
    result = load_pics(files[0]).net.state_dict()
    kept = load_pics(tmp_path / "checkpoints" / "step-0000004" / "weights.safetensors").net
    for name, value in model.net.state_dict().items():
        assert torch.equal(value, result[name]), name
        assert torch.equal(value, kept.state_dict()[name]), name
    row = measure_toy(model, scenes=2, sampler=SamplerConfig(steps=2, guidance=2))
    assert row["samples"] == 2
    assert 0 <= row["all_right"] <= row["alone"] <= 1


def test_resuming_refuses_another_training(tmp_path: Path) -> None:
    source = ToySource(0)
    config = dataclasses.replace(FAST, steps=2)
    train_composite(mini_model(), source, tmp_path, config)
    with pytest.raises(ModelError, match="other settings"):
        train_composite(mini_model(), source, tmp_path,
                        dataclasses.replace(config, rate=1e-4), resume="auto")  # fmt: skip
    # a longer one is the same training while the rate stays
    longer = dataclasses.replace(config, steps=3)
    train_composite(mini_model(), source, tmp_path, longer, resume=str(tmp_path))
    assert checkpoints(tmp_path)[-1].name == "step-0000003"
    with pytest.raises(UsageError, match="no checkpoint"):
        find_checkpoint(tmp_path, str(tmp_path / "elsewhere"))
    assert find_checkpoint(tmp_path / "empty", "auto") is None
    (checkpoints(tmp_path)[-1] / "state.pt").write_bytes(b"PK\x03\x04broken")
    with pytest.raises(ModelError):
        train_composite(mini_model(), source, tmp_path, longer, resume="auto")


def test_a_loss_that_is_no_number_stops_it(tmp_path: Path) -> None:
    model = mini_model()
    with torch.no_grad():
        model.net.projector.weight.fill_(float("nan"))
        model.net.unet.out[2].weight.fill_(float("nan"))
    with pytest.raises(ModelError, match="--learning-rate"):
        train_composite(model, ToySource(0), tmp_path, FAST)
    assert not checkpoints(tmp_path)


def test_accumulated_batches_are_one_large_one() -> None:
    """Of the same samples: two batches of four and their mean loss."""
    run = training(accumulate=2, rate=1e-2, clip=1e9)
    losses = []
    net = training().net
    for number in range(2):
        batch = run.batch(number)
        found = net(add_noise(batch.latents, batch.noise, batch.times), batch.times, batch.known)
        losses.append(noise_loss(found, batch))
    mean = torch.stack(losses).mean()
    mean.backward()
    expected = float(nn.utils.get_total_norm([p.grad for p in net.parameters()
                                              if p.grad is not None]))  # fmt: skip
    row = run.advance()
    assert row["gradient"] == pytest.approx(expected, rel=1e-4)
    assert row["loss"] == pytest.approx(mean.item(), rel=1e-5)


def test_threads_that_read_ahead_change_nothing() -> None:
    alone, helped = training(workers=0), training(workers=3)
    for number in (0, 1, 2, 7, 8, 1):
        one, other = alone.batch(number), helped.batch(number)
        assert torch.equal(one.latents, other.latents)
        assert torch.equal(one.known.features, other.known.features)
        assert torch.equal(one.noise, other.noise)
    helped.close()


def test_half_precision_trains_too() -> None:
    run = training(half="bf16")
    row = run.advance()
    assert np.isfinite(list(row.values())).all()
    assert all(p.dtype == torch.float32 for p in run.net.parameters())


def test_limits_and_lengths() -> None:
    config = TrainCompositeConfig(batch=4, epochs=3)
    assert config.batches(103, 1) == 25
    assert config.batches(103, 2) == 12
    for limit, expected in ((1.0, 25), (0.5, 12), (1, 1), (7, 7), (0.001, 1), (99, 25)):
        assert dataclasses.replace(config, limit=limit).batches(103, 1) == expected
    assert config.total(103, 1) == 75
    assert dataclasses.replace(config, accumulate=5).total(103, 1) == 15
    assert dataclasses.replace(config, steps=9).total(103, 1) == 9
    with pytest.raises(UsageError, match="--batch"):
        config.batches(3, 1)


def test_the_loss_by_hand() -> None:
    run = training()
    batch = run.batch(0)
    found = torch.zeros_like(batch.noise)
    assert float(noise_loss(found, batch)) == pytest.approx(float((batch.noise**2).mean()))
    union = batch.known.masks.amax(1, keepdim=True)[..., ::2, ::2].float()
    weight = 1 + 2 * union
    expected = (batch.noise**2 * weight).mean() / weight.mean()
    assert float(noise_loss(found, batch, 3.0)) == pytest.approx(float(expected))
    assert MINI.factor == 2


def test_what_a_former_run_left_is_not_taken_for_ones_own(tmp_path: Path) -> None:
    config = dataclasses.replace(FAST, steps=6, every=1, keep=2)
    train_composite(mini_model(), ToySource(0), tmp_path, config)
    own = [tmp_path / "samples" / "mine.png", tmp_path / "checkpoints" / "mine.ckpt"]
    for path in own:
        path.parent.mkdir(exist_ok=True)
        path.write_text("the user's")
    stops: Iterator[bool] = iter([False, True])
    with pytest.raises(Interrupted):
        train_composite(mini_model(), ToySource(0), tmp_path, config,
                        hooks=RunHooks(should_stop=lambda: next(stops)))  # fmt: skip
    assert [p.name for p in checkpoints(tmp_path)] == ["step-0000001", "step-0000002"]
    assert all(path.read_text() == "the user's" for path in own)
    with pytest.raises(ModelError, match="other settings or data"):
        train_composite(mini_model(), ToySource(1), tmp_path, config, resume="auto")
