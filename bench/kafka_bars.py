"""Bars of ratios, each with its gate as a dashed line beside it."""

import svg
from kafka_workloads import OURS, THEIRS

# A ratio that is drawn; one that is less would leave the others no room.
RATIO_MIN = 0.001


def name_of(target):
    return f"{target['id']} {target['words']}"


def gate_words(target):
    if target["gate"] is None:
        return "none"
    bound = "at least" if target["more_is_better"] else "at most"
    if target["is_absolute"]:
        return f"{bound} {svg.short(target['gate'])} {target['unit']}"
    return f"{bound} {svg.short(target['gate'])}×"


def bar_of(target):
    ratio = {name: max(value, RATIO_MIN) for name, value in target["ratio"].items()}
    note = (f"{svg.short(target[OURS]['median'])} / {svg.short(target[THEIRS]['median'])}"
            f" {target['unit']}, gate {gate_words(target)}")
    return svg.Bar(name_of(target), ratio["median"], ratio["low"], ratio["high"], note)


def gated_bar(scale, bar, gate, top):
    """A bar with its gate as a dashed line; the figure stands behind both."""
    *drawn, _ = svg.bar_parts(scale, bar, top, svg.NOTE_LINE)
    yield from drawn
    top, behind = top + svg.NOTE_LINE, scale.x(max(bar.high, 1, gate or 0)) + 6
    if gate:
        x = scale.x(gate)
        yield (f'<line x1="{x:.1f}" y1="{top + 16}" x2="{x:.1f}" y2="{top + 36}" class="whisker"'
               ' stroke-dasharray="3 2"/>')
    yield svg.text(behind, top + 30, f"{svg.short(bar.value)}×", "value")


def gate_bars(title, measured, unit):
    """Bars of ratios as those of svg.ratio_bars, each with its gate as a dashed line."""
    svg.need_unit(unit, "ratio")
    bars = [bar_of(target) for target in measured]
    gates = [target["gate_ratio"] for target in measured]
    values = [value for bar in bars for value in (bar.value, bar.low, bar.high) if value]
    scale = svg.LogScale([*values, *filter(None, gates)], 4, svg.WIDTH - 52)
    row = svg.BAR_ROW + svg.NOTE_LINE
    bottom = len(bars) * row + 6
    parts = list(ticks(scale, bottom))
    for index, (bar, gate) in enumerate(zip(bars, gates)):
        parts.extend(gated_bar(scale, bar, gate, index * row))
    parts.append(svg.text(0, bottom + 32, f"{unit} (times, logarithmic)", "axis"))
    return svg.picture(title, bottom + 40, parts)


def ticks(scale, bottom):
    for tick in scale.ticks():
        x = scale.x(tick)
        yield svg.line(x, 0, x, bottom, "one" if tick == 1 else "grid")
        anchor = "start" if x < svg.TICK_HALF else "middle"
        yield svg.text(x, bottom + 14, f"{tick:g}×", "small", anchor)
