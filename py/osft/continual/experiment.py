"""One run: pretrain on upright digits, then one task after another, evaluated as it goes.

`steps` yields after every evaluation, so that a caller can watch and stop; `run` consumes it.
`live.py` and the precomputation drive `Trainer` and `pretraining` directly.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from . import metrics
from .digits import CLASSES, PIXELS, Digits, Tasks, make_tasks
from .methods import METHODS, Observed
from .network import (
    Array,
    Network,
    accuracy,
    activations,
    backpropagate,
    gradients,
    initial_network,
    softmax,
)
from .optimizers import Adam, make_optimizer
from .settings import Settings, check_seed, make_settings

#: A cross-entropy of 10,000 nats; guessing costs 2.3. Adam bounds each step, so a hopeless
#: learning rate shows as an absurd loss long before it shows as a NaN.
DIVERGED_LOSS = 1e4
_OBSERVED = 300

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """The state at one evaluation. `accuracy` [tasks] is NaN once the run has diverged."""

    step: int
    steps: int
    task: int
    loss: float
    accuracy: Array
    diverged_at: int | None


@dataclass(frozen=True)
class Run:
    """A finished run. `accuracy[i, j]` is the accuracy on task j after task i; task 0 is pretraining.

    `curve` [points, tasks] is the same at every evaluation, at the steps in `steps`; `weights` are
    the hidden matrices in the end; `initial` [tasks] is the accuracy before any training. After
    divergence, at step `diverged_at`, accuracies are NaN. The rows of joint training are the same
    moments of its one long task, so that its forgetting and learning are NaN.
    """

    method: str
    seed: int
    settings: Settings
    accuracy: Array
    curve: Array
    steps: Array
    loss: Array
    initial: Array
    weights: tuple[Array, ...]
    diverged_at: int | None

    @property
    def average_accuracy(self) -> float:
        """Mean final accuracy over all tasks."""
        return metrics.average_accuracy(self.accuracy)

    @property
    def forgetting(self) -> float:
        """Mean fall of an earlier task from its best accuracy."""
        return float("nan") if self.method == "joint" else metrics.forgetting(self.accuracy)

    @property
    def learning(self) -> float:
        """Mean accuracy on each new task right after training on it (plasticity)."""
        return float("nan") if self.method == "joint" else metrics.learning(self.accuracy)

    @property
    def kept(self) -> float:
        """Final accuracy on the pretraining task (stability)."""
        return float(self.accuracy[-1, 0])

    @property
    def last(self) -> float:
        """Final accuracy on the last task."""
        return float(self.accuracy[-1, -1])

    @property
    def backward_transfer(self) -> float:
        """Mean change of an earlier task since it was learned."""
        return float("nan") if self.method == "joint" else metrics.backward_transfer(self.accuracy)

    @property
    def forward_transfer(self) -> float:
        """Mean accuracy on a task before training on it, above an untrained network's."""
        if self.method == "joint":
            return float("nan")
        return metrics.forward_transfer(self.accuracy, self.initial)


