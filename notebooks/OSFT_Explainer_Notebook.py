# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Orthogonal subspace fine-tuning: what is kept, what leaks, what it costs
#
# Teach a trained network a new task and it tends to lose the old one. This is **catastrophic forgetting**, and
# **orthogonal subspace fine-tuning (OSFT)** is a way to have less of it. The idea takes three sentences:
#
# 1. Split each weight matrix by its singular value decomposition into strong directions and weak ones.
# 2. Freeze the strong directions, on the assumption that they carry what the network knows.
# 3. Train only the rest, and keep every update orthogonal to what is frozen.
#
# Each sentence hides a choice, and this notebook measures all of them: which *projection* really protects the frozen
# directions (the formula most often printed does not), what an optimiser such as Adam does to that protection, and how
# much is kept and learned on real data.
#
# | section | question |
# |---|---|
# | 1 | What does a projected gradient leave alone, in a matrix small enough to look at? |
# | 2 | What is frozen, and how many numbers are trained? |
# | 3 | What does the training loop look like, and which form of it keeps the old task? |
# | 4 | How is a step taken in PyTorch, and why does Adam leak? |
# | 5 | What is kept and what is learned, on handwritten digits? |
# | 6 | What has been published, and how should the numbers be read? |
# | 7 | What does OSFT not do? |
#
# *Everything is computed here, by the package `osft` of this repository. NumPy and Matplotlib are enough. Cells that use
# PyTorch, PEFT or ipywidgets say so and step aside when these are missing.*
#
# This notebook re-implements the one of the same name by Frank La Vigne
# ([Down the Orthogonal Rabbit Hole](https://github.com/FrankLaVigne/OSFTFun)), with its matrix, its gradient and its order.
# Where a measurement contradicts it, the text says so.
#
# > "Would you tell me, please, which way I ought to go from here?"
# > "That depends a good deal on where you want to get to," said the Cat.

# %%
import importlib.util
import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # these matrices are small: several threads only wait for each other
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if importlib.util.find_spec("osft") is None:  # not installed: look for py/osft in the folders above
    folders = [folder / "py" for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "py" / "osft").is_dir()]
    if not folders:
        raise ImportError("There is no package osft. Open this notebook inside the repository, or install it: pip install .")
    sys.path.insert(0, str(folders[0]))

import numpy as np

import osft
from osft import continual, orthogonal, parameters, subspace

try:
    import torch

    HAVE_TORCH = True
except ImportError:
    HAVE_TORCH = False
print(f"osft {osft.__version__}, NumPy {np.__version__},", f"PyTorch {torch.__version__}" if HAVE_TORCH else "no PyTorch")

# %% [markdown]
# One more cell of preparation: the look of the figures, and two helpers. `name_lines` writes the name of each line at its
# end. `explore` puts sliders above a drawing when ipywidgets is installed, and draws it once, at the starting values, when
# it is not.

# %%
import matplotlib.pyplot as plt

try:
    import ipywidgets
except ImportError:
    ipywidgets = None

# The colours of the web pages. Lines are named where they end, so that no meaning hangs on colour alone.
RED, OCHRE, BLUE, GREEN, VIOLET, BROWN, GREY = "#a52c12", "#8c6800", "#2b68cc", "#007a66", "#6d2fa3", "#6e4630", "#5d584f"
COLOURS = {"full": RED, "lora": OCHRE, "oft": BLUE, "osft": GREEN, "random": VIOLET, "seed_block": BROWN, "frozen": GREY}
plt.rcParams.update(
    {
        "figure.dpi": 90, "figure.constrained_layout.use": True, "font.size": 9, "axes.titlesize": 9,
        "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": GREY, "legend.frameon": False,
    }
)  # fmt: skip


def name_lines(axis, x, ends, gap=0.075):
    """Write names at the ends of lines, moved apart where they would overlap. ends: {name: (y, colour)}."""
    to_share = axis.transData + axis.transAxes.inverted()
    lowest = -np.inf
    for y, name, colour in sorted((to_share.transform((x, y))[1], name, colour) for name, (y, colour) in ends.items()):
        lowest = max(y, lowest + gap)
        axis.annotate(name, (x, lowest), xycoords=axis.get_xaxis_transform(), xytext=(5, 0), textcoords="offset points",
                      color=colour, va="center", fontsize=8, annotation_clip=False)  # fmt: skip


def explore(draw, **controls):
    """Draw with sliders. Each control is (label, low, high, step, start)."""
    starts = {name: control[4] for name, control in controls.items()}
    if ipywidgets is None:
        draw(**starts)
        print("ipywidgets is not installed; this is the picture at the start values:", starts)
        return
    sliders = {}
    for name, (label, low, high, step, start) in controls.items():
        kind = ipywidgets.IntSlider if isinstance(step, int) else ipywidgets.FloatSlider
        sliders[name] = kind(description=label, min=low, max=high, step=step, value=start, style={"description_width": "initial"})
    ipywidgets.interact(draw, **sliders)


# %% [markdown]
# ## 1. Warm-up: a matrix small enough to look at
#
# Here is the weight matrix of a tiny linear layer, and some gradient. The singular value decomposition writes the matrix
# as a sum of one-dimensional pieces, $W = \sum_i \sigma_i u_i v_i^\top$: the layer listens along $v_i$, answers along
# $u_i$, and $\sigma_i$ says how loudly.

# %%
W = np.array([[2.0, 0.5, 0.0],
              [0.0, 1.5, 0.1],
              [0.0, 0.0, 0.2]])  # fmt: skip
gradient = np.array([[0.1, -0.2, 0.05],
                     [0.05, 0.1, -0.1],
                     [-0.2, 0.0, 0.2]])  # fmt: skip

