"""Writes the page of a harness: one file with all that it shows, which needs no network and no
script, in light and dark, on a telephone and on a wide screen."""

from html import escape
from pathlib import Path

STYLE = """
:root { color-scheme: light dark; --paper: #fcfcfa; --ink: #1d2329; --soft: #5b6570;
  --rule: #d9dde1; --fill: #2f6fb4; --under: #c2571a; --card: #f1f3f4; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181c; --ink: #e6e9ec; --soft: #9aa5b0;
  --rule: #343c44; --fill: #5b9ee6; --under: #e8884a; --card: #1d2329; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 16px 12px 48px; max-width: 1360px; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6em; line-height: 1.2; margin: .4em 0; }
h2 { font-size: 1.2em; margin: 2em 0 .4em; padding-top: .4em; border-top: 1px solid var(--rule); }
h3 { font-size: 1em; margin: 0 0 .3em; }
h3.part { margin-top: 1.6em; }
p { max-width: 75ch; margin: .5em 0; }
.soft { color: var(--soft); }
.pictures { display: grid; margin-top: .8em; gap: 28px 40px; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 520px), 1fr)); }
figure { margin: 0; max-width: 600px; }
figcaption { margin-top: .4em; }
svg { display: block; width: 100%; height: auto; font: 12px system-ui, "DejaVu Sans", sans-serif; }
svg text { fill: var(--ink); }
svg .small, svg .axis { fill: var(--soft); font-size: 11px; }
svg .axis { font-style: italic; }
svg .value { font-weight: 600; }
svg .label, svg .small, svg .value { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
svg .cell { font-size: 11px; }
svg .bar { fill: var(--fill); }
svg .under { fill: var(--under); }
svg .heat { fill: var(--fill); stroke: var(--rule); stroke-width: .5; }
svg .grid { stroke: var(--rule); }
svg .one { stroke: var(--soft); }
svg .whisker { stroke: var(--ink); stroke-width: 1.4; }
.scroll { overflow-x: auto; border: 1px solid var(--rule); overflow-wrap: normal; }
.wide svg { min-width: 900px; }
table { border-collapse: collapse; font-size: .85em; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 9px; text-align: right; white-space: nowrap; }
th { background: var(--card); vertical-align: bottom; }
th small { font-weight: 400; color: var(--soft); display: block; }
tr + tr td { border-top: 1px solid var(--rule); }
td.words, th.words { text-align: left; }
dl { display: grid; grid-template-columns: minmax(7em, max-content) 1fr; gap: 2px 16px;
  background: var(--card); padding: 10px 14px; margin: .6em 0; }
dt { color: var(--soft); }
dd { margin: 0; }
@media (max-width: 600px) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 6px; } }
summary { cursor: pointer; margin: .5em 0; }
"""


def number_of(count, noun):
    return f"{count} {noun}{'' if count == 1 else 's'}"


def counted(pairs):
    """A sentence for each (count, words) of something that happened."""
    return (f"{words}: {count}." for count, words in pairs if count)


class Column:
    """A column of a table: words, or figures in a unit."""

    def __init__(self, name, unit=None, words=False):
        if not words and not unit:
            raise ValueError(f"the column {name} has no unit")
        self.name, self.unit, self.words = name, unit, words

    def head(self):
        unit = "" if self.words else f"<small>{escape(self.unit)}</small>"
        return f"<th{self.kind()}>{escape(self.name)}{unit}</th>"

    def kind(self):
        return ' class="words"' if self.words else ""


class Page:
    """Gathers its parts in the order in which they are to be read. All text is escaped; a picture
    is what svg.py made."""

    def __init__(self, title, lead):
        self.title = title
        self.parts = [f"<h1>{escape(title)}</h1>", f"<p>{escape(lead)}</p>"]

    def heading(self, words):
        self.parts.append(f"<h2>{escape(words)}</h2>")

    def subheading(self, words):
        self.parts.append(f'<h3 class="part">{escape(words)}</h3>')

    def paragraph(self, words, soft=False):
        kind = ' class="soft"' if soft else ""
        self.parts.append(f"<p{kind}>{escape(words)}</p>")

    def pictures(self, pictures):
        """(heading, svg, what it says) of each; side by side where there is room."""
        figures = [f"<figure><h3>{escape(heading)}</h3>{svg}"
                   f"<figcaption>{escape(says)}</figcaption></figure>"
                   for heading, svg, says in pictures]
        self.parts.append(f'<div class="pictures">{"".join(figures)}</div>')

    def wide_picture(self, heading, picture, says):
        """For what can't be made narrow: it is moved sideways on a telephone."""
        self.parts.append(f'<h3>{escape(heading)}</h3><div class="scroll wide">{picture}</div>'
                          f'<p class="soft">{escape(says)}</p>')

    def table(self, columns, rows, folded=None):
        """`folded` is the line that opens a long table."""
        head = "".join(column.head() for column in columns)
        body = []
        for row in rows:
            if len(row) != len(columns):
                raise ValueError(f"{len(row)} fields for {len(columns)} columns")
            fields = (f"<td{column.kind()}>{escape(str(field))}</td>"
                      for column, field in zip(columns, row))
            body.append(f"<tr>{''.join(fields)}</tr>")
        table = (f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
                 f"<tbody>{''.join(body)}</tbody></table></div>")
        if folded:
            table = f"<details><summary>{escape(folded)}</summary>{table}</details>"
        self.parts.append(table)

    def machine(self, facts, caveats):
        """Where it was measured, as (name, value), and what to keep in mind, as sentences."""
        self.heading("Machine and caveats")
        terms = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>"
                        for name, value in facts)
        self.parts.append(f"<dl>{terms}</dl>")
        items = "".join(f"<li>{escape(caveat)}</li>" for caveat in caveats)
        self.parts.append(f"<ul>{items}</ul>" if items else "")

    def html(self):
        return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8"/>'
                '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
                f"<title>{escape(self.title)}</title><style>{STYLE}</style></head>\n"
                "<body>" + "\n".join(self.parts) + "</body></html>\n")

    def write(self, path):
        Path(path).write_text(self.html(), encoding="utf-8")
