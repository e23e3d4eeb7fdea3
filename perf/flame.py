"""Draws stacks as a flame graph that hangs from its root: a frame is as wide as the share of the
samples that had it, and lies below the one that called it. No script: a pointer shows a frame's
name and share, and frames too narrow to be seen are left out."""

from html import escape

import stacks
import svg

WIDTH = 1200
ROW = 17
# What a letter takes, and below which width a frame is left out.
LETTER, WIDTH_MIN = 6.3, 1.2
LEGEND = 24
COLOURS = {"kernel": ("#c9d4df", "#3a4855"), "uring": ("#f2c14e", "#8a6410"),
           "protocol": ("#a9d18e", "#3d6b2a"), "core": ("#f4a582", "#8f4523"),
           "cluster": ("#c5b0e0", "#5c4489"), "other": ("#e4e4e0", "#4d5156")}


def style():
    light = "".join(f"svg .floor-{floor} {{ fill: {colours[0]}; }} "
                    for floor, colours in COLOURS.items())
    dark = "".join(f"svg .floor-{floor} {{ fill: {colours[1]}; }} "
                   for floor, colours in COLOURS.items())
    return (f"<style>{light}@media (prefers-color-scheme: dark) {{ {dark}}} "
            "svg .frame { font: 10.5px monospace; }</style>")


def tree_of(folded):
    """{frame: [samples, tree of what it called]}."""
    root = {}
    for stack, count in folded.items():
        level = root
        for frame in stack.split(";"):
            node = level.setdefault(frame, [0, {}])
            node[0] += count
            level = node[1]
    return root


def placed(tree, whole, left=0.0, depth=0):
    """(frame, samples, x, width, depth) of each frame that can be seen."""
    for frame, (count, below) in sorted(tree.items()):
        width = WIDTH * count / whole
        if width >= WIDTH_MIN:
            yield frame, count, left, width, depth
            yield from placed(below, whole, left, depth=depth + 1)
        left += width


def words_in(name, width):
    room = int((width - 6) / LETTER)
    if room < 3:
        return ""
    return name if len(name) <= room else name[:room - 1] + "…"


def frame_parts(frame, count, x, width, depth, whole):
    floor, _, name = frame.partition(" ")
    y = LEGEND + depth * ROW
    share = f"{100 * count / whole:.1f} %, samples: {count}"
    yield (f'<g><title>{escape(f"{name} [{floor}]: {share}")}</title>'
           f'<rect x="{x:.1f}" y="{y}" width="{max(width - 0.6, 0.6):.1f}" height="{ROW - 1}" '
           f'class="floor-{floor}"/>')
    words = words_in(name, width)
    if words:
        yield svg.text(x + 3, y + 12, words, "frame")
    yield "</g>"


def legend_parts(folded):
    shares = stacks.floor_shares(folded)
    for index, floor in enumerate(stacks.FLOORS):
        x = index * 150
        yield f'<rect x="{x}" y="2" width="13" height="13" class="floor-{floor}"/>'
        yield svg.text(x + 18, 13, f"{floor} {100 * shares.get(floor, 0):.1f} %", "small")


def alone(title, folded):
    """A file of its own, without a page around it."""
    own = ("<style>text { fill: #1d2329; font: 12px sans-serif; } @media (prefers-color-scheme:"
           " dark) { text { fill: #e6e9ec; } svg { background: #14181c; } }</style>")
    return graph(title, folded).replace("</title>", f"</title>{own}", 1)


def graph(title, folded):
    whole = sum(folded.values())
    frames = list(placed(tree_of(folded), whole))
    height = LEGEND + (max((frame[4] for frame in frames), default=0) + 1) * ROW
    parts = [style(), *legend_parts(folded)]
    for frame in frames:
        parts.extend(frame_parts(*frame, whole))
    return svg.picture(title, height, parts, WIDTH)