U, S, Vt = np.linalg.svd(W)
rank = 1  # how many singular directions are called critical
U_high, V_high = U[:, :rank], Vt[:rank].T

split = subspace.split(W, rank)  # the same, by the package
assert np.allclose(split.singular_values, S)
assert np.allclose(split.high, U_high * S[:rank] @ V_high.T)
print("singular values:", np.round(S, 4))
print(f"the first direction holds {split.energy_kept:.1%} of the squared norm of W")

# %% [markdown]
# ### Three projections
# The update must stay out of the critical directions. There are three formulas in circulation, and they are not the same.
# Write $P_U = I - U_h U_h^\top$ and $P_V = I - V_h V_h^\top$.
#
# | | formula | where it comes from |
# |---|---|---|
# | (a) **block** | $G - U_h U_h^\top G\, V_h V_h^\top$ | printed by the authors, and in the original notebook |
# | (b) **two-sided** | $P_U\, G\, P_V$ | what one would expect "orthogonal to the critical directions" to mean |
# | (c) **factors** | $P_U$ and $P_V$ on the gradients of the trained factors | the authors' code and HF PEFT |

# %%
block = gradient - U_high @ (U_high.T @ gradient @ V_high) @ V_high.T
two_sided = (np.eye(3) - U_high @ U_high.T) @ gradient @ (np.eye(3) - V_high @ V_high.T)
assert np.allclose(block, subspace.project_block(gradient, split))
assert np.allclose(two_sided, subspace.project_two_sided(gradient, split))
factors = subspace.factor_step(split, subspace.project_factors(gradient, split))

print(f"{'':16s}{'size':>8s}{'on outputs':>13s}{'on inputs':>12s}{'on both':>10s}")
for name, step in (("no projection", gradient), ("(a) block", block), ("(b) two-sided", two_sided), ("(c) factors", factors)):
    found = subspace.leak(step, split)
    print(f"{name:16s}{found.norm:8.4f}{found.left:13.1e}{found.right:12.1e}{found.block:10.1e}")
removed = 1 - np.linalg.norm(block) / np.linalg.norm(gradient)
print(f"\n(a) removes {removed:.2%} of the gradient's norm.")
left = np.linalg.norm(U_high.T @ block) / np.linalg.norm(block)
print(f"What is left of it after (a) still acts on the critical output direction with {left:.0%} of its size.")

# %% [markdown]
# The columns are norms: *on outputs* is $\lVert U_h^\top \Delta W\rVert$, what the step changes in the answers along the
# critical output direction; *on inputs* is $\lVert \Delta W\, V_h\rVert$, what it changes for inputs along the critical
# input direction; *on both* is $\lVert U_h^\top \Delta W\, V_h\rVert$.
#
# Formula (a) protects the last of these only. It makes the *pair* $(u_1, v_1)$ safe, and lets the step change what the
# layer answers to $v_1$, as long as the answer changes perpendicular to $u_1$. The original notebook said of this very
# example that "the projected gradient steers clear of the critical directions". It does not.
#
# In a larger matrix the picture is plainer. In the basis of the singular vectors an update falls into four quadrants:

# %%
rng = np.random.default_rng(2)
large, large_gradient = rng.standard_normal((12, 12)), rng.standard_normal((12, 12))


def draw_quadrants(critical=4):
    parts = subspace.split(large, critical)
    left, right = np.hstack([parts.U_high, parts.U_low]), np.hstack([parts.V_high, parts.V_low])
    steps = {
        "no projection": large_gradient,
        "(a) block": subspace.project_block(large_gradient, parts),
        "(b) two-sided": subspace.project_two_sided(large_gradient, parts),
    }
    _, axes = plt.subplots(1, 3, figsize=(8.2, 2.8))
    for axis, (title, step) in zip(axes, steps.items(), strict=True):
        axis.imshow(np.abs(left.T @ step @ right), cmap="Greys", vmin=0, vmax=2.5)
        axis.axhline(critical - 0.5, color=RED, lw=1.2)
        axis.axvline(critical - 0.5, color=RED, lw=1.2)
        kept = np.linalg.norm(step) ** 2 / np.linalg.norm(large_gradient) ** 2
        axis.set(title=f"{title}: {kept:.0%} of the energy", xticks=[], yticks=[], xlabel="inputs: critical | safe")
    axes[0].set_ylabel("outputs: safe | critical")
    plt.show()
    (m, n), r = parts.shape, critical
    expected = r * r / (m * n), 1 - (m - r) * (n - r) / (m * n)
    print(f"For a random gradient (a) removes {expected[0]:.0%} of the energy on average, (b) and (c) {expected[1]:.0%}.")


explore(draw_quadrants, critical=("Critical directions", 0, 12, 1, 4))

# %% [markdown]
# (a) empties one quadrant, (b) and (c) empty three. What follows for the weights? Take a step of a tenth of the norm of
# $W$ and look at the singular directions that were to be protected.

# %%
parts = subspace.split(large, 4)
comparison = subspace.explain(parts, large_gradient, relative_step=0.1)
print(f"{'':12s}{'directions to move':>20s}{'critical inputs turn by':>25s}{'critical values change by':>27s}")
for name in ("full", "block", "two_sided", "factors"):
    effect = getattr(comparison, name)
    print(f"{name:12s}{effect.directions:20d}{np.degrees(effect.right_turn):24.4f}°{effect.value_change:27.1e}")
print("\nguaranteed by (a):", comparison.block.protection.statement)
print("guaranteed by (b):", comparison.two_sided.protection.statement)

# %% [markdown]
# ### The same in two dimensions
# For a single direction, projecting is the school formula $g - (g \cdot \hat c)\,\hat c$. This is one column of (c), and it
# is right. Move the gradient and the critical direction:


