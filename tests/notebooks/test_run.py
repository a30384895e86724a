"""The notebooks run from clean: with all that is installed, and with NumPy and Matplotlib alone.

The second run is also compared with the committed outputs, so that these are what today's py/ computes.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest
import zmq
import zmq.asyncio
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.session import Session

from notebooks.render import FOLDER, SOURCES, execute

ROOT = FOLDER.parent
EXTRAS = ["torch", "peft", "transformers", "scipy", "sklearn", "pandas", "ipywidgets"]
by_name = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)


NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
ABSOLUTE, RELATIVE = 0.03, 0.03
"""Accuracies move by up to 0.02 between processors, because training in float32 rounds differently."""


def text(notebook: Any) -> str:
    return "".join(
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream"
    )


def printed(cell: Any) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def differences(fresh: str, committed: str) -> list[str]:
    """Where two printed texts differ: in their words, or in a number by more than the tolerance."""
    words = [" ".join(NUMBER.sub("#", given).split()) for given in (fresh, committed)]
    if words[0] != words[1]:
        return [f"{words[0]!r} is not {words[1]!r}"]
    pairs = zip(NUMBER.findall(fresh), NUMBER.findall(committed), strict=True)
    values = [(float(one.replace(",", "")), float(other.replace(",", ""))) for one, other in pairs]
    return [f"{one} is not {other}" for one, other in values if abs(one - other) > ABSOLUTE + RELATIVE * abs(other)]


@by_name
def test_runs_with_what_is_installed(source: Path) -> None:
    """As a reader would, from the .ipynb; with PyTorch, PEFT and ipywidgets where they are installed."""
    command = [sys.executable, "-m", "pytest", "--nbmake", "--nbmake-timeout=300", "-q"]
    command += ["-p", "no:cacheprovider", "-p", "notebooks.render"]
    done = subprocess.run(
        [*command, str(source.with_suffix(".ipynb"))],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert "1 passed" in done.stdout


@by_name
def test_runs_with_numpy_and_matplotlib_alone(source: Path) -> None:
    notebook = execute(jupytext.read(source), without=EXTRAS)
    said = text(notebook)
    assert "no PyTorch" in said
    assert "PyTorch, which is not installed here" in said
    assert "PEFT is not installed" in said
    assert "ipywidgets is not installed" in said
    pictures = [output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
    assert len(pictures) >= 5, "Without sliders there must be pictures."

    committed = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    compared, stale = 0, {}
    for cell, other in zip(notebook.cells, committed.cells, strict=True):
        if cell.cell_type == "code" and not any(word in cell.source for word in ("torch", "HAVE_TORCH", "HAVE_PEFT")):
            compared += 1
            if found := differences(printed(cell), printed(other)):
                stale[cell.source.splitlines()[0]] = found
    assert compared >= 10
    assert not stale, "Run notebooks/render.py: the committed outputs are not what py/ computes today."


def test_differences_are_seen() -> None:
    assert differences("kept 0.642", "kept  0.65") == []
    assert differences("kept 0.642", "kept 0.71") == ["0.642 is not 0.71"]
    assert differences("12,288 numbers", "12,289 numbers") == []
    assert differences("12,288 numbers", "16,128 numbers") == ["12288.0 is not 16128.0"]
    assert differences("Most by oft.", "Most by full.") == ["'Most by oft.' is not 'Most by full.'"]


def test_a_reply_is_heard_while_something_is_sent() -> None:
    """The moment at which nbclient would sleep until its timeout: see notebooks.render."""

    async def converse() -> Any:
        session = Session(key=b"")
        with zmq.Context() as context, context.socket(zmq.ROUTER) as kernel, zmq.asyncio.Context() as own:
            port = kernel.bind_to_random_port("tcp://127.0.0.1")
            channel = AsyncZMQSocketChannel(own.socket(zmq.DEALER), session)
            channel.socket.connect(f"tcp://127.0.0.1:{port}")
            channel.send(session.msg("execute_request"))
            client = kernel.recv_multipart()[0]
            reply = asyncio.ensure_future(channel.get_msg(timeout=60))
            await asyncio.sleep(0.1)  # now it waits
            session.send(kernel, "execute_reply", ident=client)
            time.sleep(0.5)  # the reply has arrived, and the loop had no chance to see it
            channel.send(session.msg("comm_msg"))
            try:
                return await asyncio.wait_for(reply, timeout=20)
            finally:
                channel.socket.close(linger=0)

    with ThreadPoolExecutor() as own_thread:  # in this one a browser's loop may be running
        reply = own_thread.submit(asyncio.run, converse()).result()
    assert reply["header"]["msg_type"] == "execute_reply"


@by_name
def test_the_first_cell_says_where_osft_is_when_it_is_missing(source: Path, tmp_path: Path) -> None:
    """Opened far from the repository, with nothing installed, the notebook says what to do."""
    setup = next(cell for cell in jupytext.read(source).cells if cell.cell_type == "code")
    setup.source = "import importlib.util\nimportlib.util.find_spec = lambda name: None\n" + setup.source
    lonely = nbformat.v4.new_notebook(cells=[setup])
    with pytest.raises(Exception, match=r"There is no package osft\. Open this notebook inside the repository"):
        execute(lonely, folder=tmp_path)


def test_run_and_reset_buttons() -> None:
    """The live panel: Run draws and gives the buttons back; Reset empties the picture and restores the slider."""
    pytest.importorskip("ipywidgets")
    cells = [cell for cell in jupytext.read(FOLDER / "OSFT_Explainer_Notebook.py").cells if cell.cell_type == "code"]
    panel = next(cell for cell in cells if "run_button" in cell.source)
    press = nbformat.v4.new_code_cell(
        "slider.value = 0.5\n"
        "drawn = []\n"
        "draw = draw_live\n"
        "draw_live = lambda curves, retained: drawn.append((retained, len(curves['osft']))) or draw(curves, retained)\n"
        "run_button.click()\n"
        "assert drawn[-1] == (0.5, 13), drawn\n"
        "assert len(drawn) > 3, 'the curves must grow while it trains'\n"
        "assert not (run_button.disabled or reset_button.disabled or slider.disabled)\n"
        "reset_button.click()\n"
        "assert slider.value == 0.25\n"
        "print('pressed')\n"
    )
    notebook = execute(nbformat.v4.new_notebook(cells=[*cells[:2], panel, press]), without=["torch"])
    assert "pressed" in text(notebook)


def test_sliders_redraw() -> None:
    """Moving the angle in the tutorial draws the new angle, through ipywidgets."""
    pytest.importorskip("ipywidgets")
    cells = [cell for cell in jupytext.read(FOLDER / "orthogonal_fine_tuning_tutorial.py").cells if cell.cell_type == "code"]
    rotation = next(cell for cell in cells if "def draw_rotation" in cell.source)
    move = nbformat.v4.new_code_cell(
        "seen = []\n"
        "made = []\n"
        "real = ipywidgets.interact\n"
        "ipywidgets.interact = lambda draw, **sliders: made.append(sliders) or real(draw, **sliders)\n"
        "explore(lambda angle: seen.append(angle), angle=('Angle (°)', 0, 360, 1, 45))\n"
        "made[0]['angle'].value = 90\n"
        "assert seen == [45, 90], seen\n"
        "print('moved')\n"
    )
    notebook = execute(nbformat.v4.new_notebook(cells=[*cells[:2], rotation, move]), without=["torch"])
    assert "moved" in text(notebook)
