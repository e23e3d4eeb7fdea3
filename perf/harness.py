"""What the drivers of all harnesses do alike: read the command line, say how far they are, and keep
what they have measured, so that an end that comes too early loses little."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine

ROOT = Path(__file__).resolve().parents[1]
PART_SECONDS_MAX = 80 * 60


def arguments(name, about, quick, add=None):
    """The options of `./dev perf NAME`, whose program is millrace_NAME; `quick` says how short the
    short run is, and `add(parser)` adds what only this harness has."""
    parser = argparse.ArgumentParser(prog=f"./dev perf {name}", description=about)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--quick", action="store_true", help=f"{quick} (the default)")
    kind.add_argument("--full", action="store_true", help="all cells; says how long beforehand")
    parser.add_argument("--dir", type=Path, help="a folder on the disk to measure (default: OUT)")
    parser.add_argument("--out", type=Path, default=ROOT / "build/perf" / name,
                        help=f"where the results go (default: build/perf/{name})")
    parser.add_argument("--fresh", action="store_true", help="begin anew instead of going on")
    parser.add_argument("--program", help=argparse.SUPPRESS,
                        default=str(ROOT / f"build/release/perf/{name}/millrace_{name}"))
    if add:
        add(parser)
    options = parser.parse_args()
    options.dir = options.dir or options.out
    for folder in (options.out, options.dir):
        folder.mkdir(parents=True, exist_ok=True)
    return options


def main(run):
    """Runs a driver; returns the status to end with."""
    # Whoever is told to end has files and processes to clear away, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return run()
    except KeyboardInterrupt:
        print("\ninterrupted: the same command goes on where it was")
        return 130


def plan_of(options):
    """What the program says of a run."""
    command = [options.program, "--plan", *(["--full"] if options.full else [])]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def head_of(options, plan, **more):
    """The first record of a run: what it measures, and where."""
    facts = [list(fact) for fact in machine.facts(options.dir)]
    return {"kind": "run", "full": options.full, "dir": str(options.dir.resolve()),
            "facts": facts, "ids": plan["ids"], "date": time.strftime("%Y-%m-%d"), **more}


def is_finished(record):
    return record["kind"] in ("cell", "refused")


def finished_ids(records):
    return [record["id"] for record in records if is_finished(record)]


def ids_left(records):
    """In the order of the plan."""
    done = set(finished_ids(records))
    return [one for one in records[0]["ids"] if one not in done]


def resumable(records, head):
    """Whether the records are the unfinished beginning of the run that `head` describes, on the
    same kernel and disk."""
    same = ("full", "dir", "facts", "ids")
    if not records or any(records[0].get(key) != head[key] for key in same):
        return False
    return set(head["ids"]) != set(finished_ids(records))


def results_of(options, name, head):
    """The records of this run, or of the one that it goes on with."""
    return Results(options.out / f"{name}.ndjson", head,
                   lambda earlier: not options.fresh and resumable(earlier, head))


def check_space(folder, needed):
    free = shutil.disk_usage(folder).free
    if free < needed * 1.1:
        sys.exit(f"{folder} has {free / 2**30:.1f} GiB free, and this needs {needed / 2**30:.1f}")


def announce(options, results, seconds, disk_bytes):
    left = len(ids_left(results.records))
    print(f"{left} cells{' left' if results.resumed else ''}, about {span(seconds)}, "
          f"at most {disk_bytes / 2**30:.1f} GiB in {options.dir}", flush=True)


@contextlib.contextmanager
def part_of(results):
    """Keeps what of the machine was somebody else's meanwhile."""
    before = machine.ticks()
    try:
        yield
    finally:
        results.add({"kind": "part", "steal_share": machine.steal_share(before, machine.ticks()),
                     "load": os.getloadavg()[0]})


def run_program(options, results, progress, seconds_max, files):
    """Has the program measure what is left and takes its records; returns its status. `files` is
    the folder that it makes below the user's."""
    with tempfile.NamedTemporaryFile("w", suffix=".ids") as ids:
        ids.write("".join(f"{one}\n" for one in finished_ids(results.records)))
        ids.flush()
        command = [options.program, "--dir", str(options.dir), "--done", ids.name,
                   "--seconds", f"{seconds_max:.0f}", *(["--full"] if options.full else [])]
        with part_of(results), subprocess.Popen(command, stdout=subprocess.PIPE,
                                                text=True) as child:
            try:
                for line in child.stdout:
                    record = json.loads(line)
                    results.add(record)
                    if is_finished(record):
                        progress.step(record["id"])
            except BaseException:
                child.terminate()
                raise
            finally:
                # The folder of a program that died of a signal is still there.
                child.wait()
                shutil.rmtree(options.dir / files, ignore_errors=True)
    return child.returncode


def publish(options, name, summary, write_page):
    """Of `summary` it tells how many cells are left, and which have no figures: `failed` or
    `refused` has them by id, with the reason."""
    (options.out / f"{name}.json").write_text(json.dumps(summary, indent=1) + "\n")
    page = options.out / f"{name}.html"
    write_page(summary, page)
    if summary["cells_left"]:
        print(f"{summary['cells_left']} cells are left: the same command goes on with them")
    for cell, why in {**summary.get("failed", {}), **summary.get("refused", {})}.items():
        print(f"no figures of {cell}: {why}")
    print(page)


def measured(options, name, results, measure, page):
    """Calls `measure()`, publishes what is there then, however it ended, and says the answer."""
    try:
        measure()
    finally:
        summary = page.summary(results.records)
        publish(options, name, summary, page.write)
        print(page.answer(summary))


class Progress:
    """A bar with the time left on a terminal, a line now and then elsewhere. `later` is what comes
    behind these cells, in seconds."""

    def __init__(self, cells, seconds, out=None, later=0):
        self.cells, self.seconds, self.later = cells, seconds, later
        self.out = out or sys.stdout
        self.began, self.done, self.said = time.monotonic(), 0, 0.0
        self.terminal = self.out.isatty()

    def left_seconds(self):
        spent = time.monotonic() - self.began
        if self.done < 5:
            return max(self.seconds - spent, 0) + self.later
        return spent / self.done * (self.cells - self.done) + self.later

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
