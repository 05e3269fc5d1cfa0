"""Engine `diffusers` and BLIP, with small random networks in the published layout."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from compose.core.errors import ModelError
from compose.core.instances import Instance
from compose.models.captioner import open_captioner
from compose.models.outpainter import Expansion
from compose.models.outpainter_diffusers import segmentation
from compose.models.outpainters import DiffusersOptions, OutpainterOptions, open_outpainter

from .tiny_diffusion import save_captioner, save_pipeline

PHOTO = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)


def wanted(prompt: str = "a bench in snow") -> Expansion:
    subject = np.zeros((60, 80), bool)
    subject[20:40, 20:50] = True
    return Expansion(PHOTO, subject, 130, 100, 10, 20, prompt)


def options(folder: Path, *, control: bool = False, negative: str = "frame") -> OutpainterOptions:
    own = DiffusersOptions(
        model=str(folder),
        controlnet=str(folder / "control") if control else None,
        negative=negative,
        steps=2,
        side=64,
    )
    return OutpainterOptions(diffusers=own, offline=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return save_pipeline(tmp_path_factory.mktemp("pipeline"), control=True)


@pytest.mark.parametrize("control", [False, True])
def test_the_photograph_stays_and_seeds_and_prompts_decide(folder: Path, control: bool) -> None:
    engine = open_outpainter("diffusers", options(folder, control=control))
    one = wanted()
    found = engine.expand(one, 3)
    assert found.shape == (100, 130, 3)
    assert (found[one.window] == PHOTO).all()
    assert (engine.expand(one, 3) == found).all()
    assert (engine.expand(one, 4) != found).any()
    assert (engine.expand(wanted("snow"), 3) != found).any()


def test_the_negative_prompt_counts(folder: Path) -> None:
    one = open_outpainter("diffusers", options(folder)).expand(wanted(), 3)
    other = open_outpainter("diffusers", options(folder, negative="snow snow")).expand(wanted(), 3)
    assert (one != other).any()


def test_the_control_shows_each_object_in_its_colour() -> None:
    large, small = np.zeros((2, 60, 80), bool)
    large[10:50, 10:60] = True
    small[20:30, 20:30] = True
    found = segmentation(wanted(), [Instance(small, 0.9), Instance(large, 0.8)])
    assert found.shape == (100, 130, 3)
    assert (found[0, 0] == 0).all()
    assert (found[20, 10] == 128).all()
    colours = {tuple(found[20 + y, 10 + x]) for y, x in ((12, 12), (25, 25), (5, 5))}
    assert len(colours) == 3


def test_what_is_no_pipeline_is_told(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(ModelError, match="inpainting pipeline of diffusers"):
        open_outpainter("diffusers", options(tmp_path))
    with pytest.raises(ModelError, match="inpainting pipeline of diffusers"):
        open_outpainter("diffusers", options(Path("nobody/none")))


def test_captions_are_text_of_at_most_thirty_words(tmp_path: Path) -> None:
    captioner = open_captioner(str(save_captioner(tmp_path / "blip")))
    found = captioner.caption(PHOTO)
    assert found == captioner.caption(PHOTO)
    assert isinstance(found, str)
    assert len(found.split()) <= 30
    with pytest.raises(ModelError, match="as BLIP"):
        open_captioner(str(tmp_path))
