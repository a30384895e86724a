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
# # Orthogonal fine-tuning, measured
#
# Fine-tuning takes a network that somebody has already trained and changes its weights a little, for a new task.
# **Orthogonal fine-tuning (OFT)** allows one kind of change only: each weight matrix may be *turned*, but not bent.
# If $W$ is the weight of a linear layer, with one neuron in each row, OFT replaces it by
#
# $$W' = W R^\top, \qquad R^\top R = I .$$
#
# All neurons are rotated by the same $R$, so the angles between them stay what they were. This notebook builds that
# layer from nothing, checks each property by measuring it, and then asks the question that matters: what is it good for?
#
# | section | question |
# |---|---|
# | 1, 2 | What is an orthogonal matrix, and how do we know that we have one? |
# | 3, 4 | How is an OFT layer made, and how does it differ from LoRA? |
# | 5 | What is hyperspherical energy, and who keeps it? |
# | 6 | What happens on real data? |
# | 7 | Does orthogonality keep gradients from vanishing? |
# | 8 | How many numbers are trained? |
# | 9 | When is OFT the right choice? |
#
# *Everything is computed here, by the package `osft` of this repository. NumPy and Matplotlib are enough. Cells that use
# PyTorch, PEFT or ipywidgets say so and step aside when these are missing.*
#
# This notebook re-implements the tutorial of the same name by Frank La Vigne
# ([Down the Orthogonal Rabbit Hole](https://github.com/FrankLaVigne/OSFTFun)). Where a measurement contradicts it, the
# text says so.
#
# > "Begin at the beginning," the King said gravely, "and go on till you come to the end: then stop."

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
from osft import continual, energy, orthogonal, parameters

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
RED, OCHRE, BLUE, GREEN, VIOLET, GREY = "#a52c12", "#8c6800", "#2b68cc", "#007a66", "#6d2fa3", "#5d584f"
COLOURS = {"full": RED, "lora": OCHRE, "oft": BLUE, "osft": GREEN, "frozen": GREY}
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
# ## 1. Orthogonal matrices
#
# A square matrix $Q$ is **orthogonal** when $Q^\top Q = I$: its columns have length one and are perpendicular to each
# other. From this single equation follow the others:
#
# - lengths are kept, $\lVert Qx \rVert = \lVert x \rVert$, and so are distances and angles;
# - $\det Q = \pm 1$: a rotation ($+1$) or a rotation with a reflection ($-1$);
# - every eigenvalue lies on the unit circle, and every singular value is 1.
#
# On a computer none of these holds exactly. What can be said is how large the **residual** is, here the Frobenius norm
# $\lVert Q^\top Q - I \rVert_F$, and whether it is at the level of rounding. A program that prints "Preserves norm: True"
# without having measured it has told you nothing.
#
# ### Drawing one at random
# Take a Gaussian matrix and its QR decomposition. One more line is needed: without the sign correction the result is
# orthogonal but not uniformly distributed (Mezzadri 2007).

# %%
rng = np.random.default_rng(7)
q, r = np.linalg.qr(rng.standard_normal((4, 4)))
Q = q * np.sign(np.diag(r))

assert np.array_equal(Q, orthogonal.haar(4, seed=7))  # the package does the same three lines
print("Q =", np.round(Q, 4), sep="\n")
print("Q^T Q - I =", np.array2string(Q.T @ Q - np.eye(4), formatter={"float": "{:+.0e}".format}), sep="\n")

# %%
draws = [np.linalg.qr(np.random.default_rng(seed).standard_normal((6, 6)))[0] for seed in range(1000)]
uniform = [orthogonal.haar(6, seed=seed) for seed in range(1000)]
print("1000 draws of size 6. How many have determinant -1? A uniform draw has it half of the time.")
print("  QR as it comes:      ", sum(np.linalg.det(d) < 0 for d in draws))
print("  with the sign fix:   ", sum(np.linalg.det(d) < 0 for d in uniform))

# %% [markdown]
# ### Seven ways to make one
# Training needs a *parametrisation*: free numbers that become an orthogonal matrix whatever their values. The most common
# start from a **skew-symmetric** matrix, $A^\top = -A$, which has $n(n-1)/2$ free entries:
#
# | construction | formula | reaches |
# |---|---|---|
# | Cayley transform | $R = (I+A)(I-A)^{-1}$ | every rotation without the eigenvalue $-1$ |
# | exponential | $R = e^{A}$ | every rotation |
# | Householder reflections | $\prod_i (I - 2 v_i v_i^\top / v_i^\top v_i)$ | everything, with $n$ of them |
# | Givens rotations | a product of turns in two coordinates | every rotation |
# | blocks | smaller rotations on the diagonal | fewer rotations, with fewer numbers |
# | Cayley-Neumann | $I + 2A + 2A^2 + \dots$, cut off | *nearly* orthogonal matrices |
#
# `orthogonal.measure` computes every property and compares each residual with a tolerance.

# %%
n = 6
skew = orthogonal.random_skew(n, seed=1, norm=0.3)
small = orthogonal.random_skew(3, seed=2, norm=0.3)
vectors = np.random.default_rng(3).standard_normal((n, n))
planes = [(i, j) for i in range(n) for j in range(i + 1, n)]
made = {
    "QR with sign fix": orthogonal.haar(n, seed=0),
    "Cayley": orthogonal.cayley(skew),
    "exponential": orthogonal.exponential(skew),
    "Householder": orthogonal.householder(vectors),
    "Givens": orthogonal.givens(n, planes, np.linspace(0.1, 1.5, len(planes))),
    "two 3x3 blocks": orthogonal.block_diagonal([orthogonal.cayley(small), orthogonal.cayley(-small)]),
    "Cayley-Neumann, 5 terms": orthogonal.cayley_neumann(skew, terms=5),
}
print(f"{'':25s}{'|Q^T Q - I|':>12s}{'det':>9s}{'length':>10s}{'angle':>10s}   orthogonal?")
for name, matrix in made.items():
    found = orthogonal.measure(matrix)
    print(
        f"{name:25s}{found.orthogonality_error:12.1e}{found.determinant:9.4f}{found.norm_error:10.1e}{found.angle_error:10.1e}"
        f"   {'yes' if found.is_orthogonal else 'NO'}"
    )
