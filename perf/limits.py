"""The physical limits of a disk, measured in the same run as what is compared with them."""

import json
import shutil
import subprocess
from pathlib import Path

import svg

SECONDS = 4  # all of it together
SIZE = "256M"

WRITE = ("--rw=write", "--bs=1M", "--iodepth=8", "--direct=1", "--ioengine=io_uring")
FLUSH = ("--rw=write", "--bs=16k", "--ioengine=psync", "--fdatasync=1")
# What a journal does: writes over blocks that are there, each flushed by itself.
DURABLE_WRITE = ("--rw=write", "--bs=16k", "--ioengine=psync", "--direct=1", "--sync=dsync")


def fio(file, *options):
    """The one job of a fio run of two seconds."""
    command = ["fio", "--name=limit", f"--filename={file}", f"--size={SIZE}", "--time_based",
               f"--runtime={SECONDS // 2}", "--output-format=json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise RuntimeError((done.stderr or done.stdout).strip().splitlines()[-1])
    # What fio has to remark stands before the object.
    return json.loads(done.stdout[done.stdout.index("{"):])["jobs"][0]


def measure(folder, durable_writes=False):
    """The limits, or under "why_not" why there are none. With `durable_writes` it takes half as
    long again."""
    if not shutil.which("fio"):
        return {"why_not": "fio is not installed"}
    file = Path(folder) / "millrace-limits-file"
    try:
        write = fio(file, *WRITE)["write"]
        limits = {"write_mb_per_s": write["bw_bytes"] / 1e6,
                  **percentiles("flush", fio(file, *FLUSH)["sync"]["lat_ns"])}
        if durable_writes:
            durable = fio(file, *DURABLE_WRITE)["write"]["clat_ns"]
            limits.update(percentiles("durable_write", durable))
    except (RuntimeError, ValueError, KeyError, IndexError, subprocess.TimeoutExpired) as error:
        return {"why_not": f"fio: {error}"}
    finally:
        file.unlink(missing_ok=True)
    return limits


def percentiles(name, latency_ns):
    found = latency_ns["percentile"]
    return {f"{name}_p50_us": found["50.000000"] / 1e3, f"{name}_p99_us": found["99.000000"] / 1e3}


def words(limits):
    if "why_not" in limits:
        return f"not measured: {limits['why_not']}"
    write, p50, p99 = (svg.short(limits[name])
                       for name in ("write_mb_per_s", "flush_p50_us", "flush_p99_us"))
    return (f"sequential writes of 1 MiB, O_DIRECT, depth 8: {write} MB/s; fdatasync after 16 KiB:"
            f" p50 {p50} µs, p99 {p99} µs")


def durable_words(found):
    if "durable_write_p50_us" not in found:
        return "not measured"
    return (f"writes of 16 KiB, O_DIRECT, O_DSYNC: p50 {svg.short(found['durable_write_p50_us'])}"
            f" µs, p99 {svg.short(found['durable_write_p99_us'])} µs")
