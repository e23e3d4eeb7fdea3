"""Looks for each planted bug with the simulator that has it: every one must be found within 200 seeds.

    find.py FOLDER [BUG]...    the folder of the built simulators, one for each bug; all bugs, or those named"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from plant import BUGS

SEEDS = 200


def find(folder, name):
    """The first seed that found it, or None."""
    run = subprocess.run([str(folder / name), "--find", "1", str(SEEDS)], capture_output=True,
                         text=True, check=False)
    # A broken invariant of the broker's own is a find too, and ends the process.
    found = re.search(r"found by seed (\d+)", run.stdout + run.stderr)
    return int(found[1]) if found else None


def main(folder, names):
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        seeds = dict(zip(names, pool.map(lambda name: find(Path(folder), name), names)))
    for name, seed in seeds.items():
        print(f"{name}: " + (f"found by seed {seed}" if seed else f"not found within {SEEDS} seeds"))
    missed = sum(seed is None for seed in seeds.values())
    print(f"{len(seeds) - missed} passed, {missed} failed")
    return 1 if missed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or not set(sys.argv[2:]) <= BUGS.keys():
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:] or list(BUGS)))
