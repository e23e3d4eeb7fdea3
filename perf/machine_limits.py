"""What this machine's loopback interface, memory and checksums allow at best, measured in the same
run as what is compared with them, by the programs of the harnesses."""

import json
import subprocess
import tempfile
from pathlib import Path

import svg

SECONDS = 3  # all of it together
WAYS = {"loopback_send": "memory-64k~1", "loopback_sendfile": "sendfile-64k~1"}
CHECKSUM = "crc32c/1048576"
ERRORS = (OSError, ValueError, KeyError, IndexError, subprocess.SubprocessError)


def records_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def sockets(program, folder):
    """The two ways of 64 KiB steps to a socket, and what copying memory gives."""
    planned = records_of(program, "--plan")[0]["ids"]
    with tempfile.NamedTemporaryFile("w", suffix=".ids") as done:
        done.write("".join(f"{one}\n" for one in planned if one not in WAYS.values()))
        done.flush()
        records = records_of(program, "--dir", str(folder), "--done", done.name, "--seconds",
                             "20")
    cells = {record.get("id"): record for record in records}
    copied = next(record for record in records if record["kind"] == "machine")
    found = {"memory_copy_gb_per_s": copied["memory_copy_gb_per_s"]}
    for name, way in WAYS.items():
        found |= {f"{name}_mb_per_s": cells[way]["mb_per_s"],
                  f"{name}_s_per_gb": cells[way]["sender_s_per_gb"]}
    return found


def checksum(program):
    done = subprocess.run([program, f"--benchmark_filter=^{CHECKSUM}$", "--benchmark_format=json"],
                          capture_output=True, text=True, timeout=60, check=True)
    rate = json.loads(done.stdout)["benchmarks"][0]["bytes_per_second"]
    return {"crc32c_gb_per_s": rate / 1e9}


def measure(netpath, micro, folder):
    """The limits, or under "why_not" why there are none. The programs are millrace_netpath and
    millrace_micro."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        return {**sockets(netpath, folder), **checksum(micro)}
    except ERRORS as error:
        return {"why_not": str(error).splitlines()[0]}


def words(limits):
    if "why_not" in limits:
        return f"not measured: {limits['why_not']}"
    ways = (f"{way} {svg.short(limits[f'loopback_{way}_mb_per_s'])} MB/s at"
            f" {svg.short(limits[f'loopback_{way}_s_per_gb'])} processor s/GB of the sender"
            for way in ("send", "sendfile"))
    return (f"64 KiB steps over loopback: {', '.join(ways)}; memory copied at"
            f" {svg.short(limits['memory_copy_gb_per_s'])} GB/s; CRC32C at"
            f" {svg.short(limits['crc32c_gb_per_s'])} GB/s")
