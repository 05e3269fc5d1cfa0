"""Drawn pictures, one a layout class, each with the subject's mask where it has one."""

from __future__ import annotations

import cv2
import numpy as np


def ground(width, height, tone=120):
    noise = np.random.default_rng(0).normal(0, 3, (height, width, 3))
    return np.clip(tone + noise, 0, 255).astype(np.uint8)


def disc(width, height, x, y, part=9):
    rgb, mask = ground(width, height), np.zeros((height, width), np.uint8)
    radius = min(width, height) // part
    place = (round(x * width), round(y * height))
    cv2.circle(rgb, place, radius, (220, 60, 40), -1, cv2.LINE_AA)
    cv2.circle(mask, place, radius, 1, -1)
    return rgb, mask.astype(bool)


def polygon(rgb, points, colour):
    height, width = rgb.shape[:2]
    scaled = np.array(points) * (width, height)
    cv2.fillPoly(rgb, [np.rint(scaled).astype(np.int32)], colour, cv2.LINE_AA)
    return rgb


def draw(name, width, height):
    """The picture of a class, and the mask of its subject or None."""
    if name in ("thirds", "centre"):
        return disc(width, height, *((1 / 3, 2 / 3) if name == "thirds" else (0.5, 0.5)))
    rgb = ground(width, height, 200 if name in ("horizontal", "vertical", "triangle") else 150)
    match name:
        case "horizontal":
            rgb[round(0.62 * height) :] = (60, 110, 50)
        case "vertical":
            for x in np.linspace(0.1, 0.85, 5):
                polygon(rgb, [(x, 0), (x + 0.05, 0), (x + 0.05, 1), (x, 1)], (70, 50, 40))
        case "diagonal":
            polygon(rgb, [(0, 0.9), (0.85, 0), (1, 0), (0, 1)], (40, 40, 60))
        case "curved":
            axes = (round(0.46 * width), round(0.9 * height))
            centre = (round(0.45 * width), height + height // 8)
            cv2.ellipse(rgb, centre, axes, 0, 185, 350, (30, 40, 90), 9, cv2.LINE_AA)
        case "triangle":
            polygon(rgb, [(0.45, 0.1), (0.1, 0.95), (0.9, 0.95)], (70, 80, 60))
        case "symmetric":
            random = np.random.default_rng(3)
            for _ in range(14):
                x, y = random.integers(0, width // 2), random.integers(0, height)
                side = random.integers(10, 40)
                rgb[y : y + side, x : x + side] = random.integers(0, 255, 3)
            rgb[:, width - width // 2 :] = rgb[:, : width // 2][:, ::-1]
        case "pattern":
            for y in range(10, height, 26):
                for x in range(10, width, 26):
                    cv2.circle(rgb, (x, y), 8, (230, 210, 60), -1, cv2.LINE_AA)
    return rgb, None
