"""PyTorch's autograd and AdamW agree with the factor gradients, the steps, and the count of directions."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from osft import orthogonal as o
from osft import subspace as s

torch = pytest.importorskip("torch")
SHAPES = [(6, 4, 2), (4, 6, 2), (8, 8, 3), (7, 5, 1), (5, 5, 0), (3, 6, 3)]


def problem(m: int, n: int, rank: int) -> tuple[s.Split, Any]:
    """Return a split and a gradient."""
    rng = np.random.default_rng(m * 100 + n)
    return s.split(rng.standard_normal((m, n)), rank), rng.standard_normal((m, n))


def tensors(parts: s.Split) -> list[Any]:
    """Return the trainable factors as leaves."""
    return [torch.tensor(factor.copy(), requires_grad=True) for factor in (parts.U_low, parts.S_low, parts.V_low)]


@pytest.mark.parametrize(("m", "n", "rank"), SHAPES)
def test_factor_gradients(m: int, n: int, rank: int) -> None:
    parts, gradient = problem(m, n, rank)
    u, values, v = tensors(parts)
    (torch.tensor(gradient) * ((u * values) @ v.T)).sum().backward()
    for found, leaf in zip(s.raw_factors(gradient, parts), (u, values, v), strict=True):
        assert_allclose(found, leaf.grad.numpy(), atol=1e-13)


@pytest.mark.parametrize(("m", "n", "rank"), [shape for shape in SHAPES if shape[2] < min(shape[:2])])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adam_reprojected"])
def test_training_the_factors(m: int, n: int, rank: int, optimizer: Any) -> None:
    """The same training with autograd, gradient hooks and torch.optim."""
    parts, gradient = problem(m, n, rank)
    leaves = tensors(parts)
    u_high, v_high = torch.tensor(parts.U_high), torch.tensor(parts.V_high)
    leaves[0].register_hook(lambda g: g - u_high @ (u_high.T @ g))
    leaves[2].register_hook(lambda g: g - v_high @ (v_high.T @ g))
    kind = torch.optim.SGD if optimizer == "sgd" else torch.optim.AdamW
    settings = {} if optimizer == "sgd" else {"weight_decay": 0.0}
    stepper = kind(leaves, lr=0.01, **settings)
    for _ in range(12):
        stepper.zero_grad()
        u, values, v = leaves
        (torch.tensor(gradient) * ((u * values) @ v.T)).sum().backward()
        stepper.step()
        if optimizer == "adam_reprojected":
            with torch.no_grad():
                u -= u_high @ (u_high.T @ u)
                v -= v_high @ (v_high.T @ v)
    u, values, v = (leaf.detach().numpy() for leaf in leaves)
    run = s.train_factors(parts, gradient, optimizer=optimizer, learning_rate=0.01, steps=12)
    assert_allclose(run.step, (u * values) @ v.T - parts.low, atol=1e-9)


@pytest.mark.parametrize(("m", "n", "rank"), SHAPES)
def test_directions_are_the_rank_of_the_jacobian(m: int, n: int, rank: int) -> None:
    """6 x 4 with rank 2: 8 of 22 parameters; 8 x 8 with rank 3: 25 of 85; 7 x 5 with rank 1: 24 of 52."""
    parts, _ = problem(m, n, rank)
    u_high, v_high = torch.tensor(parts.U_high), torch.tensor(parts.V_high)

    def weights(u: Any, values: Any, v: Any) -> Any:
        u = torch.tensor(parts.U_low) + (u - u_high @ (u_high.T @ u))
        v = torch.tensor(parts.V_low) + (v - v_high @ (v_high.T @ v))
        return (u * (torch.tensor(parts.S_low) + values)) @ v.T

    zeros = tuple(torch.zeros(factor.shape, dtype=torch.float64) for factor in (parts.U_low, parts.S_low, parts.V_low))
    blocks = torch.autograd.functional.jacobian(weights, zeros)
    jacobian = np.concatenate([block.reshape(m * n, -1).numpy() for block in blocks], axis=1)
    rank_found = int(np.linalg.matrix_rank(jacobian, tol=1e-9)) if jacobian.size else 0
    assert rank_found == s.directions("factors", parts) == s.directions("two_sided", parts)
    assert jacobian.shape[1] == parts.trainable_parameters


@pytest.mark.parametrize("n", [2, 3, 8, 33])
def test_rotations(n: int) -> None:
    skew = o.random_skew(n, seed=n, norm=1.3)
    tensor, identity = torch.tensor(skew), torch.eye(n, dtype=torch.float64)
    assert_allclose(o.exponential(skew), torch.linalg.matrix_exp(tensor).numpy(), atol=1e-13)
    assert_allclose(o.cayley(skew), torch.linalg.solve(identity - tensor, identity + tensor).numpy(), atol=1e-13)
