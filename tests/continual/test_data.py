"""The digits, how they are turned, and how they are split."""

from __future__ import annotations

import numpy as np
import pytest

from osft.continual import load_digits
from osft.continual.digits import TEST, TRAIN, TUNE, make_tasks, rotation, split


def test_digits_are_scikit_learns() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    theirs, ours = datasets.load_digits(), load_digits()
    np.testing.assert_array_equal(ours.images * 16, theirs.data)
    np.testing.assert_array_equal(ours.labels, theirs.target)


def test_digits_load_from_bytes_and_from_a_file(tmp_path) -> None:
    raw = bytes([0] * 63 + [16]) * 2 + bytes([3, 9])
    (tmp_path / "two.bin").write_bytes(raw)
    for source in (raw, tmp_path / "two.bin", str(tmp_path / "two.bin")):
        digits = load_digits(source)
        assert digits.images.shape == (2, 64)
        assert digits.images[1, 63] == 1.0
        np.testing.assert_array_equal(digits.labels, [3, 9])


@pytest.mark.parametrize("raw", [b"", bytes(64), bytes(66), bytes([17] + [0] * 64), bytes([0] * 64 + [10])])
def test_damaged_digits_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="digits file"):
        load_digits(raw)


def test_rotation_at_right_angles_permutes_pixels() -> None:
    image = load_digits().images[0].reshape(8, 8)
    for turns in range(5):
        turned = (rotation(90.0 * turns) @ image.ravel()).reshape(8, 8)
        np.testing.assert_allclose(turned, np.rot90(image, turns), atol=1e-12)


@pytest.mark.parametrize("angle", [20.0, 33.3, 80.0])
def test_rotation_agrees_with_scipy(angle: float) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    image = load_digits().images[7].reshape(8, 8)
    theirs = ndimage.rotate(image, angle, reshape=False, order=1, mode="grid-constant")
    np.testing.assert_allclose((rotation(angle) @ image.ravel()).reshape(8, 8), theirs, atol=1e-12)


def test_rotation_neither_makes_nor_sharpens() -> None:
    for angle in (0.0, 20.0, 40.0, 60.0, 80.0):
        matrix = rotation(angle)
        assert (matrix >= 0).all()
        assert matrix.sum(axis=1).max() <= 1 + 1e-12
        assert np.linalg.norm(matrix, 2) <= 1.1
    np.testing.assert_array_equal(rotation(0.0), np.eye(64))


def test_parts_are_apart_and_tuning_images_never_change() -> None:
    first, tune, last = split(1797, 0)
    assert (len(first), len(tune), len(last)) == (TRAIN, TUNE, TEST)
    assert len({*first, *tune, *last}) == 1797
    other = split(1797, 1)
    np.testing.assert_array_equal(other[1], tune)
    assert set(other[0]) != set(first)
    assert not set(other[2]) & set(tune)


def test_tasks_are_the_same_images_turned() -> None:
    tasks = make_tasks(0, (0.0, 90.0), dtype="float64")
    assert tasks.images.shape == (2, TRAIN, 64)
    assert tasks.held_out_images.shape == (2, TEST, 64)
    np.testing.assert_allclose(tasks.images[0].mean(axis=0), 0, atol=1e-12)
    upright, turned = tasks.images[:, :3].reshape(2, 3, 8, 8)
    mean = load_digits().images[split(1797, 0)[0]].mean(axis=0).reshape(8, 8)
    for a, b in zip(upright, turned, strict=True):
        np.testing.assert_allclose(b + mean, np.rot90(a + mean), atol=1e-12)
    tune = make_tasks(0, (0.0,), "tune")
    assert tune.held_out_labels.shape == (TUNE,)
