"""A lean module says that the rest is missing, and is the whole module once that has come."""

from __future__ import annotations

import sys
import zipfile
from importlib._bootstrap_external import _code_to_hash_pyc  # type: ignore[attr-defined]
from importlib.machinery import SourceFileLoader, SourcelessFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from builder import runtime_lean

NAME = "numpy.random"


def compiled(source: Path, target: Path) -> None:
    """Write what Python makes of a source, as the packs have it."""
    loader = SourceFileLoader(NAME, str(source))
    code = loader.get_code(NAME)
    assert code is not None
    target.write_bytes(_code_to_hash_pyc(code, b"\0" * 8, False))


@pytest.fixture
def lean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """numpy.random in its lean form, with the libraries of the installed one."""
    source = tmp_path / "lean.py"
    source.write_bytes(runtime_lean.sources()["site-packages/numpy/random/__init__.py"])
    compiled(source, tmp_path / "__init__.pyc")
    return loaded(monkeypatch, NAME, tmp_path / "__init__.pyc", [str(Path(np.random.__file__).parent)])


def loaded(monkeypatch: pytest.MonkeyPatch, name: str, path: Path, places: list[str] | None = None) -> ModuleType:
    """The compiled module of a file under this name; of a package with the places of its modules."""
    loader = SourcelessFileLoader(name, str(path))
    spec = spec_from_file_location(name, path, loader=loader, submodule_search_locations=places)
    assert spec is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    loader.exec_module(module)
    return module


def test_pages_draw_the_same(lean: Any) -> None:
    wanted = np.random.Generator(np.random.PCG64(7)).standard_normal(5)
    assert (lean.default_rng(7).standard_normal(5) == wanted).all()


def test_what_is_missing_is_said_until_it_comes(lean: Any) -> None:
    before = set(vars(lean))
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match=r"rest of numpy\.random has not come") as missing:
            _ = lean.MT19937
        assert missing.value.name == NAME
        with pytest.raises(ModuleNotFoundError):
            lean.RandomState(42)
    assert set(vars(lean)) == before
    compiled(Path(np.random.__file__), Path(lean.__file__))
    assert (lean.RandomState(42).rand(3) == np.random.RandomState(42).rand(3)).all()
    assert set(np.random.__all__) <= set(dir(lean))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = lean.nothing


def test_what_others_put_into_a_lean_module_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pyodide replaces asyncio.run, and what only the lean module has is gone once it is whole."""
    (tmp_path / "source.py").write_text("def run(): return 'whole'\ndef more(): return run.__name__\n")
    lean = runtime_lean.becoming_whole("def run(): return 'lean'\nonly_here = 1\n")
    (tmp_path / "lean.py").write_bytes(lean)
    compiled(tmp_path / "lean.py", tmp_path / "tea.pyc")
    module: Any = loaded(monkeypatch, "tea", tmp_path / "tea.pyc")
    assert (module.run(), module.only_here) == ("lean", 1)
    assert not hasattr(module, "__path__")

    def patched() -> str:
        return "patched"

    module.run = patched
    compiled(tmp_path / "source.py", tmp_path / "tea.pyc")
    assert module.more() == "patched"
    assert module.run is patched
    assert not hasattr(module, "only_here")


@pytest.mark.parametrize("path", runtime_lean.sources())
def test_every_lean_module_stands_in_for_another(path: str, site_folder: Path) -> None:
    if path.startswith("site-packages/"):
        assert (Path(np.__file__).parent.parent / path.removeprefix("site-packages/")).is_file()
    else:
        with zipfile.ZipFile(site_folder / "generated/runtime/python_stdlib.zip") as library:
            assert path in library.namelist()
