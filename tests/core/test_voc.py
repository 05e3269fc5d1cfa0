"""VOC's colours as its development kit lists them."""

from compose.core.voc import VOC_CLASSES, VOC_IGNORED, voc_palette


def test_colours_of_the_development_kit():
    palette = voc_palette()
    assert palette.shape == (256, 3)
    known = {
        0: (0, 0, 0),
        1: (128, 0, 0),
        2: (0, 128, 0),
        7: (128, 128, 128),
        8: (64, 0, 0),
        15: (192, 128, 128),
        20: (0, 64, 128),
        VOC_IGNORED: (224, 224, 192),
    }
    assert {index: tuple(palette[index].tolist()) for index in known} == known
    assert len({tuple(colour) for colour in palette.tolist()}) == 256


def test_classes_stand_at_their_indices():
    assert len(VOC_CLASSES) == 21
    assert [VOC_CLASSES.index(n) for n in ("background", "cat", "person", "tvmonitor")] == [
        0,
        8,
        15,
        20,
    ]
