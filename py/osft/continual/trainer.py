"""The training loop: pretraining, and one method at work on one task after another.

`experiment.py` and `live.py` drive it. All methods see the same batches of the same images.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from .digits import CLASSES, Digits, Tasks, make_tasks
from .methods import METHODS, Observed
from .network import Array, Network, accuracy, activations, backpropagate, gradients, initial_network, softmax
from .optimizers import Adam, make_optimizer
from .settings import PIXELS, Settings

#: A cross-entropy of 10,000 nats; guessing costs 2.3. Adam bounds each step, so a hopeless
#: learning rate shows as an absurd loss long before it shows as a NaN.
DIVERGED_LOSS = 1e4
_OBSERVED = 300

T = TypeVar("T")


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
        extra = [] if settings.trained == "hidden" else list(self.network.biases)
        if settings.trained == "all":
            extra.append(self.network.weights[-1])
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

    def _guard(self, work: Callable[[], None]) -> None:
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
        if self.method == "frozen" and not self._extra:
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
            for (p, optimizer), gradient in zip(self._extra, [*for_biases, for_weights[-1]], strict=False):
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