def batches(rng: np.random.Generator, count: int, steps: int, size: int) -> Array:
    """Indices [steps, size] below `count`: shuffled passes over the images, one after another."""
    passes = -(-steps * size // count)
    order = np.concatenate([rng.permutation(count) for _ in range(passes)])
    return order[: steps * size].reshape(steps, size)


def pretraining(seed: int, settings: Settings, tasks: Tasks) -> Generator[float, None, Network]:
    """Train all parameters on task 0, yielding the share done after each pass; returns the network.

    Adam at 1e-3, batches of 64, as for every method.
    """
    network = initial_network((PIXELS, *settings.hidden, CLASSES), seed, settings.dtype)
    images, labels = tasks.images[0], tasks.labels
    parameters = [*network.weights, *network.biases]
    optimizers = [Adam(p, 1e-3) for p in parameters]
    rng = np.random.default_rng([seed, 1])
    per_pass = max(1, len(labels) // 64)
    for epoch in range(settings.pretraining_epochs):
        for index in batches(rng, len(labels), per_pass, min(64, len(labels))):
            _, for_weights, for_biases = gradients(network, images[index], labels[index])
            for p, o, g in zip(parameters, optimizers, for_weights + for_biases, strict=True):
                p += o.step(g)
        yield (epoch + 1) / settings.pretraining_epochs
    return network


def pretrain(seed: int, settings: Settings, digits: Digits | None = None) -> Network:
    """The pretrained network; the last few are remembered, since all methods start from the same."""
    if digits is not None:
        tasks = make_tasks(seed, settings.angles[:1], dtype=settings.dtype, digits=digits)
        return consume(pretraining(seed, settings, tasks))
    return _pretrained(seed, settings.angles[0], settings.hidden, settings.pretraining_epochs, settings.dtype).copy()


@lru_cache(maxsize=16)
def _pretrained(seed: int, angle: float, hidden: tuple[int, ...], epochs: int, dtype: str) -> Network:
    settings = Settings(hidden=hidden, pretraining_epochs=epochs, dtype=dtype)
    return consume(pretraining(seed, settings, make_tasks(seed, (angle,), dtype=dtype)))


def consume(generator: Generator[Any, None, T]) -> T:
    """Run a generator to its end and return what it returns."""
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            finished: T = stop.value
            return finished


class Trainer:
    """One method at work on one network: `begin`, `advance` and `finish` for each task."""

    def __init__(self, method: str, seed: int, settings: Settings, tasks: Tasks, network: Network) -> None:
        self.method, self.seed, self.settings = method, seed, settings
        self.tasks, self.network = tasks, network
        self.rules = [
            METHODS[method](weights, settings, np.random.default_rng([seed, 2, layer]))
            for layer, weights in enumerate(network.hidden)
        ]
        self.step = 0
        self.loss = float("nan")
        self.diverged_at: int | None = None
        self._memory: list[Array] = []
        self._observe(0)

    @property
    def joint(self) -> bool:
        """Whether all tasks are trained on at once, as one long task."""
        return self.method == "joint"

    def begin(self, task: int) -> None:
        """Start on task 1, 2, ...: draw its batches and let the rules look at the weights."""
        settings, count = self.settings, len(self.tasks.labels)
        new_tasks = len(self.tasks) - 1
        rng = np.random.default_rng([self.seed, 3, task])
        total = count * len(self.tasks) if self.joint else count
        steps = settings.steps_per_task * (new_tasks if self.joint else 1)
        self._next = 0
        self._index = batches(rng, total, steps, settings.batch_size)
        if self.method == "replay":
            self._draw_replay(rng, task)
        self._task = task
        self._guard(lambda: self._begin_rules(1 if self.joint else new_tasks))
        extra = {"hidden": [], "biases": self.network.biases}.get(
            settings.trained, [self.network.weights[-1], *self.network.biases]
        )
        self._extra = [(p, make_optimizer(settings.optimizer, p, settings.learning_rate)) for p in extra]

    def advance(self, count: int) -> None:
        """Take `count` steps; stops early, and says where in `diverged_at`, if the run diverges."""
        self._guard(lambda: self._advance(count))

    def finish(self) -> None:
        """End the task: rules merge what they trained and remember what they need."""
        self._guard(lambda: self._observe(self._task))

    def evaluate(self) -> Array:
        """The accuracy on every task now [tasks]; NaN once the run has diverged."""
        if self.diverged_at is not None:
            return np.full(len(self.tasks), np.nan)
        return accuracy(self.network, self.tasks.held_out_images, self.tasks.held_out_labels)

    def _guard(self, work: Any) -> None:
        if self.diverged_at is not None:
            return
        try:
            # Divergence is looked for, not warned about; WebAssembly would not warn either.
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                work()
        except (FloatingPointError, np.linalg.LinAlgError):
            self.diverged_at = self.step

    def _begin_rules(self, tasks: int) -> None:
        for rule in self.rules:
            rule.begin(self._task, tasks)

    def _advance(self, count: int) -> None:
        if self.method == "frozen":
            self.step += count
            return
        total = 0.0
        for _ in range(count):
            images, labels = self._batch()
            self.step += 1
            loss, for_weights, for_biases = gradients(self.network, images, labels)
            if not loss <= DIVERGED_LOSS:
                self.loss = loss
                raise FloatingPointError("The loss is not finite, or absurd.")
            total += loss
            for rule, gradient in zip(self.rules, for_weights, strict=False):
                rule.update(gradient)
            if self._extra:
                wanted = for_biases if len(self._extra) == len(for_biases) else [for_weights[-1], *for_biases]
                for (p, optimizer), gradient in zip(self._extra, wanted, strict=True):
                    p += optimizer.step(gradient)
        self.loss = total / count
        if not self.network.is_finite():
            raise FloatingPointError("The weights are not finite.")

    def _batch(self) -> tuple[Array, Array]:
        index, images, labels = self._index[self._next], self.tasks.images, self.tasks.labels
        position, self._next = self._next, self._next + 1
        if self.joint:
            return images[index % len(images), index // len(images)], labels[index // len(images)]
        if self.method != "replay":
            return images[self._task][index], labels[index]
        old_task, old_index = self._replay[0][position], self._replay[1][position]
        return (
            np.concatenate([images[self._task][index], images[old_task, old_index]]),
            np.concatenate([labels[index], labels[old_index]]),
        )

    def _draw_replay(self, rng: np.random.Generator, task: int) -> None:
        """Remember `memory` images of the task before; draw as many old images a batch as new ones."""
        size = min(self.settings.memory, len(self.tasks.labels))
        self._memory.append(rng.choice(len(self.tasks.labels), size, replace=False))
        memory = np.stack(self._memory)
        shape = self._index.shape
        old_task = rng.integers(0, task, shape)
        self._replay = old_task, memory[old_task, rng.integers(0, size, shape)]

    def _observe(self, task: int) -> None:
        observed: list[Observed] | list[None] = [None] * len(self.rules)
        if any(rule.observes for rule in self.rules):
            rng = np.random.default_rng([self.seed, 4, task])
            images = self.tasks.images[task]
            size = min(_OBSERVED, len(images))
            observed = observe(self.network, images[rng.choice(len(images), size, replace=False)])
        for rule, seen in zip(self.rules, observed, strict=True):
            rule.end(seen)


def observe(network: Network, images: Array) -> list[Observed]:
    """What each hidden layer saw on `images` [count, in], and the Fisher diagonal of its weights.

    F = mean_i sum_c p_ic (d log p_ic / dW)^2, the expectation over the network's own labels, exactly.
    """
    values = activations(network, images)
    probabilities, _ = softmax(values[-1])
    fisher = [np.zeros_like(w) for w in network.hidden]
    for label in range(probabilities.shape[1]):
        delta = probabilities.copy()
        delta[:, label] -= 1
        weight = probabilities[:, label : label + 1] / len(images)
        for total, d, v in zip(fisher, backpropagate(network, values, delta), values, strict=False):
            total += (weight * d * d).T @ (v * v)
    return [Observed(v, f) for v, f in zip(values, fisher, strict=False)]


def steps(method: str, *, seed: int, digits: Digits | None = None, **settings: Any) -> Generator[Step, None, Run]:
    """Train `method`, yielding a Step at every evaluation (the first before training); returns Run.

    Stop by no longer asking. After divergence the remaining evaluations are not made: the Step
    that tells of it is the last. Raises ValueError for a bad method, seed or setting.
    """
    chosen = make_settings(method, **settings)
    check_seed(seed)
    return _steps(method, seed, chosen, digits)


def _steps(method: str, seed: int, settings: Settings, digits: Digits | None) -> Generator[Step, None, Run]:
    tasks = make_tasks(seed, settings.angles, settings.part, settings.dtype, digits)
    start = pretrain(seed, settings, digits)
    sizes = (PIXELS, *settings.hidden, CLASSES)
    untrained = initial_network(sizes, seed, settings.dtype)
    initial = accuracy(untrained, tasks.held_out_images, tasks.held_out_labels)
    trainer = Trainer(method, seed, settings, tasks, start)
    total = settings.steps_per_task * (len(tasks) - 1)
    points = total // settings.evaluate_every + 1
    curve = np.full((points, len(tasks)), np.nan)
    losses = np.full(points, np.nan)
    for point, task in enumerate(schedule(trainer)):
        curve[point], losses[point] = trainer.evaluate(), trainer.loss
        yield Step(trainer.step, total, task, trainer.loss, curve[point], trainer.diverged_at)
    return Run(
        method=method,
        seed=seed,
        settings=settings,
        accuracy=curve[:: settings.steps_per_task // settings.evaluate_every],
        curve=curve,
        steps=np.arange(points) * settings.evaluate_every,
        loss=losses,
        initial=initial,
        weights=tuple(trainer.network.hidden),
        diverged_at=trainer.diverged_at,
    )


def schedule(trainer: Trainer) -> Iterator[int]:
    """Drive the trainer through all tasks, yielding the task at every evaluation, 0 before the first.

    Ends at the evaluation that finds it diverged.
    """
    settings = trainer.settings
    yield 0
    for task in range(1, len(trainer.tasks)):
        if task == 1 or not trainer.joint:
            trainer.begin(task)
        for done in range(settings.evaluate_every, settings.steps_per_task + 1, settings.evaluate_every):
            trainer.advance(settings.evaluate_every)
            if done == settings.steps_per_task and not trainer.joint:
                trainer.finish()
            yield task
            if trainer.diverged_at is not None:
                return


def run(method: str, *, seed: int, digits: Digits | None = None, **settings: Any) -> Run:
    """Train `method` to the end and return its Run; see Settings for what may be set.

    The same seed gives the same weights on one machine; between machines, and in WebAssembly,
    float32 rounding differs. Raises ValueError for a bad method, seed or setting.
    """
    return consume(steps(method, seed=seed, digits=digits, **settings))