print(f"\n'orthogonal' means a residual below {found.tolerance:.1e}.")
print("'length' and 'angle' are the largest changes that 32 random vectors see.")

# %% [markdown]
# The last line is the interesting one. The Cayley-Neumann series is what the OFTv2 paper and HF PEFT use to avoid a matrix
# inversion, and with a skew matrix of norm 0.3 and the default of five terms it is visibly not orthogonal.
#
# The eigenvalues show it at a glance: a rotation has all of them *on* the unit circle.

# %%
figure, axes = plt.subplots(1, 3, figsize=(8.2, 2.7))
for axis, matrix, title in ((axes[0], Q, "Q"), (axes[1], Q.T @ Q, r"$Q^\top Q$")):
    axis.imshow(matrix, cmap="RdBu_r", vmin=-1.2, vmax=1.2)
    for (i, j), value in np.ndenumerate(np.round(matrix, 2) + 0.0):
        axis.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=8, color="white" if abs(value) > 0.75 else "black")
    axis.set(title=title, xticks=[], yticks=[])
circle = np.exp(1j * np.linspace(0, 2 * np.pi, 200))
axes[2].plot(circle.real, circle.imag, color=GREY, lw=0.8)
strong = orthogonal.random_skew(8, seed=4, norm=0.8)
for matrix, colour, mark, name in (
    (orthogonal.cayley(strong), BLUE, "o", "Cayley"),
    (orthogonal.cayley_neumann(strong), RED, "x", "Neumann, 5 terms"),
):
    values = orthogonal.measure(matrix).eigenvalues
    axes[2].plot(values.real, values.imag, mark, color=colour, ms=5, label=name)
axes[2].set(title="Eigenvalues, skew matrix of norm 0.8", aspect="equal", xlim=(-1.8, 1.8), ylim=(-1.5, 1.5))
axes[2].legend(loc="center", fontsize=8, handletextpad=0.2)
plt.show()
for name, matrix in (("Cayley", orthogonal.cayley(strong)), ("Neumann", orthogonal.cayley_neumann(strong))):
    print(f"{name}: eigenvalues leave the unit circle by at most {orthogonal.measure(matrix).eigenvalue_error:.1e}.")

# %% [markdown]
# ## 2. Seeing a rotation
#
# In two dimensions a rotation by $\theta$ is
# $\begin{pmatrix} \cos\theta & -\sin\theta \\ \sin\theta & \cos\theta \end{pmatrix}$. A cloud of points is turned as one
# rigid body. Beside it is a **shear**, which has determinant 1 as well, and is not orthogonal: the determinant alone
# proves nothing.

# %%
cloud = np.random.default_rng(42).standard_normal((80, 2))


def draw_rotation(angle=45, shear=0.8):
    turn = np.radians(angle)
    maps = {
        "original": np.eye(2),
        f"rotated by {angle:g}°": np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]),
        f"sheared by {shear:g}": np.array([[1.0, shear], [0.0, 1.0]]),
    }
    _, axes = plt.subplots(1, 3, figsize=(8.2, 2.9), sharex=True, sharey=True)
    for axis, (title, matrix), colour in zip(axes, maps.items(), (GREY, BLUE, RED), strict=True):
        points = cloud @ matrix.T
        for t in np.arange(-3, 4):
            for line in (np.array([[t, -3], [t, 3]]), np.array([[-3, t], [3, t]])):
                axis.plot(*(line @ matrix.T).T, color="#dddddd", lw=0.6, zorder=0)
        axis.plot(*points.T, "o", ms=3, color=colour, alpha=0.8)
        axis.plot(*points[:2].T, "--", color="black", lw=1)
        distance = np.linalg.norm(points[0] - points[1])
        axis.text(0.97, 0.03, f"dashed: {distance:.4f}", transform=axis.transAxes, ha="right", fontsize=8)
        axis.set(title=title, aspect="equal", xlim=(-4, 4), ylim=(-4, 4))
    plt.show()
    for title, matrix in list(maps.items())[1:]:
        found = orthogonal.measure(matrix)
        verdict = "distances and angles are kept" if found.is_orthogonal else "distances are not kept"
        print(f"{title}: det {found.determinant:.4f}, |A^T A - I| = {found.orthogonality_error:.1e}: {verdict}.")


explore(draw_rotation, angle=("Angle (°)", 0, 360, 1, 45), shear=("Shear", -2.0, 2.0, 0.1, 0.8))

# %% [markdown]
# The dashed line joins the same two points in each picture; the number in the corner is their distance.
#
# > "It's a great huge game of chess that's being played — all over the world." A rotation moves every piece at once, and
# > so no piece is nearer to any other.

# %% [markdown]
# ## 3. An OFT layer
#
# A linear layer computes $y = W x$, with $W$ of shape `[out, in]` and one neuron in each row. OFT learns a rotation $R$ of
# the *input* space and leaves $W$ alone. The two ways of writing it give the same output:
#
# $$y = (W R^\top)\,x \;=\; W\,(R^\top x) .$$
#
# The left form turns the weights; the right one, which OFTv2 and HF PEFT compute, turns the input and never forms a new
# weight matrix. In the paper neurons are columns, so there the same thing reads $(R W^0)^\top x$.
#
# The rotation comes from the Cayley transform of a skew-symmetric matrix. Its free numbers start at zero, so $R$ starts as
# the identity and fine-tuning starts from the pretrained network, exactly.

