"""Checks the rules of the house: which floor may include which, words that domain code may not use,
sizes, opening comments, READMEs. Prints one line per finding and fails when there is any; there is
no list of exceptions."""

import ast
import re
import sys
from collections import namedtuple
from pathlib import Path

Finding = namedtuple("Finding", "path line rule text")

TOP_LEVEL = set(
    """CMakeLists.txt CMakePresets.json LICENSE README.md .gitignore .clang-format .clang-tidy .ci
    dev bin config docs packaging core uring protocol cluster bench tests perf
    .git build .cache""".split()
)
SKIPPED_FOLDERS = {".git", "build", "__pycache__", ".cache"}
FLOORS_WITH_README = ("core", "protocol", "uring", "cluster", "bench", "perf")

# What each floor may include; cluster/brokerd is a floor of its own here, on top of all.
ALLOWED = {
    "core": {"core"},
    "protocol": {"protocol", "core"},
    "uring": {"uring", "core"},
    "cluster": {"cluster", "core", "protocol"},
    "brokerd": {"brokerd", "cluster", "core", "protocol", "uring"},
}
COMPOSITION_ROOT = "cluster/brokerd/main.cpp"

# Rooms from the lowest to the highest; those on one line are equals.
ROOMS = {
    "core": [["base"], ["config"], ["observe"], ["runtime"], ["storage"]],
    "cluster": [
        ["coordination"],
        ["replication"],
        ["groups"],
        ["tools"],
        ["handlers", "server"],
        ["brokerd"],
    ],
}

ASIO_HEADERS = {f"core/runtime/{name}.hpp" for name in ("world", "executor", "operation", "task")}

# In domain code: everything that would make a run depend on more than its inputs.
BANNED_IN_DOMAIN = [
    (re.compile(r"\bstd::(jthread|thread|mutex|shared_mutex|recursive_mutex|timed_mutex)\b"),
     "threads and locks belong to the world"),
    (re.compile(r"\bstd::(condition_variable|async|promise|this_thread)\b"),
     "threads and locks belong to the world"),
    (re.compile(r"_clock::now\b"), "time comes from World::now()"),
    (re.compile(r"\b(clock_gettime|gettimeofday)\s*\("), "time comes from World::now()"),
    (re.compile(r"\brandom_device\b|\bstd::rand\b|\bsrand\s*\("), "chance comes from the world"),
    (re.compile(r"\b(secure_)?getenv\b"), "settings come from the configuration"),
    (re.compile(r"(?<![\w:>])::(open|openat|close|read|write|pread|pwrite|readv|writev|preadv|"
                r"pwritev|fsync|fdatasync|fallocate|ftruncate|rename|unlink|mkdir|stat|fstat|socket|"
                r"accept|connect|send|recv|sendfile|mmap|poll|select|sleep|usleep)\s*\("),
     "system calls go through the world"),
    (re.compile(r"\bstd::(o|i)?fstream\b"), "files go through the world"),
]
ASIO = re.compile(r"\basio::")
POINTER_KEY = re.compile(
    r"\bunordered_(flat_|node_)?(multi)?(map|set)\s*<\s*(const\s+)?[\w:]+\s*(const\s*)?\*")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
ONE_MACHINE = re.compile(
    r"(?<![\w.:/$}<>-])/(home|root|mnt|workspace|work)/[\w.-]|://[\w.-]+\.(internal|local|corp|lan)\b")

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70

CPP = {".cpp", ".hpp"}
COMMENT_STARTS = {".cpp": "//", ".hpp": "//", ".py": ('"""', "#"), ".sh": "#", ".cmake": "#"}


