"""The command line: numbers of osft.parameters, subspace, energy and orthogonal from a shell.

Called by __main__.py. Every command takes --json; bad input ends with a sentence on stderr and exit status 2.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from typing import TYPE_CHECKING, NoReturn

from . import __version__, reports
from .peft_rules import METHODS
from .presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .reports import Report

DESCRIPTION = """\
The numbers behind orthogonal fine-tuning (OFT) and orthogonal subspace fine-tuning (OSFT).
Parameter counts are those that HF PEFT reports; matrices are .npy files with weights as [out, in]."""

EXAMPLES = """\
examples:
  python -m osft count lora --in 4096 --out 4096 --r 16
  python -m osft count osf --model llama-2-7b --targets all_linear
  python -m osft leak weights.npy gradient.npy --rank 8
  python -m osft energy weights.npy --s 1
  python -m osft orthogonal matrix.npy --json

Exit status: 0 done, 2 for input that cannot be used, with a sentence that says why."""

HELP = {
    "r": "rank; for oft the number of blocks (then set --oft-block-size 0)",
    "use_dora": "train a magnitude for each output too",
    "lora_bias": "add a bias to lora_B",
    "bias": "which biases of the model are trained too: none, all or METHOD_only",
    "oft_block_size": "block size; adjusted to the nearest divisor of the input size, as PEFT does",
    "block_share": "share one block",
    "boft_block_size": "block size",
    "boft_block_num": "number of blocks (then set --boft-block-size 0)",
    "boft_n_butterfly_factor": "butterfly factors",
    "cuda_extension": "count as with PEFT's compiled extension; without it PEFT forces one butterfly factor",
    "psoft_orth": "keep the r x r matrix orthogonal",
    "psoft_mag_a": "train the magnitudes on the input side",
    "psoft_mag_b": "train the magnitudes on the output side",
    "effective_rank": "preserved directions: a whole number, or a fraction such as 0.5 of the smaller side (default: half)",
}


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence and where to read more, without the usage of every option."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        self.exit(2, f"osft: {message[:1].upper()}{message[1:]}. See: {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], Report] = options.command
    try:
        report = command(options)
        text = json.dumps(_plain(report.data), indent=2, allow_nan=False) if options.json else "\n".join(report.lines)
    except ValueError as error:
        print(f"osft: {error}", file=sys.stderr)
        return 2
    except MemoryError:
        print("osft: There is not enough memory for arrays of this size.", file=sys.stderr)
        return 2
    print(text)
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="osft",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("-V", "--version", action="version", version=f"osft {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    count = commands.add_parser(
        "count",
        help="trainable parameters and training memory of a method",
        description="Count trainable parameters as HF PEFT reports them, for one Linear layer or a whole model.",
        epilog="`osft count METHOD --help` lists the settings of a method, which have PEFT's names and defaults.",
        allow_abbrev=False,
    )
    methods = count.add_subparsers(title="methods", metavar="METHOD", required=True)
    for key in METHODS:
        _add_method(methods, key)

    leak = _add_command(commands, "leak", reports.leak_report, "what each gradient projection of OSFT leaves unprotected")
    leak.add_argument("weights", metavar="WEIGHTS.npy", help="weight matrix, [out, in]")
    leak.add_argument("gradient", metavar="GRADIENT.npy", help="gradient or update of the same shape")
    leak.add_argument("--rank", type=int, required=True, metavar="N", help="preserved singular triplets")
    leak.add_argument(
        "--relative-step",
        type=float,
        default=0.1,
        metavar="X",
        help="size of the step over that of the weights, for the turn of the top subspace (default %(default)s)",
    )

    energy = _add_command(commands, "energy", reports.energy_report, "hyperspherical energy of the rows of a weight matrix")
    energy.add_argument("weights", metavar="WEIGHTS.npy", help="weight matrix, [out, in]; a neuron is a row")
    energy.add_argument("--s", type=float, default=1.0, metavar="X", help="exponent; 0 is the logarithm (default 1)")

    orthogonal = _add_command(commands, "orthogonal", reports.orthogonal_report, "how orthogonal a square matrix is, measured")
    orthogonal.add_argument("matrix", metavar="MATRIX.npy", help="square matrix")
    orthogonal.add_argument("--seed", type=int, default=0, metavar="N", help="draws the probe vectors (default %(default)s)")
    orthogonal.add_argument("--tolerance", type=float, default=None, metavar="X", help="bound of the flags (default 50 n 2^-52)")
    orthogonal.add_argument("--nearest", metavar="OUT.npy", help="also write the nearest orthogonal matrix to this file")
    return parser


def _add_command(
    commands: argparse._SubParsersAction[Parser],
    name: str,
    report: Callable[[argparse.Namespace], Report],
    summary: str,
) -> argparse.ArgumentParser:
    """Add a command with what all of them share."""
    description = summary[0].upper() + summary[1:] + "."
    command = commands.add_parser(name, help=summary, description=description, allow_abbrev=False)
    command.set_defaults(command=report)
    command.add_argument("--json", action="store_true", help="print JSON instead of text")
    return command


def _add_method(methods: argparse._SubParsersAction[Parser], key: str) -> None:
    """Add `count KEY` with an option for each setting of the method."""
    method = METHODS[key]
    parser = methods.add_parser(
        key,
        aliases=["osft"] if key == "osf" else [],
        help=method.title,
        description=f"Count the trainable parameters of {method.title} ({method.source}).",
        allow_abbrev=False,
    )
    parser.set_defaults(command=reports.count_report, method=key)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    where = parser.add_argument_group("one layer, or a model")
    where.add_argument("--in", dest="in_features", type=int, metavar="N", help="input features of the layer")
    where.add_argument("--out", dest="out_features", type=int, metavar="M", help="output features of the layer")
    where.add_argument("--layer-bias", action="store_true", help="the layer has a bias")
    where.add_argument("--model", metavar="NAME", help=f"one of {', '.join(PRESETS)}")
    where.add_argument("--targets", metavar="T", help="layers of the model: qv or all_linear (default all_linear)")
    if not method.defaults:
        return
    settings = parser.add_argument_group("settings, as in HF PEFT")
    for name, default in method.defaults.items():
        if key == "dora" and name == "use_dora":
            continue
        summary = HELP[name] if default is None else f"{HELP[name]} (default {default})"
        # PEFT spells its settings with underscores: both spellings are read, one is shown.
        for flag in dict.fromkeys([f"--{name.replace('_', '-')}", f"--{name}"]):
            shown = argparse.SUPPRESS if "_" in flag else summary
            _add_setting(settings, flag, name, isinstance(default, bool), shown)


def _add_setting(group: argparse._ArgumentGroup, flag: str, name: str, is_flag: bool, summary: str) -> None:
    """Add one option. A setting that is not given stays away from the config, so that PEFT's default applies."""
    dest = f"set_{name}"
    if is_flag:
        group.add_argument(flag, dest=dest, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=summary)
    elif name == "effective_rank":
        group.add_argument(flag, dest=dest, type=rank_or_fraction, metavar="N|X", default=argparse.SUPPRESS, help=summary)
    elif name == "bias":
        group.add_argument(flag, dest=dest, metavar="WHICH", default=argparse.SUPPRESS, help=summary)
    else:
        group.add_argument(flag, dest=dest, type=int, metavar="N", default=argparse.SUPPRESS, help=summary)


def rank_or_fraction(text: str) -> int | float | None:
    """Read effective_rank: 8 is eight directions, 0.5 half of them, none PEFT's default. 1 and 1.0 differ, as in PEFT."""
    if text.lower() == "none":
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise argparse.ArgumentTypeError(f"use a whole number such as 8, or a fraction such as 0.5, not {text!r}")


def _plain(value: object) -> object:
    """Return a value that JSON can hold: numbers that are not finite become strings, tuples lists."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
