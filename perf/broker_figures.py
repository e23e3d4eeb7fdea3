"""What a running broker tells of itself over HTTP and the kernel of its process, before and after
some load, and what lies between the two."""

import os
import re
import time
import urllib.error
import urllib.request
from pathlib import Path

import machine

# How often the broker's processor copies a byte on its way to a reader's socket, by design:
# {the way's name in the figures: (copies from the page cache into memory, copies into the socket)}.
COPIES = {"memory": (0, 1), "read": (1, 1), "late": (1, 1), "mmap": (0, 1), "sendfile": (0, 0),
          "splice": (0, 0)}
SECTOR_BYTES = 512
TIMEOUT_S = 20


class NoFigures(Exception):
    """Nobody answers where the figures should be, or the process isn't there or isn't ours."""


def admin_port(log_path):
    """Where a broker whose admin.listener has port 0 tells its figures, by what it printed."""
    said = re.search(r"over HTTP host=127.0.0.1 port=(\d+)", machine.read(log_path))
    if not said:
        raise NoFigures(f"{log_path} names no port for figures")
    return int(said[1])


def parse(text):
    """{name with its labels: value} of Prometheus' text."""
    lines = (re.fullmatch(r"(\w+(?:\{.*\})?) (-?\d+)", line) for line in text.splitlines())
    return {line[1]: int(line[2]) for line in lines if line}


def fetch(address):
    """`address` is HOST:PORT of the broker's admin.listener."""
    try:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=TIMEOUT_S) as answer:
            return parse(answer.read().decode())
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise NoFigures(f"no figures at http://{address}/metrics: {error}") from error


def process_io(pid):
    """Empty where the kernel keeps no account, or shows it to somebody else only."""
    pairs = (line.partition(": ") for line in machine.read(f"/proc/{pid}/io").splitlines())
    return {name: int(value) for name, _, value in pairs}


def cpu_s(pid):
    """Of the process, its threads and the kernel's workers for it."""
    fields = machine.read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if not fields:
        raise NoFigures(f"there is no process {pid}")
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def disks_written():
    """Bytes that all disks of the machine have written, whoever asked."""
    disks = (machine.read(disk / "stat").split() for disk in Path("/sys/block").glob("*")
             if (disk / "device").exists())
    return sum(int(columns[6]) for columns in disks if len(columns) > 6) * SECTOR_BYTES


def snapshot(address, pid):
    return {"metrics": fetch(address), "io": process_io(pid), "cpu_s": cpu_s(pid),
            "disks_written": disks_written(), "at": time.monotonic(), "ticks": machine.ticks()}


def spent(before, after):
    """What lies between two snapshots; of the broker's figures, those that have changed."""
    less = lambda name: {key: value - before[name].get(key, 0)
                         for key, value in after[name].items()}
    return {"metrics": {key: value for key, value in less("metrics").items() if value},
            "io": less("io"), "cpu_s": after["cpu_s"] - before["cpu_s"],
            "disks_written": after["disks_written"] - before["disks_written"],
            "elapsed_s": after["at"] - before["at"],
            "steal_share": machine.steal_share(before["ticks"], after["ticks"])}


def total(metrics, name):
    """Over all labels."""
    return sum(value for key, value in metrics.items() if key.partition("{")[0] == name)


def delivered(metrics):
    """{way: bytes of batches that went this way}."""
    found = ((re.fullmatch(r'millrace_delivered_bytes_total\{path="(\w+)"\}', key), value)
             for key, value in metrics.items())
    return {match[1]: value for match, value in found if match}


def copies_of(way):
    return sum(COPIES.get(way, (0, 0)))
