import base64
import html.parser
import io
import os
import re

import numpy as np
import pytest
from PIL import Image

from compose.core.errors import OutputError
from compose.core.report import Figure, Report, Shape, thumbnail

VOID = {"meta", "img", "br"}


class Nesting(html.parser.HTMLParser):
    """Checks that elements close in order, and collects names, attributes and text."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture
def picture():
    y, x = np.mgrid[0:60, 0:90]
    return np.stack([2 * x, 3 * y, x + y], -1).astype(np.uint8)


def test_thumbnails_are_jpeg_and_no_larger_than_asked(picture):
    small = thumbnail(picture, 45)
    image = Image.open(io.BytesIO(small.data))
    assert (image.format, image.size, (small.width, small.height)) == ("JPEG", (45, 30), (45, 30))
    whole = thumbnail(picture, 500)
    assert (whole.width, whole.height) == (90, 60)
    decoded = np.asarray(Image.open(io.BytesIO(whole.data)), int)
    assert np.abs(decoded - picture).mean() < 4


def test_a_page_is_whole_and_asks_for_nothing_outside(picture, tmp_path):
    page = tmp_path / "new" / "page.html"
    with Report(page, "Crops", "the best") as report:
        main = Figure(
            thumbnail(picture, 90),
            shapes=[Shape((0.1, 0.2, 0.5, 0.9), "1", (255, 0, 16))],
            dim_outside_first=True,
        )
        shot = Figure(thumbnail(picture, 30), "0.700", ["3:2", "9×6"], tag="1", meter=0.7)
        report.entry("a.jpg", ["90×60", "engine x"], main, [shot])
        assert not page.exists()
        report.failure("b.jpg", "it is damaged; replace it.")
        report.remark("c.jpg", "skipped")
    text = page.read_text("utf-8")
    parsed = Nesting(text)
    assert parsed.tags.count("img") == 2
    assert not {"script", "link", "iframe"} & set(parsed.tags)
    for name, value in parsed.attributes:
        assert not name.startswith("on")
        if name == "src":
            kind, data = value.split(",")
            assert kind == "data:image/jpeg;base64"
            assert Image.open(io.BytesIO(base64.b64decode(data))).format == "JPEG"
    assert not re.search(r"https?:", text)
    assert not re.search(r"url\(|@import", text)
    assert "left:10.000%;top:20.000%;width:40.000%;height:70.000%;--c:#ff0010" in text
    assert "width:70.0%" in text
    words = " ".join(parsed.text)
    for part in ("a.jpg", "90×60 · engine x", "it is damaged; replace it.", "0.700", "skipped"):
        assert part in words
    assert "1 picture · 1 skipped · 1 failed" in words
    assert 'href="#failure-1"' in text
    assert 'id="failure-1"' in text
    assert os.listdir(page.parent) == ["page.html"]


def test_names_cannot_break_out(picture, tmp_path):
    evil = "<script>alert(1)</script>\"'&\n\u202e" + os.fsdecode(b"\xff") + ".jpg"
    figure = Figure(
        thumbnail(picture, 9), evil, [evil], evil, shapes=[Shape((0, 0, 1, 1), evil, (0, 0, 0))]
    )
    with Report(tmp_path / "p.html", "<i>", "<b>") as report:
        report.entry(evil, [evil[:20]], figure, [Figure(figure.image, "x", ["<u>"])])
        report.failure(evil, "<img src=x onerror=alert(1)>")
        report.remark(evil, "<p>")
    parsed = Nesting((tmp_path / "p.html").read_bytes().decode("utf-8"))
    assert not {"script", "i", "u"} & set(parsed.tags)
    assert parsed.tags.count("img") == 2
    assert all(name != "onerror" for name, _ in parsed.attributes)


def test_an_exception_leaves_the_old_page(tmp_path):
    page = tmp_path / "p.html"
    page.write_text("old")

    def broken():
        with Report(page, "t", "l") as report:
            report.failure("a", "b")
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert page.read_text() == "old"
    assert os.listdir(tmp_path) == ["p.html"]


def test_a_page_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(OutputError, match=r"cannot write .*p\.html"),
        Report(tmp_path / "file" / "p.html", "t", "l"),
    ):
        pass


def test_only_so_many_failures_are_linked(tmp_path):
    with Report(tmp_path / "p.html", "t", "l") as report:
        for number in range(60):
            report.failure(f"{number}.jpg", "bad.")
    text = (tmp_path / "p.html").read_text("utf-8")
    assert text.count('href="#failure') == 50
    assert "and 10 more" in text
    assert "0 pictures · 60 failed" in text
