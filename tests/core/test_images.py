import io
import os
import struct
import warnings
import zlib

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from compose.core.errors import ImageError
from compose.core.images import load_picture, load_reduced, read_header

pillow_heif.register_heif_opener()

LOSSLESS = [
    ("a.png", {}),
    ("a.bmp", {}),
    ("a.webp", {"lossless": True}),
    ("a.tif", {}),
    ("a.tif", {"compression": "tiff_lzw"}),
    ("a.tif", {"compression": "tiff_adobe_deflate", "tiffinfo": {317: 2}}),
]
LOSSY = [
    ("a.jpg", {"quality": 95, "subsampling": 0}),
    ("a.jpg", {"quality": 95, "subsampling": 0, "progressive": True}),
    ("a.webp", {"quality": 95}),
    ("a.avif", {"quality": 95, "subsampling": "4:4:4"}),
    ("a.heic", {"quality": 95, "chroma": 444}),
    ("a.tif", {"compression": "jpeg", "quality": 95}),
    ("a.gif", {}),
]


def near(a, b, tolerance):
    return a.shape == b.shape and np.abs(a.astype(int) - b.astype(int)).mean() <= tolerance


@pytest.mark.parametrize(("name", "options"), LOSSLESS)
def test_lossless_formats_come_back_exactly(tmp_path, drawn, name, options):
    Image.fromarray(drawn).save(tmp_path / name, **options)
    picture = load_picture(tmp_path / name)
    assert np.array_equal(picture.rgb, drawn)
    assert picture.alpha is None
    assert (picture.width, picture.height) == (drawn.shape[1], drawn.shape[0])
    assert picture.header == read_header(tmp_path / name)


@pytest.mark.parametrize(("name", "options"), LOSSY)
def test_lossy_formats_come_back_nearly(tmp_path, drawn, name, options):
    Image.fromarray(drawn).save(tmp_path / name, **options)
    picture = load_picture(tmp_path / name)
    assert near(picture.rgb, drawn, 4)
    assert picture.header == read_header(tmp_path / name)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [(n, o, 0) for n, o in LOSSLESS if n != "a.bmp"] + [(n, o, 4) for n, o in LOSSY[:5]],
)
def test_every_orientation(
    tmp_path, drawn, upright, exif_of, orientation, name, options, tolerance
):
    if name.endswith("tif"):
        tags = {**options.get("tiffinfo", {}), 0x0112: orientation}
        options = {**options, "tiffinfo": tags}
    else:
        options = {**options, "exif": exif_of(orientation).tobytes()}
    Image.fromarray(drawn).save(tmp_path / name, **options)
    picture = load_picture(tmp_path / name)
    assert near(picture.rgb, upright(drawn, orientation), tolerance)
    header = read_header(tmp_path / name)
    assert (header.width, header.height) == (picture.width, picture.height)
    assert header == picture.header
    reduced = load_reduced(tmp_path / name, 16)
    assert reduced.header == header
    assert reduced.rgb.shape[:2] == tuple(-(-side // 2) for side in picture.rgb.shape[:2])


@pytest.mark.parametrize("orientation", [3, 6])
def test_exif_behind_the_pixels_of_a_png(tmp_path, drawn, upright, exif_of, orientation):
    file = io.BytesIO()
    Image.fromarray(drawn).save(file, "PNG", exif=exif_of(orientation))
    data = file.getvalue()
    at = data.index(b"eXIf") - 4
    chunk = data[at : at + 12 + struct.unpack(">I", data[at : at + 4])[0]]
    end = data.index(b"IEND") - 4
    (tmp_path / "a.png").write_bytes(data[:at] + data[at + len(chunk) : end] + chunk + data[end:])
    picture = load_picture(tmp_path / "a.png")
    assert np.array_equal(picture.rgb, upright(drawn, orientation))
    assert picture.header == read_header(tmp_path / "a.png")
    assert picture.header.orientation == orientation


def test_alpha_turns_with_the_colours(tmp_path, drawn, veil, upright, exif_of):
    Image.fromarray(np.dstack([drawn, veil])).save(tmp_path / "a.png", exif=exif_of(7))
    picture = load_picture(tmp_path / "a.png")
    assert np.array_equal(picture.rgb, upright(drawn, 7))
    assert np.array_equal(picture.alpha, upright(veil, 7))


# ---------------------------------------------------------------- depths and modes


@pytest.mark.parametrize(("name", "kind"), [("a.png", "<u2"), ("a.tif", "<u2"), ("a.tif", ">u2")])
def test_16_bit_grey_is_scaled(tmp_path, name, kind):
    values = np.linspace(0, 65535, 48 * 30).reshape(30, 48).astype(kind)
    mode = "I;16" if kind == "<u2" else "I;16B"
    Image.frombytes(mode, (48, 30), values.tobytes()).save(tmp_path / name)
    picture = load_picture(tmp_path / name)
    assert np.array_equal(picture.rgb[..., 1], np.rint(values / 257).astype(np.uint8))
    assert picture.rgb.min() == 0
    assert picture.rgb.max() == 255


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 65535], [257, 514]], np.int32), [[0, 255], [1, 2]]),
        (np.array([[-100, 100], [20, 50]], np.int32), [[0, 255], [153, 191]]),
        (np.array([[0, 2**31 - 1], [0, 0]], np.int32), [[0, 255], [0, 0]]),
        (np.array([[0, 1], [0.5, 0.25]], np.float32), [[0, 255], [128, 64]]),
        (np.array([[0, 4], [1, np.nan]], np.float32), [[0, 255], [64, 0]]),
        (np.full((2, 2), 7e30, np.float32), [[0, 0], [0, 0]]),
    ],
)
def test_32_bits_are_scaled(tmp_path, values, expected):
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert np.array_equal(load_picture(tmp_path / "a.tif").rgb[..., 0], expected)


