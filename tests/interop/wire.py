"""Has Kafka's own classes check what ours encode: random instances of every message in every version, in
one JVM. Run with --instances PROGRAM; --record FILE writes what the recorded test compares with."""

import argparse
import subprocess
import sys
from pathlib import Path

import kafka

SOURCE = Path(__file__).resolve().parent / "Wire.java"




def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--record")
    options = parser.parse_args()
    class_path = f"{kafka.compiled(SOURCE)}:{kafka.class_path()}"
    record = [options.record] if options.record else []
    with subprocess.Popen([options.instances, str(options.count)],
                          stdout=subprocess.PIPE) as instances:
        checker = subprocess.run(["java", kafka.quiet_log_config(), "-cp", class_path, "Wire", *record],
                                 stdin=instances.stdout, check=False)
        instances.stdout.close()
    return checker.returncode or instances.returncode


if __name__ == "__main__":
    sys.exit(main())
