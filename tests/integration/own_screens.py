"""Prints what a person sees of each tool, on a terminal of 80 columns and on one of 160: the screens
of docs/tools.md. A line of a table or of help that is longer than its terminal fails it."""

import argparse
import contextlib
import fcntl
import os
import pty
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from broker import Broker, expect, run_story

WIDTHS = (80, 160)
TOGETHER_S = 30
LONG_WORK_LINES = 6_000_000
SCREENS = (
    ["topics"], ["topics", "orders"], ["topics", "ordres"],
    ["groups"], ["groups", "describe", "billing"], ["groups", "describe", "biling"],
    ["groups", "reset", "shipping", "--to", "beginning"],
    ["groups", "reset", "shipping", "--to", "-10", "-p", "2", "--execute"],
    ["groups", "reset", "billing", "--to", "end"],
    ["consume", "orders", "-p", "2", "--from", "-3", "-k", " = "],
    ["consume", "orders", "-p", "2", "-n", "2", "--json"],
    ["groups", "--help"], ["groups", "reset", "--help"],
    ["topics", "--help"], ["consume", "--help"], ["produce", "--help"],
)


def on_terminal(command, columns, **elsewhere):
    """What `command` writes to a terminal of that width; what it writes `elsewhere` isn't seen."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    handles = {"stdin": subprocess.DEVNULL, "stdout": follower, "stderr": follower, **elsewhere}
    with subprocess.Popen(command, **handles):
        os.close(follower)
        seen = b""
        try:
            while chunk := os.read(leader, 1 << 16):
                seen += chunk
        except OSError:  # the other end has closed
            pass
    os.close(leader)
    return seen.decode(errors="replace").replace("\r\n", "\n")


def show(tools, words, columns, **elsewhere):
    print(f"--- {columns} columns: millrace {shlex.join(words)}")
    seen = on_terminal([tools[0], *words, "-b", tools[1]], columns, **elsewhere)
    if elsewhere:
        # Each drawing begins a line anew; one in the middle is seen.
        drawn = [line for line in seen.split("\r\x1b[K") if line.strip()]
        seen = "\n".join(drawn[len(drawn) // 2:len(drawn) // 2 + 1] + drawn[-1:])
    print(seen, flush=True)
    for line in seen.splitlines():
        is_text = line.startswith(("{", "millrace: "))
        expect(is_text or len(line) <= columns, f"{len(line)} columns: {line}")


def fill(binary, address):
    def produce(*words, text):
        subprocess.run([binary, "produce", *words, "-q", "-b", address], input=text, check=True)

    orders = "".join(f"customer{i % 7}:order {i}\n" for i in range(1200)).encode()
    produce("orders", "--create", "-k", ":", text=orders)
    produce("invoices-of-the-european-branch", "--create", text=b"one\ntwo\n")
    for group in ("billing", "shipping"):
        subprocess.run([binary, "consume", "orders", "--group", group, "-n", "700", "-q", "-b",
                        address], stdout=subprocess.DEVNULL, check=True)


@contextlib.contextmanager
def two_members(binary, address):
    """Of the group billing, once both have something."""
    command = [binary, "consume", "orders", "--group", "billing", "-f", "-q", "-b", address]
    members = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    try:
        deadline = time.monotonic() + TOGETHER_S
        while time.monotonic() < deadline:
            seen = subprocess.run([binary, "groups", "describe", "billing", "-b", address],
                                  capture_output=True, text=True, check=False).stdout
            if "Stable, 2 members" in seen:
                break
            time.sleep(0.2)
        yield
    finally:
        for each in members:
            each.terminate()
            each.wait(30)


def screens(binary, address, folder):
    tools = (binary, address)
    fill(*tools)
    with two_members(*tools):
        for words in SCREENS:
            for columns in WIDTHS:
                show(tools, words, columns)
    more = folder / "more"
    more.write_bytes(b"customer1:one more\ncustomer5:and another\n")
    for columns in WIDTHS:
        show(tools, ["produce", "orders", str(more), "-k", ":"], columns)
        show(tools, ["produce", "orders", str(more), "-k", ":", "--json"], columns)
    lines = folder / "lines"
    lines.write_bytes(b"".join(b"line %d of a long file\n" % i for i in range(LONG_WORK_LINES)))
    for columns in WIDTHS:
        show(tools, ["produce", "long", str(lines), "--create"], columns,
             stdout=subprocess.DEVNULL)
        show(tools, ["consume", "long", "--json"], columns, stdout=subprocess.DEVNULL)
    for columns, group in zip(WIDTHS, ("billing", "shipping"), strict=True):
        show(tools, ["groups", "delete", group], columns)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True)
    options = parser.parse_args()
    binary = os.path.abspath(options.broker)
    with tempfile.TemporaryDirectory(prefix="millrace-screens-") as name:
        folder = Path(name)
        broker = Broker(binary, folder / "data", folder / "broker.log",
                        ["num.partitions=3", "offsets.topic.num.partitions=3",
                         "group.initial.rebalance.delay.ms=0"])

        def story():
            broker.start()
            screens(binary, broker.address, folder)
            broker.stop()

        return run_story(broker, story)


if __name__ == "__main__":
    sys.exit(main())
