"""Pairs of objects laid into photographs, for looking at: a picture a pair, and contact sheets.

    python benchmarks/composite_pairs.py DATA OUT [--only NUMBER]

DATA holds `photos/` and `compositing/cutouts/`. Places were chosen by hand, in shares of the
photograph: on its ground where there is one, touching or overlapping. OUT gets NN_NAME.png, and
sheets of what surrounds the blended zone at the composites' own pixels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from compose.core.boxes import Box
from compose.core.images import load_picture, read_header
from compose.data.scene_layout import ObjectSpec, SceneSpec
from compose.stages.composite import Outputs, composite_into, load_scene
from compose.stages.composite_config import CompositeConfig
from compose.stages.composite_cutting import SharedCutter
from compose.stages.composite_engines import EngineOptions, open_engine

Share = tuple[float, float, float, float]
A, H = "animals_", "household_"

# photograph, then the objects with their boxes in shares of it, then the order if it is given
PAIRS: list[tuple[str, list[tuple[str, Share]]]] = [
    ("debian_photos_aitzgorri_by_Aitzol_Berasategi", [
        (A + "mammals_equines_horse", (.24, .55, .54, .89)),
        (A + "mammals_equines_donkey", (.44, .58, .70, .95))]),
    ("debian_photos_aitzgorri_by_Aitzol_Berasategi", [
        (A + "mammals_bovines_gnu-sitting", (.30, .70, .52, .92)),
        (A + "mammals_bovines_gnu-baby-stand", (.46, .55, .66, .87))]),
    ("debian_photos_picosdeeuropa_by_Aitzol_Berasategi", [
        (A + "mammals_bovines_mountaingoat", (.52, .62, .72, .86)),
        (A + "mammals_bovines_goat", (.64, .68, .82, .92))]),
    ("debian_photos_plasma_Path", [
        (A + "mammals_deer_doe", (.12, .55, .34, .94)),
        (A + "mammals_rodents_squirrel", (.28, .80, .42, .97))]),
    ("budgie_extreme_desert_hike", [
        (A + "mammals_giraffe", (.50, .52, .74, .88)),
        (A + "birds_ostrich", (.64, .66, .80, .92))]),
    ("budgie_tea_gardens", [
        (A + "mammals_equines_donkey_eating", (.52, .66, .74, .88)),
        (A + "mammals_bovines_goat", (.68, .70, .84, .93))]),
    ("debian_photos_sunset_by_Aitzol_Berasategi", [
        (A + "mammals_cats_lion-2", (.08, .70, .34, .93)),
        (A + "mammals_bovines_gnu-sitting", (.28, .76, .54, .96))]),
    ("debian_photos_Wine_by_Jakkub_Mede", [
        ("hobbies_music_string_cello", (.66, .52, .96, .92)),
        ("hobbies_music_percussion_drum_tomtom_floor", (.60, .74, .92, .97))]),
    ("elementary_Sunset_by_the_Pier", [
        (A + "birds_gander", (.44, .62, .56, .90)),
        (A + "birds_magellanic_penguin", (.52, .66, .66, .96))]),
    ("debian_photos_plasma_ColdRipple", [
        (A + "birds_magellanic_penguin", (.36, .58, .52, .92)),
        (A + "birds_gander", (.48, .60, .60, .95))]),
    ("debian_photos_plasma_FallenLeaf", [
        (A + "mammals_rodents_squirrel", (.28, .55, .52, .90)),
        (A + "amphibians_frog", (.46, .72, .68, .94))]),
    ("debian_photos_plasma_BytheWater", [
        ("seasonal_christmas_Mince_Pie", (.36, .55, .60, .84)),
        ("food_fruit_Strawberry2", (.54, .56, .70, .90))]),
    ("budgie_canyon_wren", [
        (A + "mammals_ferret", (.36, .56, .50, .86)),
        (A + "mammals_rodents_squirrel", (.46, .60, .62, .90))]),
    ("debian_photos_plasma_EveningGlow", [
        ("people_fireman240a", (.60, .56, .76, .95)),
        (H + "tools_toolbox", (.70, .82, .86, .98))]),
    ("debian_photos_Bridge_by_Sander_Klootwijk", [
        (A + "mammals_equines_horse", (.30, .72, .52, .95)),
        (A + "mammals_pig", (.46, .80, .64, .98))]),
    ("debian_photos_Picture_0B_by_freespace", [
        ("food_fruit_Strawberry2", (.58, .40, .72, .76)),
        ("food_fruit_Cherry_Stella", (.66, .44, .84, .80))]),
    ("budgie_saturnian_profile", [
        ("space_planets_5_jupiter", (.06, .30, .26, .78)),
        ("space_voyager2", (.18, .20, .40, .50))]),
    ("debian_photos_picosdeeuropa_by_Aitzol_Berasategi", [
        (A + "birds_nandou", (.40, .62, .60, .84)),
        (A + "mammals_pig_golden2", (.52, .74, .76, .92))]),
    ("debian_photos_FreshFlower", [
        (A + "insects_xanthia", (.40, .30, .66, .58)),
        (A + "insects_grasshopper", (.52, .46, .80, .74))]),
    ("budgie_lake_sherburne", [
        (A + "birds_pelican", (.20, .02, .36, .24)),
        (A + "birds_tucan", (.32, .03, .48, .22))]),
    ("budgie_oakland_zoo_otters", [
        (A + "mammals_aquatic_otter", (.52, .52, .80, .84)),
        (A + "marsupials_wombat", (.70, .60, .94, .92))]),
    ("debian_photos_Storm", [
        ("vehicles_masstransit_green_korean_bus", (.20, .58, .50, .88)),
        ("vehicles_auto_sportscar2", (.40, .74, .64, .93))]),
    ("debian_photos_life_by_Aitzol_Berasategi", [
        (A + "amphibians_frog", (.62, .70, .78, .90)),
        (A + "mammals_aquatic_otter", (.44, .66, .68, .92))]),
    ("debian_photos_GreenMeadow", [
        (A + "amphibians_frog", (.24, .60, .52, .88)),
        (A + "insects_grasshopper", (.46, .68, .70, .92))]),
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", type=int, nargs="*", help="numbers of pairs, from 1")
    parser.add_argument("--harmonize", default="learned")
    parser.add_argument("--columns", type=int, default=3)
    parser.add_argument("--side", type=int, default=640, help="pixels of a sheet's cells")
    given = parser.parse_args()
    config = CompositeConfig(harmonize=given.harmonize)
    engine = open_engine("blend", EngineOptions(config))
    cells = []
    for number, (photo, objects) in enumerate(PAIRS, 1):
        if given.only and number not in given.only:
            continue
        background = given.data / "photos" / f"{photo}.jpg"
        header = read_header(background)
        scale = np.array([header.width, header.height] * 2)
        specs = tuple(
            ObjectSpec(
                given.data / "compositing" / "cutouts" / f"{name}.png", Box(*(share * scale))
            )
            for name, share in ((name, np.array(share)) for name, share in objects)
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
