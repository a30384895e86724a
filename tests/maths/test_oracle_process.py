"""The package in a process of its own: what importing it loads, `python -m osft`, and a large energy."""

import json
import os
import subprocess
import sys
from pathlib import Path

import osft

ROOT = Path(osft.__file__).parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the package on its path."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, timeout=300, check=False)


def test_importing_needs_numpy_alone() -> None:
    """In a browser every module is a download: nothing but NumPy's core, and none of its optional parts."""
    code = (
        "import sys, numpy; before = set(sys.modules)\n"
        "import osft.orthogonal, osft.energy, osft.subspace, osft.parameters\n"
        "print('\\n'.join(sorted(set(sys.modules) - before)))"
    )
    done = run("-c", code)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    assert {name.split(".")[0] for name in loaded} <= {"osft", "__future__"}, loaded
    assert "osft.cli" not in loaded


def test_numpy_stays_small() -> None:
    """Parts of NumPy that the site does not ship are not asked for."""
    code = (
        "import sys\n"
        "for name in ('numpy.ma', 'numpy.testing', 'numpy.polynomial', 'numpy.typing', 'numpy.f2py', 'scipy'):\n"
        "    sys.modules[name] = None\n"
        "import numpy\n"
        "from osft import energy, orthogonal, parameters, subspace\n"
        "orthogonal.measure(orthogonal.haar(4, seed=0)); orthogonal.exponential(orthogonal.random_skew(4, seed=0))\n"
        "energy.hyperspherical_energy(numpy.eye(3)); parameters.count_model('bert-base', 'lora')\n"
        "subspace.explain(subspace.split(numpy.eye(4), 2), numpy.ones((4, 4)))\n"
    )
    done = run("-c", code)
    assert done.returncode == 0, done.stderr


def test_module_and_exit_status() -> None:
    done = run("-m", "osft", "count", "lora", "--in", "4096", "--out", "4096", "--r", "16", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["trainable"] == 131072
    failed = run("-m", "osft", "energy", "no-such-file.npy")
    assert failed.returncode == 2
    assert failed.stdout == ""
    assert failed.stderr == "osft: no-such-file.npy cannot be read: No such file or directory.\n"
    assert run("-m", "osft").returncode == 2


def test_energy_of_a_large_layer_fits() -> None:
    """4096 rows of 4096, which are 128 MB: the whole process stays below 2 GB."""
    code = (
        "import resource, numpy, sys\n"
        "from osft.energy import hyperspherical_energy\n"
        "weights = numpy.random.default_rng(0).standard_normal((4096, 4096))\n"
        "print(hyperspherical_energy(weights))\n"
        "unit = 1 if sys.platform == 'darwin' else 1024\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)\n"
    )
    done = run("-c", code)
    assert done.returncode == 0, done.stderr
    energy, peak = (float(line) for line in done.stdout.split())
    # Rows are nearly orthogonal: about N(N-1) / sqrt(2).
    assert abs(energy / (4096 * 4095 / 2**0.5) - 1.0) < 1e-3
    assert peak < 2e9
