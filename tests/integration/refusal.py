"""A kernel that refuses io_uring, or what it needs, ends the broker within a second, with a status
that is not 0 and with the remedy on the screen; what it can do without is only warned of. Run with
--broker PATH."""

import argparse
import ctypes
import errno
import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time

LIMIT_S = 1.0
IO_URING_SETUP = 425
IO_URING_ENTER = 426
IO_URING_REGISTER = 427

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
CAP_IPC_LOCK = 14
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ALLOW = 0x7FFF0000
SECCOMP_RET_ERRNO = 0x00050000
BPF_LOAD_WORD = 0x20
BPF_JUMP_IF_EQUAL = 0x15
BPF_RETURN = 0x06

LIBC = ctypes.CDLL(None, use_errno=True)


def prctl(*arguments):
    if LIBC.prctl(*(ctypes.c_ulong(each) for each in arguments)) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def refuse_calls(numbers, error):
    """From here on these system calls of the process fail with `error`."""
    program = [(BPF_LOAD_WORD, 0, 0, 0)]
    for left, number in zip(range(len(numbers), 0, -1), numbers):
        program.append((BPF_JUMP_IF_EQUAL, left, 0, number))
    program += [(BPF_RETURN, 0, 0, SECCOMP_RET_ALLOW),
                (BPF_RETURN, 0, 0, SECCOMP_RET_ERRNO | error)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in program))
    header = ctypes.create_string_buffer(
        struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code)))
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(header), 0, 0)


def limit_locked_memory(size):
    """Root's capability would lift the limit."""
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (size, size))
    if os.geteuid() == 0:
        prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK, 0, 0, 0)


def limit_descriptors(count):
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


# What is refused, how, and what the broker has to say.
CASES = [
    ("io_uring_setup, not permitted", "kernel.io_uring_disabled=0",
     lambda: refuse_calls([IO_URING_SETUP], errno.EPERM)),
    ("io_uring_setup, unknown", "CONFIG_IO_URING=y",
     lambda: refuse_calls([IO_URING_SETUP], errno.ENOSYS)),
    ("io_uring_enter, not permitted", "io_uring_enter",
     lambda: refuse_calls([IO_URING_ENTER], errno.EPERM)),
    ("all of io_uring, not permitted", "seccomp profile",
     lambda: refuse_calls([IO_URING_SETUP, IO_URING_ENTER, IO_URING_REGISTER], errno.EPERM)),
    ("locked memory", "ulimit -l unlimited", lambda: limit_locked_memory(4096)),
    ("descriptors", "ulimit -n 100000", lambda: limit_descriptors(4)),
]


def command_of(broker, data_dir):
    return [broker, "--override", "listeners=PLAINTEXT://127.0.0.1:0",
            "--override", f"log.dirs={data_dir}", "--override", "shards=1"]


def run_without_registered_memory(broker, data_dir):
    """Room for the ring and not for journal frames; what is wrong, or an empty string."""
    process = subprocess.Popen(command_of(broker, data_dir), stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                               preexec_fn=lambda: limit_locked_memory(1 << 20))
    lines = []
    for line in process.stdout:
        lines.append(line.decode(errors="replace"))
        if "started" in lines[-1]:
            process.send_signal(signal.SIGTERM)
    status = process.wait()
    warnings = sum("memory of journal frames is not registered" in line for line in lines)
    if status != 0 or warnings != 1:
        return f"it ends with {status} and {warnings} warnings: {''.join(lines)}"
    return ""


def run_case(broker, data_dir, remedy, refuse):
    """What is wrong with how the broker ends, or an empty string."""
    began = time.monotonic()
    command = command_of(broker, data_dir)
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, preexec_fn=refuse, timeout=20)
    except subprocess.TimeoutExpired:
        return "it goes on as if nothing were refused"
    took = time.monotonic() - began
    text = done.stdout.decode(errors="replace")
    if done.returncode <= 0:
        return f"it ends with {done.returncode}: {text}"
    if remedy not in text:
        return f"'{remedy}' is not in what it says: {text}"
    if took > LIMIT_S:
        # A busy machine may be slow once; the second try counts.
        return f"it takes {took:.1f} s"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True)
    broker = os.path.abspath(parser.parse_args().broker)
    failed = 0
    for name, remedy, refuse in CASES:
        with tempfile.TemporaryDirectory() as data_dir:
            wrong = run_case(broker, data_dir, remedy, refuse)
            if wrong.startswith("it takes"):
                wrong = run_case(broker, data_dir, remedy, refuse)
        print(f"{name}: {wrong or 'refused with the remedy'}")
        failed += bool(wrong)
    with tempfile.TemporaryDirectory() as data_dir:
        wrong = run_without_registered_memory(broker, data_dir)
    print(f"registered memory: {wrong or 'not needed'}")
    failed += bool(wrong)
    print(f"{len(CASES) + 1 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
