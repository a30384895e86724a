"""The vocabulary of declarations: what is accepted, what is refused and with which sentence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from explorer.declare import (
    Choice,
    InvalidParameter,
    Output,
    Outputs,
    Page,
    Parameter,
    nearest_divisor,
    plain,
    validate,
    validated,
)

KIND = (Choice("a", "A"), Choice("b", "B"))
PARAMETERS = (
    Parameter("kind", "Kind", "choice", "a", choices=KIND),
    Parameter("n", "Size", "int", 12, 1, 60),
    Parameter("block", "Block", "divisor", 4, of="n", shown_when={"kind": ["b"]}),
    Parameter("kept", "Kept", "int", {"half_of": ["n"]}, 0, ["n"]),
    Parameter("cut", "Cut", "int", 2, 0, {"by": "kind", "values": {"a": 5, "b": ["n"]}}),
    Parameter("share", "Share", "float", 0.5, 0, 1, unit="%"),
    Parameter("on", "On", "flag", False),
    Parameter("several", "Several", "choices", "a", choices=KIND),
    Parameter("cells", "Cells", "text", "", pattern=r"\d+(,\d+)*", note="Write numbers, such as 1,2."),
    Parameter("seed", "Seed", "seed", 0),
)


def test_defaults_follow_the_other_parameters() -> None:
    known = validate(PARAMETERS, {"n": 7})
    assert known["kept"] == 3
    assert known["block"] == 1  # 4 lies between the divisors 1 and 7, and ties go down
    assert validate(PARAMETERS, {"n": 1})["cut"] == 2


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("n", 61, "from 1 to 60"),
        ("n", 2.5, "whole number"),
        ("n", math.nan, "finite"),
        ("n", math.inf, "finite"),
        ("n", True, "must be a number"),
        ("n", "7", "must be a number"),
        ("n", None, "must be a number"),
        ("n", 10**400, "18 digits"),
        ("share", 10**400, "too large"),
        ("share", 1.0001, "from 0 to 1%"),
        ("kept", 13, "from 0 to 12"),
        ("cut", 6, "from 0 to 5"),
        ("kind", "c", "one of a, b"),
        ("kind", True, "one of a, b"),
        ("on", 1, "true or false"),
        ("several", "", "at least one"),
        ("several", "a,c", "one of a, b"),
        ("several", 3, "list of names"),
        ("cells", "1,", "Write numbers"),
        ("cells", 5, "text"),
        ("cells", "1" * 5000, "at most 2000"),
        ("seed", -1, "from 0 to 4294967295"),
        ("nonsense", 1, "not a parameter here"),
    ],
)
def test_refusals_name_the_field_and_what_is_allowed(field: str, value: Any, words: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        validate(PARAMETERS, {field: value})
    assert caught.value.field == field
    assert words in str(caught.value)
    assert str(caught.value).endswith(".")
    assert not str(caught.value).endswith("..")
    assert len(str(caught.value)) < 300


def test_a_divisor_is_refused_only_while_its_control_is_shown() -> None:
    assert validate(PARAMETERS, {"kind": "a", "block": 5})["block"] == 4
    with pytest.raises(InvalidParameter, match="must divide 12; choose one of 1, 2, 3, 4, 6, 12"):
        validate(PARAMETERS, {"kind": "b", "block": 5})


def test_values_come_out_in_their_own_type() -> None:
    known = validate(
        PARAMETERS, {"n": 8.0, "share": np.float32(0.25), "on": np.bool_(True), "several": ["b", "a"], "cut": np.int64(3)}
    )
    assert (known["n"], type(known["n"])) == (8, int)
    assert (known["share"], type(known["share"])) == (0.25, float)
    assert known["on"] is True
    assert known["several"] == ("a", "b")
    assert type(known["cut"]) is int
    assert math.copysign(1, validate(PARAMETERS, {"share": -0.0})["share"]) == 1


def test_bounds_can_hang_on_a_choice() -> None:
    assert validate(PARAMETERS, {"kind": "b", "n": 60, "cut": 44})["cut"] == 44


@pytest.mark.parametrize(
    ("value", "whole", "nearest"),
    [(5, 48, 4), (7, 48, 6), (32, 48, 24), (47, 48, 48), (96, 48, 48), (1, 7, 1), (4, 7, 1), (5, 7, 7)],
)
def test_nearest_divisor_as_in_peft(value: int, whole: int, nearest: int) -> None:
    assert nearest_divisor(value, whole) == nearest


def test_json_has_no_number_that_json_lacks() -> None:
    values = {"a": math.inf, "b": -math.inf, "c": math.nan, "d": np.array([[1.0, math.inf]])}
    assert plain(values) == {"a": "Infinity", "b": "-Infinity", "c": "NaN", "d": {"shape": [1, 2], "values": [1.0, "Infinity"]}}


def test_a_page_function_checks_what_it_is_given() -> None:
    @validated(PARAMETERS)
    def compute(*, n: int, share: float, **rest: Any) -> Outputs:
        return {"product": n * share}

    page = Page("demo", "Demo", PARAMETERS, (Output("product", "Product", "float"),), compute)
    assert compute(n=4)["product"] == 2.0
    with pytest.raises(InvalidParameter):
        page.compute(n=0)
    declared = page.as_json()
    assert declared["defaults"]["several"] == "a"
    assert declared["parameters"][4]["high"] == {"by": "kind", "values": {"a": 5, "b": ["n"]}}
    assert "live" not in declared
