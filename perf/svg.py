"""Draws the pictures of the harnesses' pages as SVG: ratios as bars, and figures as a heat map.
The colours are the page's variables, so that one picture serves light and dark. Each axis has a
unit."""

import math
from collections import namedtuple
from html import escape

# `low` and `high` are the ends of the whisker; `note` stands beside the label.
Bar = namedtuple("Bar", "label value low high note", defaults=(None, None, ""))

# A picture is as wide as the narrowest page and grows with it: text stays readable either way.
WIDTH = 420
LABEL_WIDTH = 112
BAR_ROW = 46
NOTE_LINE = 14
# The widest that a character of a label and of a note gets.
LABEL_CHARACTER, NOTE_CHARACTER = 7.4, 6.8
HEAT_ROW = 26
# Half the width of the words at a tick.
TICK_HALF = 16


def short(value):
    """Three digits that matter: 0.052, 1.30, 47.2, 5810; and no more than there are of a count."""
    if value is None:
        return "–"
    if value == 0 or (isinstance(value, int) and abs(value) < 1000):
        return f"{value:.0f}"
    digits = 2 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    return f"{rounded:.{max(0, min(digits, 3))}f}" if digits > 0 else f"{rounded:.0f}"


def text(x, y, words, kind="", anchor="start"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">'
            f"{escape(str(words))}</text>")


def line(x1, y1, x2, y2, kind):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>')


def picture(title, height, parts, width=WIDTH):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
            f"<title>{escape(title)}</title>{''.join(parts)}</svg>")


def need_unit(unit, axis):
    if not unit or not unit.strip():
        raise ValueError(f"the {axis} axis has no unit")
    return unit


class LogScale:
    """Places ratios between two x: half and double are equally far from one."""

    def __init__(self, values, left, right):
        low, high = min([1, *values]), max([1, *values])
        # Room beside the outermost value, and at least a factor of two either way in all.
        self.low, self.high = low / 1.15, max(high * 1.15, low * 2)
        self.left, self.right = left, right

    def x(self, value):
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.left + share * (self.right - self.left)

    def ticks(self):
        """1, 2, 5, 10 and so on; only the powers of ten once there would be more than seven."""
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for steps in ((1, 2, 5), (1,)):
            ticks = [step * 10.0 ** power for power in decades for step in steps
                     if self.low <= step * 10.0 ** power <= self.high]
            if len(ticks) <= 7:
                break
        return ticks


def notes_need_a_line(bars):
    """Whether a note would run into its label."""
    return any(LABEL_CHARACTER * len(bar.label) + NOTE_CHARACTER * len(bar.note) > WIDTH - 10
               for bar in bars)


def bar_parts(scale, bar, top, note_line):
    yield text(0, top + 12, bar.label, "label")
    if bar.note and note_line:
        yield text(0, top + 12 + note_line, bar.note, "small")
    elif bar.note:
        yield text(WIDTH, top + 12, bar.note, "small", "end")
    top += note_line
    if bar.value is None:
        yield text(0, top + 31, "not possible here", "small")
        return
    one, end = sorted((scale.x(1), scale.x(bar.value)))
    kind = "bar" if bar.value >= 1 else "bar under"
    yield (f'<rect x="{one:.1f}" y="{top + 19}" width="{max(end - one, 1):.1f}" height="14" '
           f'class="{kind}"/>')
    outermost = scale.x(bar.value)
    if bar.low is not None:
        y = top + 26
        yield line(scale.x(bar.low), y, scale.x(bar.high), y, "whisker")
        for edge in (bar.low, bar.high):
            yield line(scale.x(edge), y - 4, scale.x(edge), y + 4, "whisker")
        outermost = scale.x(bar.high)
    yield text(max(outermost, scale.x(1)) + 6, top + 30, f"{short(bar.value)}×", "value")


def ratio_bars(title, bars, unit):
    """Horizontal bars that begin at one, on a logarithmic axis; `unit` says what the ratio is of."""
    need_unit(unit, "ratio")
    values = [v for bar in bars for v in (bar.value, bar.low, bar.high) if v]
    scale = LogScale(values, 4, WIDTH - 52)
    note_line = NOTE_LINE if notes_need_a_line(bars) else 0
    bottom = len(bars) * (BAR_ROW + note_line) + 6
    parts = []
    for tick in scale.ticks():
        x, kind = scale.x(tick), "one" if tick == 1 else "grid"
        parts.append(line(x, 0, x, bottom, kind))
        # What stands at the edge would be cut off if it were centred.
        anchor = "start" if x < TICK_HALF else "middle"
        parts.append(text(x, bottom + 14, f"{tick:g}×", "small", anchor))
    for index, bar in enumerate(bars):
        parts.extend(bar_parts(scale, bar, index * (BAR_ROW + note_line), note_line))
    parts.append(text(0, bottom + 32, f"{unit} (times, logarithmic)", "axis"))
    return picture(title, bottom + 40, parts)


def heat_parts(values, left, top, width):
    """Shades by the logarithm, since the figures span powers of ten."""
    known = [value for row in values for value in row if value]
    low, high = (min(known), max(known)) if known else (1, 1)
    span = math.log(high / low) or 1
    for r, row in enumerate(values):
        for c, value in enumerate(row):
            x, y = left + c * width, top + r * HEAT_ROW
            shade = 0.06 + 0.54 * math.log(value / low) / span if value else 0
            yield (f'<rect x="{x + 1:.1f}" y="{y + 1:.1f}" width="{width - 2:.1f}" '
                   f'height="{HEAT_ROW - 2}" class="heat" fill-opacity="{shade:.2f}"/>')
            yield text(x + width / 2, y + 17, short(value), "cell", "middle")


def heat_map(title, columns, rows, values, unit, column_unit, row_unit):
    """`values[row][column]`, None where there is none; darker is more."""
    need_unit(unit, "value")
    need_unit(column_unit, "column")
    need_unit(row_unit, "row")
    width = min((WIDTH - LABEL_WIDTH) / max(len(columns), 1), 90)
    top = 38
    parts = [text(0, 12, f"{row_unit} ↓", "axis"),
             text(LABEL_WIDTH, 12, f"{column_unit} →", "axis")]
    for c, column in enumerate(columns):
        parts.append(text(LABEL_WIDTH + (c + 0.5) * width, 31, column, "small", "middle"))
    for r, row in enumerate(rows):
        parts.append(text(0, top + r * HEAT_ROW + 17, row, "label"))
    parts.extend(heat_parts(values, LABEL_WIDTH, top, width))
    bottom = top + len(rows) * HEAT_ROW
    parts.append(text(LABEL_WIDTH, bottom + 16, f"in each field: {unit}", "axis"))
    return picture(title, bottom + 24, parts)
