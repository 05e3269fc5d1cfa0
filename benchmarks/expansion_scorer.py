"""The scorer of expanded pictures, trained and measured by cross-validation.

    python benchmarks/expansion_scorer.py pictures PHOTOS… --out DIR     pictures to be judged
    python benchmarks/expansion_scorer.py train DIR --judged FILE --out WEIGHTS

`pictures` expands photographs with engine builtin, one picture each, and keeps what the trunks see
of them. FILE has a line `NAME 0` or `NAME 1` for every picture that somebody looked at: 1 is bad.
`train` prints figures on photographs that were left out, trains on all, and writes expansion.onnx
and expansion.safetensors.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from compose.core.devices import require_torch
from compose.core.encoding import save_rgb
from compose.core.inputs import expand_inputs
from compose.models.expansion_score import EXPANSION, inside_cells, stacked

SEED, FOLDS = 7, 5


def make_pictures(inputs: list[str], out: Path) -> None:
    """Expand photographs and keep pictures and maps."""
    from compose.models.outpainter_patches import PatchOutpainter
    from compose.models.picture_look import PictureReader
    from compose.stages.cad_photo import open_photo
    from compose.stages.cad_picture import expand
    from compose.stages.cad_place import PlaceConfig

    out.mkdir(parents=True, exist_ok=True)
    reader, engine = PictureReader(), PatchOutpainter()
    for number, source in enumerate(expand_inputs(inputs)):
        photo = open_photo(source.path, reader)
        made = expand(photo, engine, PlaceConfig(), SEED, source.path.name, 0)
        height, width = made.rgb.shape[:2]
        save_rgb(made.rgb, out / f"{number:04d}.jpg")
        np.savez(
            out / f"{number:04d}.npz",
            made=stacked(reader.look(made.rgb).maps).astype(np.float16),
            photo=stacked(reader.look(photo.rgb).maps).astype(np.float16),
            inside=inside_cells(made.region, width, height),
        )


def train(folder: Path, judged: Path, out: Path) -> None:
    """Train on all that was judged, and on the photographs themselves, which count as good."""
    require_torch("training")
    from compose.models.expansion_export import export_expansion
    from compose.models.packing import round_int8
    from compose.models.small_net import small_net_bytes
    from compose.stages.train_expansion import (
        ScoreExample,
        ScoreTraining,
        area_under_curve,
        predicted_bad,
        train_expansion,
    )

    names, made, photos = [], [], []
    for line in judged.read_text().splitlines():
        name, bad = line.split()
        with np.load(folder / f"{name}.npz") as kept:
            names.append(name)
            made.append(ScoreExample(kept["made"], kept["inside"], 1.0, float(bad)))
            photos.append(ScoreExample(kept["photo"], kept["inside"], 0.0, 0.0))
    how = ScoreTraining()
    found, found_photos = np.zeros(len(made)), np.zeros(len(made))
    order = np.random.default_rng(0).permutation(len(made))
    for fold in range(FOLDS):
        out_of = order[fold::FOLDS]
        rest = np.setdiff1d(order, out_of)
        net = train_expansion([*(made[n] for n in rest), *(photos[n] for n in rest)], how, 0)
        found[out_of] = predicted_bad(net, [made[n] for n in out_of])
        found_photos[out_of] = predicted_bad(net, [photos[n] for n in out_of])
    truth = np.array([example.bad > 0 for example in made])
    called = found > 0.5
    print(f"pictures {len(made)}, judged bad {truth.mean():.3f}")
    print(f"area under the curve {area_under_curve(found, truth):.3f}")
    print(f"called bad {called.mean():.3f}, of photographs {(found_photos > 0.5).mean():.3f}")
    print(f"precision {truth[called].mean():.3f}, recall {called[truth].mean():.3f}")
    net = train_expansion([*made, *photos], how, 0)
    round_int8(net)
    out.mkdir(parents=True, exist_ok=True)
    export_expansion(net, out / EXPANSION)
    (out / EXPANSION).with_suffix(".safetensors").write_bytes(small_net_bytes(net, net.config))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    pictures = steps.add_parser("pictures")
    pictures.add_argument("inputs", nargs="+")
    pictures.add_argument("--out", type=Path, required=True)
    training = steps.add_parser("train")
    training.add_argument("folder", type=Path)
    training.add_argument("--judged", type=Path, required=True)
    training.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.step == "pictures":
        make_pictures(arguments.inputs, arguments.out)
    else:
        train(arguments.folder, arguments.judged, arguments.out)


if __name__ == "__main__":
    main()
