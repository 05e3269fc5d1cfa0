"""Training of the DETR croppers: it learns, goes on exactly, and is the same in two processes."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from compose.core.errors import Interrupted, ModelError, UsageError
from compose.models.context_model import CONTEXT, ContextModel
from compose.models.crop_detr import CropDetr, CropInputs
from compose.models.crop_detr_config import CropDetrConfig
from compose.models.crop_detr_load import load_crop_detr
from compose.models.detr_parts import corners
from compose.models.detr_targets import CropTarget, overlaps
from compose.models.reference_set import ReferenceSet
from compose.models.resnet import FrozenBatchNorm
from compose.stages.crop_feed import CropFeed
from compose.stages.crop_sources import CropExample, Mixture
from compose.stages.train_average import RunningMean
from compose.stages.train_composite_world import World
from compose.stages.train_detr import CropTraining
from compose.stages.train_detr_config import PRESETS, TrainDetrConfig
from compose.stages.train_detr_run import train_detr
from compose.stages.train_hooks import RunHooks
from compose.stages.train_state import checkpoints

from .crop_scenes import FAST, TINY, TINY_MANY, examples

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> list[CropExample]:
    return examples(tmp_path_factory.mktemp("crops"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("maps")


def feed_of(config: TrainDetrConfig, shown: list[CropExample], cache: Path | None) -> CropFeed:
    return CropFeed(
        Mixture([shown]), config.net, config.augment, config.loss.targets, seed=config.seed,
        views=config.views, cache=cache, shown=config.references,
    )  # fmt: skip


def net_of(config: TrainDetrConfig, seed: int = 0) -> CropDetr:
    torch.manual_seed(seed)
    return CropDetr(config.net)


@torch.no_grad()
def top_overlaps(net: CropDetr, inputs: CropInputs, targets: list[CropTarget]) -> list[float]:
    """IoU of each picture's likeliest crop with its good one."""
    answer = net(inputs)
    best = answer.logits[-1].argmax(1)
    boxes = corners(answer.boxes[-1, torch.arange(len(best)), best])
    pairs = zip(boxes, targets, strict=True)
    return [float(overlaps(box[None], target.good).max()) for box, target in pairs]