# %%
features, neurons = 8, 5
W = np.random.default_rng(0).standard_normal((neurons, features))
numbers = 0.2 * np.random.default_rng(1).standard_normal(features * (features - 1) // 2)  # the trained numbers

A = np.zeros((features, features))
A[np.triu_indices(features, 1)] = numbers
A = A - A.T
R = np.linalg.solve(np.eye(features) - A, np.eye(features) + A)
assert np.allclose(R, orthogonal.cayley(orthogonal.skew_from_parameters(numbers)), atol=1e-14)

x = np.random.default_rng(2).standard_normal(features)
print("turn the weights, or turn the input: largest difference", f"{np.abs((W @ R.T) @ x - W @ (R.T @ x)).max():.1e}")
found = orthogonal.measure(R)
print(f"residual of R: {found.orthogonality_error:.1e}, determinant: {found.determinant:.12f}")
print("all numbers zero gives the identity:", np.array_equal(orthogonal.cayley(np.zeros((features, features))), np.eye(features)))
cosines = [(V @ V.T) / np.multiply.outer(np.linalg.norm(V, axis=1), np.linalg.norm(V, axis=1)) for V in (W, W @ R.T)]
print("largest change of a cosine between two neurons:", f"{np.abs(cosines[0] - cosines[1]).max():.1e}")
values = [np.linalg.svd(V, compute_uv=False) for V in (W, W @ R.T)]
print("largest change of a singular value:           ", f"{np.abs(values[0] - values[1]).max():.1e}")
change = np.linalg.norm(W @ R.T - W) / np.linalg.norm(W)
print(f"and yet W has changed by {change:.0%} of its norm.")

# %% [markdown]
# Three details that decide whether an implementation is right:
#
# - **The sign.** The papers' transform is $(I+A)(I-A)^{-1}$. HF PEFT's exact branch computes $(I-A)(I+A)^{-1}$, which is
#   the inverse rotation, while its approximate branch follows the papers. An adapter trained with one is wrong for the other.
# - **Only rotations.** The Cayley transform has determinant $+1$ and never the eigenvalue $-1$: half turns are limits
#   that it does not reach, and reflections are out of reach.
# - **The approximation.** Cut off after five terms, the series is orthogonal only while the skew matrix is small. The
#   figure shows how far from orthogonal it is. Four terms are *more* orthogonal than five, although five are closer to
#   the Cayley rotation: the defect is about $\lVert A\rVert^{6}$ for four and $2\lVert A\rVert^{4}$ for five.

# %%
norms = np.geomspace(0.03, 0.95, 40)
unit = orthogonal.random_skew(8, seed=0, norm=1.0)
figure, axis = plt.subplots(figsize=(6.4, 3.0))
ends = {}
for terms, colour, style in ((4, OCHRE, "-"), (5, RED, "--"), (7, VIOLET, "-.")):
    defects = [orthogonal.measure(orthogonal.cayley_neumann(size * unit, terms=terms)).orthogonality_error for size in norms]
    axis.loglog(norms, defects, style, color=colour)
    ends[f"{terms} terms"] = (defects[-1], colour)
exact = [orthogonal.measure(orthogonal.cayley(size * unit)).orthogonality_error for size in norms]
axis.loglog(norms, exact, color=BLUE)
axis.set(xlabel=r"norm of the skew matrix, $\|A\|_2$", ylabel=r"$\|R^\top R - I\|_F$", xlim=(0.03, 1.9))
axis.set_xticks([0.03, 0.1, 0.3, 1.0], ["0.03", "0.1", "0.3", "1"])
name_lines(axis, norms[-1], ends | {"exact Cayley": (exact[-1], BLUE)})
plt.show()

# %% [markdown]
# ### Blocks, and a module for `nn.Linear`
#
# A full rotation of 4096 inputs has more than eight million free numbers. OFT therefore makes $R$ **block-diagonal**:
# $n/b$ rotations of size $b$, with $n(b-1)/2$ numbers in all, whatever the number of outputs.
#
# The module below is complete: the skew entries are its only parameters, it wraps an existing `nn.Linear`, and it can be
# merged back into one. It needs PyTorch.

# %%
if HAVE_TORCH:

    class OFTLinear(torch.nn.Module):
        """A frozen nn.Linear behind a trainable block-diagonal rotation of its input."""

        def __init__(self, linear, block_size):
            super().__init__()
            if linear.in_features % block_size:
                raise ValueError(f"block_size {block_size} must divide the layer's {linear.in_features} inputs.")
            self.linear = linear.requires_grad_(False)
            self.block_size = block_size
            blocks = linear.in_features // block_size
            self.skew = torch.nn.Parameter(torch.zeros(blocks, block_size * (block_size - 1) // 2, dtype=linear.weight.dtype))

        def blocks(self):
            b, count = self.block_size, len(self.skew)
            row, column = torch.triu_indices(b, b, 1)
            upper = self.skew.new_zeros(count, b, b).index_put((torch.arange(count)[:, None], row, column), self.skew)
            a, identity = upper - upper.mT, torch.eye(b, dtype=self.skew.dtype)
            return torch.linalg.solve(identity - a, identity + a)

        def forward(self, x):
            turned = torch.einsum("...kb,kbc->...kc", x.unflatten(-1, (-1, self.block_size)), self.blocks())  # x R
            return self.linear(turned.flatten(-2))

        def merged(self):
            return self.linear.weight @ torch.block_diag(*self.blocks()).mT  # W R^T

    torch.manual_seed(0)
    layer = OFTLinear(torch.nn.Linear(128, 64, dtype=torch.float64), block_size=16)
    batch = torch.randn(32, 128, dtype=torch.float64)
    print("at the start the output is unchanged:", torch.equal(layer(batch), layer.linear(batch)))
    torch.nn.init.normal_(layer.skew, std=0.1)

    ours = orthogonal.block_diagonal(orthogonal.cayley(orthogonal.skew_from_parameters(layer.skew.detach().numpy())))
    difference = np.abs(torch.block_diag(*layer.blocks()).detach().numpy() - ours).max()
    print(f"largest difference to osft.orthogonal: {difference:.1e}")
    merged = torch.nn.functional.linear(batch, layer.merged(), layer.linear.bias)
    print(f"merged or not, largest difference:     {(merged - layer(batch)).abs().max().item():.1e}")
    layer(batch).square().mean().backward()
    trained = {name: p.numel() for name, p in layer.named_parameters() if p.requires_grad}
    print("trained numbers:", trained, "- the package counts", parameters.count("oft", 128, 64, oft_block_size=16))
    print("the frozen weight has no gradient:", layer.linear.weight.grad is None)
else:
    print("This cell defines the module with PyTorch, which is not installed here (it does not run in a browser).")
    print("For 128 inputs it would train", parameters.count("oft", 128, 64, oft_block_size=16), "numbers.")

# %% [markdown]
# Two shortcuts that look like OFT and are not. Rotating only the top left *corner* of $W$, so that some neurons turn and
# others stay, and blending $(1-\alpha)W + \alpha W R^\top$, which shortens what it turns. Both were in the original
# tutorial. The angles between neurons tell.

# %%
wide = np.random.default_rng(5).standard_normal((24, 32))
corner, full_turn = wide.copy(), orthogonal.cayley(orthogonal.random_skew(16, seed=6, norm=1.0))
corner[:16, :16] = wide[:16, :16] @ full_turn
whole = wide @ orthogonal.block_diagonal([full_turn, full_turn]).T
blend = 0.5 * wide + 0.5 * whole
print(f"{'':34s}{'hyperspherical energy':>22s}{'change':>10s}")
for name, matrix in (("pretrained", wide), ("OFT, two blocks", whole), ("corner only", corner), ("blend, alpha = 0.5", blend)):
    value = energy.hyperspherical_energy(matrix)
    print(f"{name:34s}{value:22.6f}{value / energy.hyperspherical_energy(wide) - 1:10.1e}")

# %% [markdown]
# ## 4. LoRA beside it
#
# **LoRA** adds a matrix of low rank instead, $W' = W + \tfrac{\alpha}{r} B A$, with $A$ of shape `[r, in]` and $B$ of shape
# `[out, r]` (Hu et al. 2022). The two methods are nearly opposite:
#
# | | OFT | LoRA |
# |---|---|---|
# | the update | multiplies | adds |
# | rank of $W' - W$ | full, as a rule | at most $r$ |
# | singular values of $W'$ | those of $W$ | may change |
# | angles between neurons | those of $W$ | may change |
# | more capacity means | larger blocks (*fewer* of them) | larger $r$ |
#
# To compare fairly, both updates get the same size here: 30 % of the norm of $W$.

# %%
rng = np.random.default_rng(11)
W = rng.standard_normal((64, 64))
B, A = rng.standard_normal((64, 4)), rng.standard_normal((4, 64))
lora_update = B @ A * (0.3 * np.linalg.norm(W) / np.linalg.norm(B @ A))

# Turn further and further until the OFT update has the same size.
unit = orthogonal.random_skew(64, seed=12, norm=1.0)
low, high = 0.0, 1.0
for _ in range(40):
    middle = (low + high) / 2
    oft_update = W @ orthogonal.cayley(middle * unit).T - W
    low, high = (low, middle) if np.linalg.norm(oft_update) > 0.3 * np.linalg.norm(W) else (middle, high)

figure, axes = plt.subplots(1, 2, figsize=(8.2, 2.8))
index = np.arange(1, 65)
for update, colour, style, name in ((oft_update, BLUE, "-", "OFT"), (lora_update, OCHRE, "--", "LoRA, r = 4")):
    spectrum = np.maximum(np.linalg.svd(update, compute_uv=False), 1e-16)
    axes[0].semilogy(index, spectrum, style, color=colour)
    axes[0].annotate(name, (index[20], spectrum[20]), xytext=(0, 6), textcoords="offset points", color=colour)
    shift = np.linalg.svd(W + update, compute_uv=False) - np.linalg.svd(W, compute_uv=False)
    axes[1].plot(index, shift, style, color=colour)
    below = -12 if name == "OFT" else 8
    axes[1].annotate(name, (index[8], shift[8]), xytext=(4, below), textcoords="offset points", color=colour)
axes[0].set(title=r"Singular values of the update $W' - W$", xlabel="index", ylim=(1e-17, 1e2))
axes[1].set(title=r"Change of the singular values of $W$", xlabel="index", ylim=(-0.35, None))
plt.show()
for name, update in (("OFT", oft_update), ("LoRA", lora_update)):
    size = np.linalg.norm(update) / np.linalg.norm(W)
    print(f"{name}: size {size:.3f} of |W|, rank {np.linalg.matrix_rank(update)} of 64")

# %% [markdown]
# ## 5. Hyperspherical energy
#
# Put the direction of every neuron on the unit sphere, $\hat w_i = w_i / \lVert w_i \rVert$, and let them repel each other
# like electric charges. The energy of the arrangement,
#
# $$E_s(W) = \sum_{i \ne j} \lVert \hat w_i - \hat w_j \rVert^{-s}, \qquad
#   E_0(W) = \sum_{i \ne j} \log \lVert \hat w_i - \hat w_j \rVert^{-1},$$
#
# is low when the neurons are evenly spread (Liu et al. 2018). The OFT paper uses $s = 1$. OFT does not minimise this
# energy: it keeps it, as a hard constraint, in the hope that the arrangement which pretraining found is worth keeping.
#
# Energy is a property of the *weights*. It says nothing about the activations that a particular input causes.
#
# ### Which side?
# The rotation must act on the *inputs*, $W R^\top$. Rotating the outputs, $R W$, mixes different neurons into each other;
# that keeps every singular value and still changes the energy. "The spectrum is preserved" and "the energy is preserved"
# are two statements.

# %%
W = np.random.default_rng(3).standard_normal((50, 8))
R = orthogonal.cayley(orthogonal.random_skew(8, seed=1, norm=0.8))
S = orthogonal.cayley(orthogonal.random_skew(50, seed=2, norm=0.8))
blocks = orthogonal.block_diagonal([orthogonal.haar(4, seed=k, special=True) for k in (1, 2)])
rng = np.random.default_rng(4)


def of_size(update, share=0.3):
    return update * (share * np.linalg.norm(W) / np.linalg.norm(update))


changed = {
    "W": W,
    "W R^T       (input side: OFT)": W @ R.T,
    "W blocks^T  (input side: OFT)": W @ blocks.T,
    "S W         (output side)": S @ W,
    "rows scaled": np.diag(rng.uniform(0.5, 2.0, 50)) @ W,
    "columns scaled": W @ np.diag(rng.uniform(0.5, 2.0, 8)),
    "W + LoRA, r = 4, 30 %": W + of_size(rng.standard_normal((50, 4)) @ rng.standard_normal((4, 8))),
    "W + random, 30 %": W + of_size(rng.standard_normal((50, 8))),
}
print(f"{'':32s}{'E_1':>10s}{'change':>10s}{'mean |cos|':>12s}{'change':>10s}")
first = energy.hyperspherical_energy(W), energy.mean_absolute_cosine(W)
for name, matrix in changed.items():
    e, c = energy.hyperspherical_energy(matrix), energy.mean_absolute_cosine(matrix)
    print(f"{name:32s}{e:10.2f}{e / first[0] - 1:10.1e}{c:12.5f}{c / first[1] - 1:10.1e}")

# %% [markdown]
# The web page of the original tutorial computed the last two columns, the **mean |cosine|** between neurons, and called it
# hyperspherical energy. It is invariant under the same changes, but it is another quantity, and it can even order two
# arrangements the other way round. Two opposite neurons are as far apart as they can be, so their energy is the lowest of
# any pair; their mean |cosine| is the highest.
#
# The original notebook used a third formula, the mean of $-\log(1-\cos\theta)$, and called it $s = 1$. Since
# $1-\cos\theta = \tfrac12\lVert \hat w_i - \hat w_j\rVert^2$, that is the energy with $s = 0$, doubled, plus $\log 2$.

# %%
for name, pair in (("opposite", [[1, 0], [-1, 0]]), ("perpendicular", [[1, 0], [0, 1]])):
    print(f"{name:14s} E_1 = {energy.hyperspherical_energy(pair):.3f}   mean |cos| = {energy.mean_absolute_cosine(pair):.3f}")

unit_rows = W / np.linalg.norm(W, axis=1, keepdims=True)
off_diagonal = ~np.eye(len(W), dtype=bool)
third = -np.log(1 - (unit_rows @ unit_rows.T)[off_diagonal]).mean()
assert np.isclose(third, 2 * energy.hyperspherical_energy(W, s=0, mean=True) + np.log(2))
print(f"mean of -log(1 - cos) = {third:.6f} = 2 x mean E_0 + log 2")

# %% [markdown]
# How much does LoRA disturb the energy? It depends on the size of the update, so a single number proves nothing. Here is
# the whole curve.

# %%
W = np.random.default_rng(8).standard_normal((64, 64))
before = energy.hyperspherical_energy(W)
B, A = np.random.default_rng(9).standard_normal((64, 4)), np.random.default_rng(10).standard_normal((4, 64))
noise = np.random.default_rng(13).standard_normal((64, 64))
unit = orthogonal.random_skew(64, seed=14, norm=1.0)
sizes = np.linspace(0.0, 1.2, 25)
scale = np.linalg.norm(W)


def percent(matrix):
    return 100 * (energy.hyperspherical_energy(matrix) / before - 1)


lora_curve = [percent(W + t * scale * (B @ A) / np.linalg.norm(B @ A)) for t in sizes]
random_curve = [percent(W + t * scale * noise / np.linalg.norm(noise)) for t in sizes]
turned = [W @ orthogonal.cayley(t * unit).T for t in np.linspace(0, 2.5, 25)]
distance = [np.linalg.norm(V - W) / scale for V in turned]
oft_curve = [percent(V) for V in turned]
figure, axis = plt.subplots(figsize=(6.4, 2.9))
axis.plot(sizes, lora_curve, "--", color=OCHRE)
axis.plot(sizes, random_curve, ":", color=GREY)
axis.plot(distance, oft_curve, color=BLUE)
axis.set(xlabel=r"size of the update, $\|W'-W\| / \|W\|$", ylabel="change of $E_1$, %", xlim=(0, 1.6), ylim=(-0.4, None))
name_lines(axis, sizes[-1], {"LoRA, r = 4": (lora_curve[-1], OCHRE)})
axis.annotate("random", (0.6, random_curve[12]), xytext=(0, -12), textcoords="offset points", color=GREY, fontsize=8)
name_lines(axis, distance[-1], {"OFT": (oft_curve[-1], BLUE)})
plt.show()
print(f"OFT: at most {max(abs(c) for c in oft_curve):.1e} %; LoRA as large as W: {np.interp(1.0, sizes, lora_curve):.2f} %")

# %% [markdown]
# So the advantage is real, and it is exact, and it is modest: a LoRA update must be as large as the weights themselves
# before the energy moves by a few percent.

# %% [markdown]
# ## 6. On real data
#
# The data are 1,797 handwritten digits of 8 x 8 pixels (Alpaydin and Kaynak 1998). A small network, 64-128-128-10, learns
# them upright. Then it is fine-tuned on the same digits turned by 40 degrees, once by full fine-tuning, once with LoRA
# and once with OFT. Only the two hidden matrices are trained; head and biases stay frozen, for every method.

# %%
from osft.continual.digits import make_tasks, rotation

digits = continual.load_digits()
figure, axes = plt.subplots(2, 5, figsize=(5.4, 2.2))
for column, angle in enumerate((0, 20, 40, 60, 80)):
    turned = digits.images @ rotation(angle).T
    for row, example in enumerate((2, 7)):
        axes[row, column].imshow(turned[example].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        axes[row, column].set(xticks=[], yticks=[])
    axes[0, column].set_title(f"{angle}°")
plt.show()
tasks = make_tasks(0, (0.0,))
print(f"{len(digits.labels)} images: {len(tasks.labels)} to train on, {len(tasks.held_out_labels)} to test on.")
print("The remaining ones were used to choose settings.")

# %%
TWO = {"angles": (0.0, 40.0), "learning_rate": 1e-3, "steps_per_task": 200}
NAMES = {"full": "full fine-tuning", "lora": "LoRA, r = 8", "oft": "OFT, b = 16"}
results = {
    "full": continual.run("full", seed=0, **TWO),
    "lora": continual.run("lora", seed=0, rank=8, **TWO),
    "oft": continual.run("oft", seed=0, block_size=16, **TWO),
}
untouched = continual.run("frozen", seed=0, **TWO)

layers = ((64, 128), (128, 128))
trained_numbers = {
    "full": sum(parameters.count("full", *layer) for layer in layers),
    "lora": sum(parameters.count("lora", *layer, r=8) for layer in layers),
    "oft": sum(parameters.count("oft", *layer, oft_block_size=16) for layer in layers),
}
figure, axes = plt.subplots(1, 2, figsize=(8.2, 2.8))
for axis, task, title in ((axes[0], 1, "Digits turned by 40°: being learned"), (axes[1], 0, "Upright digits: known before")):
    for method, result in results.items():
        axis.plot(result.steps, result.curve[:, task], color=COLOURS[method])
    axis.set(xlabel="training step", title=title, xlim=(0, 235), ylim=((0, 1) if task else (0.8, 1)))
    name_lines(axis, result.steps[-1], {method: (one.curve[-1, task], COLOURS[method]) for method, one in results.items()})
axes[0].set_ylabel("accuracy")
plt.show()
print(f"before fine-tuning: {untouched.accuracy[0, 0]:.3f} on upright digits, {untouched.accuracy[0, 1]:.3f} on turned ones\n")
print(f"{'':20s}{'trained numbers':>16s}{'new task':>10s}{'old task':>10s}")
for method, result in results.items():
    print(f"{NAMES[method]:20s}{trained_numbers[method]:16,d}{result.last:10.3f}{result.kept:10.3f}")

# %% [markdown]
# OFT learns the new task with by far the fewest numbers. But look at the old task, on the right (its scale begins at 0.8).
# Was the geometry not preserved? It was. Measure it:

# %%
print(f"{'':20s}{'change of E_1':>15s}{'change of singular values':>27s}{'change of W':>13s}{'old task':>10s}")
for method, result in results.items():
    moved, spectra, energies = [], [], []
    for start, end in zip(untouched.weights, result.weights, strict=True):
        values = [np.linalg.svd(w.astype(float), compute_uv=False) for w in (start, end)]
        spectra.append(np.abs(values[0] - values[1]).max() / values[0].max())
        energies.append(abs(energy.hyperspherical_energy(end) / energy.hyperspherical_energy(start) - 1))
        moved.append(np.linalg.norm(end - start) / np.linalg.norm(start))
    print(f"{NAMES[method]:20s}{max(energies):15.1e}{max(spectra):27.1e}{max(moved):13.0%}{result.kept:10.3f}")

# %% [markdown]
# The rotation kept every singular value and the energy to the rounding of single precision, and changed the function that
# the layer computes all the same. **Geometry preserved is not function preserved**: the next layer still expects its
# input in the old coordinates.
#
# ### Five tasks in a row
# Now the digits are turned by 20, 40, 60 and 80 degrees, one task after another, and old images never return. Each method
# uses the settings that were best for it in a search with an equal budget for all.

# %%
SEEDS = (0, 1, 2) if sys.platform != "emscripten" else (0,)  # in a browser a run takes some ten times as long
sequence = {method: [continual.run(method, seed=seed) for seed in SEEDS] for method in ("frozen", "oft", "full", "lora", "osft")}
print(f"seeds: {len(SEEDS)}{'':8s}{'average':>9s}{'learned':>9s}{'forgot':>9s}{'first task in the end':>23s}")
for method, finished in sequence.items():
    row = [np.mean([getattr(one, key) for one in finished]) for key in ("average_accuracy", "learning", "forgetting", "kept")]
    print(f"{method:16s}" + "".join(f"{value:9.3f}" for value in row[:3]) + f"{row[3]:23.3f}")
forgot = {method: np.mean([one.forgetting for one in finished]) for method, finished in sequence.items()}
print(f"\nMost is forgotten by {max(forgot, key=forgot.get)}.")

# %%
figure, axis = plt.subplots(figsize=(6.6, 3.0))
ends = {}
for method, finished in sequence.items():
    curve = np.mean([one.curve[:, 0] for one in finished], axis=0)
    axis.plot(finished[0].steps, curve, color=COLOURS[method], ls="--" if method == "frozen" else "-")
    ends[method] = (curve[-1], COLOURS[method])
for step in (100, 200, 300):
    axis.axvline(step, color="#dddddd", lw=0.8, zorder=0)
axis.set(xlabel="training step (a new task every 100)", ylabel="accuracy", ylim=(0, 1.02), xlim=(0, 445))
axis.set_title("What is left of the first task: upright digits")
name_lines(axis, 400, ends)
plt.show()

# %% [markdown]
# In this experiment OFT forgets more than plain fine-tuning does. Its authors report the opposite for large diffusion and
# language models, where small rotations suffice; what we can say is that nothing in the method *protects* a direction. OSFT,
# the subject of the other notebook, does, and is better here, though it forgets too. The full experiment, with more
# seeds, more methods, controls and intervals, is on the page "Growing Without Forgetting".

# %% [markdown]
# ## 7. Does orthogonality keep gradients from vanishing?
#
# It is often said that orthogonal constraints prevent exploding and vanishing gradients. Multiplying by an orthogonal
# matrix does keep the length of a gradient, exactly. But OFT's layer is $W R^\top$, and backpropagation multiplies by
# $W$ as well, whose singular values OFT keeps *as they are*, small and large ones alike. Send a gradient back through 30
# layers:

# %%
depth, width = 30, 64


def gradient_norms(layers):
    gradient = np.ones(width) / np.sqrt(width)
    norms = [1.0]
    for weight in layers:
        gradient = weight.T @ gradient
        norms.append(np.linalg.norm(gradient))
    return np.array(norms)


figure, axis = plt.subplots(figsize=(6.6, 3.1))
report, ends = [], {}
for gain, colour in ((1.2, RED), (1.0, OCHRE), (0.8, VIOLET)):
    stack = [gain * np.random.default_rng(k).standard_normal((width, width)) / np.sqrt(width) for k in range(depth)]
    adapted = [w @ orthogonal.cayley(orthogonal.random_skew(width, seed=k, norm=0.5)).T for k, w in enumerate(stack)]
    plain, tuned = gradient_norms(stack), gradient_norms(adapted)
    axis.semilogy(plain, color=colour)
    axis.semilogy(tuned, "o", ms=3, mfc="white", color=colour)
    ends[f"gain {gain}"] = (plain[-1], colour)
    report.append(f"gain {gain}: {plain[-1]:.1e} without OFT, {tuned[-1]:.1e} with it")
rotations = gradient_norms([orthogonal.haar(width, seed=k) for k in range(depth)])
axis.semilogy(rotations, color=BLUE)
axis.set(xlabel="layers passed", ylabel="length of the gradient", xlim=(0, 38))
name_lines(axis, depth, ends | {"orthogonal layers": (1.0, BLUE)})
axis.set_title("Lines: W alone. Circles: the same W with an OFT rotation.")
plt.show()
print("after 30 layers,", "; ".join(report) + ".")
print(f"Layers that are orthogonal themselves change the length by {abs(rotations[-1] - 1):.0e}.")

# %% [markdown]
# The circles follow the lines. An OFT adapter is neutral: it neither cures nor causes the problem. What is true is narrower:
# *the adapter itself* adds no growth or decay, and it cannot spoil the conditioning that the pretrained weights have.

# %% [markdown]
# ## 8. How many numbers are trained?
#
# With $n$ inputs, $m$ outputs and $k = \min(m, n)$:
#
# | method | trained numbers | settings |
# |---|---|---|
# | full fine-tuning | $mn$ | |
# | LoRA | $r(n+m)$ | rank $r$ |
# | OFT | $n(b-1)/2$ | block size $b$; independent of $m$ |
# | OFT, one shared block | $b(b-1)/2$ | |
# | BOFT | $f n b + m$ | butterfly factors $f$, block size $b$ |
# | OSFT | $(k-\rho)(m+n+1)$ | preserved rank $\rho$ |
#
# In HF PEFT the setting `r` of OFT is the *number of blocks*. A larger `r` therefore means smaller blocks and fewer
# numbers, the opposite of LoRA. The original tutorial counted `rank` squared for OFT; no variant of OFT has that many.

# %%
n, m = 512, 256
cases = [
    ("full fine-tuning", "full", {}),
    ("LoRA, r = 16", "lora", {"r": 16}),
    ("OFT, blocks of 16", "oft", {"oft_block_size": 16}),
    ("OFT, blocks of 32", "oft", {"oft_block_size": 32}),
    ("OFT, one shared block of 32", "oft", {"oft_block_size": 32, "block_share": True}),
    ("OFT, r = 8 blocks (of 64)", "oft", {"r": 8, "oft_block_size": 0}),
    ("OSFT, PEFT's default (half kept)", "osf", {}),
]
print(f"a layer of {n} inputs and {m} outputs\n{'':36s}{'trained numbers':>16s}{'of full':>9s}")
for title, method, config in cases:
    trained = parameters.count(method, n, m, **config)
    print(f"{title:36s}{trained:16,d}{trained / (m * n):9.2%}")
print(f"\nThe original tutorial's formula, rank 16 squared, gives {16**2}.")

# %% [markdown]
# The package promises to count exactly as HF PEFT does. If PEFT is installed the next cell builds the adapters and asks it;
# otherwise it compares with what PEFT 0.21.2 answered when it was asked.

# %%
RECORDED = [  # HF PEFT 0.21.2, Linear(512 -> 256): trainable parameters
    ("lora", {"r": 16}, 12288),
    ("oft", {"oft_block_size": 32}, 7936),
    ("oft", {"oft_block_size": 32, "block_share": True}, 496),
    ("oft", {"oft_block_size": 0, "r": 8}, 16128),
    ("osf", {"effective_rank": None}, 98432),
]


def ask_peft(method, config):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about progress bars, when ipywidgets is missing
        import peft
    classes = {"lora": peft.LoraConfig, "oft": peft.OFTConfig, "osf": peft.OSFConfig}
    model = torch.nn.Sequential(torch.nn.Linear(512, 256, bias=False))
    return peft.get_peft_model(model, classes[method](target_modules=["0"], **config)).get_nb_trainable_parameters()[0]


HAVE_PEFT = HAVE_TORCH and importlib.util.find_spec("peft") is not None
print("HF PEFT answers now:" if HAVE_PEFT else "PEFT is not installed; recorded answers of HF PEFT 0.21.2:")
for method, config, recorded in RECORDED:
    answer = ask_peft(method, config) if HAVE_PEFT else recorded
    ours = parameters.count(method, 512, 256, **config)
    text = ", ".join(f"{name}={value}" for name, value in config.items())
    print(f"  {method:5s} {text:36s} PEFT {answer:7,d}   osft {ours:7,d}   {'agree' if answer == ours else 'DISAGREE'}")
    assert answer == ours == recorded


# %%
def draw_counts(inputs=512, outputs=256, rank=16, block=32):
    resolved = parameters.resolve("oft", inputs, outputs, oft_block_size=block)
    bars = {
        "full": (parameters.count("full", inputs, outputs), RED),
        f"LoRA, r = {rank}": (parameters.count("lora", inputs, outputs, r=rank), OCHRE),
        f"OFT, b = {resolved.config['oft_block_size']}": (resolved.trainable, BLUE),
        "OFT shared": (parameters.count("oft", inputs, outputs, oft_block_size=block, block_share=True), BLUE),
        "OSFT, half kept": (parameters.count("osf", inputs, outputs), GREEN),
    }
    _, axis = plt.subplots(figsize=(6.6, 2.1))
    for row, (value, colour) in enumerate(bars.values()):
        axis.barh(row, max(value, 1), color=colour, height=0.6)
        axis.text(max(value, 1) * 1.15, row, f"{value:,}  ({value / (inputs * outputs):.3%})", va="center", fontsize=8)
    axis.set_yticks(range(len(bars)), bars)
    axis.set(xscale="log", xlim=(1, inputs * outputs * 60), xlabel="trained numbers")
    axis.invert_yaxis()
    plt.show()
    print(*resolved.notes, sep="\n", end="\n" if resolved.notes else "")


explore(
    draw_counts,
    inputs=("Inputs", 16, 4096, 16, 512),
    outputs=("Outputs", 16, 4096, 16, 256),
    rank=("LoRA rank", 1, 64, 1, 16),
    block=("OFT block", 2, 128, 1, 32),
)

# %% [markdown]
# And for a whole model:

# %%
print(f"Llama-2-7B, all linear layers of the blocks\n{'':22s}{'trained numbers':>18s}{'memory, GB':>12s}")
for title, method, config in (
    ("full fine-tuning", "full", {}),
    ("LoRA, r = 16", "lora", {"r": 16}),
    ("OFT, blocks of 32", "oft", {"oft_block_size": 32}),
    ("OSFT, half kept", "osf", {}),
):
    numbers = parameters.count_model("llama-2-7b", method, "all_linear", **config)
    memory = parameters.model_memory("llama-2-7b", method, "all_linear", **config).total / 1e9
    print(f"{title:22s}{numbers:18,d}{memory:12.1f}")
print("\nMemory: weights, gradients and optimiser state in mixed precision with AdamW; activations are not included.")

# %% [markdown]
# ## 9. When to use it
#
# **OFT is a good choice when**
#
# - few numbers should be stored for each task: it needs fewer than LoRA for the same layer, and they do not grow with the
#   number of outputs;
# - the update should not change the spectrum or the angles of the pretrained weights, as in the generative models it was
#   made for;
# - the adapter should disappear after training: like LoRA it merges into the weight.
#
# **Do not expect it to**
#
# - *prevent forgetting*. It protects no direction; on our digits it forgot the most. If old tasks matter, keep some of their
#   data and replay it, or use a method that protects a subspace;
# - *cure vanishing or exploding gradients* (section 7);
# - *stay orthogonal with the fast approximation* unless the rotations are small (section 3);
# - *save compute*. The number of trained values is small; the forward pass is a little more expensive than LoRA's.
#
# | claim one reads | what was measured here |
# |---|---|
# | "preserves distances and angles" | true for lengths and angles of anything that is multiplied by $R$ |
# | "keeps the relations between neuron activations" | between the *weight vectors* of neurons; activations change |
# | "preserves hyperspherical energy" | true on the input side, with an exact transform |
# | "reduces catastrophic forgetting" | not in our experiment |
# | "stable gradients" | neutral |
# | "needs rank squared parameters" | $n(b-1)/2$ |
#
# ### Try it
# 1. In section 1, lower the norm of the skew matrix until five Neumann terms pass as orthogonal. Which norm is it? Does the
#    figure in section 3 agree?
# 2. In section 6, set `block_size=0` for OFT: one rotation of the whole input. Does it learn more? Forget more?
# 3. In section 7, insert `np.maximum(…, 0)`-style masks, one random half of the coordinates a layer, as a ReLU would. Which
#    gain keeps the gradient steady now?
#
# ### Sources
# Z. Qiu et al., "Controlling Text-to-Image Diffusion by Orthogonal Finetuning", NeurIPS 2023,
# [arXiv:2306.07280](https://arxiv.org/abs/2306.07280). Z. Qiu et al., "Orthogonal Finetuning Made Scalable", 2025,
# [arXiv:2506.19847](https://arxiv.org/abs/2506.19847). W. Liu et al., "Learning towards Minimum Hyperspherical Energy",
# NeurIPS 2018, [arXiv:1805.09298](https://arxiv.org/abs/1805.09298). E. J. Hu et al., "LoRA", ICLR 2022,
# [arXiv:2106.09685](https://arxiv.org/abs/2106.09685). F. Mezzadri, Notices of the AMS 54, 2007,
# [arXiv:math-ph/0609050](https://arxiv.org/abs/math-ph/0609050). All others are in `docs/sources.md`.
