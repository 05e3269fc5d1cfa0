"""What C code prints on descriptor 2 is seen from outside the process only."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from compose.core import quiet
from compose.core.errors import ImageError
from compose.core.images import load_picture

LOAD = """
import sys, threading
from compose.core import quiet
from compose.core.errors import ImageError
from compose.core.images import load_picture
if sys.argv[1] == "hidden":
    quiet.tiff_functions = lambda: None
failures = []
def work():
    for path in sys.argv[3:]:
        for _ in range(5):
            try:
                load_picture(path)
            except ImageError as error:
                failures.append(str(error))
threads = [threading.Thread(target=work) for _ in range(int(sys.argv[2]))]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print("talk", file=sys.stderr)
print(len(failures))
"""


@pytest.fixture
def damaged_tiffs(tmp_path):
    values = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    paths = []
    for compression in ("tiff_lzw", "jpeg"):
        path = tmp_path / f"{compression}.tif"
        Image.fromarray(values).save(path, compression=compression)
        data = bytearray(path.read_bytes())
        data[200:900] = bytes(700)
        path.write_bytes(data)
        paths.append(str(path))
    return paths


def test_pillow_alone_is_not_silent(damaged_tiffs):
    code = f"from PIL import Image\ntry: Image.open({damaged_tiffs[0]!r}).load()\nexcept OSError: 0"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "LZW" in run.stderr


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("functions", ["found", "hidden"])
def test_libtiff_is_silent(damaged_tiffs, functions, threads):
    command = [sys.executable, "-c", LOAD, functions, str(threads), *damaged_tiffs]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stderr == "talk\n"
    assert int(run.stdout) >= 5 * threads


def test_pillows_logger_is_silent(tmp_path, drawn, capfd):
    Image.fromarray(drawn).save(tmp_path / "a.tif", tiffinfo={277: 3})
    data = bytearray((tmp_path / "a.tif").read_bytes())
    at = data.index(b"\x15\x01\x03\x00")  # SamplesPerPixel
    data[at + 8 : at + 10] = b"\xff\x7f"
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(ImageError):
        load_picture(tmp_path / "a.tif")
    assert capfd.readouterr().err == ""


def test_state_is_put_back_after_the_last(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 7)
    import warnings

    before = list(warnings.filters)
    with quiet.decoding(100):
        with quiet.decoding(50), quiet.tiff_silenced(), quiet.tiff_silenced():
            assert Image.MAX_IMAGE_PIXELS == 100
        assert Image.MAX_IMAGE_PIXELS == 100
        assert len(warnings.filters) == len(before) + 1
    assert Image.MAX_IMAGE_PIXELS == 7
    assert warnings.filters == before
