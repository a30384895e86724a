"""Addresses that nobody would send in good faith, of any page: a list of naughty values and a generator of queries.

Used by test_input.py: with a sample in passing, with a thousand a page where OSFT_HOSTILE_URLS says so.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

NAUGHTY = (
    # Nothing, blanks and signs.
    *("", " ", "\t", "\n", "\0", "-", "+", ".", ",", ";", ":", "/", "\\", "'", '"', "`", "%", "&", "=", "#", "?", "*", "~", "|"),
    # Numbers that are none, or no longer.
    *(
        "NaN",
        "nan",
        "Infinity",
        "-Infinity",
        "inf",
        "1e309",
        "-1e309",
        "1e-400",
        "-0",
        "+0",
        "0.0",
        "00",
        "007",
        "1e3",
        "1E3",
        "1_000",
    ),
    *(
        "0x10",
        "0b11",
        "0o17",
        "1n",
        "1,5",
        "1.5.5",
        "--1",
        "+-1",
        "1/0",
        "1e",
        "e1",
        "½",
        "٣",
        "３",
        "Ⅻ",
        "1 000",
        "1\u00a0000",
        "−1",
        "1e+9",
    ),
    *("2147483647", "2147483648", "-2147483649", "4294967295", "4294967296", "9007199254740993", "18446744073709551616"),
    *("9" * 400, "0." + "0" * 400 + "1", "-" + "9" * 30, "1." + "3" * 60),
    # Words of languages.
    *(
        "null",
        "None",
        "undefined",
        "true",
        "false",
        "True",
        "FALSE",
        "on",
        "off",
        "yes",
        "no",
        "[]",
        "{}",
        "[1]",
        '{"a":1}',
        "()",
    ),
    *(
        "constructor",
        "__proto__",
        "prototype",
        "toString",
        "hasOwnProperty",
        "valueOf",
        "__class__",
        "self",
        "lambda: 0",
        "import os",
    ),
    # Markup and script.
    *(
        "<img src=x onerror=window.hit=1>",
        "<script>window.hit=1</script>",
        "<svg onload=window.hit=1>",
        "'\"><img src=x onerror=window.hit=1>",
    ),
    *(
        "javascript:window.hit=1",
        "data:text/html,<script>window.hit=1</script>",
        "<iframe src=javascript:window.hit=1>",
        "<!--",
        "]]>",
        "</textarea>",
    ),
    *(
        "${window.hit=1}",
        "{{window.hit=1}}",
        "#{1+1}",
        "%{1}",
        "$(id)",
        "`id`",
        "; ls",
        "' OR 1=1 --",
        "../../etc/passwd",
        "file:///etc/passwd",
    ),
    # Escapes that are broken, doubled or overlong.
    *(
        "%00",
        "%",
        "%zz",
        "%E0%A4%A",
        "%25",
        "%2525",
        "%C0%AF",
        "\\u0000",
        "\\x00",
        "&amp;",
        "&#0;",
        "&lt;",
        "%0d%0aSet-Cookie: a=b",
        "\r\n\r\n",
    ),
    # Letters from everywhere: right to left, combining, without width, beyond the first plane, not a character at all.
    *(
        "Ω≈ç√∫",
        "田中さん",
        "עִבְרִית",
        "العربية",
        "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘",
        "\u202eabc",
        "\u200b",
        "\u2066",
        "\ufeff",
        "\ufffd",
        "\ufffe",
        "👩‍👩‍👧‍👦",
        "🏳️‍🌈",
        "𝟙𝟚",
        "\U0010ffff",
    ),
    *("a" * 3000, "😀" * 600, "0," * 1500, "1:2:3;" * 400, "(" * 2000, "[" * 5000, "\u0301" * 500),
    # The forms that pages know, gone wrong.
    *(
        "0:0:",
        "0:0:1e999",
        "1:1:NaN",
        ":::",
        "0:0:0,0:0:0",
        "-1:-1:1",
        "99:99:1",
        "full,,lora",
        "full,full",
        "full;lora",
        ",full,",
        "FULL",
        "haar ",
        " haar",
    ),
)
"""Values that a parser, a page or a terminal has been known to stumble over."""

BROKEN = (
    "?",
    "&",
    "=",
    "&&&&",
    "=1",
    "angle",
    "angle=",
    "angle=1=2",
    "%",
    "%=%",
    "a[]=1&a[]=2",
    "a.b=1",
    "+=+",
    ";",
    "?angle=1",
    "angle=1;points=2",
)
"""Queries that are not even pairs."""

RESERVED = ("embed", "hide", "theme", "tier", "code")


def queries(parameters: list[dict[str, Any]], count: int, seed: int) -> Iterator[str]:
    """So many hostile queries, without their question mark, for a page with these declared parameters."""
    source = random.Random(seed)
    names = [each["name"] for each in parameters]
    for number in range(count):
        if number < len(BROKEN):
            yield BROKEN[number]
        elif number < len(BROKEN) + len(NAUGHTY):
            # Every value of the list, at the parameters in turn.
            yield f"{names[number % len(names)]}={encoded(NAUGHTY[number - len(BROKEN)], source)}"
        else:
            yield "&".join(pair(names, parameters, source) for _ in range(source.randint(1, 2 * len(names))))


def pair(names: list[str], parameters: list[dict[str, Any]], source: random.Random) -> str:
    """A key, mostly a declared one, and a value, mostly a bad one."""
    kind = source.random()
    if kind < 0.1:
        return f"{encoded(source.choice(NAUGHTY), source)}={encoded(source.choice(NAUGHTY), source)}"
    if kind < 0.15:
        return f"{source.choice(RESERVED[:3])}={encoded(source.choice(NAUGHTY), source)}"
    declared = source.choice(parameters)
    if kind < 0.3 and declared.get("choices"):
        value = str(source.choice(declared["choices"])["value"])
    elif kind < 0.6:
        value = repr(source.choice([source.uniform(-1e3, 1e3), source.randint(-5, 5000), source.lognormvariate(0, 30)]))
    elif kind < 0.8:
        value = source.choice(NAUGHTY)
    else:
        value = "".join(
            chr(source.choice([source.randrange(32, 127), source.randrange(0xA0, 0xD800)])) for _ in range(source.randint(0, 40))
        )
    return f"{declared['name']}={encoded(value, source)}"


def encoded(text: str, source: random.Random) -> str:
    """Percent-encoded as it should be, or hardly at all."""
    return quote(text, safe="") if source.random() < 0.7 else text.replace("#", "%23").replace("&", "%26")


VISIT = """async ([page, queries, whole, patient]) => {
  // Every state that the page wants computed, noted where it is asked for.
  const channel = window.osft.kernel.latest(`page:${page}`);
  window.states ??= [];
  let asked = Promise.resolve();
  if (!Object.hasOwn(channel, 'ask')) {
    const ask = channel.ask.bind(channel);
    channel.ask = (name, args) => {
      window.states.push(args.parameters);
      asked = ask(name, args);
      return asked;
    };
  }
  const {go} = await import(new URL('shell/router.js', document.baseURI).href);
  const trouble = [];
  const title = document.title;
  for (const query of queries) {
    try {
      const address = new URL(`${page}.html?${query}`, document.baseURI).href;
      if (whole) {
        await go(address);
        while (!document.querySelector('.controls [name]')) await new Promise(requestAnimationFrame);
      } else {
        asked = Promise.resolve();
        history.pushState(null, '', address);
        dispatchEvent(new PopStateEvent('popstate'));
        // A cell that cannot be edited so is refused by name; anything else has to be an answer.
        if (patient) await asked.catch((error) => { if (!error.field) throw error; });
      }
    } catch (error) {
      trouble.push([query, String(error)]);
    }
    const markup = document.querySelector('img[src="x"], main script');
    if (window.hit || markup || document.title !== title) trouble.push([query, 'it became markup']);
  }
  return trouble;
}"""
"""Goes through queries inside one open page: by the history, or (`whole`) by following a link to each.

With `patient` each has to be answered by Python before the next; without, the newest wins, as for a reader."""
