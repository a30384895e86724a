"""Orthogonal subspace fine-tuning in factors, as HF PEFT and the authors' mini_trainer train it."""

from __future__ import annotations

import numpy as np

from ..network import Array, mm
from .base import Method, share_retained, thin_svd


class Osft(Method):
    """W = U_h S_h V_h' + U_l diag(S_l) V_l': the first part frozen, the factors of the second free.

    The singular value decomposition is taken once, at the task's start. With P = I - U_h U_h' and
    P' = I - V_h V_h' the gradients are P G V_l S_l, S_l U_l' G P' and diag(U_l' G V_l). An adaptive
    optimiser leaves the subspace although its gradients lie in it, so the factors are projected
    again after each step (mini_trainer does, HF PEFT does not: `reproject=False`).
    Invariants: U_h' dW = 0 and dW V_h = 0 over a task. Nayak et al. 2025.
    """

    def begin(self, task: int, tasks: int) -> None:
        u, s, vt = thin_svd(self.weights)
        kept = int(len(s) * share_retained(self.settings.retained, task, tasks))
        self.high = mm(u[:, :kept] * s[:kept], vt[:kept])
        self.u, self.s, self.vt = u[:, kept:].copy(), s[kept:].copy(), vt[kept:].copy()
        self.left, self.right = complement(u[:, :kept]), complement(vt[:kept].T)
        self.optimizers = [self.optimizer(factor) for factor in (self.u, self.s, self.vt)]

    def update(self, gradient: Array) -> None:
        if not len(self.s):
            return
        across = mm(gradient, self.vt.T)
        for_u = mm(self.left, across * self.s)
        for_s = np.einsum("ij,ij->j", self.u, across)
        for_vt = mm(mm((self.u * self.s).T, gradient), self.right)
        for_u, for_s, for_vt = (optimizer.step(g) for optimizer, g in zip(self.optimizers, (for_u, for_s, for_vt), strict=True))
        self.u += for_u
        self.s += for_s
        self.vt += for_vt
        if self.settings.reproject:
            self.u, self.vt = mm(self.left, self.u), mm(self.vt, self.right)
        mm(self.u * self.s, self.vt, out=self.weights)
        self.weights += self.high


def complement(basis: Array) -> Array:
    """I - B B' [n, n] for orthonormal columns B [n, k]; exactly 0 for a whole basis."""
    size, kept = basis.shape
    if kept == size:
        return np.zeros((size, size), basis.dtype)
    if kept == 0:
        return np.eye(size, dtype=basis.dtype)
    projector = mm(basis, np.ascontiguousarray(basis.T))
    np.negative(projector, out=projector)
    projector[np.diag_indices(size)] += 1
    return projector