def test_unsigned_32_bits(tmp_path):
    image = Image.fromarray(np.array([[0, 1, 2], [3, 4, -1]], np.int32))
    image.save(tmp_path / "a.tif", tiffinfo={339: 1})
    data = bytearray((tmp_path / "a.tif").read_bytes())
    with Image.open(tmp_path / "a.tif") as opened:
        assert opened.tag_v2[339] == (2,)
    at = data.index(struct.pack("<HHIH", 339, 3, 1, 2))
    data[at + 8] = 1
    (tmp_path / "a.tif").write_bytes(data)
    assert load_picture(tmp_path / "a.tif").rgb[..., 0].tolist() == [[0, 0, 0], [0, 0, 255]]


def test_one_bit(tmp_path, drawn):
    bits = drawn[..., 0] > 100
    Image.fromarray(bits).save(tmp_path / "a.png")
    expected = np.repeat(bits[..., None] * np.uint8(255), 3, -1)
    assert np.array_equal(load_picture(tmp_path / "a.png").rgb, expected)


def test_palette(tmp_path):
    image = Image.fromarray(np.array([[0, 1, 2], [2, 1, 0]], np.uint8), "P")
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.save(tmp_path / "a.png")
    image.save(tmp_path / "b.png", transparency=bytes([255, 128, 0]))
    image.save(tmp_path / "c.gif", transparency=1)
    opaque, soft, hard = (load_picture(tmp_path / n) for n in ("a.png", "b.png", "c.gif"))
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
    assert np.array_equal(opaque.rgb, colours[[[0, 1, 2], [2, 1, 0]]])
    assert np.array_equal(soft.rgb, opaque.rgb)
    assert opaque.alpha is None
    assert soft.alpha.tolist() == [[255, 128, 0], [0, 128, 255]]
    assert hard.alpha.tolist() == [[255, 0, 255], [255, 0, 255]]


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_grey_with_alpha(tmp_path, drawn, veil, name):
    Image.fromarray(np.dstack([drawn[..., 0], veil])).save(tmp_path / name)
    picture = load_picture(tmp_path / name)
    assert np.array_equal(picture.rgb, np.repeat(drawn[..., :1], 3, -1))
    assert np.array_equal(picture.alpha, veil)


@pytest.mark.parametrize("mode", ["La", "PA"])
def test_rare_modes_of_tiff(tmp_path, drawn, veil, mode):
    if mode == "PA":
        image = Image.fromarray(drawn).quantize(8).convert("PA")
        image.putalpha(Image.fromarray(veil))
        expected = np.asarray(image.convert("RGBA"))
    else:
        image = Image.fromarray(np.dstack([np.minimum(drawn[..., 0], veil), veil]))
        expected = image.tobytes()
        expected = np.asarray(Image.frombytes("La", image.size, expected).convert("LA"))
        expected = expected[..., [0, 0, 0, 1]]
    image.save(tmp_path / "a.tif")
    if mode == "La":  # its tag ExtraSamples, from unassociated to associated alpha
        data = bytearray((tmp_path / "a.tif").read_bytes())
        at = data.index(struct.pack("<HHIH", 338, 3, 1, 2))
        data[at + 8] = 1
        (tmp_path / "a.tif").write_bytes(data)
        assert read_header(tmp_path / "a.tif").mode == "La"
    picture = load_picture(tmp_path / "a.tif")
    assert np.array_equal(np.dstack([picture.rgb, picture.alpha]), expected)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "I;16"])
