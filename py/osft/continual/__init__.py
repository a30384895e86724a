"""Continual learning on real handwritten digits: a small experiment that anyone can run again.

A perceptron (64-128-128-10) learns the 8x8 digits upright, then turned by 20, 40, 60 and 80
degrees, one after another, and never sees the earlier ones again (but for `replay` and `joint`).
After that pretraining only the hidden matrices are trained, as HF PEFT adapts them: the head and
all biases are frozen for every method.

    from osft.continual import run, steps, live

    result = run("osft", seed=0)                 # tuned settings; see defaults.DEFAULTS
    result.accuracy                              # [5, 5]: row i after task i, column j on task j
    result.average_accuracy, result.forgetting, result.learning, result.kept

    for state in steps("full", seed=0, learning_rate=3e-3):
        print(state.step, state.accuracy, state.loss)      # stop by breaking off

    for state in live(("full", "osft"), retained=0.25, learning_rate=3e-3, seed=0):
        print(state["method"], state["progress"], state["accuracy"])

Methods (`METHODS`), each a small class that changes one weight matrix from its gradients:

    frozen      nothing changes
    full        every hidden weight, Adam            full_sgd    the same with SGD, momentum 0.9
    lora        low-rank update, merged per task     olora       LoRA kept apart from earlier LoRAs
    oft         block-diagonal rotation, exact Cayley transform
    osft        top singular directions frozen, factors trained, as HF PEFT with re-projection
    osft_dense  our simplification of it: the dense step, projected on both sides
    seed_block  the projection G - Uh Uh' G Vh Vh', which protects one block only
    random      osft_dense with a random subspace    bottom      with the smallest directions
    gpm         protects the span of old activations (looks at old data)
    ewc, l2sp   penalties towards old weights        replay      keeps old images
    joint       all tasks at once: the upper reference line

The modules: `digits` (data, rotation, split), `network` (perceptron and its gradient),
`optimizers`, `settings` (every setting, its default and its limits), `methods`, `experiment`
(one run), `live` (the browser's smaller run), `metrics`.
"""

from __future__ import annotations

from .defaults import DEFAULTS
from .digits import load_digits
from .experiment import Run, Step, run, steps
from .live import LIVE_METHODS, live
from .methods import METHODS
from .settings import SCHEDULE, Settings, make_settings

__all__ = [
    "DEFAULTS",
    "LIVE_METHODS",
    "METHODS",
    "SCHEDULE",
    "Run",
    "Settings",
    "Step",
    "live",
    "load_digits",
    "make_settings",
    "run",
    "steps",
]
