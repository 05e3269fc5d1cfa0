"""MobileSAM with random weights, as a network and as a file like the published one."""

from __future__ import annotations

from pathlib import Path

import torch

from compose.models.mobile_sam_net import MobileSam


def random_mobile_sam() -> MobileSam:
    """A network none of whose tensors is what it begins as, and whose numbers stay moderate."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = MobileSam().eval()
        with torch.no_grad():
            for name, tensor in net.state_dict().items():
                if name.endswith("running_var"):
                    tensor.uniform_(0.5, 1.5)
                elif name.endswith(("attention_biases", "gaussian_matrix")):
                    tensor.normal_()
                elif "mask_decoder" in name and tensor.ndim == 2:
                    tensor.mul_(3)  # or all masks would be alike
                elif tensor.is_floating_point():
                    tensor.add_(torch.randn(tensor.shape) * 0.05)
    return net.requires_grad_(False)


def save_mobile_sam(net: MobileSam, path: Path) -> Path:
    """The network in a file that also has the head of classes that the published one has."""
    head = {f"image_encoder.{name}": torch.zeros(2) for name in ("norm_head.bias", "head.bias")}
    torch.save(net.state_dict() | head, path)
    return path
