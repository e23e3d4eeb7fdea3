"""What a harness says of the machine that it ran on: processor, kernel, filesystem, disk, and how
much of the time the host took away."""

import os
from pathlib import Path


def read(path, otherwise=""):
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:
        return otherwise


def field(path, name):
    """The value of the first "name : value" line."""
    for line in read(path).splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def mount_of(folder):
    """(filesystem, options) of the mount that holds the folder: the longest mount point wins, and
    of those on one point the last."""
    folder = os.path.realpath(folder)
    best = ("", "unknown", "")
    for line in read("/proc/self/mountinfo").splitlines():
        left, _, right = line.partition(" - ")
        point = left.split()[4].replace("\\040", " ")
        inside = point == "/" or folder == point or folder.startswith(point + "/")
        if inside and len(point) >= len(best[0]):
            best = (point, right.split()[0], left.split()[5])
    return best[1], best[2]


def disk_of(folder):
    """The folder of /sys of the disk that holds the folder, or None, as for one in memory."""
    device = os.stat(folder).st_dev
    path = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    if not path.exists():
        return None
    path = path.resolve()
    return path if (path / "queue").is_dir() else path.parent


def disk_facts(folder):
    disk = disk_of(folder)
    if disk is None:
        return [("disk", "no block device of its own")]
    queue = disk / "queue"
    scheduler = read(queue / "scheduler", "unknown")
    chosen = scheduler.partition("[")[2].partition("]")[0] or scheduler
    turns = {"1": "yes", "0": "no"}.get(read(queue / "rotational"), "unknown")
    return [("disk", f"{disk.name} {read(disk / 'device/model')}".strip()),
            ("scheduler", chosen),
            ("rotational, as the kernel sees it", turns),
            ("write cache", f"{read(queue / 'write_cache', 'unknown')}, "
                            f"FUA {read(queue / 'fua', 'unknown')}"),
            ("logical block", f"{read(queue / 'logical_block_size', 'unknown')} bytes")]


def facts(folder):
    filesystem, options = mount_of(folder)
    memory_kib = int(field("/proc/meminfo", "MemTotal").split()[0])
    return [("processor", f"{field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} threads"),
            ("memory", f"{memory_kib / 2**20:.1f} GiB"),
            ("kernel", f"{os.uname().sysname} {os.uname().release}"),
            ("filesystem", f"{filesystem} ({options})"), *disk_facts(folder)]


def ticks():
    """The columns of the first line of /proc/stat."""
    return [int(column) for column in read("/proc/stat").splitlines()[0].split()[1:9]]


def steal_share(before, after):
    spent = [late - early for early, late in zip(before, after)]
    return spent[7] / max(sum(spent), 1)


def busy_s(before, after):
    """Seconds of all processors together that were neither idle, nor waiting for a disk, nor taken
    by the host."""
    spent = [late - early for early, late in zip(before, after)]
    return sum(spent[column] for column in (0, 1, 2, 5, 6)) / os.sysconf("SC_CLK_TCK")


def run_facts(data):
    """What the summary of a run says of the machine while it measured."""
    steal = max((part["steal_share"] for part in data["parts"]), default=0)
    load = max((part["load"] for part in data["parts"]), default=0)
    return [("taken by the host", f"{100 * steal:.1f} % of the time while it measured"),
            ("load", f"{load:.1f} processes at its end"), ("folder", data["dir"]),
            ("date", data["date"])]
