"""Real handwritten digits, turned by fixed angles: the tasks of the experiment.

`digits8.bin` holds the 1,797 8x8 images of the UCI optical recognition data (Alpaydin & Kaynak
1998), as pixel bytes 0..16 and then one label byte each. `experiment.py` and `live.py` build
their tasks here; origin and licence are in osft-web/data/NOTICE.md.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from .network import Array, mm
from .settings import PIXELS

SIDE = 8
CLASSES = 10
#: Images of the three parts. The tuning images are the same for every seed and never reported on;
#: the seed splits the others, so that an interval over seeds covers the choice of images too.
TRAIN, TUNE, TEST = 1100, 300, 397
_TUNE_SEED = 20250404


@dataclass(frozen=True)
class Digits:
    """Images [count, 64] scaled to 0..1, and their labels [count]."""

    images: Array
    labels: Array


@dataclass(frozen=True)
class Tasks:
    """The same images seen under each angle: `images` [tasks, count, 64], `labels` [count]."""

    images: Array
    labels: Array
    held_out_images: Array
    held_out_labels: Array

    def __len__(self) -> int:
        return int(self.images.shape[0])


def load_digits(source: bytes | str | Path | None = None) -> Digits:
    """Read the digits from bytes, from a file, or (by default) from the package itself.

    Raises ValueError when the bytes are not 65 a digit, with pixels 0..16 and labels 0..9.
    """
    if source is None:
        return _packaged()
    raw = source if isinstance(source, bytes) else Path(source).read_bytes()
    return _decode(raw)


@lru_cache(maxsize=1)
def _packaged() -> Digits:
    # pkgutil asks the loader, so this also works where the package lies in a zip file.
    raw = pkgutil.get_data("osft.continual", "digits8.bin")
    if raw is None:
        raise ValueError("The digits are missing from this copy of osft.continual: digits8.bin.")
    return _decode(raw)


def _decode(raw: bytes) -> Digits:
    values = np.frombuffer(raw, dtype=np.uint8)
    count = values.size // (PIXELS + 1)
    if count == 0 or values.size != count * (PIXELS + 1):
        raise ValueError(f"The digits file has {values.size} bytes; it needs {PIXELS + 1} for each digit.")
    pixels, labels = values[: count * PIXELS], values[count * PIXELS :]
    if pixels.max() > 16 or labels.max() >= CLASSES:
        raise ValueError("The digits file is damaged: pixels must be 0..16 and labels 0..9.")
    return Digits(pixels.reshape(count, PIXELS) / 16.0, labels.astype(np.intp))


def rotation(angle: float) -> Array:
    """The matrix R [64, 64] that turns an 8x8 image counter-clockwise: turned = image @ R.T.

    Bilinear interpolation about the centre; what comes from outside the image is 0. R is nearly
    orthogonal: it permutes pixels at multiples of 90 degrees and blurs a little between them.
    """
    # Rounded so that 90 degrees is an exact permutation instead of one with 1e-17 crumbs.
    cosine, sine = (round(float(f(np.radians(angle))), 15) for f in (np.cos, np.sin))
    centre = (SIDE - 1) / 2
    rows, columns = np.divmod(np.arange(PIXELS), SIDE)
    y, x = rows - centre, columns - centre
    # Where each pixel of the turned image comes from (rows grow downwards).
    from_x, from_y = cosine * x - sine * y + centre, sine * x + cosine * y + centre
    left, top = np.floor(from_x).astype(int), np.floor(from_y).astype(int)
    right_share, bottom_share = from_x - left, from_y - top
    matrix = np.zeros((PIXELS, PIXELS))
    for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
        row, column = top + down, left + across
        share = (bottom_share if down else 1 - bottom_share) * (right_share if across else 1 - right_share)
        inside = (row >= 0) & (row < SIDE) & (column >= 0) & (column < SIDE)
        np.add.at(matrix, (np.arange(PIXELS)[inside], row[inside] * SIDE + column[inside]), share[inside])
    return matrix


@lru_cache(maxsize=4)
def _packaged_turned(angles: tuple[float, ...]) -> Array:
    return _turn(_packaged(), angles)


def _turn(digits: Digits, angles: tuple[float, ...]) -> Array:
    """The images under every angle, [tasks, count, 64]."""
    return np.stack([mm(digits.images, np.ascontiguousarray(rotation(angle).T)) for angle in angles])


def split(count: int, seed: int) -> tuple[Array, Array, Array]:
    """Indices of the images to train on, to tune on (one choice for all seeds) and to report on."""
    order = np.random.default_rng(_TUNE_SEED).permutation(count)
    tune = round(count * TUNE / (TRAIN + TUNE + TEST))
    train = round(count * TRAIN / (TRAIN + TUNE + TEST))
    others = np.random.default_rng([seed, 5]).permutation(order[tune:])
    return others[:train], order[:tune], others[train:]


def make_tasks(
    seed: int,
    angles: tuple[float, ...],
    part: str = "test",
    dtype: str = "float32",
    digits: Digits | None = None,
) -> Tasks:
    """One task an angle, split by `seed` and evaluated on `part` ("tune" or "test") of the images.

    The mean training image of the first task is subtracted everywhere.
    """
    turned = _packaged_turned(angles) if digits is None else _turn(digits, angles)
    labels = (digits or _packaged()).labels
    train, tune, test = split(len(labels), seed)
    held_out = tune if part == "tune" else test
    mean = turned[0, train].mean(axis=0)
    return Tasks(
        (turned[:, train] - mean).astype(dtype),
        labels[train],
        (turned[:, held_out] - mean).astype(dtype),
        labels[held_out],
    )
