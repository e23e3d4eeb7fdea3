"""Folds samples as perf prints them, and draws flame graphs and ways of bytes: each frame and arrow
as wide as its share, and nothing of the names taken for markup."""

import unittest
import xml.etree.ElementTree as xml
from collections import Counter
from unittest import mock

from driver import run_tests
import byte_path
import flame
import stacks

SAMPLES = """\
millrace 
\tffffffff81b6ccb0 _copy_to_iter ([kernel.kallsyms])
\tffffffff82013520 tcp_recvmsg ([kernel.kallsyms])
\t          3d1f5d millrace::(anonymous namespace)::Mapping::resident (/opt/millrace)
\t          147298 main (/opt/millrace)

millrace 
\tffffffff82005440 tcp_v4_rcv ([kernel.kallsyms])
\tffffffff816b9ea6 do_sendfile ([kernel.kallsyms])
\t           fc80a sendfile (/usr/lib/x86_64-linux-gnu/libc.so.6)
\t          147298 main (/opt/millrace)

millrace 
\tffffffff81000c82 asm_exc_page_fault ([kernel.kallsyms])
\tffffffff81b6ccb0 _copy_to_iter ([kernel.kallsyms])
\t            2b95 [unknown] (/usr/lib/x86_64-linux-gnu/liburing.so.2.3)
\t          147298 main (/opt/millrace)
"""


class Stacks(unittest.TestCase):
    def folded(self):
        floors = {0x3d1f5d: "uring", 0x147298: "cluster"}
        with mock.patch.object(stacks, "floors_of", return_value=floors):
            return stacks.folded(SAMPLES, "/opt/millrace")

    def test_are_folded_from_the_root_with_the_floor_of_each_frame(self):
        self.assertEqual(self.folded(), {
            "cluster main;uring Mapping::resident;kernel tcp_recvmsg;kernel _copy_to_iter": 1,
            "cluster main;other sendfile;kernel do_sendfile;kernel tcp_v4_rcv": 1,
            "cluster main;other [liburing.so.2.3];kernel _copy_to_iter;kernel asm_exc_page_fault":
                1})

    def test_copying_is_told_with_and_without_the_faults_in_it(self):
        own, below = stacks.copy_shares(self.folded())
        self.assertAlmostEqual(own, 1 / 3)
        self.assertAlmostEqual(below, 2 / 3)

    def test_samples_that_hide_the_kernel_are_told_from_those_without_copies(self):
        for stack, sees in (("core a;kernel b", True), ("core a;kernel [[kernel.kallsyms]]", False),
                            ("core a", False)):
            self.assertEqual(stacks.sees_kernel({stack: 1}), sees)

    def test_a_copy_inside_sendfile_is_seen(self):
        self.assertEqual(stacks.sending_pages(self.folded()), (1, 0))
        lying = {"kernel do_sendfile;kernel memcpy": 2}
        self.assertEqual(stacks.sending_pages(lying), (2, 2))

    def test_names_lose_what_makes_them_long(self):
        for symbol, name in (
                ("millrace::(anonymous namespace)::Mapping::resident", "Mapping::resident"),
                ("millrace::PartitionLog::append(millrace::Batch) [clone .actor]",
                 "PartitionLog::append"),
                ("f<a<b>, c>::{lambda(void*)#1}::_FUN", "f::lambda::_FUN"),
                ("do_sendfile", "do_sendfile")):
            self.assertEqual(stacks.simple_name(symbol), name)

    def test_a_function_stands_on_the_floor_of_its_source(self):
        for path, floor in (("/src/core/storage/log.cpp", "core"),
                            ("/core/millrace/uring/ring.cpp", "uring"),
                            ("/usr/include/boost/core/ref.hpp", "other"), ("??", "other")):
            self.assertEqual(stacks.floor_of_source(path), floor)

    def test_what_is_inlined_belongs_to_what_it_is_inlined_into(self):
        text = "0x10\n/usr/include/a.h:3\n/x/core/b.cpp:9\n0x20\n??:0\n"
        self.assertEqual(stacks.outermost_sources(text), {0x10: "/x/core/b.cpp", 0x20: "??"})


class Flame(unittest.TestCase):
    def test_a_frame_is_as_wide_as_its_share_and_nothing_is_markup(self):
        picture = flame.graph("t", {"core a<b>;kernel c": 3, "core a<b>": 1, "other d": 4})
        rects = list(xml.fromstring(picture).iter("{http://www.w3.org/2000/svg}rect"))
        widths = Counter(rect.get("width") for rect in rects
                         if float(rect.get("y")) >= flame.LEGEND)
        self.assertEqual(widths, {"599.4": 2, "449.4": 1})
        self.assertIn("a&lt;b&gt; [core]: 50.0 %, samples: 4", picture)

    def test_words_stay_inside_their_frame(self):
        for width in (5, 30, 100):
            self.assertLessEqual(len(flame.words_in("a" * 50, width)) * flame.LETTER, width)

    def test_a_frame_that_can_not_be_seen_is_left_out(self):
        self.assertNotIn("tiny", flame.graph("t", {"core big": 9999, "core tiny": 1}))


class Paths(unittest.TestCase):
    def test_are_well_formed_and_say_the_copies_of_each_step(self):
        picture = byte_path.picture("t", {"memory": 5, "read": 10**6, "sendfile": 10**9}, 10**9)
        words = ["".join(node.itertext()) for node in
                 xml.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]
        for expected in ("sendfile 1.00 GB", "read 1.0 MB", "memory 0.0 kB", "0 copies", "1 copy"):
            self.assertIn(expected, words)

    def test_an_arrow_is_as_wide_as_its_bytes(self):
        self.assertEqual(byte_path.thickness(100, 100), byte_path.WIDEST)
        self.assertEqual(byte_path.thickness(50, 100), byte_path.WIDEST / 2)
        self.assertEqual(byte_path.thickness(1, 10**9), byte_path.NARROWEST)

    def test_nothing_delivered_is_a_picture(self):
        xml.fromstring(byte_path.picture("t", {}, None))


if __name__ == "__main__":
    run_tests()
