"""Makes of the samples of `perf script` what a flame graph is drawn of: stacks, each with the
number of samples that had it, and of each frame the floor of the house that it belongs to."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

FLOORS = ("kernel", "uring", "protocol", "core", "cluster", "other")
FRAME = re.compile(r"^\s*([0-9a-f]+) (.+) \((.*?)\)$")
# Leaves that copy bytes, of the kernel and of the C library.
COPYING = re.compile(r"_*(copy_(to|from)_(iter|user)\w*|copy_folio_from_iter\w*|copy_mc\w*|"
                     r"copy_page_(to|from)_iter\w*|raw_copy_\w+|rep_movs\w*|mem(cpy|move)\w*)")
SENDING_PAGES = {"do_sendfile", "do_splice", "io_splice", "do_splice_direct"}


def simple_name(symbol):
    """Without what makes C++ names long: arguments of templates and functions, our namespace."""
    name = symbol.replace("(anonymous namespace)::", "").replace("operator()", "call")
    name = re.sub(r"\{lambda\(.*?\)#\d+\}", "lambda", name)
    before = None
    while before != name:
        before, name = name, re.sub(r"<[^<>]*>|\([^()]*\)", "", name)
    name = re.sub(r"\s*\[clone \.\w+\]", "", name)
    return name.replace("millrace::", "").replace(";", ":").strip() or symbol


def samples_of(text):
    """[[(address, symbol, file), ...] from the root to the leaf, ...]."""
    for block in text.split("\n\n"):
        frames = [FRAME.match(line) for line in block.splitlines()]
        stack = [(frame[1], frame[2], frame[3]) for frame in reversed(frames) if frame]
        if stack:
            yield stack


def floor_of_source(path):
    """Of the file that a function stands in; what the compiler's headers have is nobody's floor."""
    if path.startswith("/usr/"):
        return "other"
    found = re.findall(r"(?:^|/)(uring|protocol|core|cluster)/", path)
    return found[-1] if found else "other"


def outermost_sources(text):
    """{address: file} of `addr2line -a -i`, where the last line of an address is the function that
    the others were inlined into."""
    sources, address = {}, None
    for line in text.splitlines():
        if re.fullmatch(r"0x[0-9a-f]+", line):
            address = int(line, 16)
        elif address is not None:
            sources[address] = line.rpartition(":")[0]
    return sources


def floors_of(binary, addresses):
    """{address in the binary: floor}; nothing where binutils or the binary are missing."""
    if not addresses or not shutil.which("addr2line"):
        return {}
    done = subprocess.run(["addr2line", "-a", "-i", "-e", binary], capture_output=True, text=True,
                          input="\n".join(sorted(addresses)), errors="replace")
    return {address: floor_of_source(path)
            for address, path in outermost_sources(done.stdout).items()}


def fold(samples, binary, floors):
    """Counter of "floor symbol;floor symbol;..."."""
    def frame(address, symbol, file):
        if file.startswith("["):
            return f"kernel {simple_name(symbol)}"
        if symbol == "[unknown]":
            symbol = f"[{Path(file).name}]"
        floor = floors.get(int(address, 16), "other") if file == binary else "other"
        return f"{floor} {simple_name(symbol)}"
    return Counter(";".join(frame(*one) for one in stack) for stack in samples)


def folded(text, binary):
    samples = list(samples_of(text))
    addresses = {address for stack in samples for address, _, file in stack if file == binary}
    return dict(fold(samples, binary, floors_of(binary, addresses)))


def symbols(stack):
    return [frame.partition(" ")[2] for frame in stack.split(";")]


def sees_kernel(stacks):
    """Whether the kernel's functions are in them, by name: not everybody may see those."""
    return any(frame.startswith("kernel ") and not frame.startswith("kernel [")
               for stack in stacks for frame in stack.split(";"))


def worker_share(stacks):
    """Of all samples, those in a worker thread of io_uring."""
    count = sum(n for stack, n in stacks.items() if "io_wq_worker" in symbols(stack))
    return count / sum(stacks.values())


def copy_shares(stacks):
    """Of all samples: the share that copied itself, and the share that copied or did what a copy
    made necessary, as the first touch of a page."""
    count = sum(stacks.values())
    own = sum(n for stack, n in stacks.items() if COPYING.fullmatch(symbols(stack)[-1]))
    below = sum(n for stack, n in stacks.items()
                if any(COPYING.fullmatch(symbol) for symbol in symbols(stack)))
    return own / count, below / count


def sending_pages(stacks):
    """(samples inside sendfile and splice, those of them in a copy)."""
    inside = {stack: n for stack, n in stacks.items() if SENDING_PAGES & set(symbols(stack))}
    copying = sum(n for stack, n in inside.items()
                  if any(COPYING.fullmatch(symbol) for symbol in symbols(stack)))
    return sum(inside.values()), copying


def floor_shares(stacks):
    """{floor: share of the samples whose leaf is there}."""
    count = sum(stacks.values())
    leaves = Counter()
    for stack, n in stacks.items():
        leaves[stack.rpartition(";")[2].partition(" ")[0]] += n
    return {floor: leaves[floor] / count for floor in FLOORS if leaves[floor]}