# %%
def draw_arrows(gx=0.5, gy=0.8, cx=1.0, cy=0.5):
    g, c = np.array([gx, gy]), np.array([cx, cy])
    length = np.linalg.norm(c)
    along = (g @ c) / length**2 * c if length else np.zeros(2)
    safe = g - along
    _, axis = plt.subplots(figsize=(3.6, 3.2))
    for vector, colour, name in ((c, GREY, "critical"), (g, OCHRE, "gradient"), (along, RED, "removed"), (safe, GREEN, "safe")):
        if np.linalg.norm(vector) > 1e-9:
            axis.annotate("", vector, (0, 0), arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2})
            axis.annotate(name, vector, xytext=(6, -12 if name == "removed" else 4), textcoords="offset points", color=colour)
    axis.set(xlim=(-2, 2), ylim=(-2, 2), aspect="equal")
    axis.axhline(0, color="#dddddd", lw=0.6, zorder=0)
    axis.axvline(0, color="#dddddd", lw=0.6, zorder=0)
    plt.show()
    if not length:
        print("The critical direction is zero, so nothing is protected and the gradient stays as it is.")
    elif not g.any():
        print("The gradient is zero; there is nothing to project.")
    else:
        shorter = 1 - np.linalg.norm(safe) / np.linalg.norm(g)
        print(f"safe · critical = {safe @ c:.1e}; the gradient became {shorter:.1%} shorter.")


explore(
    draw_arrows,
    gx=("Gradient X", -2.0, 2.0, 0.1, 0.5),
    gy=("Gradient Y", -2.0, 2.0, 0.1, 0.8),
    cx=("Critical X", -2.0, 2.0, 0.1, 1.0),
    cy=("Critical Y", -2.0, 2.0, 0.1, 0.5),
)

# %% [markdown]
# ## 2. What is frozen, and what is trained
#
# The number of frozen directions, $\rho$, is the dial of the method. HF PEFT calls it `effective_rank` (the *preserved*
# rank; half of the directions if nothing is said), the authors' mini_trainer sets the complement, `unfreeze_rank_ratio`.
#
# What is trained are the factors of the rest: $U_l$, $S_l$ and $V_l$, which are $(k-\rho)(m+n+1)$ numbers for a layer of
# $n$ inputs and $m$ outputs with $k = \min(m, n)$. Two facts about this number surprise most readers:
#
# - it can **exceed** the $mn$ numbers of the matrix itself. OSFT is not a method for training few parameters;
# - the factors overlap. The update can move in $(m-\rho)(n-\rho)$ independent directions only.

# %%
values = np.array([3.5, 2.1, 1.3, 0.7, 0.25, 0.05])
toy = orthogonal.haar(6, seed=1) @ np.diag(values) @ orthogonal.haar(6, seed=2).T


def draw_cut(preserved=2):
    cut = subspace.split(toy, preserved)
    _, axis = plt.subplots(figsize=(6.2, 2.6))
    index = np.arange(1, 7)
    axis.bar(index[:preserved], cut.S_high, color=RED, width=0.7)
    axis.bar(index[preserved:], cut.S_low, color=GREEN, width=0.7, hatch="//", edgecolor="white")
    if preserved:
        axis.text(1, cut.S_high[0] + 0.1, "frozen", color=RED, ha="center")
    if preserved < 6:
        axis.text(6, 0.25, "trained", color=GREEN, ha="center")
    axis.axvline(preserved + 0.5, color=GREY, ls="--", lw=1)
    axis.set(xlabel="singular value", ylabel="size", ylim=(0, 4.2), xticks=index)
    plt.show()
    print(f"preserved rank {preserved}: {cut.energy_kept:.1%} of the squared norm is frozen")
    free = parameters.independent_directions(6, 6, preserved)
    print(f"trained numbers {cut.trainable_parameters}, independent directions {free}, numbers in the matrix {toy.size}")


explore(draw_cut, preserved=("Preserved rank", 0, 6, 1, 2))

# %%
print(f"{'a layer of 4096 x 4096':26s}{'trained numbers':>16s}{'of full':>9s}{'independent directions':>24s}")
for share in (0.25, 0.5, 0.75, 0.9):
    trained = parameters.count("osf", 4096, 4096, effective_rank=share)
    free = parameters.independent_directions(4096, 4096, int(4096 * share))
    print(f"{f'{share:.0%} preserved':26s}{trained:16,d}{trained / 4096**2:9.1%}{free:24,d}")
for method, config, title in (("lora", {"r": 16}, "LoRA, r = 16"), ("oft", {"oft_block_size": 32}, "OFT, blocks of 32")):
    print(f"{title:26s}{parameters.count(method, 4096, 4096, **config):16,d}")

# %% [markdown]
# Why should the strong directions be the ones that matter? It is a rule of thumb. Training writes what it learns into large
# singular values, so freezing these protects more than freezing any others would (section 5 tests that). But whether a
# direction matters depends on the *inputs* that arrive, and the weight matrix alone does not know them.
#
# The paper also adapts $\rho$ to each layer, by the similarity of a layer's input and output on old data. That is defined
# for square layers only, and neither HF PEFT nor mini_trainer implements it:

# %%
for importance in (0.5, 1.0, 1.2):
    preserved = subspace.adaptive_rank(importance, 1024, 1024)
    print(f"importance {importance}: {preserved} of 1024 directions preserved")

