"""Runs the tests that are named after traps and compares them with the table in tests/README.md."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "tests" / "README.md"
APIS = ROOT / "protocol" / "api.cpp"
# Transactions have numbers of their own in between.
NUMBERS = [*range(1, 86), *range(95, 111)]


def table():
    """{number: what the row says}."""
    rows = {}
    for line in TABLE.read_text().splitlines():
        found = re.fullmatch(r"\| (\d+) \| (.+) \| (.+) \|", line)
        if not found:
            continue
        number = int(found[1])
        if number in rows:
            raise SystemExit(f"trap {number} has two rows")
        rows[number] = found[3]
    return rows


def served_apis():
    rows = re.findall(r'\{ApiKey::\w+, "(\w+)", \{[^}]*\}, \w+, ([^}]*)\}', APIS.read_text())
    return {name for name, served in rows if served != "kNotServed"}


def problems(rows, tested, served):
    """What of the table isn't so. `tested` is a set of numbers."""
    found = [f"trap {number} has no row" for number in NUMBERS if number not in rows]
    found += [f"trap {number} is none" for number in sorted(rows) if number not in NUMBERS]
    found += [f"trap {number} has tests and no row" for number in sorted(tested - set(rows))]
    for number, says in sorted(rows.items()):
        if says == "tests":
            if number not in tested:
                found.append(f"trap {number} has no test")
            continue
        if number in tested:
            found.append(f"trap {number} has tests, and its row says otherwise: {says}")
        if says.startswith("not served: "):
            here = served & set(says.removeprefix("not served: ").split(", "))
            found += [f"trap {number}: {name} is served" for name in sorted(here)]
        elif not says.startswith("why not: "):
            found.append(f"trap {number}: a row says 'tests', 'not served: ...' or 'why not: ...'")
    return found


def number_of(test):
    found = re.search(r"Trap(\d+)_", test)
    return int(found[1]) if found else None


def run(program, results):
    """The numbers that `program` has tests of, and how many of its tests passed and failed."""
    done = subprocess.run([str(program), "--gtest_filter=*Trap*_*", "--gtest_brief=0"],
                          capture_output=True, text=True, check=False)
    (results / f"{program.name}.txt").write_text(done.stdout + done.stderr)
    passed = re.findall(r"^\[ +OK \] (\S+)", done.stdout, re.MULTILINE)
    failed = sorted(set(re.findall(r"^\[ +FAILED +\] (\S+?),?(?: |$)", done.stdout, re.MULTILINE)))
    failed = [name for name in failed if number_of(name) is not None]
    for name in failed:
        print(f"FAILED: {name}")
    if done.returncode != 0 and not failed:
        failed.append(f"{program.name} ended with {done.returncode}")
        print(f"FAILED: {failed[-1]}")
    return {number_of(name) for name in passed} - {None}, len(passed), len(failed)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--build", type=Path, required=True)
    arguments.add_argument("--results", type=Path, required=True)
    options = arguments.parse_args()
    tested, passed, failed = set(), 0, 0
    for floor in ("core", "protocol", "cluster", "sim"):
        program = options.build / "tests" / floor / f"{floor}_test"
        numbers, good, bad = run(program, options.results)
        tested |= numbers
        passed += good
        failed += bad
    found = problems(table(), tested, served_apis())
    for line in found:
        print(line)
    reasons = len(NUMBERS) - len(tested)
    print(f"{len(tested)} traps shown by {passed} tests, {failed} failed; {reasons} with a reason; "
          f"{len(found)} rows that are not so")
    return 1 if found or failed else 0


if __name__ == "__main__":
    sys.exit(main())
