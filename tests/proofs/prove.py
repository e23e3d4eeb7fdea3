"""Runs one acceptance proof and records that it stands, or lists which stand: docs/proofs.md is the
record, one row per proof. A proof is an executable file in this folder named like what it proves;
it gets a folder of its own in PROOF_DIR and prints `figure: ...` for its row."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
RECORD = ROOT / "docs" / "proofs.md"
HEAD = "| proof | commit | date | figure |\n| --- | --- | --- | --- |\n"


def git(*arguments):
    return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True,
                          check=False).stdout.strip()


def rows():
    """The record as {name: (commit, date, figure)}."""
    found = {}
    if RECORD.exists():
        for line in RECORD.read_text().splitlines():
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) == 4 and re.fullmatch(r"[0-9a-f]{7,40}", cells[1]):
                found[cells[0]] = tuple(cells[1:])
    return found


def proofs():
    return sorted(path.name for path in HERE.iterdir()
                  if path.is_file() and not path.suffix and os.access(path, os.X_OK))


def list_proofs():
    record = rows()
    for name in proofs():
        if name not in record:
            print(f"{name:12} not shown yet")
            continue
        commit, date, figure = record[name]
        behind = git("rev-list", "--count", f"{commit}..HEAD")
        since = f"{behind} commits ago" if behind else "a commit that is not here"
        print(f"{name:12} stands at {commit} ({since}, {date}): {figure}")
    return 0


def write_row(name, commit, figure):
    record = rows()
    record[name] = (commit, time.strftime("%Y-%m-%d"), figure.replace("|", "/"))
    text = RECORD.read_text()
    lines = "".join(f"| {each} | {' | '.join(record[each])} |\n" for each in sorted(record))
    start = text.index(HEAD)
    RECORD.write_text(text[:start] + HEAD + lines)


def run(name):
    if name not in proofs():
        print(f"no proof '{name}'; there are: {', '.join(proofs())}", file=sys.stderr)
        return 1
    commit = git("rev-parse", "--short=12", "HEAD")
    # The row of the proof before may be new; nothing else.
    changes = git("status", "--porcelain", "--", ".", f":!{RECORD.relative_to(ROOT)}")
    folder = ROOT / "build" / "proofs" / name / commit
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PROOF_DIR": str(folder)}
    began, figure = time.monotonic(), "passed"
    with subprocess.Popen([str(HERE / name)], cwd=ROOT, env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            if line.startswith("figure: "):
                figure = line.removeprefix("figure: ").strip()
    seconds = time.monotonic() - began
    if process.returncode != 0:
        print(f"{name}: FAILED after {seconds:.0f} s")
        return 1
    print(f"{name}: stands, {figure}, {seconds:.0f} s")
    if changes:
        print("not recorded: the tree has changes that no commit names")
    else:
        write_row(name, commit, figure)
        print("recorded in docs/proofs.md")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: prove.py NAME | --list")
    sys.exit(list_proofs() if sys.argv[1] == "--list" else run(sys.argv[1]))
