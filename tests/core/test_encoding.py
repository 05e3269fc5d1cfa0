import io
import struct
import zlib

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms
from PIL.JpegImagePlugin import get_sampling

from compose.core.deep import Deep, encode_png
from compose.core.encoding import Crop, crop_file, crop_files, save_rgb
from compose.core.errors import ImageError, InputError, OutputError
from compose.core.images import load_picture

pillow_heif.register_heif_opener()
BOX = (9, 3, 42, 30)


def cut(array, box=BOX):
    x1, y1, x2, y2 = box
    return array[y1:y2, x1:x2]


def crop(path, box=BOX, **options):
    target = path.with_name(f"out{path.suffix}")
    crop_file(path, box, target, **options)
    return target


def opened(path):
    with Image.open(path) as image:
        image.load()
        return image


def modes(drawn, veil):
    rgb = Image.fromarray(drawn)
    palette = rgb.quantize(32)
    deep = drawn[..., 0].astype(np.uint16) * 257 + 3
    return {
        "1": rgb.convert("1"),
        "L": rgb.convert("L"),
        "LA": Image.fromarray(np.dstack([drawn[..., 0], veil])),
        "P": palette,
        "RGB": rgb,
        "RGBA": Image.fromarray(np.dstack([drawn, veil])),
        "CMYK": rgb.convert("CMYK"),
        "I;16": Image.fromarray(deep),
        "I": Image.fromarray(deep.astype(np.int32) * 1000),
        "F": Image.fromarray(deep.astype(np.float32) / 7),
        "LAB": Image.fromarray(drawn, "LAB"),
    }


NATIVE = [("a.png", m) for m in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")]
NATIVE += [
    ("a.tif", m) for m in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "LAB")
]
NATIVE += [("a.bmp", m) for m in ("1", "L", "P", "RGB")]
NATIVE += [("a.gif", m) for m in ("L", "P")]


@pytest.mark.parametrize(("name", "mode"), NATIVE)
def test_lossless_crops_hold_the_same_pixels(tmp_path, drawn, veil, name, mode):
    modes(drawn, veil)[mode].save(tmp_path / name)
    before, after = opened(tmp_path / name), opened(crop(tmp_path / name))
    assert after.mode == before.mode
    assert after.format == before.format
    by_palette = mode == "P" or name == "a.gif"
    as_shown = (lambda i: i.convert("RGB")) if by_palette else (lambda i: i)
    assert np.array_equal(np.asarray(as_shown(after)), cut(np.asarray(as_shown(before))))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif", "a.jpg", "a.avif", "a.heic"])
def test_crops_stand_upright(tmp_path, drawn, upright, exif_of, orientation, name):
    options = {"lossless": True} if name == "a.webp" else {"quality": 95}
    if name in ("a.jpg", "a.avif"):
        options["subsampling"] = "4:4:4"
    options["exif"] = exif_of(orientation).tobytes()
    if name == "a.tif":
        options = {"tiffinfo": {0x0112: orientation}}
    Image.fromarray(drawn).save(tmp_path / name, **options)
    box = (2, 5, 30, 39)
    expected = cut(upright(drawn, orientation), box)
    for keep in (False, True):
        target = crop(tmp_path / name, box, keep_metadata=keep)
        picture = load_picture(target)
        assert picture.rgb.shape == expected.shape
        exact = name in ("a.png", "a.webp", "a.tif")
        difference = np.abs(picture.rgb.astype(int) - expected)
        assert difference.max() == 0 if exact else difference.mean() < 5
        assert picture.header.orientation == 1
        assert opened(target).getexif().get(0x0112, 1) == 1


# ---------------------------------------------------------------- 16 bits


