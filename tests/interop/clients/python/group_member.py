"""What the Python programs of group members share: the command line and what they print.
`group_clients.py` tells both."""

import signal
import sys


class Said:
    """Prints what is read, and what is owned when that has changed."""

    def __init__(self):
        self.owned = set()

    def read(self, partition, offset):
        print(f"read {partition} {offset}", flush=True)

    def owns(self, partitions):
        now = set(partitions)
        if now != self.owned:
            self.owned = now
            print("owns", *sorted(self.owned), flush=True)


class Ending:
    """Whether SIGTERM has come."""

    def __init__(self):
        self.asked = False
        signal.signal(signal.SIGTERM, self.ask)

    def ask(self, *_):
        self.asked = True


def arguments():
    """Address, topic and group."""
    return sys.argv[2:5]
