"""Pairs of objects laid into photographs, for looking at: a picture a pair, and contact sheets.

    python benchmarks/composite_pairs.py DATA OUT [--only NUMBER]
    python benchmarks/composite_pairs.py DATA OUT --put-back

DATA holds `photos/` and `compositing/cutouts/`. Places were chosen by hand, in shares of the
photograph: on its ground where there is one, touching or overlapping. OUT gets NN_NAME.png, and
sheets of what surrounds the blended zone at the composites' own pixels. With --put-back, the pairs
are those of `compose evaluate composite --data DATA/coco --spare-others`, at most five of a
photograph, each beside the photograph that it was taken out of.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from compose.core.boxes import Box
from compose.core.images import load_picture, read_header
from compose.data.scene_layout import ObjectSpec, SceneSpec
from compose.models.inpainters import open_inpainter
from compose.stages.composite import Outputs, composite_into, load_scene
from compose.stages.composite_config import CompositeConfig
from compose.stages.composite_cutting import SharedCutter
from compose.stages.composite_engine import CompositeEngine
from compose.stages.composite_engines import EngineOptions, open_engine
from compose.stages.composite_pairs import find_pairs, open_cases, read_pair
from compose.stages.occlusion_sources import open_photos

Place = tuple[float, float, float]
_OF_ONE = 5  # pairs of one photograph that are put back, at most
_MARGIN = 25  # pixels about them that are shown
A, M, H, V = "animals_", "animals_mammals_", "household_", "vehicles_"

# photograph, then the objects with the middle of their foot and their height, in shares of it
PAIRS: list[tuple[str, list[tuple[str, Place]]]] = [
    ("debian_photos_aitzgorri_by_Aitzol_Berasategi", [
        (M + "equines_horse", (0.469, 0.883, 0.155)),
        (M + "equines_donkey", (0.547, 0.927, 0.164))]),
    ("debian_photos_aitzgorri_by_Aitzol_Berasategi", [
        (M + "bovines_gnu-sitting", (0.328, 0.927, 0.129)),
        (M + "bovines_gnu-baby-stand", (0.398, 0.904, 0.176))]),
    ("debian_photos_picosdeeuropa_by_Aitzol_Berasategi", [
        (M + "bovines_goat", (0.641, 0.800, 0.156)),
        (M + "bovines_mountaingoat", (0.715, 0.789, 0.156))]),
    ("debian_photos_picosdeeuropa_by_Aitzol_Berasategi", [
        (M + "pig", (0.500, 0.875, 0.109)),
        (M + "pig_golden2", (0.594, 0.902, 0.115))]),
    ("debian_photos_Bridge_by_Sander_Klootwijk", [
        (M + "giraffe", (0.469, 0.933, 0.333)),
        (A + "birds_nandou", (0.406, 0.958, 0.208))]),
    ("debian_photos_plasma_BytheWater", [
        ("seasonal_christmas_German_Christmas_toy", (0.547, 0.863, 0.312)),
        ("seasonal_christmas_Mince_Pie", (0.445, 0.894, 0.212))]),
    ("debian_photos_plasma_ColdRipple", [
        (A + "birds_magellanic_penguin", (0.469, 0.838, 0.250)),
        (A + "birds_gander", (0.539, 0.875, 0.237))]),
    ("elementary_Sunset_by_the_Pier", [
        (M + "apes_chimp", (0.461, 0.898, 0.234)),
        (M + "aquatic_otter", (0.562, 0.938, 0.141))]),
    ("debian_photos_aitzgorri_by_Aitzol_Berasategi", [
        (H + "tools_cementmixer", (0.672, 0.939, 0.176)),
        (H + "home_compost_bin", (0.742, 0.965, 0.129))]),
    ("budgie_oakland_zoo_otters", [
        (M + "aquatic_otter", (0.281, 0.910, 0.208)),
        (M + "ferret", (0.383, 0.933, 0.194))]),
    ("debian_photos_plasma_EveningGlow", [
        ("people_fireman240a", (0.703, 0.969, 0.263)),
        (H + "tools_toolbox", (0.770, 0.988, 0.075))]),
    ("debian_photos_plasma_Path", [
        (M + "deer_doe", (0.320, 0.850, 0.219)),
        (M + "rodents_squirrel", (0.383, 0.854, 0.087))]),
    ("debian_photos_Wine_by_Jakkub_Mede", [
        ("hobbies_music_string_cello", (0.902, 0.688, 0.203)),
        ("hobbies_music_percussion_drum_tomtom_floor", (0.837, 0.750, 0.156))]),
    ("debian_photos_sunset_by_Aitzol_Berasategi", [
        (M + "cats_lion-2", (0.258, 0.856, 0.141)),
        (M + "giraffe", (0.344, 0.821, 0.258))]),
    ("debian_photos_plasma_FallenLeaf", [
        (A + "amphibians_frog", (0.625, 0.825, 0.138)),
        (A + "insects_grasshopper", (0.703, 0.835, 0.100))]),
    ("debian_photos_Storm", [
        (V + "masstransit_green_korean_bus", (0.438, 0.938, 0.141)),
        (V + "auto_sportscar2", (0.562, 0.964, 0.073))]),
    ("debian_photos_plasma_EveningGlow", [
        (A + "birds_gander", (0.188, 0.955, 0.225)),
        (M + "aquatic_otter", (0.266, 0.969, 0.138))]),
    ("budgie_lake_sherburne", [
        (A + "birds_pelican", (0.469, 0.286, 0.208)),
        (A + "birds_tucan", (0.547, 0.347, 0.153))]),
    ("debian_photos_plasma_Kite", [
        (A + "birds_tucan", (0.391, 0.579, 0.188)),
        (A + "birds_pelican", (0.477, 0.501, 0.237))]),
    ("budgie_saturnian_profile", [
        ("space_planets_5_jupiter", (0.750, 0.488, 0.375)),
        ("space_voyager2", (0.723, 0.550, 0.206))]),
]  # fmt: skip


def placed(cutout: Path, place: Place, width: int, height: int) -> ObjectSpec:
    """A cut-out in its own proportions, standing at a place of a photograph."""
    header = read_header(cutout)
    middle, foot, tall = place[0] * width, place[1] * height, place[2] * height
    half = tall * header.width / header.height / 2
    return ObjectSpec(
        cutout, Box(round(middle - half), round(foot - tall), round(middle + half), round(foot))
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--put-back", action="store_true", help="pairs of DATA/coco's val part")
    parser.add_argument("--only", type=int, nargs="*", help="numbers of pairs, from 1")
    parser.add_argument("--harmonize", default="learned")
    parser.add_argument("--columns", type=int, default=3)
    parser.add_argument("--side", type=int, default=640, help="pixels of a sheet's cells")
    given = parser.parse_args()
    config = CompositeConfig(harmonize=given.harmonize)
    engine = open_engine("blend", EngineOptions(config))
    if given.put_back:
        put_back(given.data / "coco", given.out, engine)
        return
    cells = []
    for number, (photo, objects) in enumerate(PAIRS, 1):
        if given.only and number not in given.only:
            continue
        background = given.data / "photos" / f"{photo}.jpg"
        header = read_header(background)
        cutouts = given.data / "compositing" / "cutouts"
        specs = tuple(
            placed(cutouts / f"{name}.png", place, header.width, header.height)
            for name, place in objects
        )
        spec = SceneSpec(background, specs)
        loaded = load_scene(spec, config, segment=SharedCutter().segment, name=str(number))
        target = given.out / f"{number:02d}_{photo}.png"
        record, _ = composite_into(Outputs([target]), loaded, engine, config)
        print(
            f"{target.name}: order {record['order']}, shadows "
            f"{[told['shadow'] for told in record['objects']]}, outside "
            f"{record['outside_difference']}, {record['seconds']:.2f} s"
        )
        cells.append(zoomed(target, record["zone"], given.side))
    for start in range(0, len(cells), 2 * given.columns):
        sheet(cells[start : start + 2 * given.columns], given.columns).save(
            given.out / f"sheet_{start // (2 * given.columns) + 1}.png"
        )


def put_back(data: Path, out: Path, engine: CompositeEngine) -> None:
    """Write what surrounds each pair, the photograph's and the composite's side by side."""
    out.mkdir(parents=True, exist_ok=True)
    inpainter = open_inpainter("rims")
    seen: Counter[str] = Counter()
    for photo, a, b in find_pairs(open_photos("coco", data, "val")):
        seen[photo.name] += 1
        if seen[photo.name] > _OF_ONE:
            continue
        pair = read_pair(photo, a, b)
        for _, case in open_cases(pair, ["recomposite"], inpainter, 0, spare=True):
            made = engine.compose(case.scene).rgb
            boxes = np.array([each.box for each in case.scene.objects])
            x1, y1 = np.maximum(boxes[:, :2].min(0) - _MARGIN, 0)
            x2, y2 = boxes[:, 2:].max(0) + _MARGIN
            both = [picture[y1:y2, x1:x2] for picture in (case.truth, made)]
            name = case.name.replace(":", "_").replace(",", "_").replace(".jpg", "")
            Image.fromarray(np.concatenate(both, 1)).save(out / f"{name}.png")
            print(name)


def zoomed(file: Path, zone: list[int], side: int) -> Image.Image:
    """The surroundings of the zone, as near to its own pixels as fits into a cell."""
    picture = Image.fromarray(load_picture(file).rgb)
    x1, y1, x2, y2 = zone
    length = int(1.15 * max(x2 - x1, y2 - y1))
    left = max((x1 + x2 - length) // 2, 0)
    top = max((y1 + y2 - length) // 2, 0)
    part = picture.crop(
        (left, top, min(left + length, picture.width), min(top + length, picture.height))
    )
    factor = side / max(part.size)
    return part.resize((round(part.width * factor), round(part.height * factor)))


def sheet(cells: list[Image.Image], columns: int) -> Image.Image:
    side = max(max(cell.size) for cell in cells)
    rows = -(-len(cells) // columns)
    whole = Image.new("RGB", (columns * side, rows * side), (40, 40, 40))
    for k, cell in enumerate(cells):
        whole.paste(cell, (k % columns * side, k // columns * side))
    return whole


if __name__ == "__main__":
    main()
