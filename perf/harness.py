"""What the drivers of all harnesses do alike: say how far they are, and keep what they have
measured, so that an end that comes too early loses little."""

import json
import sys
import time

import machine


class Progress:
    """A bar with the time left on a terminal, a line now and then elsewhere."""

    def __init__(self, cells, seconds, out=None):
        self.cells, self.seconds, self.out = cells, seconds, out or sys.stdout
        self.began, self.done, self.said = time.monotonic(), 0, 0.0
        self.terminal = self.out.isatty()

    def left_seconds(self):
        spent = time.monotonic() - self.began
        if self.done < 5:
            return max(self.seconds - spent, 0)
        return spent / self.done * (self.cells - self.done)

    def step(self, words):
        self.done += 1
        now = time.monotonic()
        if self.terminal:
            full = 24 * self.done // max(self.cells, 1)
            bar = "#" * full + "." * (24 - full)
            self.out.write(f"\r[{bar}] {self.done}/{self.cells}, {span(self.left_seconds())} left  "
                           f"{words[:40]:40}")
            if self.done == self.cells:
                self.out.write("\n")
        elif now - self.said >= 10 or self.done == self.cells:
            self.said = now
            self.out.write(f"{self.done} of {self.cells} cells, {span(self.left_seconds())} left\n")
        self.out.flush()


def span(seconds):
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def whole_records(path):
    """The records of a file whose last line may have been cut off."""
    records = []
    for line in machine.read(path).splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            break
    return records


class Results:
    """The records of a run, one JSON object a line, each on the disk as soon as it is there. A run
    whose records are there already, `is_its_beginning(records)`, is gone on with."""

    def __init__(self, path, head, is_its_beginning):
        earlier = whole_records(path)
        self.resumed = is_its_beginning(earlier)
        self.records = earlier if self.resumed else []
        # In one step, so that an end at this point loses nothing either.
        anew = path.with_suffix(".new")
        anew.write_text("".join(json.dumps(record) + "\n" for record in self.records))
        anew.replace(path)
        self.file = open(path, "a", encoding="utf-8")
        if not self.resumed:
            self.add(head)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def add(self, record):
        self.records.append(record)
        self.file.write(json.dumps(record) + "\n")
        self.file.flush()

    def has(self, kind):
        return any(record["kind"] == kind for record in self.records)