# %% [markdown]
# ## 3. The training loop
#
# In words:
#
# ```
# for each task after the first:
#     for each layer:
#         split its weight once, at the start of the task, into frozen and trained factors
#     for each training step:
#         compute the gradients of the trained factors
#         project them:      dU <- P_U dU        dV <- P_V dV
#         let the optimiser take its step
#         project the factors themselves:    U_low <- P_U U_low     V_low <- P_V V_low
#     for each layer:
#         put the weight together again
# ```
#
# The decomposition is computed once a task, not at every step: otherwise the protected directions would drift along with
# the weights. The last projection looks superfluous. It is the difference between HF PEFT (without it) and mini_trainer
# (with it), and the next experiment shows what it does.
#
# ### A task that can be computed exactly
# A linear layer with 16 inputs and 16 outputs solves task A perfectly: its weight is $W_A$, with falling singular values.
# Task B needs $W_B = W_A + \Delta$, where $\Delta$ has rank 3 and half the norm of $W_A$. With inputs that favour no
# direction the loss of B is $\tfrac12\lVert W - W_B\rVert^2$, and its gradient $W - W_B$. Eight of the sixteen directions
# are preserved. Afterwards two things are asked: how much of B has been learned, and how much of A is left, for inputs in
# the protected subspace and for inputs from everywhere.

# %%
from osft.continual.optimizers import Adam

SIZE, PRESERVED, RATE, STEPS = 16, 8, 0.02, 800


def two_tasks(seed):
    rng = np.random.default_rng(seed)
    old = orthogonal.haar(SIZE, seed=seed) @ np.diag(4 * 0.75 ** np.arange(SIZE)) @ orthogonal.haar(SIZE, seed=seed + 100)
    change = rng.standard_normal((SIZE, 3)) @ rng.standard_normal((3, SIZE))
    return old, old + change * (0.5 * np.linalg.norm(old) / np.linalg.norm(change))


def away(columns, basis):
    return columns - basis @ (basis.T @ columns)


def train(rule, old, new):
    """Train a linear layer from `old` towards `new` under one rule; returns its weights."""
    start = subspace.split(old, PRESERVED)
    weights, now = old.copy(), start
    optimizers = [Adam(factor, RATE) for factor in (start.U_low, start.S_low, start.V_low)]
    for _ in range(STEPS):
        slope = weights - new
        if rule == "full":
            weights = weights - RATE * slope
        elif rule == "(a) block":
            weights = weights - RATE * subspace.project_block(slope, start)
        elif rule == "(b) two-sided":
            weights = weights - RATE * subspace.project_two_sided(slope, start)
        else:
            slopes = subspace.project_factors(slope, now)
            if rule == "(c) SGD":
                u, s, v = (factor - RATE * g for factor, g in zip((now.U_low, now.S_low, now.V_low), slopes, strict=True))
            else:
                steps = [optimizer.step(g) for optimizer, g in zip(optimizers, slopes, strict=True)]
                u, s, v = (factor + step for factor, step in zip((now.U_low, now.S_low, now.V_low), steps, strict=True))
            if rule == "(c) Adam, re-projected":
                u, v = away(u, start.U_high), away(v, start.V_high)
            now = now._replace(U_low=u, S_low=s, V_low=v)
            weights = now.weights
    return weights


RULES = ("full", "(a) block", "(b) two-sided", "(c) SGD", "(c) Adam", "(c) Adam, re-projected")
table = {}
for rule in RULES:
    rows = []
    for seed in range(5):
        old, new = two_tasks(seed)
        weights, inside = train(rule, old, new), subspace.split(old, PRESERVED).V_high
        rows.append(
            (
                np.linalg.norm((weights - old) @ inside) ** 2 / np.linalg.norm(old @ inside) ** 2,
                np.linalg.norm(weights - old) ** 2 / np.linalg.norm(old) ** 2,
                np.linalg.norm(weights - new) ** 2 / np.linalg.norm(new) ** 2,
            )
        )
    table[rule] = np.median(rows, axis=0)
print("loss relative to the energy of the target, median of 5 draws")
print(f"{'':26s}{'A lost, protected inputs':>26s}{'A lost, all inputs':>20s}{'B not learned':>15s}")
for rule, (protected, everywhere, missing) in table.items():
    print(f"{rule:26s}{protected:26.1e}{everywhere:20.3f}{missing:15.3f}")

# %% [markdown]
# Four lessons are in this table.
#
# 1. **A trade.** The rules that keep A do not learn all of B, because part of $\Delta$ lies in the protected subspace.
#    Nothing is free.
# 2. **The block formula keeps part of it.** On protected inputs, where the other forms lose nothing, it loses a good share of
#    what unprotected training loses.
# 3. **Adam leaks.** Its gradients lie in the allowed subspace, but it rescales every number separately, and the step
#    leaves that subspace. Projecting the factors again after each step repairs it completely.
# 4. **Protection covers some inputs.** For inputs outside the span of $V_h$ even the exact rules change the old answers.

# %%
figure, axis = plt.subplots(figsize=(6.2, 3.2))
for rule, (protected, everywhere, missing) in table.items():
    colour = {"full": RED, "(a) block": BROWN, "(c) Adam": OCHRE}.get(rule, GREEN)
    axis.plot([protected, everywhere], [missing] * 2, "-", color=colour, lw=1)
    axis.plot(protected, missing, "o", color=colour, ms=5)
    axis.plot(everywhere, missing, "s", color=colour, ms=5, mfc="white")
    if rule == "(b) two-sided":
        axis.annotate("(b), (c) SGD, (c) re-projected", (everywhere, missing), xytext=(6, 4), textcoords="offset points",
                      color=colour, fontsize=8)  # fmt: skip
    elif colour != GREEN:
        axis.annotate(rule, (everywhere, missing), xytext=(6, -3), textcoords="offset points", color=colour, fontsize=8)
