"""Publication figures of the pages, drawn by Matplotlib. Called by explorer.surface.

Loaded only when a reader asks for one. Each function draws one page's outputs on a fresh figure;
colours are Okabe and Ito's, told apart by marker, dash or hatching as well.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from explorer import energy, parameters, training
from explorer.declare import InvalidParameter, Outputs

BLUE, ORANGE, GREEN, RED, GREY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#6b6b6b"
CYCLE = (BLUE, ORANGE, GREEN, RED, "#56b4e9", "#e69f00", GREY, "#000000")
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
TASKS = ("First learned: Upright", "Turned 20°", "Turned 40°", "Turned 60°", "Turned 80°")
STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "osft",
    "svg.fonttype": "path",
}
Known = dict[str, Any]


def publication_figure(page: str, known: Known, outputs: Outputs, form: str) -> bytes:
    """The bytes of an SVG or of a PNG at 300 dots an inch. Raises `InvalidParameter`."""
    if form not in ("svg", "png"):
        raise InvalidParameter("format", "The format must be svg or png.")
    drawing = io.BytesIO()
    with rc_context(STYLE):
        figure = Figure(figsize=(6.3, 3.2))
        DRAW[page](figure, known, outputs)
        metadata = {"Date": None} if form == "svg" else {"Software": None}
        figure.savefig(drawing, format=form, dpi=300, metadata=metadata)
    return drawing.getvalue()


def rotation(figure: Figure, known: Known, outputs: Outputs) -> None:
    """The cloud before and after, with the two marked points joined."""
    space = known["view"] == "3d"
    extent = 1.05 * max(float(np.abs(outputs[f"points_{each}"]).max()) for each in ("original", "transformed"))
    for place, name, color, marker in ((1, "original", BLUE, "o"), (2, "transformed", ORANGE, "^")):
        axes: Any = figure.add_subplot(1, 2, place, projection="3d" if space else None)
        points = np.asarray(outputs[f"points_{name}"])
        if space:
            axes.set_zlim(-extent, extent)
        else:
            for line in np.asarray(outputs[f"grid_{name}"]):
                axes.plot(line[0::2], line[1::2], color="#d0d0d0", linewidth=0.4, zorder=0)
            axes.set_aspect("equal")
        axes.scatter(*points.T, s=6, color=color, marker=marker, linewidths=0)
        axes.plot(*points[:2].T, color="black", linestyle="--", linewidth=0.9, marker=marker, markersize=4)
        axes.set_xlim(-extent, extent)
        axes.set_ylim(-extent, extent)
        axes.set_title(f"{name.capitalize()}: distance {outputs[f'distance_{name}']:.4g}")


def orthogonal(figure: Figure, known: Known, outputs: Outputs) -> None:
    """Heat maps of Q and of its Gram matrix, and the eigenvalues on the unit circle."""
    q, gram = np.asarray(outputs["matrix"]), np.asarray(outputs["gram"])
    for place, values, title in ((1, q, "$Q$"), (2, gram, "$Q^T Q$")):
        axes = figure.add_subplot(1, 3, place)
        heat_map(figure, axes, values, title)
    axes = figure.add_subplot(1, 3, 3)
    turn = np.linspace(0, 2 * np.pi, 200)
    axes.plot(np.cos(turn), np.sin(turn), color=GREY, linewidth=0.8)
    axes.plot(*np.asarray(outputs["eigenvalues"]).T, "o", color=ORANGE, markersize=4)
    axes.set_aspect("equal")
    axes.set_title("Eigenvalues")


def energy_page(figure: Figure, known: Known, outputs: Outputs) -> None:
    """The relative change of the energy in each draw, with mean and 5th to 95th percentile."""
    axes = figure.add_subplot()
    for place, name in enumerate(energy.UPDATES):
        changes = 100 * np.asarray(outputs[f"{name}_changes"])
        spread = np.linspace(-0.12, 0.12, len(changes))
        axes.plot(place + spread, changes, MARKERS[place], color=CYCLE[place], markersize=3, alpha=0.6)
        low, high = (100 * float(np.asarray(outputs[f"{name}_{end}"])) for end in ("low", "high"))
        mean = 100 * float(np.asarray(outputs[f"{name}_change"]))
        axes.errorbar(
            place + 0.25,
            mean,
            [[max(mean - low, 0)], [max(high - mean, 0)]],
            fmt=MARKERS[place],
            color="black",
            capsize=3,
            markersize=4,
        )
    axes.axhline(0, color=GREY, linewidth=0.6)
    axes.set_xticks(range(3), [energy.NAMES[name] for name in energy.UPDATES])
    measure = "hyperspherical energy" if known["measure"] == "mhe" else "mean |cosine|"
    axes.set_ylabel(f"Change of the {measure}, %")
    axes.set_title(f"Updates of {known['strength']:g} times the norm of W, rotated on the {known['side']} side")


def svd(figure: Figure, known: Known, outputs: Outputs) -> None:
    """Singular values with the cut, and the kept energy."""
    values, rank = np.asarray(outputs["singular_values"]), int(known["rank"])
    places = np.arange(1, len(values) + 1)
    left, right = figure.subplots(1, 2)
    left.bar(places[:rank], values[:rank], color=ORANGE, hatch="//", edgecolor="white", label="kept")
    left.bar(places[rank:], values[rank:], color=BLUE, label="trained")
    left.set_yscale(known["scale"])
    left.set_xlabel("Direction")
    left.set_ylabel("Singular value")
    left.legend()
    right.plot(range(len(values) + 1), np.asarray(outputs["cumulative_energy"]), color=BLUE)
    right.plot([rank], [float(np.asarray(outputs["energy_kept"]))], "o", color=ORANGE)
    right.set_xlabel("Rank cutoff")
    right.set_ylabel("Energy kept")
    right.set_ylim(0, 1.03)


def projection(figure: Figure, known: Known, outputs: Outputs) -> None:
    """The arrows, or the three forms in the basis of singular vectors."""
    if known["mode"] == "matrix":
        names = {"gradient": "Gradient", "block": "Block", "two_sided": "Two-sided", "factors": "Factors"}
        for place, (name, title) in enumerate(names.items(), 1):
            axes = figure.add_subplot(1, 4, place)
            heat_map(figure, axes, np.asarray(outputs[f"{name}_rotated"]), title)
            for line in (axes.axhline, axes.axvline):
                line(known["rank"] - 0.5, color="black", linewidth=0.8)
        return
    axes = figure.add_subplot()
    arrows = {
        "gradient": (known["gx"], known["gy"], BLUE, "-"),
        "critical direction": (known["cx"], known["cy"], ORANGE, "--"),
        "left after projection": (outputs["safe_x"], outputs["safe_y"], GREEN, "-."),
    }
    for label, (x, y, color, dash) in arrows.items():
        axes.plot([0, x], [0, y], dash, color=color, label=label)
        head = {"arrowstyle": "-|>", "color": color, "lw": 0, "mutation_scale": 16, "shrinkB": 0}
        axes.annotate("", (x, y), (0, 0), arrowprops=head)
    axes.set_aspect("equal")
    axes.axhline(0, color="#d0d0d0", linewidth=0.5, zorder=0)
    axes.axvline(0, color="#d0d0d0", linewidth=0.5, zorder=0)
    axes.legend()


def parameters_page(figure: Figure, known: Known, outputs: Outputs) -> None:
    """Trained numbers by method, on a logarithmic scale."""
    names = list(parameters.METHODS)
    counts = [int(float(np.asarray(outputs[name]))) for name in names]
    axes = figure.add_subplot()
    bars = axes.barh(range(len(names)), [max(count, 0.8) for count in counts], color=BLUE, left=0.7)
    bars[-1].set(hatch="//", color="#bbbbbb", edgecolor="white")
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), [parameters.METHODS[name][0] for name in names])
    axes.invert_yaxis()
    axes.set_xlabel("Trained parameters")
    for place, count in enumerate(counts):
        axes.annotate(f"{count:,}", (max(count, 0.8), place), (3, 0), textcoords="offset points", va="center")
    axes.margins(x=0.2)


def training_page(figure: Figure, known: Known, outputs: Outputs) -> None:
    """Curves with their intervals, on average or on each task, or what is kept against what is learned."""
    if known["metric"] == "tasks":
        training_tasks(figure, known, outputs)
        return
    axes = figure.add_subplot()
    if known["metric"] == "front":
        labels = {name: training.METHODS[name] for name in training.SWEPT}
        for place, (name, label) in enumerate({**labels, **training.FRONTS}.items()):
            front = np.asarray(outputs[f"front_{name}"])
            axes.plot(
                front[:, 0],
                front[:, 2],
                DASHES[place % 4],
                color=CYCLE[place % 8],
                markersize=3,
                marker=MARKERS[place % 8],
                label=label,
            )
        axes.set_xlabel("Learned on the new tasks")
        axes.set_ylabel("Kept of the first task")
        axes.legend()
        return
    steps = np.asarray(outputs["steps"])
    shown = [name for name in known["methods"] if f"{name}_curve" in outputs]
    for place, name in enumerate(shown):
        color, dash = CYCLE[place % len(CYCLE)], DASHES[place % 4]
        mean, low, high = np.asarray(outputs[f"{name}_curve"]).T
        axes.plot(steps, mean, dash, color=color, label=training.METHODS[name])
        axes.fill_between(steps, low, high, color=color, alpha=0.2, linewidth=0)
    axes.axvline(known["step"], color=GREY, linewidth=0.6)
    axes.set_xlabel("Step")
    axes.set_ylabel("Forgetting" if known["metric"] == "forgetting" else "Average accuracy")
    if shown:
        axes.legend()


def training_tasks(figure: Figure, known: Known, outputs: Outputs) -> None:
    """The accuracy on each task with its interval, and one legend for all in the place of a sixth."""
    figure.set_figheight(4.2)
    *plots, rest = figure.subplots(2, 3, sharex=True, sharey=True).flat
    steps = np.asarray(outputs["steps"])
    for task, axes in enumerate(plots):
        for place, name in enumerate(known["methods"]):
            color, dash = CYCLE[place % len(CYCLE)], DASHES[place % 4]
            mean, low, high = np.asarray(outputs[f"{name}_tasks"])[:, 3 * task : 3 * task + 3].T
            axes.plot(steps, mean, dash, color=color, label=training.METHODS[name])
            axes.fill_between(steps, low, high, color=color, alpha=0.2, linewidth=0)
        axes.axvline(known["step"], color=GREY, linewidth=0.6)
        axes.set_ylim(0, 1)
        axes.set_title(TASKS[task])
    figure.supxlabel("Step")
    figure.supylabel("Accuracy")
    plots[2].tick_params(labelbottom=True)  # nothing with a scale stands below it
    rest.set_axis_off()
    rest.legend(*plots[0].get_legend_handles_labels(), loc="center", fontsize="small", labelspacing=0.3)


def heat_map(figure: Figure, axes: Any, values: Any, title: str) -> None:
    """A matrix in two colours about zero."""
    limit = float(np.abs(values).max()) or 1.0
    image = axes.imshow(values, cmap="PuOr", vmin=-limit, vmax=limit)
    figure.colorbar(image, ax=axes, shrink=0.6)
    axes.set_title(title)
    axes.set_xticks([])
    axes.set_yticks([])


DRAW: dict[str, Callable[[Figure, Known, Outputs], None]] = {
    "rotation": rotation,
    "orthogonal": orthogonal,
    "energy": energy_page,
    "svd": svd,
    "projection": projection,
    "parameters": parameters_page,
    "training": training_page,
}
