"""The rows of `registry.py` for weights that ship with the tool; none has a source elsewhere."""

from __future__ import annotations

from .checkpoint import Checkpoint


def _embedded(file: str, purpose: str, sha256: str, size: int, note: str = "") -> Checkpoint:
    return Checkpoint(
        name=file.partition(".")[0].replace("_", "-"),
        purpose=purpose,
        file=file,
        sha256=sha256,
        size=size,
        licence="Apache-2.0" if "trunk" in file else "MIT",
        sources=(),
        note=note,
    )


EMBEDDED = (
    _embedded(
        "crop_trunk_lite.onnx",
        "crop: EfficientNet-Lite2 trunk, int8 weights",
        "94b3ae6e34912c7a86213346b51c511339fe62f1dbcf4578af550f1235b84797",
        4_663_321,
    ),
    _embedded(
        "crop_trunk_vit.onnx",
        "crop: DINOv2 ViT-S/14 trunk, six blocks, int8 weights",
        "124e498ce47578df9fdaae8596b85f4c387994a3f97ecb764e150262cd5067fe",
        11_237_118,
    ),
    _embedded(
        "crop_builtin.onnx",
        "crop: heads of engine builtin",
        "f9d4780b95908d1cf3a448af93bbbb7a92c3e4a4f00c9020aca3396dec3ec5c3",
        1_347_044,
    ),
    _embedded(
        "crop_regions.onnx",
        "crop: region scorers of engine builtin",
        "c1a578b720c2d1b08e66983a09f84efa74be590218bb89e9c3acabfca3721471",
        1_281_389,
    ),
    _embedded(
        "crop_rank.onnx",
        "crop: head of engine rank",
        "0f550c64191cfe5edf7df8a7f6014a7b72412ca74f59cc3f3e1bb9c7813334fc",
        1_378_118,
    ),
    _embedded(
        "saliency.onnx",
        "salient subjects: head on the trunks of crop",
        "7c8817835be1db727f29bcb3a79e0449a633aa0b66fb05947eae69f8f4e49ec1",
        174_010,
    ),
    _embedded(
        "contours.safetensors",
        "sketch: lines that a person would draw, on a trunk of crop",
        "359fef65ef860ab8bd6f07799ccf8a6ab0912f7266ea70e29a151c546c556794",
        97_172,
    ),
    _embedded(
        "grouping.onnx",
        "objects that touch: which cells are of one, on the trunks of crop",
        "2a71934173100e8f1e222a3ce8ebb86c04dd6ca69de82943882a64c5987a336c",
        132_638,
    ),
    _embedded(
        "harmony.onnx",
        "composite: how an object's colours come to fit its surroundings",
        "7d8bd30b35724111087f30f8b4a3f92b313b2c23cf6bea8e1083b258220348d9",
        117_162,
    ),
    _embedded(
        "composition.npz",
        "index, crop --like: what lies where, on a trunk of crop",
        "ecedcbeeee476f395e34f6365de65036eb6f54715885fe3da8c756ee5bc3c545",
        28_360,
    ),
    _embedded(
        "subjects.onnx",
        "crop: the single objects of a picture, on the trunks of crop",
        "dada00d073a96404edccc18f6eef1dc65186db0032ffc350cac3ee7d2b53b1be",
        465_175,
    ),
    _embedded(
        "expansion.onnx",
        "build-dataset cad: whether an expanded picture looks bad, on the trunks of crop",
        "b86edd817746d8b9f0bde2a55ac097b953e5b5dde46e469680d2fc6bc249f60e",
        32_166,
    ),
    _embedded(
        "outlines.onnx",
        "segment: masks refined at their outlines, with a trunk of crop inside",
        "278f7dab4295d292a2454d60f7bfadd175c7d72f73afaa5f7cd3f60af4fa26a1",
        4_830_901,
        note="the trunk in it is EfficientNet-Lite's, Apache-2.0",
    ),
    _embedded(
        "objects.onnx",
        "segment: which of MobileSAM's answers are objects, on the trunks of crop",
        "e20f82f804dd0417d2a04a789023fc610bb8957e42d5488a58e48709c0a7dfa4",
        42_199,
    ),
    _embedded(
        "mobile_sam_encoder.onnx",
        "segment: how MobileSAM's encoder computes, without its weights",
        "404ad9e23df3494ec93e591b8a882fd049b8db04fd5845c48f0e5f9cf312bee1",
        577_817,
    ),
    _embedded(
        "mobile_sam_guess.onnx",
        "segment: the same of its first guesses",
        "f47ca5f3a123d398dac55ff58bf393b7cd2f625d323fa2c9361af7636de3aa2c",
        6_067,
    ),
    _embedded(
        "mobile_sam_decoder.onnx",
        "segment: the same of its decoder",
        "d47f211f5a4bc9c950f36064d07435448ff18b08fc5fd1a5af71135cb90a7c71",
        205_809,
    ),
)

EMBEDDED_NAMES = frozenset(row.name for row in EMBEDDED)