axis.set(xlabel="loss on the old task (filled: protected inputs, open: all inputs)", ylabel="loss on the new task")
axis.set_xlim(-0.01, 0.31)
plt.show()

# %% [markdown]
# ## 4. The step in PyTorch
#
# First the step of the original notebook: a layer, made-up data, one backward pass, the gradient replaced by its
# projection, one step of the optimiser. With plain gradient descent the step is the projected gradient. With Adam it is not.

# %%
if HAVE_TORCH:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    y = torch.randn(5, 3, generator=generator, dtype=torch.float64)

    def one_step(project, optimizer_class, rate):
        layer = torch.nn.Linear(3, 3, bias=False, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(W))
        optimizer = optimizer_class(layer.parameters(), lr=rate)
        torch.nn.functional.mse_loss(layer(x), y).backward()
        layer.weight.grad = torch.from_numpy(project(layer.weight.grad.numpy()))
        optimizer.step()
        return layer.weight.detach().numpy() - W

    first = subspace.split(W, 1)
    rules = {
        "no projection": lambda g: g,
        "(a) block": lambda g: subspace.project_block(g, first),
        "(b) two-sided": lambda g: subspace.project_two_sided(g, first),
    }
    print("leak of one step into the critical directions, relative to the size of the step")
    print(f"{'':16s}{'SGD: outputs':>14s}{'inputs':>10s}{'Adam: outputs':>16s}{'inputs':>10s}")
    for name, project in rules.items():
        leaks = [subspace.leak(one_step(project, *how), first) for how in ((torch.optim.SGD, 0.1), (torch.optim.Adam, 0.01))]
        shares = [side / found.norm for found in leaks for side in (found.left, found.right)]
        print(f"{name:16s}{shares[0]:14.1e}{shares[1]:10.1e}{shares[2]:16.1e}{shares[3]:10.1e}")
else:
    print("This cell takes the step with PyTorch, which is not installed here (it does not run in a browser).")
    print("The same experiment in NumPy is in section 3.")

# %% [markdown]
# With Adam no projection of the gradient keeps the step out. Adam divides each entry by its own running size; in the first
# step that leaves only the *signs*, and a matrix of signs knows nothing of the subspace.
#
# Now the form that HF PEFT uses. The layer holds six factors, three of them trainable, and hooks project their gradients.
# `reproject` is the line that mini_trainer adds.

# %%
if HAVE_TORCH:

    class OSFTLinear(torch.nn.Module):
        """A linear layer as frozen and trained singular triplets; the gradients of the trained ones are projected."""

        def __init__(self, weight, preserved):
            super().__init__()
            parts = subspace.split(weight.detach().numpy(), preserved)
            for name, value in parts._asdict().items():
                tensor = torch.from_numpy(np.ascontiguousarray(value))
                if name.endswith("low"):
                    self.register_parameter(name, torch.nn.Parameter(tensor))
                else:
                    self.register_buffer(name, tensor)
            self.U_low.register_hook(lambda g: g - self.U_high @ (self.U_high.T @ g))
            self.V_low.register_hook(lambda g: g - self.V_high @ (self.V_high.T @ g))

        def weight(self):
            return (self.U_high * self.S_high) @ self.V_high.T + (self.U_low * self.S_low) @ self.V_low.T

        def forward(self, x):
            return x @ self.weight().T

        @torch.no_grad()
        def reproject(self):
            self.U_low -= self.U_high @ (self.U_high.T @ self.U_low)
            self.V_low -= self.V_high @ (self.V_high.T @ self.V_low)

    torch.manual_seed(1)
    base = torch.nn.Linear(24, 16, bias=False, dtype=torch.float64)
    inputs, targets = torch.randn(200, 24, dtype=torch.float64), torch.randn(200, 16, dtype=torch.float64)
    frozen = subspace.split(base.weight.detach().numpy(), 8)

    # One backward pass against the formulas of the package.
    layer = OSFTLinear(base.weight, 8)
    torch.nn.functional.mse_loss(layer(inputs), targets).backward()
    dense = base.weight.detach().clone().requires_grad_()
    torch.nn.functional.mse_loss(inputs @ dense.T, targets).backward()
    expected = subspace.project_factors(dense.grad.numpy(), frozen)
    for name, value in zip(("U_low", "S_low", "V_low"), expected, strict=True):
        assert np.allclose(getattr(layer, name).grad.numpy(), value, atol=1e-12)
    print("autograd and osft.subspace.project_factors agree\n")

    def curve(optimizer_class, rate, reproject, steps=20):
        layer = OSFTLinear(base.weight, 8)
        optimizer = optimizer_class(layer.parameters(), lr=rate)
        shares = []
        for _ in range(steps):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(layer(inputs), targets).backward()
            optimizer.step()
            if reproject:
                layer.reproject()
            found = subspace.leak(layer.weight().detach().numpy() - base.weight.detach().numpy(), frozen)
            shares.append(max(found.right / found.norm, 1e-17))
        return shares

    runs = {
        "SGD": (curve(torch.optim.SGD, 0.5, False), BLUE, "s"),
        "Adam": (curve(torch.optim.Adam, 0.01, False), RED, "o"),
        "Adam, re-projected": (curve(torch.optim.Adam, 0.01, True), GREEN, "^"),
    }
    figure, axis = plt.subplots(figsize=(6.4, 2.9))
    for shares, colour, mark in runs.values():
        axis.semilogy(range(1, 21), shares, marker=mark, ms=5, mfc="none", lw=0.8, color=colour)
    axis.set(xlabel="step", ylabel="leak: $\\|\\Delta W\\, V_h\\| / \\|\\Delta W\\|$", xlim=(0.5, 27), ylim=(1e-17, 10))
    axis.set_xticks([1, 5, 10, 15, 20])
    name_lines(axis, 20, {name: (shares[-1], colour) for name, (shares, colour, _) in runs.items()}, gap=0.1)
    plt.show()
    print(f"after 20 steps of Adam {runs['Adam'][0][-1]:.0%} of the update acts on protected inputs;",
          f"re-projected, {runs['Adam, re-projected'][0][-1]:.0e}")  # fmt: skip
