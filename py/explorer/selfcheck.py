"""A fingerprint of what this interpreter computes: the same bits wherever NumPy for WebAssembly runs.

Called by osft-web/kernel/runtime.js after an interpreter was put back from a snapshot, and at build
time, where an interpreter that was started in the ordinary way says what it must be.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def fingerprint(*, whole: bool) -> str:
    """A checksum over results of every compiled part of NumPy that a start has, and of Python itself.

    The whole of it has to be computed by code that nothing else needs while a page starts, so a
    start is held up for the part that is made in a few milliseconds, and the rest follows.
    """
    digest = 0
    for result in (*chance(), *(algebra() if whole else ())):
        digest = zlib.crc32(result if isinstance(result, bytes) else np.ascontiguousarray(result).tobytes(), digest)
    return f"{digest:08x}"


def chance() -> Iterator[NDArray[np.generic] | bytes]:
    """Streams of random numbers, a product and a sum."""
    generator = np.random.default_rng(7)
    a = generator.standard_normal((4, 3))
    yield a
    yield generator.permutation(9)
    yield np.einsum("ij,ik->jk", a, a)
    yield np.exp(a).sum(axis=0)
    yield json.dumps([0.1 + 0.2, 2**200, float(a.mean())]).encode()


def algebra() -> Iterator[NDArray[np.generic] | bytes]:
    """Numbers whose last bit depends on the code that made them."""
    generator = np.random.default_rng(7)
    yield generator.integers(0, 1000, 9)
    yield generator.exponential(size=3)
    a = np.random.default_rng(1).standard_normal((12, 8))
    square = a.T @ a + np.eye(8)
    yield from np.linalg.svd(a, full_matrices=False)
    yield from np.linalg.qr(a)
    yield from np.linalg.eigh(square)
    yield np.linalg.eigvals(a[:8])
    yield np.linalg.solve(square, a[0])
    yield np.linalg.inv(square)
    yield np.linalg.cholesky(square)
    yield np.linalg.det(square)
    yield np.linalg.lstsq(a, a[:, 0], rcond=None)[0]
    yield np.einsum("ij,jk->ik", a, square)
    yield np.cumsum(np.sort(a, axis=0), axis=1)
    yield np.exp(a) + np.log1p(np.abs(a)) + np.tanh(a) + np.arctan2(a, a + 1)
    yield np.sum(a.astype(np.float32), axis=0)
    words = {word: len(word) for word in re.findall(r"\w+", "Down, down, down. Would the fall never come to an end?")}
    yield json.dumps([words, 0.1 + 0.2, 2**200, float(a.mean()), repr(a[0]), f"{a[0, 0]:.3e}"]).encode()
