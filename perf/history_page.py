"""Draws how the ratios to Apache Kafka and the counts of instructions went over the commits that were
measured."""

import math

import svg
from page import Column, Page, number_of

HEIGHT, LEFT, RIGHT, BOTTOM = 120, 44, svg.WIDTH - 10, 30
# More words than these beneath a picture would run into each other.
LABELS_MAX = 6


def places(values):
    """A function from a value to its y, on a logarithmic axis, and the ticks of that."""
    low, high = min(values) / 1.2, max(values) * 1.2
    span = math.log(high / low)
    y = lambda value: 10 + (HEIGHT - 10) * (1 - math.log(value / low) / span)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if high / low < 50 else (1,)
    ticks = [step * 10.0 ** power for power in decades for step in steps
             if low <= step * 10.0 ** power <= high]
    return y, ticks if len(ticks) > 1 else sorted({min(values), max(values)})


def tick_words(tick):
    return f"{tick:,.0f}" if tick >= 1000 else f"{tick:.3g}"


def label_parts(labels, x):
    """The last always has its words, of the others some."""
    every = max(1, math.ceil(len(labels) / LABELS_MAX))
    for place, words in enumerate(labels):
        if (len(labels) - 1 - place) % every == 0:
            anchor = "end" if place == len(labels) - 1 >= LABELS_MAX else "middle"
            yield svg.text(x(place), HEIGHT + 16, words, "small", anchor)


def series(title, labels, points, unit, gate=None):
    """`points` are (value, low, high), None where that commit has none; `gate` is a dashed line."""
    svg.need_unit(unit, "value")
    known = [value for point in points if point for value in point if value]
    y, ticks = places([*known, *([gate] if gate else [])])
    x = lambda place: (LEFT + (RIGHT - LEFT) * (place + 0.5) / len(points))
    parts = []
    for tick in ticks:
        parts.append(svg.line(LEFT, y(tick), RIGHT, y(tick), "grid"))
        parts.append(svg.text(LEFT - 4, y(tick) + 4, tick_words(tick), "small", "end"))
    if gate:
        parts.append(f'<line x1="{LEFT}" y1="{y(gate):.1f}" x2="{RIGHT}" y2="{y(gate):.1f}"'
                     ' class="whisker" stroke-dasharray="3 2"/>')
    there = [(x(place), *point) for place, point in enumerate(points) if point and point[0]]
    for (x1, one, _, _), (x2, other, _, _) in zip(there, there[1:]):
        parts.append(svg.line(x1, y(one), x2, y(other), "one"))
    for at, value, low, high in there:
        if low and high:
            parts.append(svg.line(at, y(low), at, y(high), "whisker"))
        parts.append(f'<circle cx="{at:.1f}" cy="{y(value):.1f}" r="4" class="bar"/>')
    parts.extend(label_parts(labels, x))
    parts.append(svg.text(0, HEIGHT + BOTTOM + 4, f"{unit} (logarithmic); commits →", "axis"))
    return svg.picture(title, HEIGHT + BOTTOM + 12, parts)


def by_machine(lines):
    """{its facts as a tuple: lines}, quick and whole runs apart: others can't be compared."""
    found = {}
    for line in lines:
        found.setdefault((line["full"], *line["machine"].items()), []).append(line)
    return found


def ratio_pictures(lines):
    labels = [line["commit"] for line in lines]
    for name in dict.fromkeys(name for line in lines for name in line["targets"]):
        found = [line["targets"].get(name) for line in lines]
        last = [one for one in found if one][-1]
        points = [one and ratio_of(one) for one in found]
        if not any(point and point[0] for point in points):
            continue
        gate = last["gate_ratio"]
        says = f"Now {svg.short(ratio_of(last)[0])}×"
        says += f", gate {svg.short(gate)}× (dashed)." if gate else ", without a gate."
        yield name, series(name, labels, points, "times Kafka's", gate), says


def ratio_of(one):
    return tuple(one["ratio"][name] for name in ("median", "low", "high"))


def instruction_pictures(lines):
    labels = [line["commit"] for line in lines]
    for name in dict.fromkeys(name for line in lines for name in line["instructions"]):
        counts = [line["instructions"].get(name) for line in lines]
        points = [(count, None, None) if count else None for count in counts]
        yield name, series(name, labels, points, "instructions"), f"Now {counts[-1]:,}."


def write(lines, path):
    page = Page("Millrace over time", f"What {number_of(len(lines), 'measured commit')} took, each"
                " beside Apache Kafka in the same run."
                if lines else "No commit was measured yet.")
    for (full, *machine), found in by_machine(lines).items():
        page.heading(f"{'Whole' if full else 'Quick'} runs: {dict(machine)['processor']}")
        page.pictures(list(ratio_pictures(found)))
        page.table((Column("machine", words=True), Column("", words=True)), machine)
    if lines:
        page.heading("Instructions of the broker for a request")
        page.pictures(list(instruction_pictures(lines)))
    page.write(path)
