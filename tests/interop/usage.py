"""What processes cost: processor time and memory out of /proc, events out of perf."""

import os
import re
import resource
import subprocess
from collections import namedtuple
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
# io_uring's numbers of its operations.
OPCODES = {"WRITE": (2, 5, 23), "FSYNC": (3,), "FALLOCATE": (17,)}

Cpu = namedtuple("Cpu", "user system")
Machine = namedtuple("Machine", "busy idle steal")


def cpu_of(pid):
    """Seconds of all threads of a process, io_uring's workers among them."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return Cpu(int(fields[11]) / TICKS, int(fields[12]) / TICKS)


def cpu_between(before, after):
    return Cpu(after.user - before.user, after.system - before.system)


def machine():
    user, nice, system, idle, iowait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    return Machine((user + nice + system + irq + softirq) / TICKS, (idle + iowait) / TICKS,
                   steal / TICKS)


def children():
    """Processor seconds of the clients that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def memory_mib(pid, name="VmRSS"):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+) kB", text).group(1)) / 1024


class RingEvents:
    """Counts what a process submits to its rings and what of it goes to a worker thread, by kind,
    while a `with` lasts. perf counts in the kernel, so nothing is lost."""

    EVENTS = ("io_uring_submit_req", "io_uring_queue_async_work")

    def __init__(self, pid):
        self.pid = pid
        self.submitted, self.punted = {}, {}

    def __enter__(self):
        if not Path("/sys/kernel/tracing/events").exists():
            subprocess.run(["mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"], check=True)
        command = ["perf", "stat", "-x", ";", "-p", str(self.pid)]
        for event in self.EVENTS:
            for numbers in OPCODES.values():
                command += ["-e", f"io_uring:{event}", "--filter",
                            " || ".join(f"opcode=={number}" for number in numbers)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        text=True)
        return self

    def __exit__(self, *_):
        self.process.send_signal(2)
        lines = [line for line in self.process.communicate()[1].splitlines() if "io_uring:" in line]
        counts = [int(line.split(";")[0]) for line in lines]
        if len(counts) != len(self.EVENTS) * len(OPCODES):
            raise RuntimeError(f"perf counted {len(counts)} events: {lines}")
        self.submitted = dict(zip(OPCODES, counts))
        self.punted = dict(zip(OPCODES, counts[len(OPCODES):]))


def hottest(pid, seconds, data):
    """Where a process spends its time, by samples: the most frequent functions as lines."""
    subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "999", "-p", str(pid), "-o", data,
                    "--", "sleep", str(seconds)], check=True, stderr=subprocess.DEVNULL)
    report = subprocess.run(["perf", "report", "-i", data, "--no-children", "--stdio", "-g", "none",
                             "--percent-limit", "1"], capture_output=True, text=True, check=True)
    return [line for line in report.stdout.splitlines() if re.match(r"\s+\d+\.\d+%", line)]
