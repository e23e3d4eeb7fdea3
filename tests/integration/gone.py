"""A broker whose only log directory's disk goes away: it says so and ends with 1 by itself, and the
next start, with the disk back, serves what was acknowledged. DIR is the mount point of an ext4
filesystem on IMAGE, by a loop device; needs root. Run with --broker PATH --dir DIR --image IMAGE."""

import argparse
import fcntl
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from broker import Broker, expect, kcat, kcat_consume, run_story

EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32), Linux 4.11
NO_LOG_FLUSH = 2
TOPIC = "gone"
PATIENCE_S = 30


def produce(broker, path, timeout_ms):
    return kcat("-P", "-b", broker.address, "-t", TOPIC, "-p", 0, "-l", path, "-X",
                "topic.acks=all", "-X", f"topic.message.timeout.ms={timeout_ms}",
                timeout=PATIENCE_S).returncode == 0


def take_away(mount_point):
    """From now on whatever is asked of the filesystem fails, as after a lost device."""
    file = os.open(mount_point, os.O_RDONLY)
    fcntl.ioctl(file, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    os.close(file)


def bring_back(mount_point, image):
    subprocess.run(["umount", mount_point], check=True)
    subprocess.run(["mount", "-o", "loop", image, mount_point], check=True)


def story(broker, options, folder):
    lines = folder / "lines.txt"
    lines.write_text("".join(f"line {number}\n" for number in range(1000)))
    broker.start()
    expect(produce(broker, lines, 20_000), "nothing was acknowledged")
    take_away(options.dir)
    expect(not produce(broker, lines, 3_000), "a record was acknowledged without a disk")
    status = broker.process.wait(PATIENCE_S)
    expect(status == 1, f"it ended with {status}")
    expect("no log directory serves any more" in broker.log_tail(), "it doesn't say why")
    bring_back(options.dir, options.image)
    broker.start()
    got = folder / "got.txt"
    kcat_consume(broker.address, TOPIC, 0, got, PATIENCE_S)
    expect(got.read_bytes().startswith(lines.read_bytes()), "acknowledged records are gone")
    broker.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True)
    parser.add_argument("--dir", required=True, type=Path)
    parser.add_argument("--image", required=True, type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="millrace-gone-") as name:
        folder = Path(name)
        broker = Broker(options.broker, options.dir / "data", folder / "broker.log")
        return run_story(broker, lambda: story(broker, options, folder))


if __name__ == "__main__":
    sys.exit(main())
