"""OSFT's subspaces: split a weight matrix, project gradients, and see what each projection leaves open.

Called by the svd and projection pages, the command line and the notebooks. The split is in splitting.py, the
three projections in projections.py, their comparison in explain.py, trained factors in steps.py and rank rules
in ranks.py. Weights are [out, in]; a neuron is a row.
"""

from __future__ import annotations

from .explain import (
    PROJECTIONS,
    Effect,
    Explanation,
    Protection,
    directions,
    explain,
    largest_angle,
    output_change,
    protected,
)
from .projections import (
    FactorGradients,
    Leak,
    factor_step,
    leak,
    project_block,
    project_factors,
    project_two_sided,
    raw_factors,
)
from .ranks import (
    adaptive_rank,
    layer_importance,
    normalize_importance,
    rank_from_unfreeze_ratio,
    retention_schedule,
)
from .splitting import Split, split
from .steps import OPTIMIZERS, FactorRun, train_factors

__all__ = [
    "OPTIMIZERS",
    "PROJECTIONS",
    "Effect",
    "Explanation",
    "FactorGradients",
    "FactorRun",
    "Leak",
    "Protection",
    "Split",
    "adaptive_rank",
    "directions",
    "explain",
    "factor_step",
    "largest_angle",
    "layer_importance",
    "leak",
    "normalize_importance",
    "output_change",
    "project_block",
    "project_factors",
    "project_two_sided",
    "protected",
    "rank_from_unfreeze_ratio",
    "raw_factors",
    "retention_schedule",
    "split",
    "train_factors",
]
