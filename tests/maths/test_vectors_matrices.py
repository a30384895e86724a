"""Rotations, projections, energies and OSF gradients equal those that HF PEFT computed."""

from typing import Any

import numpy as np
from numpy.testing import assert_allclose

from osft.energy import hyperspherical_energy, mean_absolute_cosine
from osft.orthogonal import (
    block_diagonal,
    butterfly,
    cayley,
    cayley_neumann,
    measure,
    project_coft,
    skew_from_parameters,
    skew_part,
)
from osft.subspace import (
    Split,
    factor_step,
    leak,
    project_block,
    project_factors,
    project_two_sided,
    raw_factors,
    split,
    train_factors,
)

RTOL = 1e-9
# The file holds 12 significant digits, and numbers near zero come from sums of numbers near one.
ATOL = 1e-11
FLOAT32 = 5e-6


def blocks_of(case: dict[str, Any]) -> Any:
    """Return the skew blocks of an OFT layer, the shared one repeated."""
    skew = skew_from_parameters(case["params"])
    return np.repeat(skew, case["n_blocks"], axis=0) if case["block_share"] else skew


def test_exact_cayley_is_the_inverse_of_ours(cayley_case: dict[str, Any]) -> None:
    """PEFT's exact branch is (I - Q)(I + Q)^-1 = cayley(Q)^T; its merged weight is W R^T."""
    skew, exact = blocks_of(cayley_case), cayley_case["exact"]
    rotation = block_diagonal(cayley(-skew))
    assert_allclose(rotation, exact["R"], rtol=RTOL, atol=ATOL)
    assert_allclose(block_diagonal(cayley(skew)).T, exact["R"], rtol=RTOL, atol=ATOL)
    weights, x = np.array(cayley_case["W"]), np.array(cayley_case["x"])
    assert_allclose(weights @ rotation.T, exact["W_merged"], rtol=RTOL, atol=ATOL)
    assert_allclose((x @ rotation) @ weights.T, exact["y_forward"], rtol=RTOL, atol=ATOL)
    assert_allclose(measure(rotation).determinant, exact["det"], rtol=RTOL)
    assert_allclose(np.linalg.norm(skew, 2, axis=(1, 2)).max(), cayley_case["spectral_norm_Q"], rtol=RTOL)


def test_neumann_branch(cayley_case: dict[str, Any]) -> None:
    """PEFT's approximate branch turns the other way: it approaches cayley(Q) itself."""
    skew, exact = blocks_of(cayley_case), np.array(cayley_case["exact"]["R"])
    assert "5" in cayley_case["neumann"]
    for terms, expected in cayley_case["neumann"].items():
        approximate = block_diagonal(cayley_neumann(skew, int(terms)))
        assert_allclose(measure(approximate).orthogonality_error, expected["orth_error_fro"], rtol=1e-8, atol=ATOL)
        assert_allclose(np.linalg.norm(approximate - exact), expected["dist_to_exact_fro"], rtol=1e-8)
        assert_allclose(np.linalg.norm(approximate - exact.T), expected["dist_to_exact_transpose_fro"], rtol=1e-8, atol=ATOL)
        if "R" in expected:
            weights, x = np.array(cayley_case["W"]), np.array(cayley_case["x"])
            assert_allclose(approximate, expected["R"], rtol=RTOL, atol=ATOL)
            assert_allclose(weights @ approximate.T, expected["W_merged"], rtol=RTOL, atol=ATOL)
            assert_allclose((x @ approximate) @ weights.T, expected["y_forward"], rtol=RTOL, atol=ATOL)


def test_coft(coft_case: dict[str, Any]) -> None:
    projected = project_coft(coft_case["params_before"], coft_case["eps"])
    assert_allclose(projected, coft_case["params_after_projection"], rtol=RTOL)
    rotation = block_diagonal(cayley(-skew_from_parameters(projected)))
    assert_allclose(rotation, coft_case["R"], rtol=RTOL, atol=ATOL)


def test_boft(boft_case: dict[str, Any]) -> None:
    """K = (X - X^T)/2, blocks (I - K)(I + K)^-1, merged weight diag(s) W B^T."""
    product = butterfly(cayley(-skew_part(boft_case["raw_params"])))
    assert_allclose(product, boft_case["B"], rtol=RTOL, atol=ATOL)
    merged = np.array(boft_case["scale"])[:, None] * (np.array(boft_case["W"]) @ product.T)
    assert_allclose(merged, boft_case["W_merged"], rtol=RTOL, atol=ATOL)
    assert measure(product).is_rotation


def check_energies(rows: Any, values: dict[str, Any]) -> None:
    """Compare every recorded energy of one matrix."""
    for s in (0, 1, 2):
        expected = [float(values[f"mhe_s{s}_{kind}"]) for kind in ("sum_ordered_pairs", "mean")]
        found = [hyperspherical_energy(rows, s), hyperspherical_energy(rows, s, mean=True)]
        assert_allclose(found, expected, rtol=RTOL, atol=1e-11)
    assert_allclose(mean_absolute_cosine(rows), values["mean_abs_cos"], rtol=RTOL, atol=1e-11)
    if "mean_abs_cos_seed_eps1e-8" in values:
        found = [mean_absolute_cosine(rows, epsilon=1e-8)]
        assert_allclose(found, [values["mean_abs_cos_seed_eps1e-8"]], rtol=RTOL, atol=1e-11)


