"""OpenRaster files, read by hand as the specification has them."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
import zipfile

import numpy as np
import pytest
from PIL import Image

from compose.core.errors import OutputError
from compose.data.ora import OraFile

SIZE = (50, 30)


def write(path, name="dog"):
    ground = np.full((30, 50, 3), 120, np.uint8)
    dog = np.zeros((10, 20, 4), np.uint8)
    dog[2:8, 3:17] = (250, 10, 20, 255)
    with OraFile(path, SIZE) as ora:
        ora.layer("background", ground)
        ora.layer(name, dog, 7, 9, visible=False)
        ora.merged(ground)
    return ground, dog


def test_its_members_are_as_specified(tmp_path):
    path = tmp_path / "new" / "a.ora"
    ground, dog = write(path)
    assert path.read_bytes()[30:54] == b"mimetypeimage/openraster"
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        names = file.namelist()
        assert names[0] == "mimetype"
        assert file.getinfo("mimetype").compress_type == zipfile.ZIP_STORED
        assert {"stack.xml", "mergedimage.png", "Thumbnails/thumbnail.png"} < set(names)
        root = ET.fromstring(file.read("stack.xml"))
        assert (root.tag, root.get("w"), root.get("h")) == ("image", "50", "30")
        layers = root.findall("./stack/layer")
        assert [layer.get("name") for layer in layers] == ["dog", "background"]  # front first
        assert [(layer.get("x"), layer.get("y")) for layer in layers] == [("7", "9"), ("0", "0")]
        assert [layer.get("visibility") for layer in layers] == ["hidden", "visible"]
        for layer, pixels in zip(layers, (dog, ground), strict=True):
            image = Image.open(io.BytesIO(file.read(layer.get("src"))))
            assert np.array_equal(np.asarray(image), pixels)
        merged = Image.open(io.BytesIO(file.read("mergedimage.png")))
        assert np.array_equal(np.asarray(merged), ground)


def test_the_thumbnail_is_small(tmp_path):
    with OraFile(tmp_path / "a.ora", (900, 300)) as ora:
        ora.merged(np.zeros((300, 900, 3), np.uint8))
    with zipfile.ZipFile(tmp_path / "a.ora") as file:
        small = Image.open(io.BytesIO(file.read("Thumbnails/thumbnail.png")))
        assert small.size == (256, 85)


def test_equal_layers_give_equal_bytes(tmp_path):
    write(tmp_path / "a.ora")
    write(tmp_path / "b.ora")
    assert (tmp_path / "a.ora").read_bytes() == (tmp_path / "b.ora").read_bytes()


def test_names_cannot_break_the_index(tmp_path):
    write(tmp_path / "a.ora", name='<&">\x00\n\ud800 ok')
    with zipfile.ZipFile(tmp_path / "a.ora") as file:
        layer = ET.fromstring(file.read("stack.xml")).find("./stack/layer")
    assert layer.get("name") == '<&">\\x00\\n\\ud800 ok'


def test_after_a_failure_nothing_is_left(tmp_path):
    (tmp_path / "a.ora").write_bytes(b"old")
    with OraFile(tmp_path / "b.ora", SIZE) as ora:
        ora.layer("background", np.zeros((30, 50, 3), np.uint8))
    with pytest.raises(TypeError), OraFile(tmp_path / "a.ora", SIZE) as ora:
        ora.layer("background", np.zeros((30, 50, 7), np.uint8))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ora", "b.ora"]
    assert (tmp_path / "a.ora").read_bytes() == b"old"


def test_where_nothing_can_be_written_it_says_so(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="another folder"):
        write(tmp_path / "file" / "a.ora")
