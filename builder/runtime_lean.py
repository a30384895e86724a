"""Modules as far as a first figure needs them: what a start spends on sockets, logging, colours of a terminal, random
generators and documentation that no page uses.

Compiled by builder/runtime_node.py; builder/runtime_pack.py puts each in its module's place in the start's pack, and the
module itself into the pack of the rest. One that is asked for more becomes whole where it stands: NumPy's when the rest has
come (py/explorer/docstrings.py), Python's and Pyodide's when somebody asks. Before, they say that a module is missing, upon
which the page fetches the rest (osft-web/kernel/client.js).
"""

from __future__ import annotations

_BECOMES_WHOLE = """

_lean = dict(globals())


def __getattr__(name):
    if name != "__path__":  # of which every `from` asks whether this is a package
        _become_whole()
        if name in globals():
            return globals()[name]
        if "__getattr__" in globals():
            return globals()["__getattr__"](name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    import sys

    _become_whole()
    return dir(sys.modules[__name__])


def _become_whole():
    import sys
    from importlib.machinery import SourcelessFileLoader

    code = SourcelessFileLoader(__name__, __file__).get_code(__name__)
    if "_become_whole" in code.co_names:
        raise ModuleNotFoundError(f"The rest of {__name__} has not come yet.", name=__name__)
    here = globals()
    lean = here.pop("_lean")
    for name in ("__getattr__", "__dir__", "_become_whole"):
        del here[name]
    # What others have put here since stays.
    kept = {name: value for name, value in here.items() if name not in lean or value is not lean[name]}
    for name, value in lean.items():
        # A module inside of a package is put there at its first import, and only then.
        if not name.startswith("__") and not isinstance(value, type(sys)):
            here.pop(name, None)
    exec(code, here)
    here.update(kept)
"""

# Without the legacy generators and the bit generators that no page draws from, each a library of its own.
_RANDOM = """from . import _bounded_integers, _common
from ._generator import Generator, default_rng
from ._pcg64 import PCG64, PCG64DXSM
from .bit_generator import BitGenerator, SeedSequence


class RandomState:  # what default_rng is given can be one only after one was made
    def __new__(cls, *given, **named):
        _become_whole()
        return globals()["RandomState"](*given, **named)
"""
# The one alias that numpy.linalg names.
_TYPING = """from typing import Any, TypeVar

from numpy import dtype, generic, ndarray

_ScalarT = TypeVar("_ScalarT", bound=generic)
NDArray = ndarray[tuple[Any, ...], dtype[_ScalarT]]
"""
# Futures, tasks and the running of them, of which Pyodide makes its loop. Loops for sockets and processes come later; until
# then theirs is the base class of a policy.
_ASYNCIO = """from .coroutines import *
from .events import *
from .events import _BaseDefaultEventLoopPolicy as DefaultEventLoopPolicy, _set_running_loop
from .exceptions import *
from .futures import *
from .runners import *
from .tasks import *
"""
# Tracebacks are written before anybody could want them coloured.
_COLORIZE = """class _Plain:
    def __getattr__(self, name):
        return ""


class _Theme:
    traceback = _Plain()


def can_colorize(*, file=None):
    return False


def get_theme(*, tty_file=None, force_color=False, force_no_color=False):
    if not force_color:
        return _Theme
    _become_whole()
    return globals()["get_theme"](tty_file=tty_file, force_color=True)
"""
# What unpacks wheels. Among the files of a start there is none, nor what tells of one that was unpacked.
_PACKAGE_LOADER = """from site import getsitepackages

from pyodide_js import loadedPackages  # of which a snapshot of Pyodide expects that Python has it

class _Place:
    def __init__(self, path):
        self.path = path

    def __str__(self):
        return self.path


SITE_PACKAGES = _Place(getsitepackages()[0])
DSO_DIR = _Place("/usr/lib")


def init_loaded_packages():
    pass
"""
# The one function that numpy.random names, for seeds that nobody gave. It is kept there, and does without names of this
# module, which go when it becomes whole.
_SECRETS = """def randbits(k):
    from os import urandom

    return int.from_bytes(urandom((k + 7) // 8)) >> (-k % 8)
"""
_SOURCES = {
    "_colorize.py": _COLORIZE,
    "asyncio/__init__.py": _ASYNCIO,
    "concurrent/futures/__init__.py": "".join(
        f"{name} = {name!r}\n" for name in ("FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED")
    ),
    "ctypes/__init__.py": "",
    "logging/__init__.py": "DEBUG = 10\n",
    "pickle.py": "",
    "platform.py": "",
    "pyodide/_package_loader.py": _PACKAGE_LOADER,
    "secrets.py": _SECRETS,
    "signal.py": "",
    "socket.py": "from _socket import AF_UNSPEC, AI_PASSIVE\n",
    "subprocess.py": "PIPE = -1\n",
    "site-packages/numpy/random/__init__.py": _RANDOM,
    "site-packages/numpy/_typing/__init__.py": _TYPING,
    "site-packages/numpy/_core/_add_newdocs.py": "",
    "site-packages/numpy/_core/_add_newdocs_scalars.py": "",
}


def sources() -> dict[str, bytes]:
    """The sources of the lean modules, by their path in the library."""
    return {path: becoming_whole(text) for path, text in _SOURCES.items()}


def becoming_whole(text: str) -> bytes:
    """The source of a lean module with the part that makes it whole, the same for all."""
    return (text + _BECOMES_WHOLE).encode()
