"""Draws pictures and pages of made-up figures and reads them back: well-formed, each axis with its
unit, and nothing of the figures' names taken for markup."""

import re
import unittest
import xml.etree.ElementTree as xml

from driver import run_tests
import svg
from page import Column, Page

SPACE = "{http://www.w3.org/2000/svg}"
NASTY = 'a <b> & "c" \'d\' </svg>'


def texts(picture, kind=None):
    root = xml.fromstring(picture)
    return ["".join(node.itertext()) for node in root.iter(f"{SPACE}text")
            if kind is None or kind in node.get("class").split()]


def bars():
    return [svg.Bar("one", 2.5, 2.0, 3.0, "note"), svg.Bar("two", 0.5), svg.Bar("none", None)]


class Bars(unittest.TestCase):
    def test_are_well_formed_and_their_axis_has_a_unit(self):
        picture = svg.ratio_bars("title", bars(), "this / that, MB/s")
        self.assertEqual(texts(picture, "axis"), ["this / that, MB/s (times, logarithmic)"])
        self.assertIn("2.50×", texts(picture, "value"))

    def test_without_a_unit_are_refused(self):
        for unit in ("", " ", None):
            with self.assertRaises(ValueError):
                svg.ratio_bars("title", bars(), unit)

    def test_a_bar_without_a_value_says_so(self):
        self.assertIn("not possible here", texts(svg.ratio_bars("t", bars(), "x / y")))

    def test_stay_inside_the_picture(self):
        for ratios in ([1], [0.001, 1000], [1.01], [5, 7], [0.2, 0.3]):
            picture = svg.ratio_bars("t", [svg.Bar("b", r, r, r) for r in ratios], "x / y")
            for rect in xml.fromstring(picture).iter(f"{SPACE}rect"):
                left, width = float(rect.get("x")), float(rect.get("width"))
                self.assertGreaterEqual(left, 0)
                self.assertLessEqual(left + width, svg.WIDTH)

    def test_the_words_at_a_tick_are_not_cut_off(self):
        picture = svg.ratio_bars("t", [svg.Bar("b", 1, 0.55, 9)], "x / y")
        ticks = {node.text: (float(node.get("x")), node.get("text-anchor"))
                 for node in xml.fromstring(picture).iter(f"{SPACE}text")}
        self.assertEqual(ticks["0.5×"][1], "start")
        self.assertEqual(ticks["5×"][1], "middle")

    def test_a_long_note_gets_a_line_of_its_own(self):
        low = svg.ratio_bars("t", [svg.Bar("l", 2, note="n")], "x / y")
        high = svg.ratio_bars("t", [svg.Bar("l" * 40, 2, note="n" * 30)], "x / y")
        height = lambda picture: int(xml.fromstring(picture).get("viewBox").split()[3])
        self.assertEqual(height(high) - height(low), svg.NOTE_LINE)

    def test_no_bars_at_all_are_a_picture(self):
        xml.fromstring(svg.ratio_bars("t", [], "x / y"))


class Heat(unittest.TestCase):
    def picture(self, **changed):
        units = {"unit": "MB/s", "column_unit": "bytes", "row_unit": "pattern", **changed}
        return svg.heat_map("title", ["4k", "64k"], ["sequential", "random"],
                            [[100, 2000], [3.3, None]], **units)

    def test_is_well_formed_and_each_axis_has_a_unit(self):
        self.assertEqual(texts(self.picture(), "axis"),
                         ["pattern ↓", "bytes →", "in each field: MB/s"])
        self.assertEqual(texts(self.picture(), "cell"), ["100", "2000", "3.30", "–"])

    def test_without_a_unit_is_refused(self):
        for axis in ("unit", "column_unit", "row_unit"):
            with self.assertRaises(ValueError):
                self.picture(**{axis: ""})

    def test_more_is_darker(self):
        shades = [float(rect.get("fill-opacity"))
                  for rect in xml.fromstring(self.picture()).iter(f"{SPACE}rect")]
        self.assertGreater(shades[1], shades[0])
        self.assertGreater(shades[0], shades[2])
        self.assertEqual(shades[3], 0)

    def test_equal_figures_are_a_picture(self):
        xml.fromstring(svg.heat_map("t", ["a"], ["b"], [[5]], "MB/s", "bytes", "pattern"))


class Escaping(unittest.TestCase):
    def test_names_are_no_markup_in_pictures(self):
        for picture in (svg.ratio_bars(NASTY, [svg.Bar(NASTY, 2, note=NASTY)], NASTY),
                        svg.heat_map(NASTY, [NASTY], [NASTY], [[1]], NASTY, NASTY, NASTY)):
            self.assertIn(NASTY, texts(picture, "label"))

    def test_names_are_no_markup_in_pages(self):
        page = Page(NASTY, NASTY)
        page.heading(NASTY)
        page.paragraph(NASTY)
        page.pictures([(NASTY, svg.ratio_bars("t", bars(), "x / y"), NASTY)])
        page.table([Column(NASTY, words=True), Column("n", NASTY)], [[NASTY, NASTY]], NASTY)
        page.machine([(NASTY, NASTY)], [NASTY])
        self.assertNotIn("<b>", page.html())
        body = re.search(r"<body>.*</body>", page.html(), re.S).group(0)
        xml.fromstring(body)


class Pages(unittest.TestCase):
    def test_need_nothing_from_elsewhere(self):
        page = Page("t", "l")
        page.pictures([("h", svg.ratio_bars("t", bars(), "x / y"), "s")])
        html = page.html().replace("http://www.w3.org/2000/svg", "")
        self.assertNotRegex(html, r"https?:|<script|<link|@import|url\(")

    def test_a_column_of_figures_has_a_unit(self):
        with self.assertRaises(ValueError):
            Column("rate")

    def test_a_row_has_a_field_for_each_column(self):
        with self.assertRaises(ValueError):
            Page("t", "l").table([Column("a", "s")], [[1, 2]])


class Numbers(unittest.TestCase):
    def test_have_three_digits_that_matter(self):
        for value, words in ((None, "–"), (0, "0"), (5814.2, "5810"), (47.25, "47.2"),
                             (1.304, "1.30"), (0.0521, "0.052"), (123, "123"), (999.9, "1000")):
            self.assertEqual(svg.short(value), words)


if __name__ == "__main__":
    run_tests()
