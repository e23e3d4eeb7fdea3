#!/usr/bin/env python3
"""Counts the instructions that a broker spends on one request of each kind, under callgrind and in the simulated world,
where nothing but the code decides, and holds them against the last recorded ones in bench/instructions.txt.

`--check` fails when a figure has risen by more than 2 % over what is recorded, and when it was recorded higher than at
the commit `--base` by more than that and no message of a commit since has a line that begins with "Instructions:" and
says why. `--record` writes the file."""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "build/release/bench/instructions/millrace_instructions"
RECORDED = "bench/instructions.txt"
RISE_MAX = 1.02
REQUESTS = 1000  # of each kind, as the program has it
KINDS = ("produce", "produce-16-batches", "fetch")
BATCHES_MORE = 15


def counts(program):
    """Instructions per request, by kind."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--callgrind-out-file=out", str(program)]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if ended.returncode:
            sys.exit(f"{' '.join(command)}\n{ended.stderr}")
        found = {}
        for path in Path(folder).iterdir():
            text = path.read_text()
            kind = re.search(r"^desc: Trigger: Client Request: (\S+)$", text, re.M)
            total = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
            if kind and total:
                found[kind[1]] = int(total[1]) / REQUESTS
    if missing := set(KINDS) - set(found):
        sys.exit(f"callgrind has told nothing of {', '.join(sorted(missing))}")
    return found


def figures(found):
    """What is recorded: a request each, and what one batch more costs."""
    return {"produce request": round(found["produce"]), "fetch request": round(found["fetch"]),
            "batch": round((found["produce-16-batches"] - found["produce"]) / BATCHES_MORE)}


def parse(text):
    lines = [line.rsplit(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    return {name: int(count) for name, count in lines}


def at_commit(commit):
    """What was recorded there; nothing where there was no record."""
    shown = subprocess.run(["git", "show", f"{commit}:{RECORDED}"], cwd=ROOT, capture_output=True, text=True)
    return parse(shown.stdout) if shown.returncode == 0 else {}


def is_explained(base):
    log = subprocess.run(["git", "log", "--format=%B", f"{base}..HEAD"], cwd=ROOT, capture_output=True, text=True)
    return re.search(r"^Instructions: .", log.stdout, re.M) is not None


def risen(before, now):
    """The names of figures that are more than RISE_MAX times what they were."""
    return [name for name, count in now.items() if name in before and count > before[name] * RISE_MAX]


def record(now):
    lines = ["# Instructions of the broker for one request, and for one batch more in it: bench/instructions.py --record"]
    lines += [f"{name:20} {count}" for name, count in now.items()]
    (ROOT / RECORDED).write_text("\n".join(lines) + "\n")


def check(recorded, now, base):
    bad = []
    for name in risen(recorded, now):
        bad.append(f"{name}: {now[name]} instructions, and {recorded[name]} are recorded: make it cheaper, or record it "
                   "and say why in the commit, in a line that begins with \"Instructions:\"")
    if base and risen(at_commit(base), recorded) and not is_explained(base):
        bad.append(f"the record is higher than at {base}, and no commit says why in a line \"Instructions: ...\"")
    for name in sorted(set(recorded) ^ set(now)):
        bad.append(f"{name}: measured or recorded only")
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default=PROGRAM)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--base", help="the commit whose record is the former one")
    options = parser.parse_args()
    now = figures(counts(options.program))
    recorded = parse((ROOT / RECORDED).read_text()) if (ROOT / RECORDED).exists() else {}
    for name, count in now.items():
        before = recorded.get(name)
        print(f"{name:20} {count:8}" + (f"  {100 * (count / before - 1):+.1f} % of {before}" if before else ""))
    if options.record:
        record(now)
    if not options.check:
        return 0
    bad = check(recorded, now, options.base)
    print("\n".join(bad))
    print(f"{len(now) - min(len(bad), len(now))} passed, {len(bad)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
