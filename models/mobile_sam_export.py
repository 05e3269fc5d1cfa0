"""MobileSAM's graphs for onnxruntime, without weights: those stay in the file of its authors.

What is written says how the network computes and by what names the weights are called; whoever
has the published file runs it so without torch. `python -m compose.models.mobile_sam_export`
writes the files that ship.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ..core.files import atomic_write
from .crop_builtin import weights_folder
from .crop_export import export_plain
from .mobile_sam import CELLS, DECODER, ENCODER, GUESS
from .mobile_sam_net import MobileSam
from .tiny_vit import Attention


class _Encoder(nn.Module):
    def __init__(self, net: MobileSam) -> None:
        super().__init__()
        self.image_encoder = net.image_encoder

    def forward(self, pixels: Tensor) -> Tensor:
        embedding: Tensor = self.image_encoder(pixels)
        return embedding


class _Guess(nn.Module):
    def __init__(self, net: MobileSam) -> None:
        super().__init__()
        self.prompt_encoder = net.prompt_encoder

    def forward(self, guess: Tensor) -> Tensor:
        added: Tensor = self.prompt_encoder.mask_downscaling(guess)
        return added


class _Decoder(nn.Module):
    def __init__(self, net: MobileSam) -> None:
        super().__init__()
        self.prompt_encoder, self.mask_decoder = net.prompt_encoder, net.mask_decoder

    def forward(self, embedding: Tensor, places: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        points = self.prompt_encoder.points(places, labels)
        grid = self.prompt_encoder.grid(embedding.shape[2], embedding.shape[3], CELLS)
        answers: tuple[Tensor, Tensor] = self.mask_decoder(embedding, points, grid)
        return answers


def export_mobile_sam(folder: Path) -> None:
    """Write the three graphs into a folder."""
    net = MobileSam().eval()
    for tensor in (*net.parameters(), *net.buffers()):
        if tensor.is_floating_point():
            nn.init.uniform_(tensor)  # of tensors that are equal the exporter keeps one alone
    for module in net.modules():
        if isinstance(module, Attention):
            module.spread()
    plane = {2: "height", 3: "width"}
    _write(
        _Encoder(net),
        (torch.zeros(1, 3, 96, 128),),
        {"pixels": plane, "embedding": {2: "rows", 3: "columns"}},
        ["pixels"],
        folder / ENCODER,
    )
    _write(
        _Guess(net),
        (torch.zeros(1, 1, 24, 32),),
        {"guess": {0: "guesses", **plane}, "added": {0: "guesses", 2: "rows", 3: "columns"}},
        ["guess"],
        folder / GUESS,
    )
    _write(
        _Decoder(net),
        (torch.zeros(1, 256, 6, 8), torch.zeros(2, 3, 2), torch.ones(2, 3, dtype=torch.int64)),
        {
            "embedding": {0: "pictures", 2: "rows", 3: "columns"},
            "places": {0: "prompts", 1: "points"},
            "labels": {0: "prompts", 1: "points"},
            "logits": {0: "prompts", **plane},
            "expected": {0: "prompts"},
        },
        ["embedding", "places", "labels"],
        folder / DECODER,
    )


def _write(
    module: nn.Module,
    inputs: Sequence[Tensor],
    free: dict[str, dict[int, str]],
    names: list[str],
    target: Path,
) -> None:
    import onnx

    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        export_plain(module, inputs, names, [n for n in free if n not in names], plain, free)
        model = onnx.load(str(plain))
    own = dict(module.named_parameters()) | dict(module.named_buffers())
    for weight in model.graph.initializer:
        if weight.name in own:
            weight.ClearField("raw_data")
            weight.data_location = onnx.TensorProto.EXTERNAL
            where = weight.external_data.add()
            where.key, where.value = "location", "weights"
    with atomic_write(target) as part:
        part.write_bytes(model.SerializeToString())


if __name__ == "__main__":
    export_mobile_sam(weights_folder())
