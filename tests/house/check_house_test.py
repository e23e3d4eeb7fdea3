"""Plants each violation of the house rules in a small tree and expects exactly it to be found, so
that a rule which no longer sees anything is noticed."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import check_house  # noqa: E402

OPENING = "// What this file is for.\n"
CLEAN = {
    "README.md": "# A tree\n",
    "core/README.md": "# core\n",
    "protocol/README.md": "# protocol\n",
    "uring/README.md": "# uring\n",
    "cluster/README.md": "# cluster\n",
    "core/base/a.hpp": OPENING,
    "core/base/a.cpp": '#include "core/base/a.hpp"\n',
    "core/storage/b.hpp": OPENING + '#include "core/base/a.hpp"\n',
    "core/runtime/world.hpp": OPENING + "using X = boost::asio::execution_context;\n",
    "protocol/wire.hpp": OPENING + '#include "core/base/a.hpp"\n#include <vector>\n',
    "uring/ring.hpp": OPENING + '#include "core/base/a.hpp"\nstd::thread t;\n',
    "cluster/handlers/h.hpp": OPENING + '#include "protocol/wire.hpp"\n',
    "cluster/brokerd/main.cpp":
        OPENING + '#include "uring/ring.hpp"\n#include "cluster/handlers/h.hpp"\n',
    "tests/core/base/a_test.cpp": '#include "uring/ring.hpp"\n',
}


class House(unittest.TestCase):
    def findings(self, planted):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for path, text in {**CLEAN, **planted}.items():
                if text is None:
                    continue
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            results = check_house.check(root)
        return [finding for findings in results.values() for finding in findings]

    def expect(self, rule, path, text):
        found = self.findings({path: text})
        self.assertEqual([(f.rule, f.path) for f in found], [(rule, path)], found)

    def expect_clean(self, path, text):
        self.assertEqual(self.findings({path: text}), [])

    def test_a_clean_tree_has_no_finding(self):
        self.assertEqual(self.findings({}), [])

    def test_each_floor_includes_only_what_is_below(self):
        for path, target in [
            ("core/base/x.hpp", "protocol/wire.hpp"),
            ("core/base/x.hpp", "uring/ring.hpp"),
            ("core/base/x.hpp", "cluster/handlers/h.hpp"),
            ("protocol/x.hpp", "cluster/handlers/h.hpp"),
            ("protocol/x.hpp", "uring/ring.hpp"),
            ("uring/x.hpp", "protocol/wire.hpp"),
            ("cluster/groups/x.hpp", "uring/ring.hpp"),
            ("core/base/x.hpp", "tests/core/helper.hpp"),
            ("core/base/x.hpp", "bench/load.hpp"),
            ("core/base/x.hpp", "a.hpp"),
        ]:
            with self.subTest(path=path, target=target):
                found = self.findings({path: OPENING + f'#include "{target}"\n'})
                self.assertIn(("floors", path), [(f.rule, f.path) for f in found])

    def test_only_main_sees_both_the_ring_and_the_cluster(self):
        both = OPENING + '#include "uring/ring.hpp"\n#include "cluster/handlers/h.hpp"\n'
        self.expect("floors", "cluster/brokerd/other.cpp", both)

    def test_rooms_are_ordered(self):
        self.expect("rooms", "core/base/x.hpp", OPENING + '#include "core/storage/b.hpp"\n')
        self.expect("rooms", "core/config/x.hpp", OPENING + '#include "core/runtime/world.hpp"\n')
        self.expect("rooms", "cluster/coordination/x.hpp",
                    OPENING + '#include "cluster/handlers/h.hpp"\n')
        self.expect("rooms", "core/attic/x.hpp", OPENING)
        self.expect("rooms", "core/x.hpp", OPENING)

    def test_include_cycles_are_found(self):
        found = self.findings({
            "core/base/x.hpp": OPENING + '#include "core/base/y.hpp"\n',
            "core/base/y.hpp": OPENING + '#include "core/base/x.hpp"\n',
        })
        self.assertEqual([f.rule for f in found], ["cycles"])

    def test_domain_code_has_no_world_of_its_own(self):
        for line in ["std::thread t;", "std::mutex m;", "auto t = std::chrono::steady_clock::now();",
                     "std::random_device d;", 'getenv("X");', 'int fd = ::open("x", 0);',
                     "::fsync(fd);", "std::ifstream in;"]:
            with self.subTest(line=line):
                self.expect("domain words", "core/storage/x.hpp", OPENING + line + "\n")
                self.expect_clean("uring/x.hpp", OPENING + line + "\n")

    def test_words_in_comments_and_strings_are_free(self):
        self.expect_clean("core/base/x.hpp",
                          OPENING + '// std::thread\n/* std::mutex */ auto s = "getenv";\n')

    def test_methods_of_our_own_may_be_called_open(self):
        self.expect_clean("core/storage/x.hpp", OPENING + "auto f = Segment::open(x);\n")

    def test_asio_stays_in_four_headers(self):
        self.expect("asio", "core/runtime/x.hpp", OPENING + "boost::asio::awaitable<int> f();\n")

    def test_no_hash_container_is_keyed_by_a_pointer(self):
        for key in ("Tail*", "const Tail*", "a::Tail const *"):
            self.expect("pointer keys", "core/storage/x.hpp",
                        OPENING + f"boost::unordered_flat_map<{key}, int> m;\n")
        self.expect_clean("core/storage/x.hpp",
                          OPENING + "boost::unordered_flat_map<int, Tail*> m;\n")

    def test_unfinished_work_is_not_left_in_the_tree(self):
        for word in ("TO" + "DO", "FIX" + "ME", "X" + "XX"):
            self.expect("unfinished", "tests/core/base/a_test.cpp", f"// {word} later\n")

    def test_paths_of_one_machine_are_found(self):
        self.expect("one machine", "README.md", "see /ho" + "me/someone/notes\n")
        self.expect("one machine", "README.md", "from http://mirror.inter" + "nal/x\n")

    def test_long_files_are_found(self):
        self.expect("size", "core/base/x.hpp", OPENING + "int a;\n" * 600)
        self.expect_clean("core/base/x.hpp", OPENING + "int a;\n" * 599)

    def test_long_cpp_functions_are_found(self):
        for head in ["void f() ", "namespace n {\nclass A {\npublic:\n    A() : a_{1}, b_{2} ",
                     "TEST(A, B) ", "Result<X> A::f(int a = 3) const noexcept ",
                     "bool operator==(const A& a, const A& b) ", "struct A g(int x) ",
                     "template <class T>\n    requires C<T>\nT f(T x) "]:
            with self.subTest(head=head):
                tail = "};\n}\n" if head.startswith("namespace") else ""
                text = OPENING + head.rsplit("\n", 1)[0] + "\n" if "\n" in head else OPENING
                last = head.rsplit("\n", 1)[-1]
                lines_before = head.count("\n") if head.startswith("template") else 0
                longer = "{\n" + "    f();\n" * (69 - lines_before) + "}\n"
                shorter = "{\n" + "    f();\n" * (68 - lines_before) + "}\n"
                self.expect("size", "core/base/x.hpp", text + last + longer + tail)
                self.expect_clean("core/base/x.hpp", text + last + shorter + tail)

    def test_tables_and_classes_may_be_long(self):
        self.expect_clean("core/base/x.hpp",
                          OPENING + "constexpr int kTable[] = {\n" + "    1,\n" * 90 + "};\n")
        self.expect_clean("core/base/x.hpp",
                          OPENING + "const auto kTable = make<A>({\n" + "    {1},\n" * 90 + "});\n")
        self.expect_clean("core/base/x.hpp",
                          OPENING + "class A {\n" + "    void f() { g(); }\n" * 90 + "};\n")
        self.expect_clean("core/base/x.hpp",
                          OPENING + "template <class T>\nstruct A {\n" + "    int f();\n" * 90 + "};\n")

    def test_long_script_functions_are_found(self):
        self.expect("size", "tests/x.py", '"""For."""\ndef f():\n' + "    g()\n" * 70)
        self.expect_clean("tests/x.py", '"""For."""\ndef f():\n' + "    g()\n" * 69)
        self.expect("size", "bin/x", "#!/bin/bash\n# For.\nf() {\n" + "    g\n" * 69 + "}\n")

    def test_files_open_with_what_they_are_for(self):
        self.expect("opening", "core/base/x.hpp", "#pragma once\n")
        self.expect("opening", "core/base/x.cpp", "#include <vector>\n")
        self.expect("opening", "tests/x.py", "import os\n")
        self.expect("opening", "bin/x", "#!/bin/bash\nset -e\n")
        self.expect("opening", "core/CMakeLists.txt", "add_library(a)\n")

    def test_the_top_level_is_fixed(self):
        self.expect("top level", "attic", "x\n")

    def test_a_floor_has_its_page(self):
        self.expect("readme", "core/README.md", None)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - min(bad, result.testsRun)} passed, {bad} failed")
    sys.exit(1 if bad else 0)
