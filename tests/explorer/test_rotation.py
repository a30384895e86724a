"""The rotation page against arithmetic written out here."""

from __future__ import annotations

import cmath
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.rotation import compute


def test_defaults_are_a_rotation_by_an_eighth_turn() -> None:
    outputs = compute()
    half = math.sqrt(0.5)
    np.testing.assert_allclose(outputs["matrix"], [[half, -half], [half, half]], rtol=1e-15)
    assert outputs["distance_preserved"] is True
    assert outputs["is_orthogonal"] is True
    assert outputs["determinant"] == pytest.approx(1, abs=1e-15)
    assert outputs["angle_error"] < 1e-14
    assert outputs["points_original"].shape == (80, 2)


@settings(max_examples=60, deadline=None)
@given(
    angle=st.floats(0, 360),
    shear=st.floats(-2, 2),
    scale=st.floats(0.1, 3),
    reflect=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_map_in_complex_numbers(angle: float, shear: float, scale: float, reflect: bool, seed: int) -> None:
    outputs = compute(angle=angle, shear=shear, scale=scale, reflect=reflect, seed=seed, points=9)
    sign = -1 if reflect else 1
    expected = [
        cmath.exp(1j * math.radians(angle)) * complex(scale * x + shear * sign * y, sign * y)
        for x, y in outputs["points_original"].tolist()
    ]
    images = [complex(x, y) for x, y in outputs["points_transformed"].tolist()]
    np.testing.assert_allclose(images, expected, rtol=1e-12, atol=1e-12)
    points = [complex(x, y) for x, y in outputs["points_original"].tolist()]
    assert outputs["distance_original"] == pytest.approx(abs(points[0] - points[1]), rel=1e-12)
    assert outputs["distance_transformed"] == pytest.approx(abs(images[0] - images[1]), rel=1e-9)
    assert outputs["determinant"] == pytest.approx(scale * sign, abs=1e-12)
    # AᵀA = [[s², s k], [s k, k² + 1]] up to signs, whatever the rotation.
    defect = math.sqrt((scale**2 - 1) ** 2 + 2 * (scale * shear) ** 2 + shear**4)
    assert outputs["orthogonality_error"] == pytest.approx(defect, rel=1e-9, abs=1e-13)
    assert outputs["is_orthogonal"] is (defect < 1e-12)
    change = max(
        abs(abs(cmath.phase(a / b)) - abs(cmath.phase(c / d)))
        for (a, c), (b, d) in itertools.combinations(zip(images, points, strict=True), 2)
    )
    assert outputs["angle_error"] == pytest.approx(change, abs=1e-12)
    # Stretches: their product is the area, the sum of their squares that of all entries.
    first, second = outputs["singular_values"]
    assert first * second == pytest.approx(scale, rel=1e-9)
    assert first**2 + second**2 == pytest.approx(scale**2 + shear**2 + 1, rel=1e-9)


def test_reflection_keeps_lengths_and_turns_the_sign_of_the_determinant() -> None:
    outputs = compute(reflect=True, angle=90)
    assert outputs["determinant"] == pytest.approx(-1, abs=1e-15)
    assert outputs["is_orthogonal"] is True
    assert outputs["distance_preserved"] is True


def test_flags_come_from_residuals() -> None:
    assert compute(shear=1e-9)["is_orthogonal"] is False
    assert compute(scale=1 + 1e-9)["distance_preserved"] is False


@pytest.mark.parametrize("count", [2, 2000])
def test_all_pairs_are_measured_at_either_limit(count: int) -> None:
    outputs = compute(points=count, shear=0.8, seed=3)
    before, after = (np.arctan2(p[:, 1], p[:, 0]) for p in (outputs["points_original"], outputs["points_transformed"]))

    def between(angles: np.ndarray) -> np.ndarray:
        turned = np.abs(angles[:, None] - angles[None, :]) % (2 * np.pi)
        return np.minimum(turned, 2 * np.pi - turned)

    assert outputs["angle_error"] == pytest.approx(np.abs(between(after) - between(before)).max(), abs=1e-12)


def test_in_space_the_axis_stays_and_the_turn_has_its_angle() -> None:
    outputs = compute(view="3d", angle=100, azimuth=200, elevation=-35)
    matrix, axis = outputs["matrix"], outputs["axis"]
    np.testing.assert_allclose(matrix @ axis, axis, atol=1e-15)
    assert np.trace(matrix) == pytest.approx(1 + 2 * math.cos(math.radians(100)), abs=1e-14)
    # Counterclockwise seen from the tip: a, Ra and the axis are right-handed for angles below 180°.
    across = np.cross(axis, [0.3, -1, 0.2])
    assert np.linalg.det([across, matrix @ across, axis]) > 0
    assert outputs["is_orthogonal"] is True


def test_in_space_an_upright_axis_gives_the_map_of_the_plane() -> None:
    space = compute(view="3d", elevation=90, angle=77, shear=0.4, scale=1.7, reflect=True)
    plane = compute(angle=77, shear=0.4, scale=1.7, reflect=True)
    np.testing.assert_allclose(space["matrix"][:2, :2], plane["matrix"], atol=1e-14)
    np.testing.assert_allclose(space["matrix"][2], [0, 0, 1], atol=1e-15)


def test_the_grid_is_mapped_like_the_points() -> None:
    outputs = compute(angle=33, shear=1)
    for before, after in zip(outputs["grid_original"], outputs["grid_transformed"], strict=True):
        np.testing.assert_allclose(after[:2], outputs["matrix"] @ before[:2], atol=1e-12)
        np.testing.assert_allclose(after[2:], outputs["matrix"] @ before[2:], atol=1e-12)


def test_the_seed_decides_the_points() -> None:
    assert not np.array_equal(compute(seed=1)["points_original"], compute()["points_original"])
    np.testing.assert_array_equal(compute(seed=1)["points_original"], compute(seed=1)["points_original"])
    np.testing.assert_array_equal(compute(points=5)["points_original"], compute()["points_original"][:5])