else:
    print("This cell needs PyTorch. Without it: train_factors runs the same three optimisers in NumPy.")
    rng = np.random.default_rng(1)
    frozen, slope = subspace.split(rng.standard_normal((16, 24)), 8), rng.standard_normal((16, 24))
    for optimizer in subspace.OPTIMIZERS:
        found = subspace.train_factors(frozen, slope, optimizer=optimizer, learning_rate=0.01, steps=20).leak
        print(f"{optimizer:18s} share of the update on protected inputs after 20 steps: {found.right / found.norm:.1e}")

# %% [markdown]
# HF PEFT itself behaves as this reading of its code says. If PEFT is installed:

# %%
if HAVE_TORCH and importlib.util.find_spec("peft"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about progress bars, when ipywidgets is missing
        import peft

    torch.manual_seed(1)
    base = torch.nn.Linear(24, 16, bias=False, dtype=torch.float64)
    inputs, targets = torch.randn(200, 24, dtype=torch.float64), torch.randn(200, 16, dtype=torch.float64)
    before = base.weight.detach().numpy().copy()
    model = peft.get_peft_model(torch.nn.Sequential(base), peft.OSFConfig(target_modules=["0"], effective_rank=8))
    trained = model.get_nb_trainable_parameters()[0]
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(inputs), targets).backward()
        optimizer.step()
    after = model.merge_and_unload()[0].weight.detach().numpy()
    found = subspace.leak(after - before, subspace.split(before, 8))
    print(f"PEFT {peft.__version__}, 20 steps of Adam: {found.right / found.norm:.0%} of the update acts on protected inputs,",
          f"{found.left / found.norm:.0%} on protected outputs.")  # fmt: skip
    print(f"trained numbers: {trained} says PEFT, {parameters.count('osf', 24, 16, effective_rank=8)} says osft")
else:
    print("PEFT is not installed; with it, this cell trains PEFT's own OSF layer and measures its leak.")

# %% [markdown]
# One practical warning. In PEFT 0.21.2 `unload()` returns the layer as it was *before* training; the trained factors are
# lost. Between tasks use `merge_and_unload()`, as above.
#
# Does the leak matter? In the computed example of section 3 it does. On the digits, below, it is hard to see: the
# difference between both forms is smaller than the differences between seeds.

# %% [markdown]
# ## 5. Keeping and learning, on real data
#
# A small network (64-128-128-10) has learned 8 x 8 handwritten digits, upright. Now it learns the same digits turned by 60
# degrees, and never sees an upright one again. Head and biases are frozen for every method. Two numbers count, and showing
# only one of them would be dishonest: what is **kept** of the old task, and what is **learned** of the new one. All methods
# share one learning rate here, which is not the best for each; the table of five tasks below uses tuned settings.

# %%
TASKS = {"angles": (0.0, 60.0), "learning_rate": 3e-3}
SEEDS = (0, 1) if sys.platform != "emscripten" else (0,)  # in a browser a run takes some ten times as long


def kept_and_learned(method, **settings):
    finished = [continual.run(method, seed=seed, **TASKS, **settings) for seed in SEEDS]
    return np.mean([one.kept for one in finished]), np.mean([one.last for one in finished])


results = {
    "frozen": kept_and_learned("frozen"),
    "full": kept_and_learned("full"),
    "lora": kept_and_learned("lora", rank=8),
    "oft": kept_and_learned("oft", block_size=16),
    "seed_block": kept_and_learned("seed_block", retained=0.5),
    "osft": kept_and_learned("osft", retained=0.5),
}
TITLES = {"frozen": "nothing trained", "full": "full fine-tuning", "lora": "LoRA, r = 8", "oft": "OFT, b = 16",
          "seed_block": "block formula (a), half kept", "osft": "OSFT, half kept"}  # fmt: skip
print(f"seeds: {len(SEEDS)}{'':22s}{'kept':>7s}{'learned':>9s}")
for method, (kept, learned) in results.items():
    print(f"{TITLES[method]:30s}{kept:7.3f}{learned:9.3f}")

# %% [markdown]
# ### The dial, and a control
# How much should be frozen? And is it important *which* directions are? The second line of the figure freezes equally many
# directions, chosen at random. If it were enough to train less, both lines would coincide.

# %%
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9)
lines = {
    "osft": [kept_and_learned("osft", retained=share) for share in SHARES],
    "random": [kept_and_learned("random", retained=share) for share in SHARES],
}
figure, axis = plt.subplots(figsize=(6.4, 3.8))
for method, points in lines.items():
    kept, learned = zip(*points, strict=True)
    axis.plot(learned, kept, "o-" if method == "osft" else "s--", ms=4, color=COLOURS[method])
    for share, x, y in zip(SHARES, learned, kept, strict=True):
        if share in (0.0, 0.1, 0.5, 0.9):
            axis.annotate(f"{share:.0%}", (x, y), xytext=(-4, 6 if method == "osft" else -10), textcoords="offset points",
                          color=COLOURS[method], fontsize=7, ha="right")  # fmt: skip
for method, name, shift in (("full", "full", 7), ("lora", "lora", -26), ("oft", "oft", 7), ("seed_block", "block (a)", 7)):
    kept, learned = results[method]
    axis.plot(learned, kept, "D", ms=5, mfc="white", color=COLOURS[method])
    axis.annotate(name, (learned, kept), xytext=(shift, -3), textcoords="offset points", color=COLOURS[method])
