"""The load generator against a broker: as many records are in the log as it says were acknowledged,
with acks 0, 1 and all, with keys, and in an open loop, which keeps to its rate. With --address it
runs against any other broker, whose offsets kcat tells."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from broker import Broker, expect, kcat, run_story

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = ROOT / "build/release/bench/load/millrace_load_generator"
PARTITIONS = 3
TIMEOUT_S = 60
DURABLE_S = 10


def generate(options, address, topic, *more, code=0):
    command = [options.generator, "--bootstrap", address, "--topic", topic, "--seconds", "1",
               "--warm-up", "0.2", "--partitions", str(PARTITIONS), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    expect(done.returncode == code, f"{more} ends with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout) if code == 0 else done.stderr


def records_in(address, topic):
    """What the offsets of its partitions tell, by partition."""
    asked = [word for partition in range(PARTITIONS) for word in ("-t", f"{topic}:{partition}:-1")]
    told = kcat("-Q", "-b", address, *asked, timeout=TIMEOUT_S, stdout=subprocess.PIPE)
    offsets = [int(offset) for offset in re.findall(r"offset (\d+)", told.stdout)]
    expect(len(offsets) == PARTITIONS, f"kcat tells offsets: {told.stdout} {told.stderr}")
    return offsets


def compare(options, address, name, *more):
    topic = f"load-{os.getpid()}-{name}"
    result = generate(options, address, topic, "--producers", "4", *more)
    there = sum(records_in(address, topic))
    # Without answers the broker has taken all, and readers see it once it is durable.
    until = time.monotonic() + DURABLE_S
    while result["acks"] == "0" and there < result["records_in_all"] and time.monotonic() < until:
        there = sum(records_in(address, topic))
    expect(result["records_in_all"] == there,
           f"{name}: {result['records_in_all']} acknowledged, {there} there")
    expect(0 < result["records"] < there, f"{name}: the warm-up isn't counted: {result}")
    expect(not result["errors"], f"{name}: errors {result['errors']}")
    print(f"{name}: {result['records_per_s']:.0f} records/s, {result['latency_us']}")
    return result


def story(options, address):
    compare(options, address, "acks-0", "--acks", "0")
    compare(options, address, "acks-1", "--acks", "1")
    compare(options, address, "acks-all", "--acks", "all", "--request-batches", "3")
    compare(options, address, "keys", "--keys", "1000", "--in-flight", "1")
    steady = compare(options, address, "open-loop", "--rate", "1000", "--batch-records", "2")
    due = 1000 * 1.2
    sent = steady["records_in_all"] + 2 * steady["requests_unsent"]
    expect(abs(sent - due) <= 4 * 2, f"{sent} records were due instead of {due}")
    gone = generate(options, "127.0.0.1:1", "nowhere", code=3)
    expect("127.0.0.1:1" in gone, f"it says who doesn't answer: {gone}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker")
    parser.add_argument("--address", help="of a broker that runs already")
    parser.add_argument("--generator", default=str(GENERATOR))
    options = parser.parse_args()
    if options.address:
        story(options, options.address)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(options.broker, os.path.join(folder, "data"), os.path.join(folder, "log"))

        def whole():
            broker.start()
            story(options, broker.address)
            broker.stop()

        return run_story(broker, whole)


if __name__ == "__main__":
    sys.exit(main())
