"""Methods that take the dense optimiser step and remove a part of it: osft_dense and its kin."""

from __future__ import annotations

import numpy as np

from ..network import Array, mm
from .base import Method, share_retained, thin_svd
from .osft import complement


class OsftDense(Method):
    """W <- W + P step(P G P') P', with P = I - U_h U_h', P' = I - V_h V_h' and a dense optimiser's step.

    Our simplification of OSFT, not the authors' algorithm: the same constraint on dW without the
    factors. The step is projected too, because Adam rescales entries and leaves the subspace.
    Invariants: U_h' dW = 0 and dW V_h = 0 over a task; with nothing kept it is `full`.
    """

    def begin(self, task: int, tasks: int) -> None:
        share = share_retained(self.settings.retained, task, tasks)
        u, v = self.subspace(int(min(self.weights.shape) * share))
        self.kept = u.shape[1]
        self.prepare(u, v)
        self.adam = self.optimizer(self.weights)

    def subspace(self, kept: int) -> tuple[Array, Array]:
        """The protected U_h [out, kept] and V_h [in, kept]: the top singular vectors of W."""
        u, _, vt = thin_svd(self.weights)
        return u[:, :kept], vt[:kept].T

    def prepare(self, u: Array, v: Array) -> None:
        self.left, self.right = complement(u), complement(v)
        self._half, self._whole = np.empty_like(self.weights), np.empty_like(self.weights)

    def update(self, gradient: Array) -> None:
        if not self.kept:
            self.weights += self.adam.step(gradient)
            return
        self.weights += self.project(self.adam.step(self.project(gradient)))

    def project(self, step: Array) -> Array:
        """The allowed part of a step or of a gradient."""
        return mm(mm(self.left, step, out=self._half), self.right, out=self._whole)


class Random(OsftDense):
    """`osft_dense` with a random subspace of the same size: the control for which one matters."""

    def subspace(self, kept: int) -> tuple[Array, Array]:
        u, v = (np.linalg.qr(self.rng.standard_normal((size, kept)))[0].astype(self.weights.dtype) for size in self.weights.shape)
        return u, v


class Bottom(OsftDense):
    """`osft_dense` that protects the smallest singular directions: the opposite control."""

    def subspace(self, kept: int) -> tuple[Array, Array]:
        u, s, vt = thin_svd(self.weights)
        return u[:, len(s) - kept :], vt[len(s) - kept :].T


class SeedBlock(OsftDense):
    """The projection G - U_h U_h' G V_h V_h', as the authors' post prints it, of gradient and step.

    Invariant: the block U_h' dW V_h = 0, and no more: a step may still leave through either side.
    """

    def prepare(self, u: Array, v: Array) -> None:
        self.left, self.right = mm(u, u.T), mm(v, v.T)
        self._half, self._whole = np.empty_like(self.weights), np.empty_like(self.weights)

    def project(self, step: Array) -> Array:
        step -= mm(mm(self.left, step, out=self._half), self.right, out=self._whole)
        return step