axis.text(0.55, 0.985, "OSFT: strong directions frozen", color=GREEN, fontsize=8)
axis.text(0.60, 0.86, "random directions frozen", color=VIOLET, fontsize=8)
axis.set(xlabel="learned: accuracy on the new task", ylabel="kept: accuracy on the old task", xlim=(0.35, 1.02), ylim=(0.4, 1.02))
plt.show()
print(f"{'frozen':>7s}{'OSFT: kept':>14s}{'learned':>10s}{'random: kept':>16s}{'learned':>10s}")
for share, one, other in zip(SHARES, lines["osft"], lines["random"], strict=True):
    print(f"{share:7.0%}{one[0]:14.3f}{one[1]:10.3f}{other[0]:16.3f}{other[1]:10.3f}")

# %% [markdown]
# Read the figure from the top right: that corner keeps everything and learns everything. Freezing some of the strong
# directions moves towards it; freezing too many costs learning, and quickly so. Random directions protect less at the same
# price, so it does matter *which* directions are frozen.
#
# At a share of zero OSFT freezes nothing and still trains factors instead of the matrix. It then keeps *less* than full
# fine-tuning at the same learning rate: the parametrisation alone is no protection.
#
# With a single new task the block formula (a) does well, too. Differences grow with the number of tasks. Here are five in a
# row, each method with the settings that were best for it in a search with an equal budget. `gpm` and `replay` may look at old
# data, which OSFT may not.

# %%
print(f"five tasks, seeds: {len(SEEDS)}{'':7s}{'average':>9s}{'learned':>9s}{'forgot':>9s}{'first task in the end':>23s}")
for method in ("full", "seed_block", "osft", "gpm", "replay"):
    finished = [continual.run(method, seed=seed) for seed in SEEDS]
    row = [np.mean([getattr(one, key) for one in finished]) for key in ("average_accuracy", "learning", "forgetting", "kept")]
    name = "block (a)" if method == "seed_block" else method
    print(f"{name:27s}" + "".join(f"{value:9.3f}" for value in row[:3]) + f"{row[3]:23.3f}")

# %% [markdown]
# ### Try it live
# The next cell trains a smaller network (64-64-64-10) on two new tasks in a few seconds. With ipywidgets it has a slider for
# the retained share, and buttons to run and to reset; the curves grow while it trains.

# %%
LIVE = ("full", "oft", "osft")


def draw_live(curves, retained):
    figure, axes = plt.subplots(1, 2, figsize=(8.2, 2.7), sharey=True)
    for axis, task, title in ((axes[0], 0, "kept: upright digits"), (axes[1], 1, "learned: digits turned by 30°, then 60°")):
        ends = {}
        for method, points in curves.items():
            steps = [step for step, _, _ in points]
            shown = [accuracy[0] if task == 0 else accuracy[max(now, 1)] for _, now, accuracy in points]
            axis.plot(steps, shown, color=COLOURS[method])
            ends[method] = (shown[-1], COLOURS[method])
        axis.set(title=title, xlabel="training step", xlim=(0, 140), ylim=(0, 1.02))
        if ends:
            name_lines(axis, max(points[-1][0] for points in curves.values()), ends)
    axes[0].set_ylabel(f"accuracy, {retained:.0%} retained")
    return figure


def train_live(retained, on_step=None):
    """Run the small experiment; the accuracies so far are handed to `on_step` after each round."""
    curves = {method: [] for method in LIVE}
    for state in continual.live(LIVE, retained=retained, learning_rate=3e-3, seed=0):
        if state["stage"] == "training":
            curves[state["method"]].append((state["step"], state["task"], state["accuracy"].copy()))
            if on_step and state["method"] == LIVE[-1] and state["step"] % 20 == 0:
                on_step(curves)
    return curves


if ipywidgets is None:
    draw_live(train_live(0.25), 0.25)
    plt.show()
    print("ipywidgets is not installed; this is one run with a retained share of 25 %.")
else:
    from IPython.display import display

    slider = ipywidgets.FloatSlider(description="Retained share", min=0, max=1, step=0.05, value=0.25)
    slider.style.description_width = "initial"
    run_button, reset_button = ipywidgets.Button(description="Run"), ipywidgets.Button(description="Reset")
    picture = ipywidgets.Output()

    def show(curves):
        figure = draw_live(curves, slider.value)
        with picture:
            picture.clear_output(wait=True)
            display(figure)
        plt.close(figure)

    def on_run(_):
        run_button.disabled = reset_button.disabled = slider.disabled = True
        try:
            show(train_live(slider.value, on_step=show))
        finally:
            run_button.disabled = reset_button.disabled = slider.disabled = False

    def on_reset(_):
        slider.value = 0.25
        picture.clear_output()

    run_button.on_click(on_run)
    reset_button.on_click(on_reset)
    display(ipywidgets.VBox([ipywidgets.HBox([slider, run_button, reset_button]), picture]))

# %% [markdown]
# The page "Growing Without Forgetting" has the whole experiment, with more seeds, more methods, controls and intervals.

