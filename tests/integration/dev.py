"""`millrace dev` as a person or a script uses it: one line says where it listens, records go through,
each client is told the address by which it came, and SIGINT leaves nothing behind."""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile

from broker import BrokerError, expect, kcat

LINE = re.compile(r"listening on 127\.0\.0\.1:(\d+), .* removes (\S+)")


def listed_broker(address):
    """The address that the broker at `address` tells its clients."""
    done = kcat("-L", "-b", address, timeout=20, stdout=subprocess.PIPE)
    told = re.search(r"broker 0 at (\S+)", done.stdout or "")
    return told.group(1) if told else ""


def use(process, temporary):
    told = LINE.match(process.stdout.readline())
    expect(told, "it says where it listens")
    port, folder = told.groups()
    expect(folder.startswith(temporary) and os.path.isdir(folder), f"{folder} is there")
    for host in ("127.0.0.1", "127.0.0.2"):
        address = f"{host}:{port}"
        expect(listed_broker(address) == address, f"a client of {address} is told that address")
    lines = os.path.join(temporary, "lines")
    with open(lines, "w") as out:
        out.write("one\ntwo\n")
    expect(kcat("-P", "-b", f"127.0.0.1:{port}", "-t", "t", "-l", lines, timeout=20).returncode == 0,
           "records are taken")
    got = kcat("-C", "-b", f"127.0.0.1:{port}", "-t", "t", "-e", "-q", timeout=20,
               stdout=subprocess.PIPE).stdout
    expect(got == "one\ntwo\n", f"records come back, not {got!r}")
    process.send_signal(signal.SIGINT)
    expect(process.wait(60) == 0, "SIGINT ends it with 0")
    expect(not os.path.exists(folder), f"{folder} is gone")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True)
    broker = os.path.abspath(parser.parse_args().broker)
    with tempfile.TemporaryDirectory() as temporary:
        with subprocess.Popen([broker, "dev", "--port", "0"], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "TMPDIR": temporary}) as process:
            try:
                use(process, temporary)
            except (BrokerError, subprocess.TimeoutExpired) as error:
                print(f"FAILED: {error}")
                return 1
            finally:
                process.kill()
    print("1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
