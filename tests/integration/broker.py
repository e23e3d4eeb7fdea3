"""Starts, kills and stops a real broker for tests, and runs kcat against it. Standard library only,
so that a fresh machine can run these tests."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 60


class BrokerError(Exception):
    """The broker did not do what its command line promises; carries the end of its log."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """One broker on a data directory and a free port of the loopback interface. What it prints is
    kept in `log_path`, over restarts too."""

    def __init__(self, binary, data_dir, log_path, overrides=(), environment=()):
        self.binary = os.path.abspath(binary)
        self.data_dir = data_dir
        self.log_path = log_path
        self.overrides = list(overrides)
        self.environment = {**os.environ, **dict(environment)}
        self.process = None
        self.port = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self, wait=True):
        """Starts it. Unless `wait` is off, returns when it said that it takes connections."""
        settings = ["listeners=PLAINTEXT://127.0.0.1:0", f"log.dirs={self.data_dir}",
                    "admin.listener=", *self.overrides]
        command = [self.binary]
        for setting in settings:
            command += ["--override", setting]
        begin = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment)
        if wait:
            self._wait_until_started(begin)

    def _wait_until_started(self, begin):
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            with open(self.log_path, "rb") as log:
                log.seek(begin)
                for line in log.read().decode(errors="replace").splitlines():
                    port = re.search(r'\bport"?[=:]\s*"?(\d+)', line)
                    if "started" in line and port:
                        self.port = int(port.group(1))
                        return
            if self.process.poll() is not None:
                raise BrokerError(f"it ended with {self.process.returncode}\n{self.log_tail()}")
            time.sleep(0.02)
        self.kill()
        raise BrokerError(f"no 'started' line in {START_TIMEOUT_S} s\n{self.log_tail()}")

    def stop(self):
        """A clean stop by SIGTERM, which must end with 0."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise BrokerError(f"SIGTERM did not end it in {STOP_TIMEOUT_S} s\n{self.log_tail()}")
        if status != 0:
            raise BrokerError(f"SIGTERM ended it with {status}\n{self.log_tail()}")

    def kill(self):
        """kill -9, as a power cut would look to the process."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def log_tail(self, lines=25):
        with open(self.log_path, "rb") as log:
            return b"\n".join(log.read().splitlines()[-lines:]).decode(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


def expect(holds, what):
    if not holds:
        raise BrokerError(what)


def run_in_folder(run, options, name):
    """Tells the seed and returns `run(options, folder)`. The folder is `options.keep`, emptied, where a
    test has that and it is set; any other goes at the end."""
    print(f"seed {options.seed}", flush=True)
    keep = getattr(options, "keep", None)
    if keep:
        shutil.rmtree(keep, ignore_errors=True)
        Path(keep).mkdir(parents=True)
        return run(options, Path(keep))
    with tempfile.TemporaryDirectory(prefix=f"millrace-{name}-") as place:
        return run(options, Path(place))


def run_story(broker, story):
    """Runs a test's one story; returns the status to end with. The broker is killed at its end."""
    with broker:
        try:
            story()
        except (BrokerError, subprocess.TimeoutExpired) as error:
            print(f"FAILED: {error}\n{broker.log_tail()}")
            return 1
    print("1 passed, 0 failed")
    return 0


def kcat(*arguments, timeout, **options):
    """Runs kcat to its end; returns the finished process, its stderr as text."""
    options.setdefault("stdout", subprocess.DEVNULL)
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(["kcat", *map(str, arguments)], stderr=subprocess.PIPE, timeout=timeout,
                          errors="replace", **options)


def kcat_consume(address, topic, partition, out_path, timeout):
    """Writes a partition from its beginning to its end to `out_path`, one record a line."""
    with open(out_path, "wb") as out:
        done = kcat("-C", "-b", address, "-t", topic, "-p", partition, "-o", "beginning", "-e",
                    "-q", "-X", "check.crcs=true", stdout=out, timeout=timeout)
    if done.returncode != 0:
        raise BrokerError(f"kcat -C {topic}-{partition} ended with {done.returncode}: "
                          f"{done.stderr.strip()}")