def deep_png(values, kind, extra=b""):
    height, width = values.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    chunks = [(b"IHDR", head), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    parts = (
        struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def by_opencv(path):
    """16-bit channels in the order of the file, read by another library."""
    values = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    return values[..., [2, 1, 0, *range(3, values.shape[2])]]


@pytest.fixture(scope="module")
def deep_values():
    y, x = np.mgrid[0:40, 0:56]
    noise = np.random.default_rng(3).integers(0, 300, (40, 56, 4))
    smooth = np.stack([x * 1100, y * 1600, 60000 - x * 500 - y * 300, 65000 - x * 1000], -1)
    return (smooth + noise).astype(np.uint16)


@pytest.mark.parametrize("orientation", [1, 6, 7])
@pytest.mark.parametrize(("kind", "channels"), [(2, [0, 1, 2]), (6, [0, 1, 2, 3]), (4, [1, 3])])
def test_16_bit_png_stays_so(tmp_path, deep_values, upright, exif_of, kind, channels, orientation):
    values = deep_values[..., channels]
    exif = [(b"eXIf", exif_of(orientation).tobytes()[6:])]
    (tmp_path / "a.png").write_bytes(deep_png(values, kind, exif))
    box = (3, 4, 31, 33)
    target = crop(tmp_path / "a.png", box)
    assert target.read_bytes()[24:26] == bytes([16, kind])
    found = by_opencv(target)
    found = found if kind != 4 else found[..., [0, 3]]
    assert np.array_equal(found, cut(upright(values, orientation), box))
    shown = load_picture(target).rgb
    expected = values[..., [0, 0, 0]] if kind == 4 else values[..., :3]
    assert np.array_equal(shown, cut(upright(expected >> 8, orientation), box))


@pytest.mark.parametrize("compression", [1, 5, 8, 32946])
@pytest.mark.parametrize("channels", [3, 4])
def test_16_bit_tiff_stays_so(tmp_path, deep_values, channels, compression, swapped_profile):
    values = deep_values[..., :channels]
    order = [2, 1, 0, 3][:channels]
    options = [cv2.IMWRITE_TIFF_COMPRESSION, compression]
    cv2.imwrite(str(tmp_path / "a.tif"), np.ascontiguousarray(values[..., order]), options)
    target = crop(tmp_path / "a.tif")
    assert np.array_equal(by_opencv(target), cut(values))
    after = opened(target)
    assert after.tag_v2[258] == (16,) * channels
    assert after.info["compression"] == ("raw" if compression == 1 else "tiff_adobe_deflate")
    assert np.array_equal(np.asarray(after), cut(values >> 8))


def test_16_bit_tiff_in_other_byte_orders_and_colours(tmp_path, deep_values, swapped_profile):
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    values = deep_values
    for prefix, kind in ((b"MM", ">u2"), (b"II", "<u2")):
        tags = ImageFileDirectory_v2(prefix=prefix)
        data = values.astype(kind).tobytes()
        tags[256], tags[257], tags[258], tags[259], tags[262] = 56, 40, (16,) * 4, 1, 5
        tags[273], tags[277], tags[278], tags[279], tags[284] = (0,), 4, 40, (len(data),), 1
        tags[34675] = b"a profile"
        tags[282], tags[283], tags[296] = 300.0, 300.0, 2
        file = io.BytesIO()
        tags.save(file)
        (tmp_path / "a.tif").write_bytes(file.getvalue() + data)
        target = crop(tmp_path / "a.tif")
        after = opened(target)
        assert after.mode == "CMYK"
        assert after.info["icc_profile"] == b"a profile"
        assert after.info["dpi"] == (300, 300)
        offset, length = after.tag_v2[273][0], after.tag_v2[279][0]
        raw = np.frombuffer(target.read_bytes()[offset : offset + length], "<u2")
        assert np.array_equal(raw.reshape(27, 33, 4), cut(values))


def test_16_bit_colour_key_becomes_alpha(tmp_path, deep_values):
    values = deep_values[..., :3].copy()
    values[10:12, 20:25] = (1000, 2000, 3000)
    key = [(b"tRNS", struct.pack(">HHH", 1000, 2000, 3000))]
    (tmp_path / "a.png").write_bytes(deep_png(values, 2, key))
    found = by_opencv(crop(tmp_path / "a.png"))
    assert np.array_equal(found[..., :3], cut(values))
    assert np.array_equal(found[..., 3] == 0, cut((values == (1000, 2000, 3000)).all(-1)))


def test_16_bit_png_compresses(deep_values):
    plain = zlib.compress(deep_values.tobytes())
    assert len(encode_png(Deep(deep_values, "RGBA"), None, None, b"")) < 0.8 * len(plain)


def test_16_bit_planes_are_refused_rather_than_misread(tmp_path, deep_values):
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    tags = ImageFileDirectory_v2(prefix=b"II")
    planes = [deep_values[..., i].tobytes() for i in range(3)]
    tags[256], tags[257], tags[258], tags[259], tags[262] = 56, 40, (16,) * 3, 1, 2
    sizes = tuple(len(p) for p in planes)
    tags[273], tags[279] = (0, sizes[0], 2 * sizes[0]), sizes
    tags[277], tags[278], tags[284] = 3, 40, 2
    file = io.BytesIO()
    tags.save(file)
    (tmp_path / "a.tif").write_bytes(file.getvalue() + b"".join(planes))
    for read in (crop, load_picture):
        with pytest.raises(ImageError, match="in separate planes"):
            read(tmp_path / "a.tif")
    assert not (tmp_path / "out.tif").exists()


# ---------------------------------------------------------------- format and quality


@pytest.mark.parametrize("quality", [35, 75, 92])
@pytest.mark.parametrize("sampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_keeps_tables_and_sampling(tmp_path, drawn, quality, sampling, progressive):
    options = {"quality": quality, "subsampling": sampling, "progressive": progressive}
    Image.fromarray(drawn).save(tmp_path / "a.jpg", **options)
    before, after = opened(tmp_path / "a.jpg"), opened(crop(tmp_path / "a.jpg"))
    assert after.quantization == before.quantization
    assert get_sampling(after) == sampling
    assert bool(after.info.get("progressive")) is progressive


def test_jpeg_crops_of_a_whole_picture_are_as_large(tmp_path):
    x = np.arange(400)
    noise = np.random.default_rng(0).normal(0, 9, (300, 400, 3))
    picture = np.clip(128 + 60 * np.sin(x / 30)[..., None] + noise, 0, 255).astype(np.uint8)
    for quality in (40, 95):
        Image.fromarray(picture).save(tmp_path / "a.jpg", quality=quality)
        size = (tmp_path / "a.jpg").stat().st_size
        assert 0.6 < crop(tmp_path / "a.jpg", (0, 0, 400, 300)).stat().st_size / size < 1.1


def test_jpeg_of_noise_at_the_highest_quality(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    options = [cv2.IMWRITE_JPEG_QUALITY, 100, cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    cv2.imwrite(str(tmp_path / "a.jpg"), noise[..., ::-1], options)
    found = opened(crop(tmp_path / "a.jpg", (8, 8, 392, 296)))
    assert np.abs(np.asarray(found).astype(int) - noise[8:296, 8:392]).mean() < 3


@pytest.mark.parametrize("mode", ["L", "CMYK", "stored RGB"])
def test_jpeg_of_other_colours(tmp_path, drawn, mode):
    image = Image.fromarray(drawn)
    image = image if mode == "stored RGB" else image.convert(mode)
    image.save(tmp_path / "a.jpg", quality=95, keep_rgb=mode == "stored RGB", subsampling=0)
    before, after = opened(tmp_path / "a.jpg"), opened(crop(tmp_path / "a.jpg"))
    assert after.mode == before.mode
    assert np.abs(np.asarray(after).astype(int) - cut(np.asarray(before))).mean() < 2
    assert [layer[0] for layer in after.layer] == [layer[0] for layer in before.layer]


def test_quality_can_be_given(tmp_path, drawn):
    Image.fromarray(drawn).save(tmp_path / "a.jpg", quality=95)
    Image.fromarray(drawn).save(tmp_path / "b.jpg", quality=20)
    assert (
        opened(crop(tmp_path / "a.jpg", quality=20)).quantization
        == opened(tmp_path / "b.jpg").quantization
    )


def test_several_pictures_in_one_jpeg(tmp_path, drawn):
    second = Image.fromarray(drawn[::-1])
    Image.fromarray(drawn).save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.format == "MPO"
    assert load_picture(tmp_path / "a.jpg").header.format == "JPEG"
    assert opened(crop(tmp_path / "a.jpg")).format == "JPEG"


@pytest.mark.parametrize("with_alpha", [False, True])
def test_webp_stays_lossless_or_lossy(tmp_path, drawn, veil, with_alpha):
    values = np.dstack([drawn, veil]) if with_alpha else drawn
    for lossless, kind in ((True, b"VP8L"), (False, b"VP8 ")):
        Image.fromarray(values).save(tmp_path / "a.webp", lossless=lossless, exact=True)
        before, target = np.asarray(opened(tmp_path / "a.webp")), crop(tmp_path / "a.webp")
        assert kind in target.read_bytes()
        after = np.asarray(opened(target))
        assert after.shape == cut(before).shape
        assert not lossless or np.array_equal(after, cut(before))


@pytest.mark.parametrize("sampling", ["4:2:0", "4:2:2", "4:4:4"])
def test_avif_and_heic_keep_sampling(tmp_path, drawn, sampling):
    Image.fromarray(drawn).save(tmp_path / "a.avif", quality=80, subsampling=sampling)
    bits = lambda data: data[data.index(b"av1C") + 6] & 0x1C  # noqa: E731
    target = crop(tmp_path / "a.avif")
    assert bits(target.read_bytes()) == bits((tmp_path / "a.avif").read_bytes())
    chroma = int(sampling.replace(":", ""))
    Image.fromarray(drawn).save(tmp_path / "a.heic", quality=80, chroma=chroma)
    idc = lambda data: data[data.index(b"hvcC") + 20] & 3  # noqa: E731
    target = crop(tmp_path / "a.heic")
    assert idc(target.read_bytes()) == idc((tmp_path / "a.heic").read_bytes())
    assert opened(target).format == "HEIF"


@pytest.mark.parametrize("name", ["a.avif", "a.heic", "a.png", "a.webp"])
def test_alpha_stays(tmp_path, drawn, veil, name):
    Image.fromarray(np.dstack([drawn, veil])).save(tmp_path / name, quality=95)
    picture = load_picture(crop(tmp_path / name))
    assert np.abs(picture.alpha.astype(int) - cut(veil)).mean() < 4


def test_alpha_stays_in_bmp(tmp_path, drawn, veil):
    values = np.dstack([drawn, veil])
    cv2.imwrite(str(tmp_path / "a.bmp"), values[..., [2, 1, 0, 3]])
    target = crop(tmp_path / "a.bmp")
    assert np.array_equal(np.asarray(opened(target)), cut(values))
    found = cv2.imread(str(target), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(found[..., [2, 1, 0, 3]], cut(values))


def test_lossless_avif_is_nearly_so(tmp_path, drawn):
    file = cv2.imencode(".avif", drawn[..., ::-1], [cv2.IMWRITE_AVIF_QUALITY, 100])
    data = file[1].tobytes()
    at = data.index(b"colrnclx") + 12
    if data[at : at + 2] != b"\0\0":
        pytest.skip("this OpenCV writes no lossless AVIF")
    (tmp_path / "a.avif").write_bytes(data)
    found = np.asarray(opened(crop(tmp_path / "a.avif")))
    assert np.abs(found.astype(int) - cut(drawn)).max() <= 2


@pytest.mark.parametrize(
    "compression",
    ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "lzma", "zstd", "group4"],
)
def test_tiff_keeps_its_compression(tmp_path, drawn, compression):
    image = Image.fromarray(drawn).convert("1" if compression == "group4" else "RGB")
    options = {"quality": 95} if compression == "jpeg" else {}
    image.save(tmp_path / "a.tif", compression=compression, **options)
    after = opened(crop(tmp_path / "a.tif"))
    assert after.info["compression"] == compression
    before = cut(np.asarray(opened(tmp_path / "a.tif")).astype(int))
    assert np.abs(np.asarray(after) - before).max() <= (60 if compression == "jpeg" else 0)
    if compression == "group4":  # which holds nothing but bits
        resized = opened(crop(tmp_path / "a.tif", size=(20, 10)))
        assert (resized.mode, resized.info["compression"]) == ("L", "tiff_adobe_deflate")


def test_tiff_keeps_its_predictor(tmp_path, drawn):
    tags = {317: 2, 305: "a camera"}
    Image.fromarray(drawn).save(tmp_path / "a.tif", compression="tiff_lzw", tiffinfo=tags)
    for keep in (False, True):
        after = opened(crop(tmp_path / "a.tif", keep_metadata=keep))
        assert after.tag_v2[317] == 2
        assert np.array_equal(np.asarray(after), cut(drawn))
        assert (305 in after.tag_v2) is keep


def test_transparency_of_palettes_and_keys(tmp_path, drawn):
    image = Image.fromarray(drawn).quantize(8)
    image.save(tmp_path / "a.png", transparency=bytes([0, 90, 255, 255, 255, 255, 255, 255]))
    image.save(tmp_path / "a.gif", transparency=2)
    Image.fromarray(drawn).save(tmp_path / "b.png", transparency=(250, 240, 20))
    for name in ("a.png", "a.gif", "b.png"):
        before, after = (
            opened(p).convert("RGBA") for p in (tmp_path / name, crop(tmp_path / name))
        )
        assert np.array_equal(np.asarray(after), cut(np.asarray(before)))
        assert np.asarray(after)[..., 3].min() == 0


def test_first_frame_of_an_animation(tmp_path, drawn):
    second = Image.fromarray(255 - drawn)
    for name in ("a.gif", "a.webp", "a.png"):
        Image.fromarray(drawn).save(tmp_path / name, save_all=True, append_images=[second])
        before = np.asarray(opened(tmp_path / name).convert("RGB")).astype(int)
        after = opened(crop(tmp_path / name))
        with Image.open(tmp_path / f"out{name[1:]}") as image:
            assert getattr(image, "n_frames", 1) == 1
        assert np.abs(np.asarray(after.convert("RGB")) - cut(before)).mean() < 4


# ---------------------------------------------------------------- what goes along


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.avif", "a.heic", "a.tif"])
def test_profile_and_resolution_stay_and_the_rest_goes(tmp_path, drawn, exif_of, name):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = exif_of(1)
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769).update({0xA002: 56, 0xA003: 40, 0x9286: b"a comment"})
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 0.0)})
    options = {"icc_profile": profile, "dpi": (300, 300), "exif": exif.tobytes()}
    options |= {"xmp": b"<x>secret</x>", "comment": b"secret"}
    Image.fromarray(drawn).save(tmp_path / name, **options)
    plain, kept = crop(tmp_path / name), None
    image = opened(plain)
    assert image.info["icc_profile"] == profile
    if name in ("a.jpg", "a.png", "a.tif"):
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    data = plain.read_bytes()
    for secret in (b"Maker", b"a comment", b"secret"):
        assert secret not in data
    assert not image.getexif().get_ifd(0x8825)
    kept = opened(crop(tmp_path / name, keep_metadata=True))
    assert kept.getexif()[0x010F] == "Maker"
    assert kept.getexif().get(0x0112, 1) == 1
    ifd = kept.getexif().get_ifd(0x8769)
    assert (ifd[0xA002], ifd[0xA003]) == (33, 27)
    assert kept.getexif().get_ifd(0x8825)[1] == "N"
    assert np.asarray(kept).shape == np.asarray(image).shape


def test_broken_exif_is_left_behind(tmp_path, drawn):
    junk = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x07" * 20
    Image.fromarray(drawn).save(tmp_path / "a.jpg", exif=junk)
    assert opened(crop(tmp_path / "a.jpg", keep_metadata=True)).size == (33, 27)


# ---------------------------------------------------------------- resizing


@pytest.mark.parametrize(("name", "mode"), NATIVE)
def test_resizing_in_the_native_mode(tmp_path, drawn, veil, name, mode):
    modes(drawn, veil)[mode].save(tmp_path / name)
    after = opened(crop(tmp_path / name, (0, 0, 56, 40), size=(28, 20)))
    assert after.size == (28, 20)
    if mode not in ("1", "P") and name != "a.gif":
        assert after.mode == mode
    if mode in ("I;16", "I", "F"):
        before = np.asarray(modes(drawn, veil)[mode], np.float64)
        means = before.reshape(20, 2, 28, 2).mean((1, 3))
        inner = np.s_[9:, 11:]  # Lanczos rings at the bright square
        error = np.abs(np.asarray(after, np.float64) - means)[inner]
        assert error.max() < 0.02 * before.max()
        assert len(np.unique(np.asarray(after, np.int64) % 257)) > 9  # no 8-bit detour


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("grey", [False, True])
def test_resizing_weighs_colours_by_alpha(tmp_path, depth, grey):
    top = 255 if depth == 8 else 65535
    colour = np.array([200, 100, 50, 255]) * (top // 255)
    values = np.zeros((20, 40, 4), np.uint8 if depth == 8 else np.uint16)
    values[:, :20] = colour  # the right half is transparent black
    values = values[..., [0, 3]] if grey else values
    if depth == 8:
        Image.fromarray(values).save(tmp_path / "a.png")
    else:
        (tmp_path / "a.png").write_bytes(deep_png(values, 4 if grey else 6))
    target = crop(tmp_path / "a.png", (0, 0, 40, 20), size=(13, 7))
    found = np.asarray(opened(target)) if depth == 8 else by_opencv(target)
    if grey:
        found, colour = found[..., [0, -1]], colour[[0, 3]]
    alpha = found[..., -1].astype(float) / top
    seen = alpha > 0.1
    assert ((alpha > 0.1) & (alpha < 0.9)).any()
    error = np.abs(found[..., :-1].astype(float) - colour[:-1])[seen]
    assert error.max() < 0.02 * top


def test_resizing_palettes_and_keys_averages_colours(tmp_path):
    image = Image.fromarray(np.indices((20, 40)).sum(0).astype(np.uint8) % 2, "P")
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.save(tmp_path / "a.png")
    found = load_picture(crop(tmp_path / "a.png", (0, 0, 40, 20), size=(4, 2))).rgb
    assert np.abs(found.astype(int) - (128, 0, 128)).max() < 6
    image.save(tmp_path / "a.png", transparency=0)
    picture = load_picture(crop(tmp_path / "a.png", (0, 0, 40, 20), size=(4, 2)))
    assert np.abs(picture.rgb.astype(int) - (0, 0, 255)).max() < 3
    assert np.abs(picture.alpha.astype(int) - 128).max() < 6
    image.save(tmp_path / "a.gif")
    found = load_picture(crop(tmp_path / "a.gif", (0, 0, 40, 20), size=(4, 2))).rgb
    assert np.abs(found.astype(int) - (128, 0, 128)).max() < 12


def test_16_bit_grey_with_a_transparent_value(tmp_path, drawn):
    values = drawn[..., 0].astype(np.uint16) * 250
    Image.fromarray(values).save(tmp_path / "a.png", transparency=int(values[8, 8]))
    target = crop(tmp_path / "a.png", (0, 0, 56, 40), size=(28, 20))
    assert target.read_bytes()[24:26] == bytes([16, 4])
    alpha = by_opencv(target)[..., 3]
    assert alpha[4, 5] < 1000
    assert alpha[15, 20] == 65535


# ---------------------------------------------------------------- the contract


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.avif", "a.heic", "a.tif", "a.gif"])
def test_same_bytes_every_time(tmp_path, drawn, name):
    Image.fromarray(drawn).save(tmp_path / name)
    first = crop(tmp_path / name, size=(20, 16)).read_bytes()
    assert crop(tmp_path / name, size=(20, 16)).read_bytes() == first


def test_many_crops_at_once(tmp_path, drawn):
    Image.fromarray(drawn).save(tmp_path / "a.png")
    boxes = [(0, 0, 56, 40), (1, 2, 3, 4), (55, 39, 56, 40)]
    targets = [tmp_path / "out" / f"{i}.png" for i in range(3)]
    crop_files(tmp_path / "a.png", [Crop(b, t) for b, t in zip(boxes, targets, strict=True)])
    for box, target in zip(boxes, targets, strict=True):
        assert np.array_equal(np.asarray(opened(target)), cut(drawn, box))


@pytest.mark.parametrize(
    "box", [(0, 0, 57, 40), (-1, 0, 5, 5), (5, 5, 5, 9), (9, 9, 4, 12), (0, 0, 5, 41)]
)
def test_boxes_outside(tmp_path, drawn, box):
    Image.fromarray(drawn).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="does not lie within"):
        crop_files(tmp_path / "a.png", [(BOX, tmp_path / "1.png"), (box, tmp_path / "2.png")])
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_nothing_is_written_for_a_damaged_file(tmp_path, drawn):
    for name in ("a.png", "a.jpg", "a.webp", "a.tif"):
        Image.fromarray(drawn).save(tmp_path / name)
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) // 2])
        with pytest.raises(ImageError):
            crop(tmp_path / name)
    assert not list(tmp_path.glob("out*"))