def test_an_interrupted_run_ends_with_the_same_bytes(
    tmp_path: Path, shown: list[CropExample], cache: Path
) -> None:
    config = dataclasses.replace(FAST, teach=0.5)  # the running mean teaches in the second half
    whole = train_detr(net_of(config), feed_of(config, shown, cache), tmp_path / "whole", config)
    stops: Iterator[bool] = iter([False, False, True])
    with pytest.raises(Interrupted, match="--resume"):
        train_detr(net_of(config), feed_of(config, shown, cache), tmp_path / "parts", config,
                   hooks=RunHooks(should_stop=lambda: next(stops)))  # fmt: skip
    left: list[int] = []
    parts = train_detr(net_of(config, seed=7), feed_of(config, shown, cache), tmp_path / "parts",
                       config, resume="auto", hooks=RunHooks(begin=left.append))  # fmt: skip
    assert left == [3]
    for one, other in zip(whole, parts, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    assert [p.name for p in checkpoints(tmp_path / "parts")] == [
        "step-0000003", "step-0000004", "step-0000006",
    ]  # fmt: skip
    rows = [json.loads(line) for line in whole[1].read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4, 6]
    assert all(np.isfinite(list(row.values())).all() for row in rows)
    other = dataclasses.replace(config, rate=1e-4)
    feed = feed_of(other, shown, cache)
    with pytest.raises(ModelError, match="other settings"):
        train_detr(net_of(other), feed, tmp_path / "parts", other, resume="auto")


@pytest.mark.parametrize(("net", "steps"), [(TINY, 120), (TINY_MANY, 40)], ids=["procrop", "many"])
def test_it_learns_the_drawn_crops(
    net: CropDetrConfig, steps: int, tmp_path: Path, shown: list[CropExample], cache: Path
) -> None:
    config = dataclasses.replace(
        FAST, net=dataclasses.replace(net, dropout=0.0), steps=steps, batch=8, rate=4e-3,
        every=1000, clip=1.0, average=0.8, loss=PRESETS["small"]["procrop"].loss,
    )  # fmt: skip
    feed = feed_of(config, shown, cache)
    cropper = net_of(config)

    inputs, targets = feed.batch([feed.view(example, 0) for example in shown])
    before = np.mean(top_overlaps(cropper.eval(), inputs, targets))
    train_detr(cropper, feed, tmp_path, config)
    after = np.mean(top_overlaps(cropper, inputs, targets))
    assert after > before + 0.15, (before, after)
    assert after > 0.45


def test_maps_that_are_kept_are_those_that_are_computed(
    shown: list[CropExample], cache: Path
) -> None:
    kept = feed_of(FAST, shown, cache)
    anew = feed_of(dataclasses.replace(FAST, views=0), shown, None)  # a view each time
    for epoch in (0, 1):
        items = [kept.item(epoch, place) for place in range(3)]
        again = [kept.item(epoch, place) for place in range(3)]
        one, targets = kept.batch(items)
        two, _ = kept.batch(again)
        three, others = anew.batch([anew.item(epoch, place) for place in range(3)])
        assert one.maps is not None
        assert two.maps is not None
        assert three.pictures is not None
        direct = net_of(FAST).maps(three.pictures, three.pad)
        for a, b, c in zip(one.maps, two.maps, direct, strict=True):
            assert torch.equal(a, b)
            assert torch.allclose(a, c, atol=2e-2)  # they are kept in half precision
        assert torch.equal(one.pad, three.pad)
        for target, other in zip(targets, others, strict=True):
            assert torch.allclose(target.good, other.good)
    # two views, and not more
    assert kept.view(shown[0], 0).boxes.tolist() == kept.view(shown[0], 2).boxes.tolist()


def test_every_epoch_has_every_photograph() -> None:
    def example(name: str) -> CropExample:
        return CropExample(Path(name), np.array([[0.0, 0, 1, 1]]), np.ones(1), name)

    drawn, weak = [example(f"d{n}") for n in range(6)], [example(f"w{n}") for n in range(4)]
    mixture = Mixture([drawn, weak])
    assert len(mixture) == 10
    for epoch in range(3):
        assert sorted(mixture.epoch(0, epoch)) == [(0, n) for n in range(6)] + [
            (1, n) for n in range(4)
        ]
    assert mixture.epoch(0, 0) != mixture.epoch(0, 1)
    assert mixture.epoch(0, 1) == Mixture([drawn, weak]).epoch(0, 1)
    uneven = Mixture([drawn, weak], shares=[1, 1], size=8)
    seen = [place for epoch in range(3) for place in uneven.epoch(0, epoch)]
    assert [sum(w == k for w, _ in seen) for k in (0, 1)] == [12, 12]
    counts = [seen.count((0, n)) for n in range(6)]
    assert counts == [2] * 6


def test_references_are_never_of_the_photograph_itself(shown: list[CropExample]) -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(10, 352)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = (*(f"{n}.png" for n in range(8)), "0.png", "x")
    tokens = np.arange(10, dtype=np.float16)[:, None, None].repeat(4, 1).repeat(352, 2)
    found = ReferenceSet(tokens, vectors, names)
    nearest = found.nearest(vectors[0], 5, "0.png")
    assert len(nearest) == 5
    assert not {0, 8} & set(nearest.tolist())
    assert found.nearest(vectors[0], 5)[0] == 0
    assert found.nearest(vectors[0], 99).tolist()[0] == 0
    taken, missing = found.taken(nearest[:2], 4)
    assert taken[:, 0, 0].tolist() == [*nearest[:2].tolist(), 0, 0]
    assert missing.tolist() == [False, False, True, True]
    net = dataclasses.replace(
        TINY, fusion="paper", reference_channels=352, reference_tokens=4, stages=(2, 4, 6)
    )
    config = dataclasses.replace(FAST, net=net, steps=2, references=3)
    feed = CropFeed(Mixture([shown]), net, config.augment, config.loss.targets, views=2,
                    cache=None, references=found, shown=3)  # fmt: skip
    items = [feed.item(epoch, place) for epoch in range(2) for place in range(4)]
    counts = {item.count for item in items}
    assert counts <= {0, 1, 2, 3}
    assert len(counts) > 1
    inputs, _ = feed.batch(items)
    assert inputs.retrieved is not None
    own = {item.source: n for n, item in enumerate(items)}
    for row, item in enumerate(items):
        there = inputs.retrieved.tokens[row, ~inputs.retrieved.pad[row], 0, 0].long().tolist()
        assert len(there) == item.count
        assert item.source not in {names[n] for n in there}
    assert own
    training = CropTraining(net_of(config), feed, config, World())
    assert np.isfinite(training.advance()["loss"])


@pytest.mark.parametrize("net", [TINY, TINY_MANY], ids=["procrop", "many"])
def test_half_precision(net: CropDetrConfig, shown: list[CropExample], cache: Path) -> None:
    config = dataclasses.replace(FAST, net=net, half="bf16", workers=2)
    training = CropTraining(net_of(config), feed_of(config, shown, cache), config, World())
    rows = [training.advance() for _ in range(2)]
    training.close()
    assert all(np.isfinite(list(row.values())).all() for row in rows)
    assert all(p.dtype == torch.float32 for p in training.net.parameters())


def test_a_second_detector_gives_the_context(shown: list[CropExample]) -> None:
    torch.manual_seed(4)
    detector = ContextModel(
        dataclasses.replace(
            CONTEXT, channels=32, heads=4, encoder=1, decoder=1, hidden=48, queries=9, points=2
        ),
        classes=5,
    )
    config = dataclasses.replace(
        FAST, net=dataclasses.replace(TINY_MANY, context="random", partners=3), views=0
    )
    before = {n: p.clone() for n, p in detector.named_parameters()}
    losses = []
    for given in (detector, detector, None):
        training = CropTraining(
            net_of(config), feed_of(config, shown, None), config, World(), given
        )
        losses.append(training.advance()["loss"])
    assert losses[0] == losses[1]  # what is drawn by lot is drawn from the seed
    assert losses[0] != losses[2]
    assert all(torch.equal(before[n], p) for n, p in detector.named_parameters())
    assert not detector.training


def test_threads_change_nothing(shown: list[CropExample], cache: Path) -> None:
    alone = dataclasses.replace(FAST, workers=0)
    helped = dataclasses.replace(FAST, workers=2)
    losses = []
    for each in (alone, helped):
        one = CropTraining(net_of(each), feed_of(each, shown, cache), each, World())
        losses.append([one.advance()["loss"] for _ in range(2)])
        one.close()
    assert losses[0] == losses[1]


def test_rates() -> None:
    paper = PRESETS["paper"]["multi-in-one"]
    with torch.device("meta"):
        net = CropDetr(dataclasses.replace(paper.net))
    training = CropTraining.__new__(CropTraining)
    training.net, training.config = net, paper
    training.mean = RunningMean(net, 0.9)
    groups = training._groups()
    rates = {g["lr"]: sum(p.numel() for p in g["params"]) for g in groups}
    assert set(rates) == {1e-4, 1e-5}  # the backbone's, and a tenth for the points
    training.total = 100
    assert [training.factor(step) for step in (0, 39, 40, 99)] == [1, 1, 0.1, 0.1]
    with pytest.raises(UsageError, match="--batch-size"):
        FAST.batches(1, 1)


TWO = """
import os, sys, json, dataclasses
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, {root!r})
from tests.stages.test_train_detr import FAST, feed_of, net_of
from tests.stages.crop_scenes import examples
from compose.stages.train_average import RunningMean
from compose.stages.train_composite_world import open_world, close_world
from compose.stages.train_detr import CropTraining
world = open_world("cpu")
config = dataclasses.replace(FAST, batch=2, net=dataclasses.replace(FAST.net, dropout=0.0))
training = CropTraining(net_of(config), feed_of(config, examples(Path({folder!r}), write=False),
    None), config, world)
losses = [training.advance() for _ in range(3)]
if world.first:
    print(json.dumps([row["loss"] for row in losses]))
close_world(world)
"""


def test_two_processes_are_one_with_their_batches_together(
    tmp_path: Path, shown: list[CropExample]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def losses(batch: int, world: World) -> list[float]:
        net = dataclasses.replace(FAST.net, dropout=0.0)
        config = dataclasses.replace(FAST, batch=batch, net=net)
        training = CropTraining(net_of(config), feed_of(config, shown, None), config, world)
        return [training.advance()["loss"] for _ in range(3)]

    script = tmp_path / "two.py"
    script.write_text(TWO.format(root=str(ROOT), folder=str(shown[0].picture.parent)))
    started = []
    for rank in range(2):
        env = dict(
            os.environ, OMP_NUM_THREADS="1", WORLD_SIZE="2", RANK=str(rank),
            LOCAL_RANK=str(rank), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port),
        )  # fmt: skip
        started.append(subprocess.Popen(
            [sys.executable, str(script)], env=env, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        ))  # fmt: skip
    alone = losses(4, World())
    outs = [process.communicate(timeout=200) for process in started]
    assert all(process.returncode == 0 for process in started), outs
    assert json.loads(outs[0][0].splitlines()[-1]) == pytest.approx(alone, rel=1e-4)
    assert len(set(alone)) == 3


def test_a_saved_network_answers_alike_in_another_process(
    tmp_path: Path, shown: list[CropExample], cache: Path
) -> None:
    config = dataclasses.replace(FAST, steps=2)
    (path, *_) = train_detr(net_of(config), feed_of(config, shown, cache), tmp_path, config)
    feed = feed_of(config, shown, cache)
    inputs, _ = feed.batch([feed.view(shown[0], 0)])
    assert inputs.maps is not None
    torch.save({"maps": inputs.maps, "pad": inputs.pad}, tmp_path / "inputs.pt")
    with torch.no_grad():
        expected = load_crop_detr(path)(inputs)
    code = (
        "import sys, torch; torch.set_num_threads(1)\n"
        "from compose.models.crop_detr import CropInputs\n"
        "from compose.models.crop_detr_load import load_crop_detr\n"
        "given = torch.load(sys.argv[2])\n"
        "with torch.no_grad():\n"
        "    found = load_crop_detr(__import__('pathlib').Path(sys.argv[1]))("
        "CropInputs(given['pad'], maps=given['maps']))\n"
        "print(found.boxes.double().sum().item(), found.logits.double().sum().item())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(tmp_path / "inputs.pt")],
        capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    boxes, logits = (float(v) for v in done.stdout.split())
    assert boxes == pytest.approx(float(expected.boxes.double().sum()), rel=1e-6)
    assert logits == pytest.approx(float(expected.logits.double().sum()), rel=1e-6)


def calibrate(net: CropDetr, pictures: torch.Tensor, pad: torch.Tensor) -> None:
    """Give frozen batch norms the statistics of pictures, as published weights have those of many.

    Without them sixteen random blocks leave nothing of a picture.
    """

    def measure(norm: FrozenBatchNorm, given: tuple[torch.Tensor, ...]) -> None:
        norm.running_mean.copy_(given[0].mean((0, 2, 3)))
        norm.running_var.copy_(given[0].var((0, 2, 3)))

    norms = [m for m in net.modules() if isinstance(m, FrozenBatchNorm)]
    hooks = [m.register_forward_pre_hook(measure) for m in norms]
    with torch.no_grad():
        net.maps(pictures, pad)
    for hook in hooks:
        hook.remove()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize("net", [TINY, TINY_MANY], ids=["procrop", "many"])
def test_a_saved_network_answers_alike_on_another_device(
    net: CropDetrConfig, tmp_path: Path, shown: list[CropExample], cache: Path
) -> None:
    config = dataclasses.replace(FAST, net=net, steps=2)
    (path, *_) = train_detr(net_of(config), feed_of(config, shown, cache), tmp_path, config)
    feed = feed_of(config, shown, cache)
    answers = []
    for device in ("cpu", "cuda:0"):
        inputs, _ = feed.batch([feed.view(shown[0], 0)], device)
        with torch.no_grad():
            answers.append(load_crop_detr(path, device)(inputs))
    assert torch.allclose(answers[0].boxes, answers[1].boxes.cpu(), atol=1e-3)
    assert torch.allclose(answers[0].logits, answers[1].logits.cpu(), atol=1e-2)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("engine", ["procrop", "multi-in-one"])
def test_the_paper_s_networks_overfit_eight_pictures(
    engine: str, tmp_path: Path, shown: list[CropExample]
) -> None:
    """The networks are as published, ResNet-50 and all, but begin at random and see 96 pixels."""
    paper = PRESETS["paper"][engine]
    net = dataclasses.replace(
        paper.net, fusion="none", dropout=0.0, square=96,
        context="memory" if engine == "multi-in-one" else "none",
    )  # fmt: skip
    config = dataclasses.replace(
        paper, net=net, steps=400, batch=8, cosine=True, every=1000, average=0.5, workers=0, log=20,
        loss=PRESETS["small"][engine].loss,
        augment=dataclasses.replace(FAST.augment, mirror=0.0, shift=0.0, light=False),
    )  # fmt: skip
    feed = feed_of(config, shown, None)
    inputs, targets = feed.batch([feed.view(example, 0) for example in shown])
    assert inputs.pictures is not None
    cropper = net_of(config)
    calibrate(cropper, inputs.pictures, inputs.pad)
    train_detr(cropper, feed, tmp_path, config, hooks=RunHooks(log=print))
    found = top_overlaps(cropper, inputs, targets)
    print(engine, [round(value, 3) for value in found])
    assert np.mean(found) > 0.8
    again = top_overlaps(load_crop_detr(tmp_path / f"{engine}.safetensors"), inputs, targets)
    assert again == pytest.approx(found, abs=1e-5)


def test_what_a_former_run_left_is_not_taken_for_ones_own(
    tmp_path: Path, shown: list[CropExample], cache: Path
) -> None:
    config = dataclasses.replace(FAST, steps=6, every=1, keep=2)
    train_detr(net_of(config), feed_of(config, shown, cache), tmp_path, config)
    stops: Iterator[bool] = iter([False, True])
    with pytest.raises(Interrupted):
        train_detr(net_of(config, seed=7), feed_of(config, shown, cache), tmp_path, config,
                   hooks=RunHooks(should_stop=lambda: next(stops)))  # fmt: skip
    assert [p.name for p in checkpoints(tmp_path)] == ["step-0000001", "step-0000002"]


def test_resuming_on_other_photographs_is_refused(
    tmp_path: Path, shown: list[CropExample], cache: Path
) -> None:
    config = dataclasses.replace(FAST, steps=2)
    train_detr(net_of(config), feed_of(config, shown, cache), tmp_path, config)
    moved = [dataclasses.replace(shown[0], boxes=shown[0].boxes + 1.0), *shown[1:]]
    for others in (shown[1:], moved):
        with pytest.raises(ModelError, match="other settings or data"):
            train_detr(net_of(config), feed_of(config, others, cache), tmp_path, config,
                       resume="auto")  # fmt: skip


def test_a_network_that_diverges_says_what_to_lower(
    tmp_path: Path, shown: list[CropExample], cache: Path
) -> None:
    config = dataclasses.replace(FAST, rate=1e20, steps=6)
    with pytest.raises(ModelError, match=r"no number in step \d; lower --learning-rate"):
        train_detr(net_of(config), feed_of(config, shown, cache), tmp_path, config)