def test_transparent_colour(tmp_path, drawn, mode):
    if mode == "I;16":
        image = Image.fromarray(drawn[..., 0].astype(np.uint16) * 250)
    else:
        image = Image.fromarray(drawn).convert(mode)
    values = np.asarray(image)
    key = values[5, 7].tolist()
    stored = tuple(key) if mode == "RGB" else int(key)
    image.save(tmp_path / "a.png", transparency=stored)
    hit = (values == key).all(-1) if mode == "RGB" else values == key
    assert np.array_equal(load_picture(tmp_path / "a.png").alpha == 0, hit)
    assert 0 < hit.mean() < 1


def test_opaque_alpha_is_none_and_over_blends(tmp_path, drawn, veil):
    Image.fromarray(np.dstack([drawn, np.full_like(veil, 255)])).save(tmp_path / "a.png")
    opaque = load_picture(tmp_path / "a.png")
    assert opaque.alpha is None
    assert opaque.over() is opaque.rgb
    Image.fromarray(np.dstack([drawn, veil])).save(tmp_path / "b.png")
    share = veil[..., None] / 255
    expected = drawn * share + np.array([10, 200, 30]) * (1 - share)
    assert np.abs(load_picture(tmp_path / "b.png").over((10, 200, 30)) - expected).max() <= 0.5


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.avif", "a.tif"])
def test_first_frame(tmp_path, drawn, name):
    first, second = Image.fromarray(drawn), Image.new("RGB", (drawn.shape[1], drawn.shape[0]))
    first.save(tmp_path / name, save_all=True, append_images=[second], quality=95)
    assert near(load_picture(tmp_path / name).rgb, drawn, 6)


# ---------------------------------------------------------------- colours


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif", "a.avif", "a.heic"])
def test_profiles_of_rgb(tmp_path, drawn, swapped_profile, name):
    options = {"lossless": True} if name == "a.webp" else {"quality": 95}
    Image.fromarray(drawn).save(tmp_path / name, icc_profile=swapped_profile, **options)
    assert near(load_picture(tmp_path / name).rgb, drawn[..., ::-1], 4)


def test_profiles_of_rgb_leave_alpha(tmp_path, drawn, veil, swapped_profile):
    image = Image.fromarray(np.dstack([drawn, veil]))
    image.save(tmp_path / "a.png", icc_profile=swapped_profile)
    picture = load_picture(tmp_path / "a.png")
    assert near(picture.rgb, drawn[..., ::-1], 4)
    assert np.array_equal(picture.alpha, veil)


def test_profile_of_grey(tmp_path, linear_grey_profile):
    linear = np.tile(np.arange(256, dtype=np.uint8), (3, 1))
    Image.fromarray(linear).save(tmp_path / "a.png", icc_profile=linear_grey_profile)
    x = linear / 255
    srgb = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055) * 255
    assert np.abs(load_picture(tmp_path / "a.png").rgb[..., 0] - srgb).max() <= 1.5


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk(tmp_path, drawn, only_black_ink_profile, name):
    image = Image.fromarray(drawn).convert("CMYK")
    inks = np.asarray(image).copy()
    inks[..., 3] = np.arange(inks.shape[1]) * 4
    image = Image.fromarray(inks, "CMYK")
    image.save(tmp_path / name, quality=100)
    plain = load_picture(tmp_path / name).rgb
    assert near(plain, np.asarray(image.convert("RGB")), 2)
    image.save(tmp_path / name, quality=100, icc_profile=only_black_ink_profile)
    black = load_picture(tmp_path / name).rgb
    assert (np.ptp(black, -1) <= 6).all()  # grey, though the inks are not
    assert np.abs(black.astype(int) - black[:1]).max() <= 12  # K differs by column only
    assert black[0, 0].min() > 250
    assert black[0, -1].max() < 40


def test_lab(tmp_path):
    lab = np.zeros((4, 6, 3), np.uint8)
    lab[:, :3, 0], lab[:, 3:, 0] = 255, 0
    Image.fromarray(lab, "LAB").save(tmp_path / "a.tif")
    rgb = load_picture(tmp_path / "a.tif").rgb
    assert (rgb[:, :3] >= 253).all()
    assert (rgb[:, 3:] <= 2).all()


