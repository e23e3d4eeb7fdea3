"""Whether the SystemCallFilter= lines of a unit let through every system call of a trace by strace -f.
Groups are as `systemd-analyze syscall-filter` prints them."""

import re
import sys

# What a process does before a unit's filter holds it, or what a filter can't refuse.
BEFORE = {"execve"}


def groups_in(path):
    groups, name = {}, None
    with open(path) as lines:
        for line in lines:
            if line.startswith("@"):
                name = line.split()[0]
                groups[name] = []
            elif name and line.startswith("    ") and not line.strip().startswith("#"):
                groups[name].append(line.strip())
    return groups


def expand(word, groups):
    if not word.startswith("@"):
        return {word}
    calls = set()
    for each in groups[word]:
        calls |= expand(each, groups)
    return calls


def allowed_by(unit, groups):
    allowed = set()
    with open(unit) as lines:
        for line in lines:
            if not line.startswith("SystemCallFilter="):
                continue
            words = line.strip().removeprefix("SystemCallFilter=")
            for word in words.removeprefix("~").split():
                calls = expand(word, groups)
                allowed = allowed - calls if words.startswith("~") else allowed | calls
    return allowed


def calls_in(path):
    with open(path, errors="replace") as lines:
        found = (re.match(r"\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)", line) for line in lines)
        return {match.group(1) for match in found if match}


def main():
    if sys.argv[1] == "--count":
        print(len(calls_in(sys.argv[2])))
        return 0
    unit, groups, trace = sys.argv[1:]
    made = calls_in(trace)
    refused = made - allowed_by(unit, groups_in(groups)) - BEFORE
    print(f"{len(made)} kinds of system calls, refused: {' '.join(sorted(refused)) or 'none'}")
    return 1 if refused or not made else 0


if __name__ == "__main__":
    sys.exit(main())
