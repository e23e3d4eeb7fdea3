#!/usr/bin/env python3
"""Measures what sequential costs against random on the disk of a folder, and writes a page of it:
drives millrace_access, keeps what it finished, and goes on there after an end that came early."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import access_page
import harness
import limits
import machine

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "build/release/perf/access/millrace_access"
PART_SECONDS_MAX = 80 * 60
# From the start to the page; what is not measured by then stays out, and the page says so.
QUICK_SECONDS_MAX = 56
FILES = "millrace-access-files"


def arguments():
    parser = argparse.ArgumentParser(prog="./dev perf access", description=__doc__)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--quick", action="store_true", help="within a minute (the default)")
    kind.add_argument("--full", action="store_true", help="all cells; says how long beforehand")
    parser.add_argument("--dir", type=Path, help="a folder on the disk to measure (default: OUT)")
    parser.add_argument("--out", type=Path, default=ROOT / "build/perf/access",
                        help="where the results go (default: build/perf/access)")
    parser.add_argument("--fresh", action="store_true", help="begin anew instead of going on")
    parser.add_argument("--program", default=str(PROGRAM), help=argparse.SUPPRESS)
    return parser.parse_args()


def plan_of(program, full):
    command = [program, "--plan", *(["--full"] if full else [])]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def finished_ids(records):
    return [record["id"] for record in records if record["kind"] in ("cell", "refused")]


def resumable(records, head):
    """Whether the records are the unfinished beginning of the run that `head` describes, on the
    same kernel and disk."""
    same = ("full", "dir", "facts", "ids")
    if not records or any(records[0].get(key) != head[key] for key in same):
        return False
    return set(head["ids"]) != set(finished_ids(records))


def measure(options, results, plan, seconds_max):
    done = finished_ids(results.records)
    share = 1 - len(done) / len(plan["ids"])
    progress = harness.Progress(len(plan["ids"]) - len(done), plan["seconds"] * share)
    with tempfile.NamedTemporaryFile("w", suffix=".ids") as ids:
        ids.write("".join(f"{one}\n" for one in done))
        ids.flush()
        command = [options.program, "--dir", str(options.dir), "--done", ids.name,
                   "--seconds", f"{seconds_max:.0f}", *(["--full"] if options.full else [])]
        before = machine.ticks()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            try:
                for line in child.stdout:
                    record = json.loads(line)
                    results.add(record)
                    if record["kind"] in ("cell", "refused"):
                        progress.step(record["id"])
            finally:
                # An interrupt reaches both; the folder of a program that died of it is still there.
                child.wait()
                shutil.rmtree(options.dir / FILES, ignore_errors=True)
        results.add({"kind": "part", "steal_share": machine.steal_share(before, machine.ticks()),
                     "load": os.getloadavg()[0]})
    return child.returncode


def check_space(folder, needed):
    free = shutil.disk_usage(folder).free
    if free < needed * 1.1:
        sys.exit(f"{folder} has {free / 2**30:.1f} GiB free, and this needs {needed / 2**30:.1f}")


def head_of(options, plan):
    """The first record of a run: what it measures, and where."""
    return {"kind": "run", "full": options.full, "dir": str(options.dir.resolve()),
            "facts": [list(fact) for fact in machine.facts(options.dir)],
            "bases": plan["bases"], "ids": plan["ids"], "date": time.strftime("%Y-%m-%d")}


def announce(options, plan, results):
    left = len(plan["ids"]) - len(finished_ids(results.records))
    seconds = plan["seconds"] * left / len(plan["ids"]) + limits.SECONDS
    print(f"{left} cells{' left' if results.resumed else ''}, about {harness.span(seconds)}, "
          f"at most {plan['disk_bytes'] / 2**30:.1f} GiB in {options.dir}", flush=True)


def publish(options, results):
    summary = access_page.summary(results.records)
    (options.out / "access.json").write_text(json.dumps(summary, indent=1) + "\n")
    access_page.write(summary, options.out / "access.html")
    if summary["cells_left"]:
        print(f"{summary['cells_left']} cells are left: the same command goes on with them")
    print(f"{options.out / 'access.html'}")


def run(options):
    began = time.monotonic()
    options.out.mkdir(parents=True, exist_ok=True)
    options.dir = options.dir or options.out
    options.dir.mkdir(parents=True, exist_ok=True)
    plan = plan_of(options.program, options.full)
    check_space(options.dir, plan["disk_bytes"])
    head = head_of(options, plan)
    with harness.Results(options.out / "access.ndjson", head,
                         lambda earlier: not options.fresh and resumable(earlier, head)) as results:
        announce(options, plan, results)
        if not results.has("limits"):
            results.add({"kind": "limits", **limits.measure(options.dir)})
        whole = PART_SECONDS_MAX if options.full else QUICK_SECONDS_MAX
        status = measure(options, results, plan, whole - (time.monotonic() - began))
        publish(options, results)
    return status


def main():
    try:
        return run(arguments())
    except KeyboardInterrupt:
        print("\ninterrupted: the same command goes on where it was")
        return 130


if __name__ == "__main__":
    sys.exit(main())
