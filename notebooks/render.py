"""Runs the notebooks from their sources and writes the .ipynb files beside them.

Call it after every change: `.venv/bin/python notebooks/render.py`. The tests in tests/notebooks call
`execute` too, and hand this file to nbmake as a plugin, for what it mends in nbclient. ipywidgets is
hidden from the run, so that every viewer shows pictures and not the shells of sliders; whoever opens
the notebook with ipywidgets installed gets the sliders.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import zmq
from jupyter_client.channels import AsyncZMQSocketChannel
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
SOURCES = (FOLDER / "orthogonal_fine_tuning_tutorial.py", FOLDER / "OSFT_Explainer_Notebook.py")
TIMEOUT = 600

_send = AsyncZMQSocketChannel.send


def send_and_look(self: AsyncZMQSocketChannel, message: dict[str, Any]) -> None:
    """Send on a socket, then read its events, which wakes whoever waits for one of them.

    nbclient answers an Output widget over the socket on which it waits for the cell's reply. A reply that comes at that
    moment is noticed by the sending call alone, and nbclient would sleep until its timeout.
    """
    _send(self, message)
    self.socket.get(zmq.EVENTS)


AsyncZMQSocketChannel.send = send_and_look  # type: ignore[method-assign]


def fingerprint(notebook: Any) -> str:
    """The sha256 of the code cells: it tells whether outputs come from the cells beside them."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def execute(notebook: Any, *, without: Sequence[str] = (), folder: Path = FOLDER) -> Any:
    """Run all cells in a fresh kernel in which the modules `without` cannot be imported; raises at the first error."""
    client = NotebookClient(notebook, timeout=TIMEOUT, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    hidden = f"import sys\nsys.modules.update(dict.fromkeys({list(without)!r}))"
    with client.setup_kernel():
        client.kc.execute(hidden, store_history=False)
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
    return notebook


def render(source: Path) -> Path:
    """Run one source and write its notebook."""
    notebook = execute(jupytext.read(source), without=["ipywidgets"])
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index:02d}"
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
    notebook.metadata["osft"] = {"code_sha256": fingerprint(notebook)}
    target = source.with_suffix(".ipynb")
    partial = target.with_suffix(".ipynb.part")
    nbformat.write(notebook, partial)
    os.replace(partial, target)
    return target


def _joined(outputs: list[Any]) -> list[Any]:
    """The outputs with neighbouring pieces of one stream put together: a kernel cuts them where it likes."""
    joined: list[Any] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def main() -> None:
    """Render every notebook, or those whose names are given."""
    wanted = sys.argv[1:]
    for source in SOURCES:
        if not wanted or source.stem in wanted:
            target = render(source)
            print(f"{target.name}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