@pytest.mark.parametrize("kind", ["broken", "empty", "other"])
def test_useless_profiles_are_passed_over(tmp_path, drawn, linear_grey_profile, kind):
    profile = {"broken": b"no profile", "empty": b"\0", "other": linear_grey_profile}[kind]
    Image.fromarray(drawn).save(tmp_path / "a.png", icc_profile=profile)
    assert np.array_equal(load_picture(tmp_path / "a.png").rgb, drawn)


@given(junk=st.binary(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_broken_exif_does_not_cost_the_picture(tmp_path, drawn, exif_of, junk):
    exif = b"Exif\0\0" + exif_of(1).tobytes()[6:14] + junk
    for name, tolerance in (("a.jpg", 4), ("a.png", 0), ("a.webp", 4)):
        Image.fromarray(drawn).save(tmp_path / name, exif=exif, quality=95)
        picture = load_picture(tmp_path / name)
        assert sorted(picture.rgb.shape) == sorted(drawn.shape)
        if picture.header.orientation == 1:
            assert near(picture.rgb, drawn, tolerance)


# ---------------------------------------------------------------- sizes


@pytest.mark.parametrize(
    ("side", "factor"), [(1, 8), (40, 8), (41, 4), (80, 4), (81, 2), (160, 2), (161, 1), (999, 1)]
)
@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_reduced(tmp_path, name, side, factor):
    y, x = np.mgrid[0:321, 0:500]
    smooth = np.stack([x / 2, y / 2, (x + y) / 4], -1).astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / name, quality=95)
    picture = load_reduced(tmp_path / name, side)
    assert picture.rgb.shape == (-(-321 // factor), -(-500 // factor), 3)
    assert (picture.header.width, picture.header.height) == (500, 321)
    means = smooth[:320, :496].reshape(320 // factor, factor, 496 // factor, factor, 3)
    assert near(picture.rgb[: 320 // factor, : 496 // factor], means.mean((1, 3)), 2)


def test_reducing_weighs_colours_by_alpha(tmp_path):
    rgba = np.zeros((16, 32, 4), np.uint8)
    rgba[:, ::2] = (200, 100, 50, 255)  # every other column is transparent black
    Image.fromarray(rgba).save(tmp_path / "a.png")
    picture = load_reduced(tmp_path / "a.png", 4)
    assert picture.rgb.shape == (4, 8, 3)
    assert np.abs(picture.rgb.astype(int) - (200, 100, 50)).max() <= 1
    assert np.abs(picture.alpha.astype(int) - 128).max() <= 1


def test_the_limit_counts_pixels(tmp_path, drawn):
    Image.fromarray(drawn).save(tmp_path / "a.png")
    pixels = drawn.shape[0] * drawn.shape[1]
    for load in (load_picture, read_header):
        load(tmp_path / "a.png", max_pixels=pixels)
        with pytest.raises(ImageError, match=f"more than {pixels - 1} pixels"):
            load(tmp_path / "a.png", max_pixels=pixels - 1)


def test_pillows_own_limit_neither_warns_nor_stops(tmp_path, drawn, monkeypatch):
    Image.fromarray(drawn).save(tmp_path / "a.png")
    for limit in (10, 2000):  # an error and a warning of Pillow's
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert np.array_equal(load_picture(tmp_path / "a.png").rgb, drawn)
        assert caught == []
        assert limit == Image.MAX_IMAGE_PIXELS


def png_header(width, height):
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    chunks = (
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (head, data)
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def bombs():
    gif = io.BytesIO()
    Image.new("P", (4, 4)).save(gif, "GIF")
    gif = bytearray(gif.getvalue())
    frame = gif.index(b"\x2c") + 5  # its frame is larger than its screen
    gif[frame : frame + 4] = struct.pack("<HH", 60000, 60000)
    bmp = io.BytesIO()
    Image.new("L", (4, 4)).save(bmp, "BMP")
    bmp = bytearray(bmp.getvalue())
    bmp[18:26] = struct.pack("<ii", 60000, 60000)
    webp = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<II", 10, 0)
    webp += struct.pack("<I", 60000)[:3] + struct.pack("<I", 60000)[:3]
    jpeg = io.BytesIO()
    Image.new("L", (8, 8)).save(jpeg, "JPEG")
    jpeg = bytearray(jpeg.getvalue())
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 60000, 60000)
    tiff = io.BytesIO()
    Image.new("L", (8, 8)).save(tiff, "TIFF", tiffinfo={278: 8})
    tiff = bytearray(tiff.getvalue())
    for tag in (256, 257):
        at = tiff.index(struct.pack("<HHI", tag, 4, 1))
        tiff[at + 8 : at + 12] = struct.pack("<I", 60000)
    return {
        "a.png": png_header(60000, 60000),
        "a.gif": gif,
        "a.bmp": bmp,
        "a.webp": webp,
        "a.jpg": jpeg,
        "a.tif": tiff,
    }


@pytest.mark.parametrize("name", list(bombs()))
def test_bombs(tmp_path, name):
    (tmp_path / name).write_bytes(bombs()[name])
    with pytest.raises(ImageError, match="more than 100000000 pixels"):
        load_picture(tmp_path / name)


# ---------------------------------------------------------------- what is no picture


@pytest.mark.parametrize(("name", "options"), LOSSLESS + LOSSY)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_truncated_files(tmp_path, drawn, name, options, share):
    noise = np.random.default_rng(1).integers(0, 60, drawn.shape, dtype=np.uint8)
    Image.fromarray(drawn // 2 + noise).save(tmp_path / name, **options)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ImageError, match="damaged or truncated") as caught:
        load_picture(tmp_path / name)
    assert name in str(caught.value)


@given(seed=st.integers(0, 2**32 - 1), which=st.integers(0, len(LOSSLESS + LOSSY) - 1))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200
)
def test_flipped_bytes_give_a_picture_or_one_sentence(tmp_path, drawn, seed, which):
    name, options = (LOSSLESS + LOSSY)[which]
    file = io.BytesIO()
    formats = {"jpg": "JPEG", "tif": "TIFF", "heic": "HEIF"}
    kind = name.rpartition(".")[2]
    Image.fromarray(drawn).save(file, formats.get(kind, kind.upper()), **options)
    data = bytearray(file.getvalue())
    rng = np.random.default_rng(seed)
    for at in rng.integers(0, len(data), 1 + seed % 12):
        data[at] = rng.integers(0, 256)
    (tmp_path / name).write_bytes(data)
    message = ""
    try:
        picture = load_picture(tmp_path / name, max_pixels=1_000_000)
    except ImageError as error:
        message = str(error)
    if message:
        assert message.isprintable()
        assert message.endswith(".")
    else:
        assert picture.rgb.shape == (picture.header.height, picture.header.width, 3)


def test_names_and_bytes_need_not_agree(tmp_path, drawn):
    Image.fromarray(drawn).save(tmp_path / "a.jpg", "PNG")
    assert read_header(tmp_path / "a.jpg").format == "PNG"
    assert np.array_equal(load_picture(tmp_path / "a.jpg").rgb, drawn)


@pytest.mark.parametrize("fmt", ["PPM", "EPS", "TGA", "ICO", "PDF"])
def test_formats_outside_the_list(tmp_path, drawn, fmt):
    Image.fromarray(drawn).save(tmp_path / "a.png", fmt)
    with pytest.raises(ImageError, match="not a picture of a known format"):
        load_picture(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"hello", "not a picture"),
        (b"BMW\n", "damaged"),
        (b"\0" * 99, "not a pic"),
    ],
)
def test_other_contents(tmp_path, content, message):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(ImageError, match=message):
        load_picture(tmp_path / "a.png")


def test_what_is_no_file(tmp_path):
    (tmp_path / "a.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    for name, message in [
        ("a.jpg", "is a folder"),
        ("pipe.jpg", "not a regular file"),
        ("none.jpg", "does not exist"),
        ("loop.jpg", "cannot be read"),
        ("a\0b.jpg", "cannot be read"),
        ("pipe.jpg/b.jpg", "cannot be read"),
    ]:
        with pytest.raises(ImageError, match=message):
            load_picture(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable(tmp_path, drawn):
    Image.fromarray(drawn).save(tmp_path / "a.png")
    (tmp_path / "a.png").chmod(0)
    with pytest.raises(ImageError, match="may not be read"):
        load_picture(tmp_path / "a.png")


def test_unreadable_is_told(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(b"x")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("compose.core.opening.open", refuse, raising=False)
    with pytest.raises(ImageError, match="may not be read; change its permissions"):
        load_picture(tmp_path / "a.png")


@pytest.mark.parametrize(
    "raw", [b"new\nline.png", b"\xff\xfe.png", b"-a.png", "\u202egnp.png".encode()]
)
def test_hostile_names(tmp_path, drawn, raw):
    path = tmp_path / os.fsdecode(raw)
    Image.fromarray(drawn).save(tmp_path / "a.png")
    os.rename(tmp_path / "a.png", path)
    assert np.array_equal(load_picture(path).rgb, drawn)
    path.write_bytes(b"x")
    with pytest.raises(ImageError) as caught:
        load_picture(path)
    assert str(caught.value).isprintable()