# %% [markdown]
# ## 6. Published results, and how to read them
#
# The numbers of this section are the authors' and other authors', not ours. AA is the average accuracy over all tasks after
# the last one.
#
# **T5-large on sequences of text classification tasks** (authors' article, April 2025)
#
# | tasks | SeqFT | EWC | LwF | Replay | IncLoRA | L2P | LFPT5 | O-LoRA | OSFT | multi-task (upper line) |
# |---|---|---|---|---|---|---|---|---|---|---|
# | 5 | 28.5 | 48.7 | 52.3 | 57.8 | 66.4 | 60.7 | 72.7 | 75.8 | **75.9** | 80.0 |
# | 15 | 7.4 | 45.1 | 46.9 | 54.2 | 61.2 | 56.1 | 69.2 | 69.6 | **71.3** | – |
#
# *Read it so:* OSFT is best among these, ahead of O-LoRA by 0.1 and 1.7 points. It does not "keep performance steady across
# 5, 10, 15+ tasks": it falls from 75.9 to 71.3 between 5 and 15, and no result for 10 tasks was found.
#
# **LLaMA-2-7B-Chat on TRACE, eight tasks** (authors' article; Wang et al. 2023)
#
# | | AA | backward transfer as printed | our reading |
# |---|---|---|---|
# | SeqFT | 23.0 | −8.3 | mixes two runs, see below |
# | O-LoRA | 41.3 | 6.2 | −6.2 |
# | OSFT | **48.4** | 7.1 | −7.1 |
#
# *Read it so:*
#
# - **The sign.** Backward transfer is negative when old tasks got worse. The TRACE paper prints its magnitude in one table and
#   the same run with a minus sign in another, so O-LoRA's 6.2 is a loss of 6.2, and OSFT's 7.1 is best read as a *loss* of
#   7.1 points: a little more forgotten than with O-LoRA, at an accuracy that is 7.1 points higher. The claim "about 7 points
#   over O-LoRA" is accurate; "zero forgetting" is not.
# - **The baseline.** SeqFT's 23.0 was trained on 500 samples a task. With 5,000 samples plain sequential fine-tuning reaches
#   48.7 in the TRACE paper, with a backward transfer of −8.3, and replay 55.5. OSFT's own number of samples was not found.
# - **Other abilities.** After TRACE a second source reports MMLU 46.6 → 47.7 and TyDiQA 23.5 → 35.8, but GSM 26.1 → 7.7 and
#   BBH 40.2 → 34.2.
#
# **HF PEFT's own comparison** (Llama-3.2-3B, MetaMathQA, one seed): OSFT with 128 trained ranks forgets least, a rise of the
# Wikipedia loss by 0.0165 against 0.030 for full fine-tuning and 0.050 for LoRA with r = 32; it learns a little less (GSM8K
# accuracy 0.427 against 0.472 and 0.478); and it needs as much memory as full fine-tuning, 35.9 GiB against 36.2, where LoRA
# needs 20.8.

# %%
print("Llama-2-7B, weights + gradients + optimiser state, GB")
for title, method, config in (
    ("full fine-tuning", "full", {}),
    ("LoRA, r = 16", "lora", {"r": 16}),
    ("OSFT, 75 % preserved", "osf", {"effective_rank": 0.75}),
    ("OSFT, PEFT's default: 50 %", "osf", {}),
):
    memory = parameters.model_memory("llama-2-7b", method, "all_linear", **config).total / 1e9
    print(f"  {title:28s}{memory:8.1f}   trained {parameters.count_model('llama-2-7b', method, 'all_linear', **config):15,d}")

# %% [markdown]
# ## 7. What OSFT does not do
#
# - **It does not abolish forgetting.** Inputs outside the protected span change their outputs; later layers receive changed
#   inputs; anything trained outside the split (a head, biases, norms) is not protected at all.
# - **It does not find out what matters.** A large singular value is a rule of thumb for "important".
# - **It saves little or no memory, and few parameters,** at PEFT's default.
# - **It does not preserve geometry** in the sense of OFT: row lengths, angles and hyperspherical energy change. It preserves
#   the top singular triplets.
# - **Its room is finite.** Every task uses some of the free directions. The share that is frozen should grow with the number
#   of tasks, and the last tasks then learn less.
#
# | claim one reads | what was found here |
# |---|---|
# | "SVD shows what is critical and what is safe" | a heuristic, better than chance |
# | "the projected gradient steers clear of the critical directions" | not with formula (a) |
# | "no catastrophic forgetting" | less of it |
# | "90 % fewer parameters" | not by default |
# | "the model took a step only in the directions we allowed" | with SGD, or with re-projection; not with Adam alone |
#
# > "Now, *here*, you see, it takes all the running *you* can do, to keep in the same place."
#
# ### Try it
# 1. In section 1 set `rank = 2`. Does formula (a) get better or worse at protecting outputs?
# 2. In section 3 make $\Delta$ live in the free subspace alone (project it on both sides). Which rules now learn all of B
#    *and* keep all of A?
# 3. In section 5 use `"osft_dense"`, the projected dense step, in place of `"osft"`. Then `"bottom"`, which freezes the weakest
#    directions. Predict the order before you run it.
#
# ### Sources
# N. S. Nayak et al., "Sculpting Subspaces: Constrained Full Fine-Tuning in LLMs for Continual Learning", ICLR 2026,
# [arXiv:2504.07097](https://arxiv.org/abs/2504.07097), with the authors' article and code,
# [orthogonal-subspace-learning](https://github.com/Red-Hat-AI-Innovation-Team/orthogonal-subspace-learning) and
# [mini_trainer](https://github.com/Red-Hat-AI-Innovation-Team/mini_trainer). X. Wang et al., "TRACE", 2023,
# [arXiv:2310.06762](https://arxiv.org/abs/2310.06762). X. Wang et al., "Orthogonal Subspace Learning" (O-LoRA), 2023,
# [arXiv:2310.14152](https://arxiv.org/abs/2310.14152). Hugging Face PEFT 0.21.2. E. Alpaydin and C. Kaynak, "Optical
# Recognition of Handwritten Digits", UCI, 1998. All others are in `docs/sources.md`.
