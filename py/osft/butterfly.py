"""The butterfly product of BOFT: a dense rotation out of sparse factors. Public through osft.orthogonal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import checks
from .products import matmul

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .checks import Array


def block_diagonal(blocks: object) -> Array:
    """Put square matrices on the diagonal of a matrix of zeros.

    R = diag(R_1, ..., R_k)

    blocks: a stack [k, b, b] or a sequence of square matrices of any sizes -> [n, n], n the sum of the sizes.
    Source: Qiu et al. 2023, arXiv 2306.07280, section 3.3, the block-diagonal structure of OFT.
    Invariant: orthogonal exactly when every block is; its determinant is the product of theirs.
    """
    parts = [checks.as_matrix(block, f"block {index}", square=True) for index, block in enumerate(_items(blocks))]
    if not parts:
        raise ValueError("blocks must hold at least one square matrix; there are none.")
    size = sum(part.shape[0] for part in parts)
    result = np.zeros((size, size))
    start = 0
    for part in parts:
        stop = start + part.shape[0]
        result[start:stop, start:stop] = part
        start = stop
    return result


def butterfly_order(n: int, block_size: int, factor: int) -> NDArray[np.intp]:
    """Return the order in which butterfly factor `factor` (0, 1, ...) takes the n coordinates.

    Within each run of block_size * 2^factor coordinates, groups of block_size / 2 are taken alternately:
    the even ones first, then the odd ones. Factor 0 keeps the order.
    Source: HF PEFT 0.21.2, `BOFTLayer.block_butterfly_perm`.

    >>> butterfly_order(8, 2, 1).tolist()
    [0, 2, 1, 3, 4, 6, 5, 7]
    """
    if factor == 0:
        return np.arange(n)
    groups = np.arange(n).reshape(-1, 2**factor, 2, block_size // 2)
    # Axes: run, pair of groups, parity, place in the group. Parity first sorts the even groups before the odd.
    return groups.transpose(0, 2, 1, 3).reshape(n)


def butterfly(blocks: object) -> Array:
    """Multiply butterfly factors: a dense orthogonal matrix from f block-diagonal ones.

    B = F_f ... F_2 F_1,  F_i = P_i diag(R_i1, ..., R_ik) P_i^T

    blocks [f, k, b, b], orthogonal matrices (f factors of k blocks) -> B [k b, k b]. With f > 1, b and k
    must be even and k a multiple of 2^(f-1); otherwise ValueError. For BOFT's stored parameters X the blocks
    are cayley(-skew_part(X)), and the merged weight is diag(s) W B^T.
    Source: Liu et al. 2024 (BOFT), arXiv 2311.06243; HF PEFT 0.21.2, `boft/layer.py`.
    Invariants: orthogonal when the blocks are; f = 1 is block_diagonal; B is dense once 2^(f-1) = k.
    """
    stack = checks.as_array(blocks, "blocks", (4,))
    factors, count, size, columns = stack.shape
    if factors == 0 or count == 0 or size == 0 or size != columns:
        raise ValueError(f"blocks must have shape [factors, blocks, b, b]; it is {stack.shape}.")
    if factors > 1:
        if size % 2:
            raise ValueError(f"With more than one butterfly factor the block size must be even; it is {size}.")
        if count % 2 or count % 2 ** (factors - 1):
            raise ValueError(
                f"With {factors} butterfly factors the number of blocks must be a multiple of "
                f"{max(2, 2 ** (factors - 1))}; it is {count}."
            )
    n = count * size
    product: Array = np.eye(n)
    for factor in range(factors):
        order = butterfly_order(n, size, factor)
        # (P D P^T)[i, j] = D[order[i], order[j]]: the permutation is an index, never a matrix.
        sparse = block_diagonal(stack[factor])[np.ix_(order, order)]
        product = matmul(sparse, product)
    return product


def _items(blocks: object) -> list[object]:
    """Return the entries of a stack or sequence as a list."""
    try:
        return list(blocks)  # type: ignore[call-overload, no-any-return]
    except TypeError:
        raise ValueError(f"blocks must be a sequence of square matrices, not {blocks!r}.") from None
