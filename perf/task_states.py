"""How often the threads of a process that run its rings were found waiting for a disk: a look at
each of them every few milliseconds, since nothing else tells that everywhere."""

import contextlib
import threading
from pathlib import Path

import machine

LOOK_S = 0.005


def ring_tasks(pid):
    """Folders of /proc of the threads that have the process's own name: the kernel's workers and
    its helpers have others."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    name = machine.read(f"/proc/{pid}/comm")
    return [task for task in tasks if machine.read(task / "comm") == name]


def state_of(task):
    return machine.read(task / "stat").rpartition(")")[2].split(" ", 2)[1]


class Looks:
    """What was seen: looks at all the threads together, and those that found one in the state D."""

    def __init__(self):
        self.count = self.waiting = 0

    def share(self):
        return self.waiting / self.count if self.count else None


@contextlib.contextmanager
def watching(pid):
    """Yields the Looks, which are whole when the block has ended."""
    looks, done, tasks = Looks(), threading.Event(), ring_tasks(pid)

    def look():
        while not done.wait(LOOK_S):
            for task in tasks:
                looks.count += 1
                looks.waiting += state_of(task) == "D"

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield looks
    finally:
        done.set()
        watcher.join()
