"""Random views that a sketch and its target share (CLIPDraw, Frans et al., 2021; CLIPasso).

A view is a random perspective followed by a random resized crop, both with the distributions of
torchvision's `RandomPerspective` and `RandomResizedCrop`, composed into one homography and
sampled once, so that the picture is interpolated once and not twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

_LEAST_DEPTH = 1e-6  # of a point in front of the camera; nearer or behind shows the fill


@dataclass(frozen=True)
class SharedViews:
    """How views are drawn; one draw is applied to any number of pictures.

    Coordinates are shares of a picture's width and height, so that one draw fits every size,
    and a crop keeps the picture's own proportions.
    """

    distortion: float = 0.5  # corners move inwards by up to half of this share of a side
    probability: float = 1.0  # of a perspective
    scale: tuple[float, float] = (0.8, 1.0)  # least and largest share of the area in a crop
    # what lies outside the picture: white as the paper, because black wedges beside thin lines
    # on white dominate the features of both pictures (CLIPasso's own fill is 0)
    fill: float = 1.0

    def draw(self, generator: torch.Generator, count: int) -> Tensor:
        """Draw `count` views on the CPU: homographies (count,3,3), float64, output to input."""
        numbers = torch.rand(count, 12, generator=generator, dtype=torch.float64)
        inwards = numbers[:, :8].view(count, 4, 2) * (self.distortion / 2)
        inwards = inwards * (numbers[:, 8] < self.probability).view(count, 1, 1)
        square = unit_square()
        corners = square + inwards * (1 - 2 * square)
        side = (self.scale[0] + (self.scale[1] - self.scale[0]) * numbers[:, 9]).sqrt()
        offset = numbers[:, 10:12] * (1 - side)[:, None]
        crop = torch.zeros(count, 3, 3, dtype=torch.float64)
        crop[:, 0, 0] = crop[:, 1, 1] = side
        crop[:, :2, 2] = offset
        crop[:, 2, 2] = 1
        return homographies(corners, square.expand(count, 4, 2)) @ crop

    def apply(self, pictures: Tensor, views: Tensor, size: tuple[int, int] | None = None) -> Tensor:
        """Pictures (N,C,h,w) seen in each of (V,3,3) views: (N·V,C,*size), picture by picture.

        Differentiable with respect to the pictures. Interpolation is bilinear at one point a
        pixel; `size` (height, width) defaults to the pictures' own.
        """
        n, channels, h, w = pictures.shape
        count = len(views)
        height, width = size or (h, w)
        grid = sampling_grid(views, height, width).to(pictures)
        # all pictures as the channels of one, so that a view's grid is walked once for all
        stacked = (pictures - self.fill).reshape(1, n * channels, h, w).expand(count, -1, -1, -1)
        seen = F.grid_sample(stacked, grid, "bilinear", "zeros", align_corners=False) + self.fill
        seen = seen.view(count, n, channels, height, width).transpose(0, 1)
        return seen.reshape(n * count, channels, height, width)


def identity_view() -> Tensor:
    """The view (1,3,3) that changes nothing; may be concatenated with drawn ones."""
    return torch.eye(3, dtype=torch.float64)[None]


def unit_square() -> Tensor:
    """Corners (4,2) in (x, y): top left, top right, bottom right, bottom left."""
    return torch.tensor([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=torch.float64)


def homographies(source: Tensor, target: Tensor) -> Tensor:
    """The (V,3,3) homographies, lower right entry 1, that map four points (V,4,2) to another four.

    Each pair of points gives two linear equations in the eight unknown entries.
    """
    x, y = source.unbind(-1)
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    rows = []
    for axis in (0, 1):
        goal = target[..., axis]
        linear = (x, y, one) if axis == 0 else (zero, zero, zero)
        other = (zero, zero, zero) if axis == 0 else (x, y, one)
        rows.append(torch.stack([*linear, *other, -x * goal, -y * goal], -1))
    entries = torch.linalg.solve(torch.cat(rows, 1), torch.cat([target[..., 0], target[..., 1]], 1))
    return torch.cat([entries, torch.ones_like(entries[:, :1])], 1).view(-1, 3, 3)


def sampling_grid(views: Tensor, height: int, width: int) -> Tensor:
    """Where each output pixel's centre lies in the input: (V,height,width,2) in [-1,1]."""
    ys = (torch.arange(height, dtype=torch.float64) + 0.5) / height
    xs = (torch.arange(width, dtype=torch.float64) + 0.5) / width
    x, y = xs.expand(height, width), ys[:, None].expand(height, width)
    points = torch.stack([x, y, torch.ones_like(x)], -1)
    mapped = torch.einsum("vij,hwj->vhwi", views.cpu().double(), points)
    depth = mapped[..., 2:]
    flat = 2 * mapped[..., :2] / depth.clamp_min(_LEAST_DEPTH) - 1
    return torch.where(depth > _LEAST_DEPTH, flat, 3.0)  # 3: well outside, whatever the size