class Source:
    """One text file of the tree, with its C++ comments and strings blanked in `code`."""

    def __init__(self, root, path):
        self.path = path.relative_to(root).as_posix()
        self.suffix = path.suffix
        self.text = path.read_text(errors="replace")
        self.lines = self.text.splitlines()
        self.is_cpp = self.suffix in CPP
        self.is_script = not self.suffix and self.text.startswith("#!")
        self.code = blank_comments_and_strings(self.text) if self.is_cpp else self.text
        self.floor = self.path.split("/")[0] if "/" in self.path else ""
        if self.path.startswith("cluster/brokerd/"):
            self.floor = "brokerd"

    def quoted_includes(self):
        """Yields (line, path) of each #include with quotes."""
        for number, line in enumerate(self.lines, 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if match:
                yield number, match.group(1)


def blank_comments_and_strings(text):
    """The same text with comments, strings and characters as spaces; lines stay where they are."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"'
        r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",
        re.S,
    )
    return token.sub(lambda found: re.sub(r"[^\n]", " ", found.group(0)), text)


def load(root):
    sources = []
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_symlink() or not path.is_file() or SKIPPED_FOLDERS & set(parts):
            continue
        if b"\0" not in path.read_bytes()[:4096]:
            sources.append(Source(root, path))
    return sources


def floor_of_include(target):
    return "brokerd" if target.startswith("cluster/brokerd/") else target.split("/")[0]


def check_floors(_root, sources):
    for source in sources:
        if not source.is_cpp or source.floor not in ALLOWED:
            continue
        sees = set()
        for line, target in source.quoted_includes():
            floor = floor_of_include(target)
            sees.add(floor)
            if floor not in ALLOWED[source.floor]:
                yield Finding(source.path, line, "floors",
                              f'{source.floor} may not include "{target}"; includes start at the'
                              f" root and stay in {', '.join(sorted(ALLOWED[source.floor]))}")
        if "uring" in sees and sees & {"cluster", "brokerd"} and source.path != COMPOSITION_ROOT:
            yield Finding(source.path, 1, "floors",
                          f"only {COMPOSITION_ROOT} sees both uring/ and cluster/")


def room_rank(path):
    parts = path.split("/")
    for rank, names in enumerate(ROOMS.get(parts[0], [])):
        if len(parts) > 2 and parts[1] in names:
            return rank
    return None


def check_rooms(_root, sources):
    for source in sources:
        top = source.path.split("/")[0]
        if not source.is_cpp or top not in ROOMS:
            continue
        rank = room_rank(source.path)
        if rank is None:
            yield Finding(source.path, 1, "rooms", f"not in a known room of {top}/")
            continue
        for line, target in source.quoted_includes():
            other = room_rank(target) if target.split("/")[0] == top else None
            if other is not None and other > rank:
                yield Finding(source.path, line, "rooms", f'a lower room may not include "{target}"')


def check_cycles(_root, sources):
    """Depth-first search over the includes; each cycle is reported once, where it closes."""
    graph = {s.path: [t for _, t in s.quoted_includes()] for s in sources if s.is_cpp}
    done, trail = set(), []

    def visit(path):
        if path in trail:
            cycle = trail[trail.index(path):] + [path]
            yield Finding(path, 1, "cycles", " -> ".join(cycle))
            return
        if path in done or path not in graph:
            return
        trail.append(path)
        for target in graph[path]:
            yield from visit(target)
        trail.pop()
        done.add(path)

    for path in sorted(graph):
        yield from visit(path)


def matches(source, pattern, text):
    for number, line in enumerate(text.splitlines(), 1):
        if pattern.search(line):
            yield number, line.strip()


def check_domain_words(_root, sources):
    for source in sources:
        if not source.is_cpp or source.floor not in ("core", "protocol", "cluster"):
            continue
        for pattern, why in BANNED_IN_DOMAIN:
            for number, line in matches(source, pattern, source.code):
                yield Finding(source.path, number, "domain words", f"{line}: {why}")
        if source.path not in ASIO_HEADERS:
            for number, line in matches(source, ASIO, source.code):
                yield Finding(source.path, number, "asio", f"{line}: only the four headers know it")
        for number, line in matches(source, POINTER_KEY, source.code):
            yield Finding(source.path, number, "pointer keys",
                          f"{line}: the order would depend on addresses")


def check_everywhere_words(_root, sources):
    for source in sources:
        for number, line in matches(source, UNFINISHED, source.text):
            yield Finding(source.path, number, "unfinished", line)
        for number, line in matches(source, ONE_MACHINE, source.text):
            yield Finding(source.path, number, "one machine", f"{line}: no other machine has this")


def cpp_functions(code):
    """Yields (first line, lines) of each outermost function body, found by matching braces.

    A brace at namespace or class scope opens a scope (descended into), an initializer (skipped), or
    else a function. A body that follows a member initializer list with braces has nothing but the
    list's tail before it and counts as one too.
    """
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)),
                  code, flags=re.M)
    chunk_start, depth_of_skip, depth, began = 0, None, 0, 0
    for at, char in enumerate(code):
        if char == "{":
            chunk = code[chunk_start:at]
            if depth_of_skip is None and not opens_scope(chunk):
                depth_of_skip = depth
                lead = len(chunk) - len(chunk.lstrip())
                began = chunk_start + lead if is_function(chunk) else None
            depth += 1
        elif char == "}":
            depth -= 1
            if depth_of_skip == depth:
                depth_of_skip = None
                if began is not None:
                    yield code.count("\n", 0, began) + 1, code.count("\n", began, at) + 1
        if char in "{};" and (depth_of_skip is None or char == "{"):
            chunk_start = at + 1


def opens_scope(chunk):
    chunk = re.sub(r"\b(alignas|template|requires)\s*[(<][^{};]*?[>)]\s*(?=class|struct|union|enum)",
                   "", chunk)
    return bool(re.match(r"\s*((public|private|protected)\s*:\s*)*(inline\s+)?(template\b.*\s)?"
                         r"(namespace|class|struct|union|enum|extern)\b(?!.*\)\s*(const|noexcept)?\s*$)",
                         chunk, re.S))


def is_function(chunk):
    flat, depth = [], 0
    for char in chunk:
        depth += (char == "(") - (char == ")")
        if depth == 0:
            flat.append(char)
    outside = "".join(flat)
    if "operator" not in outside and re.search(r"(?<![=<>!])=(?!=)", outside):
        return False
    return not chunk.strip() or chunk.strip()[0] in "," or "(" in chunk


def script_functions(lines):
    """Yields (first line, lines) of each `name() {` in a shell script that starts its line."""
    began = None
    for number, line in enumerate(lines, 1):
        if re.match(r"[\w-]+\(\) \{$", line):
            began = number
        elif began is not None and line == "}":
            yield began, number - began + 1
            began = None


def functions(source):
    if source.is_cpp:
        return list(cpp_functions(source.code))
    if source.suffix == ".py":
        nodes = ast.walk(ast.parse(source.text))
        wanted = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [(n.lineno, n.end_lineno - n.lineno + 1) for n in nodes if isinstance(n, wanted)]
    if source.suffix == ".sh" or source.is_script:
        return list(script_functions(source.lines))
    return []


def check_sizes(_root, sources):
    for source in sources:
        if not (source.is_cpp or source.suffix in COMMENT_STARTS or source.is_script):
            continue
        if len(source.lines) > FILE_LINES_MAX:
            yield Finding(source.path, FILE_LINES_MAX, "size", f"{len(source.lines)} lines")
        for line, lines in functions(source):
            if lines > FUNCTION_LINES_MAX:
                yield Finding(source.path, line, "size", f"a function of {lines} lines")


def check_openings(_root, sources):
    """A file opens with what it is for. A .cpp is excused by the header beside it, and a test by
    the file that it mirrors, since those say it; build files count down to the floor's own."""
    paths = {source.path for source in sources}
    for source in sources:
        start = COMMENT_STARTS.get(source.suffix, "#" if source.is_script else None)
        if re.fullmatch(r"([a-z]+/)?CMakeLists\.txt", source.path):
            start = "#"
        if start is None or not source.lines:
            continue
        stem = source.path.rsplit(".", 1)[0]
        mirrored = re.sub(r"^tests/(.*)_test$", r"\1", stem)
        if source.suffix == ".cpp" and {f"{stem}.hpp", f"{mirrored}.hpp"} & paths:
            continue
        first = source.lines[1] if source.lines[0].startswith("#!") else source.lines[0]
        if not first.startswith(start):
            yield Finding(source.path, 1, "opening", "does not open with what it is for")


def check_places(root, sources):
    for path in sorted(root.iterdir()):
        if path.name not in TOP_LEVEL:
            yield Finding(path.name, 1, "top level", "not one of the house's top-level names")
    paths = {source.path for source in sources}
    for floor in FLOORS_WITH_README:
        if (root / floor).is_dir() and f"{floor}/README.md" not in paths:
            yield Finding(f"{floor}/README.md", 1, "readme", "a floor without its page")


CHECKS = (check_floors, check_rooms, check_cycles, check_domain_words, check_everywhere_words,
          check_sizes, check_openings, check_places)


def check(root):
    sources = load(root)
    return {rule.__name__: list(rule(root, sources)) for rule in CHECKS}


def main():
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    results = check(root)
    for findings in results.values():
        for finding in findings:
            print(f"{finding.path}:{finding.line}: [{finding.rule}] {finding.text}")
    failed = sum(1 for findings in results.values() if findings)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
