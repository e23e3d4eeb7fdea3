"""The clients of the comparison, the same for both sides: the load generator and kcat; and what a
side's process and the machine used while they ran."""

import contextlib
import itertools
import subprocess
import threading
import time
from collections import namedtuple

import kafka_sides as sides
import load
import machine
import usage

TIMEOUT_S = 120

Moment = namedtuple("Moment", "time cpu_s clients_s ticks")
Spent = namedtuple("Spent", "seconds cpu_s clients_s busy_s")
ERRORS = (*sides.ERRORS, subprocess.SubprocessError, RuntimeError, ValueError, LookupError)


def moment(side):
    return Moment(time.monotonic(), side.cpu_s(), usage.children(), machine.ticks())


def between(before, after):
    return Spent(after.time - before.time, after.cpu_s - before.cpu_s,
                 after.clients_s - before.clients_s, machine.busy_s(before.ticks, after.ticks))


def spent_since(before, side):
    return between(before, moment(side))


def generate(program, side, topic, shape, seconds, warm_up_s, *more):
    """Runs the load generator; returns what it said and what the side used in the seconds that
    count."""
    command = [program, "--bootstrap", side.address, "--topic", topic, "--seconds", str(seconds),
               "--warm-up", str(warm_up_s), "--tell-begin", *load.options_of(shape), *more]
    result, before, after = load.generate(command, lambda: moment(side), seconds + warm_up_s)
    return result, between(before, after)


def told(result, spent):
    """Figures of a load: the client's, and the broker's per GB, record and request."""
    if not result["records"]:
        raise RuntimeError(f"nothing was acknowledged: {result['errors']}")
    gigabytes = result["bytes"] / 1e9
    latency = result["latency_us"] or {}
    own = {f"{share}_ms": latency[share] / 1e3 for share in ("p50", "p99", "p999", "max")
           if share in latency}
    return {"mb_per_s": result["mb_per_s"], "records_per_s": result["records_per_s"],
            "cpu_s_per_gb": spent.cpu_s / gigabytes,
            "cpu_s_per_million": spent.cpu_s / result["records"] * 1e6,
            "cpu_us_per_request": spent.cpu_s / result["requests"] * 1e6,
            "machine_s_per_gb": max(spent.busy_s - result["cpu_s"], 0) / gigabytes,
            "client_share": result["cpu_s"] / result["seconds"], **own,
            "answers": latency.get("answers", 0), "unsent": result["requests_unsent"],
            "errors": sum(result["errors"].values())}


def reader(side, topic, *more, out=subprocess.DEVNULL):
    return subprocess.Popen(["kcat", "-C", "-b", side.address, "-t", topic, "-p", "0", "-o",
                             "beginning", "-q", "-X", "fetch.wait.max.ms=10", *more],
                            stdout=out, stderr=subprocess.PIPE)


def finish(child, timeout=TIMEOUT_S):
    try:
        _, said = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise RuntimeError(f"kcat had not read all after {timeout:.0f} s") from None
    if child.returncode:
        raise RuntimeError(f"kcat ended with {child.returncode}: {said.decode().strip()[-200:]}")


def again(seconds, do):
    """Does it once, and again until so many seconds have passed; returns how often."""
    begun = time.monotonic()
    for count in itertools.count(1):
        do()
        if time.monotonic() - begun >= seconds:
            return count


def read_all(side, topic, count, readers=1, seconds=0):
    """What it costs that so many read a topic of `count` bytes from its beginning at once, again
    until so many seconds have passed."""
    def read():
        children = [reader(side, topic, "-e") for _ in range(readers)]
        for child in children:
            finish(child)

    before = moment(side)
    times = again(seconds, read)
    spent = spent_since(before, side)
    gigabytes = count * readers * times / 1e9
    return {"mb_per_s": gigabytes * 1e3 / spent.seconds, "cpu_s_per_gb": spent.cpu_s / gigabytes,
            "machine_s_per_gb": max(spent.busy_s - spent.clients_s, 0) / gigabytes,
            "client_share": spent.clients_s / spent.seconds}


def bytes_read(side, topic):
    child = reader(side, topic, "-e", out=subprocess.PIPE)
    count = sum(len(block) for block in iter(lambda: child.stdout.read(1 << 20), b""))
    child.stdout.close()
    child.stdout = None
    finish(child)
    return count


def read_cold(side, topic, done):
    """Reads once from the disk, or until `done` is set."""
    side.flush(topic, gives_up_cache=True)
    child = reader(side, topic, "-e")
    while child.poll() is None:
        if done.wait(0.05):
            child.kill()
            child.communicate()
            return
    finish(child)


@contextlib.contextmanager
def cold_reader(side, topic):
    """Somebody reads the topic from the disk, over and over, and tells nobody how far it is."""
    done, failures = threading.Event(), []

    def read():
        try:
            while not done.is_set():
                read_cold(side, topic, done)
        except ERRORS as error:
            failures.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    if failures:
        raise failures[0]
