"""The command line of build.py: reads the arguments, calls one task, turns errors into sentences."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import shutil
import signal
import sys
import time
import webbrowser
from pathlib import Path

from builder import develop, notices, precompute
from builder.check import check
from builder.errors import DAMAGED, IMPOSSIBLE, BuildError
from builder.lab import build_lab
from builder.relock import relock
from builder.serve import LOOPBACK, open_server
from builder.site import Places, Rebuild, build
from builder.vendor import Cache, Lock

ROOT = Path(__file__).resolve().parent.parent

DESCRIPTION = """\
Builds and serves the site. `build` and `serve` need Python 3.11+ and nothing else.
Without a command: build."""

EXAMPLES = """\
examples:
  python3 build.py serve --open        build if needed, serve, open a browser
  python3 build.py --from ~/downloads  take third-party files from a folder or archive instead of the network
  python3 build.py precompute          recompute the data that the pages show before Python is ready
  python3 build.py check               is the built site whole, and its data what py/ computes today?

environment:
  PORT        the port of `serve` (8000)
  OSFT_CACHE  the folder of downloaded files (.cache/vendor), which several copies can share
"""


PASSES_ON = {"test": ("--torch",), "bench": ()}
"""The commands that pass arguments on to another program, and what of them is their own."""


def say(sentence: str) -> None:
    """Tell the person at the terminal."""
    print(sentence, flush=True)


def main(arguments: list[str]) -> int:
    """Run one command; the exit status."""
    try:
        signal.signal(signal.SIGTERM, _interrupt)
        own, others = _split(_with_command(arguments))
        options = _parser().parse_args(own)
        options.arguments = others
        status: int = options.run(options)
        return status
    except BuildError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("\nStopped; the built site is as it was.", file=sys.stderr)
        return 130
    except OSError as error:
        if (sentence := _disk_sentence(error)) is None:
            raise
        print(f"build.py: {sentence}", file=sys.stderr)
        return IMPOSSIBLE


def _with_command(arguments: list[str]) -> list[str]:
    """`build.py` and `build.py --from PATH` mean `build`."""
    wants_help = arguments[:1] in (["-h"], ["--help"])
    return ["build", *arguments] if not arguments or (arguments[0].startswith("-") and not wants_help) else arguments


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """What build.py reads, and what it passes on to pytest or a measurement as it is."""
    command, *rest = arguments
    if command not in PASSES_ON or rest[:1] in (["-h"], ["--help"]):
        return arguments, []
    own = [given for given in rest if given in PASSES_ON[command]]
    return [command, *own], [given for given in rest if given not in own]


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _disk_sentence(error: OSError) -> str | None:
    """A disk that cannot be written, as a sentence; None for another kind of error."""
    place = error.filename or "the project's folder"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full. About 250 MB are needed; free some space and run the same command again. The old site is whole."
    if error.errno == errno.EROFS:
        return f"{place} is on a read-only file system; copy the project to a place that can be written. The old site is whole."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{place} may not be written by this user; change its owner or copy the project elsewhere. The old site is whole."
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="build.py", description=DESCRIPTION, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(metavar="command", required=True)

    def command(name: str, run: object, summary: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary)
        added.set_defaults(run=run)
        return added

    def takes_files(added: argparse.ArgumentParser) -> None:
        added.add_argument(
            "--from", dest="given", type=Path, metavar="PATH", help="a folder or archive to take third-party files from"
        )

    built = command("build", _build, "write osft-web/generated/: runtime, libraries, py.zip, manifest")
    takes_files(built)
    built.add_argument("--force", action="store_true", help="build even if nothing has changed")
    served = command("serve", _serve, "build if needed, then serve the site on this machine")
    takes_files(served)
    served.add_argument("--port", type=_port, default=None, help="the port (PORT, else 8000); the next free one if taken")
    served.add_argument("--open", action="store_true", help="open the site in a browser")
    recomputed = command("precompute", _precompute, "recompute the data that ships; needs the .venv")
    recomputed.add_argument("--figures", action="store_true", help="also draw the opening figures into the documents")
    recomputed.add_argument("--training", action="store_true", help="also run the continual-learning experiment (long)")
    recomputed.add_argument("--tune", action="store_true", default=None, help="with --training: search the settings anew too")
    recomputed.add_argument(
        "--transformer", action="store_true", help="also take a pretrained transformer's spectra (84 MB once)"
    )
    recomputed.add_argument("--torch-step", action="store_true", help="also record the PyTorch step; needs PyTorch")
    recomputed.add_argument("--backend", help="how the experiment's processes run, as joblib names it (loky)")
    recomputed.add_argument("--workers", type=int, help="how many processes the experiment uses (all cores)")
    recomputed.add_argument("--scheduler", help="the address of a scheduler, for a backend that needs one")
    checked = command("check", _check, "is the built site whole, self-contained and up to date?")
    checked.add_argument("--no-data", action="store_true", help="leave out the data, which needs NumPy to recompute")
    command("lab", _lab, "write osft-web/lab/: both notebooks in JupyterLite (optional; needs pip and a package index)")
    published = command("publish", _publish, "copy the built site for one public address, with sitemap and absolute cards")
    published.add_argument("address", help="where the site will be, such as https://example.org/osft/")
    published.add_argument("--to", type=Path, default=ROOT / "dist" / "site", metavar="FOLDER", help="a new folder (dist/site)")
    removed = command("clean", _clean, "remove what the build wrote; the downloaded files stay")
    removed.add_argument("--all", action="store_true", help="remove the downloaded files too")
    tested = command("test", _test, "set up .venv and a Chromium if needed, build, run the tests")
    tested.add_argument("--torch", action="store_true", help="install PyTorch too (CPU is enough) and run the tests that need it")
    tested.epilog = "Everything else is passed to pytest: build.py test tests/maths -x -k cayley"
    command("lint", _lint, "ruff, mypy, tsc and html-validate")
    command("setup", _setup, "make .venv and find or install a Chromium, and no more")
    measured = command("bench", _bench, "measure: every script of bench/, or one of them")
    measured.epilog = "Everything else is passed on: build.py bench startup --runs 7"
    locked = command("lock", _lock, "record size and hash of every file in vendor.lock.json, after a change of version")
    locked.add_argument("--from", dest="given", type=Path, metavar="WHEEL", help="the wheel that carries Pyodide, if at hand")
    locked.add_argument("--notices", action="store_true", help="only write THIRD_PARTY.md from the lock")
    return parser


def _build(options: argparse.Namespace) -> int:
    places = Places.of(ROOT)
    started = time.monotonic()
    if build(places, say, given=options.given, force=options.force):
        say(f"Built {_relative(places.generated)} in {time.monotonic() - started:.1f} s.")
    else:
        say(f"{_relative(places.generated)} is up to date.")
    return 0


def _publish(options: argparse.Namespace) -> int:
    from builder.publish import publish

    places = Places.of(ROOT)
    build(places, say)
    options.to.parent.mkdir(parents=True, exist_ok=True)
    documents = publish(places.site, options.to, options.address)
    say(f"{options.to} is the site for {options.address}: {documents} documents and their sitemap.")
    return 0


def _serve(options: argparse.Namespace) -> int:
    places = Places.of(ROOT)
    wanted = options.port if options.port is not None else _port_from_environment()
    build(places, say, given=options.given)
    server, port = open_server(places.site, wanted, before_document=Rebuild(places, say))
    with server, contextlib.suppress(KeyboardInterrupt):
        if wanted not in (0, port):
            say(f"Port {wanted} is in use; using {port}.")
        url = f"http://{LOOPBACK}:{port}/"
        say(f"Serving the site at {url}  (Ctrl-C stops)")
        if options.open:
            webbrowser.open(url)
        server.serve_forever()
    say("Stopped.")
    return 0


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"a port is a whole number from 0 to 65535, not {text!r}")
    return int(text)


def _port_from_environment() -> int:
    try:
        return _port(os.environ.get("PORT") or "8000")
    except argparse.ArgumentTypeError as error:
        raise BuildError(f"PORT: {error}.") from None


def _clean(options: argparse.Namespace) -> int:
    places = Places.of(ROOT)
    targets = [places.generated, *places.site.glob("generated.*"), places.site / "lab"]
    targets += [places.cache] if options.all else []
    for target in targets:
        if target.exists():
            shutil.rmtree(target)
            say(f"Removed {_relative(target)}.")
    return 0


def _lab(options: argparse.Namespace) -> int:
    places = Places.of(ROOT)
    status = build_lab(places.site, ROOT / ".cache", say)
    build(places, say)  # the manifest tells the pages that they can link to it
    return status


def _precompute(options: argparse.Namespace) -> int:
    if not develop.inside_environment():
        return develop.in_environment(sys.argv[1:])
    return precompute.run(Places.of(ROOT), options, say)


def _check(options: argparse.Namespace) -> int:
    places = Places.of(ROOT)
    complaints = check(places)
    if not options.no_data:
        complaints += precompute.stale_data(places, say)
    for sentence in complaints:
        say(sentence)
    if complaints:
        say(f"{len(complaints)} faults found." if len(complaints) > 1 else "One fault found.")
        return DAMAGED
    say("The site is whole, self-contained and up to date.")
    return 0


def _test(options: argparse.Namespace) -> int:
    develop.setup(say, torch=options.torch or bool(os.environ.get("TORCH")))
    build(Places.of(ROOT), say)
    return develop.run_tests(options.arguments)


def _lint(_: argparse.Namespace) -> int:
    develop.setup(say, chromium=False)
    build(Places.of(ROOT), say)  # the types of the libraries lie beside them
    return develop.lint(say)


def _setup(_: argparse.Namespace) -> int:
    develop.setup(say, torch=bool(os.environ.get("TORCH")))
    say("The .venv and a Chromium are there.")
    return 0


def _bench(options: argparse.Namespace) -> int:
    develop.setup(say)
    build(Places.of(ROOT), say)
    return develop.bench(options.arguments)


def _lock(options: argparse.Namespace) -> int:
    places = Places.of(ROOT)
    if not options.notices:
        relock(places.lock, Cache(places.cache), say, options.given)
    notices.write(ROOT, Lock.read(places.lock))
    return 0


def _relative(path: Path) -> str:
    return os.path.relpath(path)