def test_suffix_and_bytes(tmp_path, drawn):
    Image.fromarray(drawn).save(tmp_path / "a.jpg", "PNG")
    assert opened(crop(tmp_path / "a.jpg")).format == "PNG"  # as its original is
    with pytest.raises(OutputError, match=r"would hold PNG, as .*; end it in \.png"):
        crop_file(tmp_path / "a.jpg", BOX, tmp_path / "b.webp")
    crop_file(tmp_path / "a.jpg", BOX, tmp_path / "b.png")


def test_what_a_format_cannot_hold(tmp_path, drawn):
    Image.fromarray(drawn).save(tmp_path / "a.webp")
    with pytest.raises(OutputError, match="cannot be written as WebP"):
        crop(tmp_path / "a.webp", size=(20000, 10))
    assert not (tmp_path / "out.webp").exists()


@pytest.mark.parametrize(
    "name", ["a.png", "a.jpg", "a.JPEG", "a.webp", "a.avif", "a.tif", "a.bmp", "a.gif", "a.heic"]
)
def test_save_rgb(tmp_path, drawn, name):
    save_rgb(drawn, tmp_path / name)
    found = load_picture(tmp_path / name).rgb
    assert np.abs(found.astype(int) - drawn).mean() < 5


def test_save_with_alpha(tmp_path, drawn, veil):
    for name in ("a.png", "a.tif", "a.bmp"):
        save_rgb(drawn, tmp_path / name, alpha=veil)
        picture = load_picture(tmp_path / name)
        assert np.array_equal(picture.rgb, drawn)
        assert np.array_equal(picture.alpha, veil)
    with pytest.raises(OutputError, match="cannot hold transparency"):
        save_rgb(drawn, tmp_path / "a.jpg", alpha=veil)


def test_save_under_an_unknown_suffix(tmp_path, drawn):
    with pytest.raises(OutputError, match=r"end it in \.jpg, \.png"):
        save_rgb(drawn, tmp_path / "a.txt")
