#!/usr/bin/env python3
"""Looks at pages of the harnesses in a headless Chromium, light and dark, narrow and wide: no words
lie on other words, nothing reaches beyond the side of the page, and what has a scale has words at
its axis. Keeps a picture of each look for a human's eyes."""

import argparse
import contextlib
import json
import re
import subprocess
import sys
import tempfile
from html import unescape
from pathlib import Path

WIDTHS = (400, 1400)
HEIGHT = 6000
# What merely touches does not overlap.
SCRIPT = """
const boxes = [...document.querySelectorAll("svg text, h1, h2, h3, p, figcaption, li, dt, dd")]
  .filter(node => node.textContent.trim() && node.getClientRects().length)
  .map(node => ({words: node.textContent.trim(), box: node.getBoundingClientRect(),
                 moves: node.closest(".scroll")}));
const found = [];
for (let i = 0; i < boxes.length; ++i)
  for (let j = i + 1; j < boxes.length; ++j) {
    const a = boxes[i].box, b = boxes[j].box;
    if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 &&
        Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4)
      found.push(`"${boxes[i].words}" lies on "${boxes[j].words}"`);
  }
for (const {words, box, moves} of boxes)
  if (!moves && (box.left < -1 || box.right > document.documentElement.clientWidth + 1))
    found.push(`"${words}" reaches beyond the side`);
for (const picture of document.querySelectorAll("svg"))
  if (picture.querySelector(".grid, .one, .heat") && !picture.querySelector(".axis"))
    found.push(`the picture "${picture.querySelector("title")?.textContent}" has no axis`);
if (document.documentElement.scrollWidth > document.documentElement.clientWidth)
  found.push("the page is wider than the window");
const told = document.createElement("pre");
told.id = "looked";
told.textContent = JSON.stringify({boxes: boxes.length, found: found});
document.body.append(told);
"""


def chromium(url, width, dark, *options):
    scheme = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if dark else []
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
               f"--window-size={width},{HEIGHT}", *scheme, *options, url]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@contextlib.contextmanager
def framed(page, width, script=""):
    """The address of a page that shows this one so wide: Chromium's windows are never as narrow as
    a telephone, but a frame in one is."""
    with tempfile.TemporaryDirectory() as folder:
        inner, outer = Path(folder) / "inner.html", Path(folder) / "outer.html"
        inner.write_text(page.read_text().replace("</body>", f"<script>{script}</script></body>"))
        outer.write_text(f'<body style="margin:0"><iframe src="inner.html" width="{width}"'
                         f' height="{HEIGHT}" style="border:0"></iframe>'
                         "<script>onload = () => document.body.append(document.querySelector("
                         "'iframe').contentDocument.getElementById('looked')?.cloneNode(true)"
                         " ?? '')</script>")
        yield outer.as_uri()


def looked_at(page, width):
    """{"boxes": count, "found": [what is wrong]} of a page as Chromium lays it out."""
    with framed(page, width, SCRIPT) as address:
        dom = chromium(address, 1500, False, "--dump-dom", "--allow-file-access-from-files",
                       "--virtual-time-budget=10000")
    told = re.search(r'<pre id="looked">(.*?)</pre>', dom, re.S)
    if not told:
        raise RuntimeError(f"{page}: Chromium told nothing")
    return json.loads(unescape(told[1]))


def take_picture(page, width, dark, path):
    with framed(page, width) as address:
        chromium(address, max(width, 500), dark, f"--screenshot={path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, help="a folder for them")
    parser.add_argument("pages", nargs="+", type=Path)
    options = parser.parse_args()
    bad = 0
    for page in options.pages:
        for width in WIDTHS:
            told = looked_at(page, width)
            for words in told["found"]:
                print(f"{page.name}, {width} wide: {words}")
            bad += bool(told["found"]) or not told["boxes"]
            for dark in (False, True) if options.pictures else ():
                options.pictures.mkdir(parents=True, exist_ok=True)
                name = f"{page.stem}-{width}-{'dark' if dark else 'light'}.png"
                take_picture(page, width, dark, options.pictures / name)
    looks = len(options.pages) * len(WIDTHS)
    print(f"{looks - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