def test_energies(energy_case: dict[str, Any]) -> None:
    rows = np.array(energy_case["F"])
    check_energies(rows, energy_case["values"])
    if "R_in" in energy_case:
        check_energies(rows @ np.array(energy_case["R_in"]).T, energy_case["values_F_Rt"])
    if "R_out" in energy_case:
        check_energies(np.array(energy_case["R_out"]) @ rows, energy_case["values_Rout_F"])
    if "values_after_row_scaling" in energy_case:
        # The file does not hold the scales: they change nothing but the tutorial's cosine, whose epsilon is absolute.
        scaled = dict(energy_case["values_after_row_scaling"])
        assert abs(scaled.pop("mean_abs_cos_seed_eps1e-8") - mean_absolute_cosine(rows, epsilon=1e-8)) < 1e-7
        scales = np.linspace(0.5, 3.0, len(rows))[:, None]
        check_energies(scales * rows, scaled)


def peft_split(case: dict[str, Any]) -> Split:
    """Return the factors that PEFT used; it stores V with singular vectors as rows."""
    given = {name: np.array(case["peft"][name]) for name in Split._fields}
    return Split(**given | {"V_high": given["V_high"].T, "V_low": given["V_low"].T})


def test_osf_split(osf_case: dict[str, Any]) -> None:
    """Singular vectors have arbitrary signs, so the two parts are compared."""
    ours, theirs = split(osf_case["W"], osf_case["effective_rank"]), peft_split(osf_case)
    assert_allclose(ours.singular_values, osf_case["reference_float64"]["singular_values"], rtol=RTOL)
    assert_allclose(ours.high, theirs.high, atol=FLOAT32)
    assert_allclose(ours.low, theirs.low, atol=FLOAT32)
    assert ours.shape == tuple(osf_case["shape_out_in"])


def test_osf_factor_gradients(osf_case: dict[str, Any]) -> None:
    """With PEFT's own factors the raw and the projected gradients of each factor agree."""
    factors, peft = peft_split(osf_case), osf_case["peft"]
    for found, expected in (
        (raw_factors(osf_case["G"], factors), peft["grad_raw"]),
        (project_factors(osf_case["G"], factors), peft["grad_projected"]),
    ):
        assert_allclose(found.dU_low, expected["U_low"], atol=FLOAT32)
        assert_allclose(found.dS_low, expected["S_low"], atol=FLOAT32)
        assert_allclose(found.dV_low.T, expected["V_low"], atol=FLOAT32)


def test_osf_step(osf_case: dict[str, Any]) -> None:
    """One SGD step from our own split changes W as PEFT's does, and leaks as little."""
    expected = osf_case["peft"]["sgd_one_step"]
    ours = split(osf_case["W"], osf_case["effective_rank"])
    run = train_factors(ours, osf_case["G"], optimizer="sgd", learning_rate=expected["lr"])
    assert_allclose(run.step, expected["dW"], atol=FLOAT32)
    assert_allclose(np.array(osf_case["W"]) + run.step, expected["W_new_merged"], atol=FLOAT32)
    assert run.leak.left < 1e-14
    assert run.leak.right < 1e-14
    linear = -expected["lr"] * factor_step(ours, project_factors(osf_case["G"], ours))
    assert_allclose(run.step, linear, atol=2.0 * expected["lr"] ** 2 * np.linalg.norm(osf_case["G"]) ** 2)


def test_osf_under_adam(osf_case: dict[str, Any]) -> None:
    """Ten AdamW steps leave the subspace by the same share as in PEFT."""
    expected = osf_case["peft"]["adamw_steps"]
    ours = split(osf_case["W"], osf_case["effective_rank"])
    run = train_factors(ours, osf_case["G"], optimizer="adam", learning_rate=expected["lr"], steps=expected["steps"])
    assert_allclose(run.leak.norm, expected["dW_norm"], atol=FLOAT32)
    assert_allclose(run.leak.left / run.leak.norm, expected["leak_left_rel"], atol=2e-5)
    assert_allclose(run.leak.right / run.leak.norm, expected["leak_right_rel"], atol=2e-5)
    again = train_factors(
        ours, osf_case["G"], optimizer="adam_reprojected", learning_rate=expected["lr"], steps=expected["steps"]
    )
    assert max(again.leak.left, again.leak.right) < 1e-13


def test_osf_projections(osf_case: dict[str, Any]) -> None:
    """Block and two-sided projections equal the float64 reference, and so do all their norms."""
    ours, reference = split(osf_case["W"], osf_case["effective_rank"]), osf_case["reference_float64"]
    block, two_sided = project_block(osf_case["G"], ours), project_two_sided(osf_case["G"], ours)
    assert_allclose(block, reference["paper_and_seed_block_projection"], rtol=RTOL, atol=ATOL)
    assert_allclose(two_sided, reference["two_sided_projection"], rtol=RTOL, atol=ATOL)
    norms = reference["norms"]
    of_gradient, of_block, of_two = (leak(step, ours) for step in (osf_case["G"], block, two_sided))
    found = {
        "G": of_gradient.norm,
        "block": of_block.norm,
        "two_sided": of_two.norm,
        "UhT_G_Vh": of_gradient.block,
        "UhT_block": of_block.left,
        "block_Vh": of_block.right,
        "UhT_block_Vh": of_block.block,
        "UhT_two_sided": of_two.left,
        "two_sided_Vh": of_two.right,
    }
    assert found.keys() == norms.keys()
    for name, value in found.items():
        assert_allclose(value, norms[name], rtol=RTOL, atol=1e-13, err_msg=name)
