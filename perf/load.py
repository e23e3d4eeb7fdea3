"""Runs the load generator, and looks at the broker at the moment from which the load counts and at
the one at which it ends."""

import contextlib
import json
import subprocess
import threading
import time
from collections import namedtuple

import broker_figures

# What the generator ends with when no broker answers.
UNREACHABLE = 3
TIMEOUT_S = 120
# A generator that used more of its one thread may have been what was slow.
GENERATOR_SHARE_MAX = 0.9
# Of fewer answers a percentile of 99.9 is the largest one and no percentile.
ANSWERS_MIN = 1000

# `admin` is where the broker tells its figures; it and `pid` are None where they can't be had.
Target = namedtuple("Target", "address pid admin")
Sample = namedtuple("Sample", "time cpu_s figures")


def target_of(broker):
    """Of a broker of our own that has started with an admin.listener of port 0."""
    admin = f"127.0.0.1:{broker_figures.admin_port(broker.log_path)}"
    return Target(broker.address, broker.process.pid, admin)


def sample(target):
    """What the broker has used and counted so far."""
    if not target.admin:
        return Sample(time.monotonic(), None, {})
    figures = broker_figures.fetch(target.admin)
    return Sample(time.monotonic(), broker_figures.cpu_s(target.pid), figures)


def options_of(load):
    return [word for name, value in load.items() for word in (f"--{name}", str(value))]


@contextlib.contextmanager
def killed_after(child, seconds):
    guard = threading.Timer(seconds, child.kill)
    guard.start()
    try:
        yield
    finally:
        guard.cancel()


def generate(command, look, seconds):
    """Runs a generator that is told to --tell-begin, for about so many seconds. Returns what it
    said, and what `look()` saw when the load began to count and when it ended. Raises
    ConnectionError where nobody answers, and RuntimeError with what it complained of."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as child, killed_after(child, seconds + TIMEOUT_S):
        child.stdout.readline()
        before = look()
        line = child.stdout.readline()
        after = look()
        complaint = child.stderr.read().strip()
    if child.returncode == UNREACHABLE:
        raise ConnectionError(complaint)
    if child.returncode or not line:
        raise RuntimeError(complaint or f"the generator ended with {child.returncode}")
    return json.loads(line), before, after
