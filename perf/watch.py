"""Has `perf` look at a running process while some load runs, each of its views apart from the
others, so that one which can't be had here leaves the rest alone."""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections import namedtuple
from pathlib import Path

import machine

# What a view has seen, as text, or why there is none.
Seen = namedtuple("Seen", "text why_not", defaults=(None, None))
# `tool` and the options behind it; those of `perf script` that turn a recording into text.
View = namedtuple("View", "tool options script", defaults=((),))
# `pipes`: to hear it, to tell it something.
Running = namedtuple("Running", "child view path pipes")

# All that there are.
VIEWS = ("samples", "punts", "switches", "blocks", "calls", "copies")
SAMPLES_PER_S = 499
# Of the stack, for each sample: deep enough for a coroutine in a handler in a loop.
STACK_BYTES = 8192
READY_S, FINISH_S = 30, 120

COPIES_COUNTED = """
kprobe:_copy_to_iter /pid == PID/ { @bytes = sum(arg1); }
kprobe:_copy_from_iter /pid == PID/ { @bytes = sum(arg1); }
"""


def sample_event():
    """Cycles where the processor's counters can be had, the kernel's clock where not."""
    done = subprocess.run(["perf", "stat", "-x,", "-e", "cycles", "true"], capture_output=True,
                          text=True)
    return "cycles" if done.returncode == 0 and done.stderr[:1].isdigit() else "cpu-clock"


def views(pid, event):
    own = ("-p", str(pid))
    return {
        "samples": View("record", ("-e", event, "-F", str(SAMPLES_PER_S), "--call-graph",
                                   f"dwarf,{STACK_BYTES}", *own),
                        ("--no-inline", "-F", "comm,ip,sym,dso")),
        "punts": View("record", ("-e", "io_uring:io_uring_queue_async_work", *own)),
        "switches": View("record", ("-e", "sched:sched_switch", "--switch-events", *own),
                         ("--show-switch-events",)),
        # A request of a disk often is ended, or even begun, by somebody else than who asked.
        "blocks": View("record", ("-e", "block:block_rq_issue,block:block_rq_complete", "-a")),
        "calls": View("stat", ("-x,", "-e", "raw_syscalls:sys_enter,"
                               "syscalls:sys_enter_io_uring_enter", *own)),
    }


def reason_of(said):
    """What of perf's complaint names the cause."""
    lines = [line.strip() for line in said.splitlines() if line.strip() not in ("", "Error:")]
    named = [line.partition("Error:")[2].strip() for line in lines if line.startswith("Error:")]
    access = [line for line in lines if "ermission" in line or "can't access" in line]
    found = [line for line in named + access + lines if line]
    return found[0].strip("\\_ ")[:160] if found else "perf ended without a word"


def command_of(view, path, hear_us, tell_us):
    recording = ["-o", str(path)] if view.tool == "record" else []
    return ["perf", view.tool, *view.options, *recording, "-D", "-1",
            "--control", f"fd:{hear_us},{tell_us}"]


def is_ready(tell_it, hear_it):
    """Tells a perf to begin; whether it has answered."""
    try:
        os.write(tell_it, b"enable\n")
    except BrokenPipeError:
        return False
    ready, _, _ = select.select([hear_it], [], [], READY_S)
    # Nothing to read where something is: it has ended.
    return bool(ready and os.read(hear_it, 16))


def start(view, path):
    """What watches, once it does, or the reason why it doesn't."""
    (hear_it, tell_us), (hear_us, tell_it) = os.pipe(), os.pipe()
    child = subprocess.Popen(command_of(view, path, hear_us, tell_us),
                             pass_fds=(hear_us, tell_us), stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                             errors="replace")
    os.close(hear_us)
    os.close(tell_us)
    running = Running(child, view, path, (hear_it, tell_it))
    if is_ready(tell_it, hear_it):
        return running
    child.kill()
    return Seen(why_not=reason_of(end(running)))


def end(running):
    """Returns what it said. The pipes have to be there until it has ended: a perf without them
    leaves its recording unfinished."""
    try:
        return running.child.communicate(timeout=FINISH_S)[1]
    finally:
        for pipe in running.pipes:
            os.close(pipe)


def finish(running):
    running.child.send_signal(signal.SIGINT)
    try:
        said = end(running)
        if running.view.tool == "stat":
            return Seen(said)
        done = subprocess.run(["perf", "script", "-i", str(running.path), *running.view.script],
                              text=True, capture_output=True, errors="replace", timeout=FINISH_S)
    except subprocess.TimeoutExpired:
        running.child.kill()
        return Seen(why_not=f"perf took more than {FINISH_S} s to tell what it saw")
    return Seen(done.stdout) if done.returncode == 0 else Seen(why_not=reason_of(done.stderr))


def why_no_copies_counted():
    if not any(os.path.exists(f"{folder}/kprobe_events")
               for folder in ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")):
        return "this kernel has no kprobes, or doesn't show them"
    return None if shutil.which("bpftrace") else "bpftrace is not installed"


@contextlib.contextmanager
def copies_counted(pid, seen):
    """Bytes that the kernel copied for the process, by kprobes."""
    why_not = why_no_copies_counted()
    if why_not:
        seen["copies"] = Seen(why_not=why_not)
        yield
        return
    command = ["bpftrace", "-e", COPIES_COUNTED.replace("PID", str(pid))]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        child.stdout.readline()  # says that the probes are attached
        yield
    finally:
        child.send_signal(signal.SIGINT)
        out, said = child.communicate(timeout=FINISH_S)
        seen["copies"] = Seen(out) if child.returncode == 0 else Seen(why_not=reason_of(said))


@contextlib.contextmanager
def watching(pid, folder, names=VIEWS):
    """Gives {view: Seen} of the views with these names, which has its contents when the block has
    ended; the recordings are in a folder of their own below `folder` meanwhile."""
    seen = {}
    if not shutil.which("perf"):
        yield {"event": Seen(), **{name: Seen(why_not="perf is not installed") for name in names}}
        return
    event = sample_event()
    with tempfile.TemporaryDirectory(prefix="millrace-watch-", dir=folder) as place:
        begun = {name: start(view, Path(place, name))
                 for name, view in views(pid, event).items() if name in names}
        count = copies_counted(pid, seen) if "copies" in names else contextlib.nullcontext()
        try:
            with count:
                yield seen
        finally:
            seen.update({name: finish(one) if isinstance(one, Running) else one
                         for name, one in begun.items()})
            seen["event"] = Seen(event)


def binary_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return machine.read(f"/proc/{pid}/comm", "unknown")
