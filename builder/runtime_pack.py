"""Writes packs: many files in one gzipped body, which the browser inflates and puts in place at once.

Called by builder/runtime.py; read by osft-web/kernel/pack.js, which states the layout. The same
files always give the same bytes. The suffix is not `.gz`, because some servers would then have the
browser inflate them on the way.
"""

from __future__ import annotations

import gzip
import json
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

from builder.runtime_node import HERE, LIBRARY, PYTHON, Compiled, Job, kept, pyodide_files, read_tree, temporary, write_tree

FOLDER = "runtime"
DOCSTRINGS = "/lib/docstrings.json"
"""Where explorer.docstrings finds what the start's modules were stripped of."""


def write_packs(job: Job, compiled: Compiled, py_zip: Path, staging_dir: Path) -> dict[str, str]:
    """Write the three packs: what a start imports, the rest of the library with the docstrings that
    the start goes without, and py/ with its sources.
    """
    start = start_files(compiled)
    lean = read_tree(compiled.lean)
    rest = {path: content for path, content in read_tree(compiled.full).items() if path not in start or path in lean}
    with zipfile.ZipFile(py_zip) as archive:
        python = {name: archive.read(name) for name in archive.namelist()}
    contents = {
        "start": placed(start, LIBRARY),
        "rest": placed(rest, LIBRARY) | {DOCSTRINGS: docstrings(job, compiled)},
        "python": placed(python | read_tree(compiled.python), PYTHON),
    }
    (staging_dir / FOLDER).mkdir(exist_ok=True)
    paths = {name: f"{FOLDER}/{name}.pack" for name in contents}
    for name, files in contents.items():
        (staging_dir / paths[name]).write_bytes(pack(files))
    return paths


def docstrings(job: Job, compiled: Compiled) -> bytes:
    """What is to be put back, as JSON {module: {qualified name: text}}: what two starts do not share."""
    names = sorted(module_name(path) for path in compiled.start if path.endswith(".pyc"))
    full, lean = read_tree(compiled.full), read_tree(compiled.lean)
    bare = {path: content for path, content in start_files(compiled).items() if path not in lean}

    def documentation(files: dict[str, bytes]) -> dict[str, dict[str, str]]:
        with temporary() as library, temporary() as out:
            write_tree(files, library)
            task = {"library": str(library), "mounts": {"out": str(out)}, "settings": [names, "/task/out/docs.json"]}
            job.run("node_compile.mjs", task | {"program": str(HERE / "runtime_docs.py")})
            found: dict[str, dict[str, str]] = json.loads((out / "docs.json").read_text(encoding="utf-8"))
            return found

    def compare(out: Path) -> None:
        wanted, there = documentation(full), documentation(full | bare)
        differing = {
            name: {key: text for key, text in texts.items() if there.get(name, {}).get(key) != text}
            for name, texts in wanted.items()
        }
        text = json.dumps({name: texts for name, texts in differing.items() if texts})
        (out / "docstrings.json").write_text(text, encoding="utf-8")

    programs = (
        "runtime_docs.py",
        "runtime_pack.py",
        "runtime_lean.py",
        "runtime_node.py",
        "runtime_inside.py",
        "node_compile.mjs",
    )
    listed = compiled.python.parent / "start.json"
    folder = kept("docs", [*pyodide_files(job.vendor_dir), listed, *(HERE / name for name in programs)], compare)
    return (folder / "docstrings.json").read_bytes()


def start_files(compiled: Compiled) -> dict[str, bytes]:
    """The files of the library that pages need, by their path in it; of a few modules a lean one.

    What every start imports comes without docstrings. What a page imports when it first computes keeps
    them, because it may be imported after the others got theirs back.
    """
    bare, full = read_tree(compiled.bare), read_tree(compiled.full)
    files = {path: bare.get(path, full[path]) for path in compiled.start} | {path: full[path] for path in compiled.later}
    return files | read_tree(compiled.lean)


def placed(files: Mapping[str, bytes], folder: str) -> dict[str, bytes]:
    """The same files under a folder."""
    return {f"{folder}/{path}": content for path, content in files.items()}


def module_name(path: str) -> str:
    """The module of a compiled file, such as `numpy.linalg` of `site-packages/numpy/linalg/__init__.pyc`."""
    return path.removeprefix("site-packages/").removesuffix(".pyc").replace("/", ".").removesuffix(".__init__")


def pack(files: Mapping[str, bytes]) -> bytes:
    """One pack. Files of a kind stand together, because that compresses better."""
    paths = sorted(files, key=lambda path: (path.rpartition(".")[2], path))
    index = json.dumps([[path, len(files[path])] for path in paths], separators=(",", ":")).encode()
    body = b"".join([struct.pack("<I", len(index)), index, *(files[path] for path in paths)])
    return gzip.compress(body, 9, mtime=0)
