"""Ends a real broker with kill -9 a hundred times under steady load, at moments that its own log gives
away: in a running checkpoint, around a roll, after journal files were used again, while it recovers, and
at random. After each start everything that was promised is read back and compared byte by byte.

A kill counts for a kind when the log of that life shows that it was one, whatever was aimed at. A kill
of a life that served for a while counts only when the load was as high as asked for. The last line says
how many kills passed."""

import argparse
import os
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

from broker import BrokerError, run_in_folder

PARTITIONS = 50
TOPIC = "kept"
RATE_MIN = 2000          # acknowledged records a second
RATE_OFFERED = 2700
CONNECTIONS = 4
JOURNAL_BYTES_MIN = 4 << 20
AROUND_A_ROLL_S = 0.010  # since the line that tells of one
SHORT_LIFE_S = 0.4       # a rate says nothing about less
MORE_KILLS_MAX = 0.5     # beyond the plan, as a share of it, until no kind is short

BEGINS, ENDS = "checkpoint begins", "checkpoint ends"
ROLLED, REUSED = "rolled a segment", "journal file used again"
RECOVERING, RECOVERED, STARTED = "INFO  recovering", "INFO  recovered", "INFO  started"


class Life:
    """One start of the broker: its lines with their times, and whom they wake."""

    def __init__(self, binary, data_dir, overrides, log):
        settings = ["listeners=PLAINTEXT://127.0.0.1:0", f"log.dirs={data_dir}", *overrides]
        command = [os.path.abspath(binary)]
        for setting in settings:
            command += ["--override", setting]
        self.lines = []
        self.changed = threading.Condition()
        self.log = log
        self.killed_at = None
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for raw in self.process.stdout:
            line = raw.decode(errors="replace").rstrip("\n")
            self.log.write(line + "\n")
            with self.changed:
                self.lines.append(line)
                self.changed.notify_all()
        with self.changed:
            self.lines.append("")  # the end
            self.changed.notify_all()

    def wait_for(self, words, seconds, begin=0):
        """The next line, from `begin` on, that holds one of `words`; None when none came."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                for line in self.lines[begin:]:
                    if any(word in line for word in words):
                        return line
                begin = len(self.lines)
                left = deadline - time.monotonic()
                if left <= 0 or (self.lines and self.lines[-1] == ""):
                    return None
                self.changed.wait(left)

    def wait_until_started(self):
        line = self.wait_for([STARTED], 60)
        if line is None:
            raise BrokerError("it did not start:\n" + "\n".join(self.lines[-15:]))
        return int(re.search(r"port=(\d+)", line).group(1))

    def kill(self):
        if self.process.poll() is not None:
            raise BrokerError(f"it ended by itself with {self.process.returncode}:\n"
                              + "\n".join(self.lines[-15:]))
        self.killed_at = time.time()
        self.process.kill()
        self.process.wait()
        self.reader.join()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def count(self, word):
        return sum(word in line for line in self.lines)

    def times(self, word):
        return [time_of(line) for line in self.lines if word in line]

    def kinds(self):
        """What kind of kill it was, by the log."""
        found = set()
        if self.count(RECOVERING) and not self.count(RECOVERED):
            return {"recovery"}
        if not self.count(STARTED):
            return {"opening"}
        if self.count(BEGINS) > self.count(ENDS):
            found.add("checkpoint")
        rolls = self.times(ROLLED)
        if rolls and self.killed_at - rolls[-1] <= AROUND_A_ROLL_S:
            found.add("roll")
        if self.count(REUSED):
            found.add("reused")
        return found

    def spans(self, first, last):
        """How long it took from each line with `first` to the next with `last`."""
        begun, spans = None, []
        for line in self.lines:
            if first in line:
                begun = time_of(line)
            elif last in line and begun is not None:
                spans.append(time_of(line) - begun)
                begun = None
        return spans


def time_of(line):
    moment = datetime.strptime(line.split(" ", 1)[0], "%Y-%m-%dT%H:%M:%S.%fZ")
    return moment.replace(tzinfo=timezone.utc).timestamp()


class Client:
    """The program that sends, remembers and judges, over all lives."""

    def __init__(self, program, seed):
        self.process = subprocess.Popen([program, "promises", TOPIC, str(seed)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tell(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def answer(self):
        line = self.process.stdout.readline().strip()
        if not line or line.startswith("violation"):
            raise BrokerError(line or "the client ended")
        return {name: float(value) for name, value in re.findall(r"(\w+)=([\d.]+)", line)}

    def ask(self, *words):
        self.tell(*words)
        return self.answer()

    def end(self):
        self.process.kill()
        self.process.wait()


class Campaign:
    """The kills: what is planned, what came of it."""

    def __init__(self, options, folder, log):
        self.options = options
        self.folder = folder
        self.log = log
        self.random = random.Random(options.seed)
        self.client = Client(options.client, options.seed)
        share = options.kills / 100
        self.quota = {"checkpoint": round(15 * share), "roll": round(10 * share),
                      "reused": round(10 * share), "recovery": round(20 * share)}
        self.early = False  # the last kill came before the broker had started
        self.kinds, self.totals = Counter(), Counter()
        self.kills = self.tried = self.under_rate = 0
        self.slowest, self.seconds = float("inf"), 0.0
        self.checkpoint_s, self.recovery_s = [0.02], [0.03]

    def overrides(self):
        return [f"num.partitions={PARTITIONS}", "log.segment.bytes=1048576",
                f"journal.bytes={JOURNAL_BYTES_MIN}", f"durability={self.options.durability}",
                *self.options.override]

    def start(self):
        return Life(self.options.broker, self.folder / "data", self.overrides(), self.log)

    def plan(self):
        """Aims in random order: somewhat more of each kind than asked for, since not all hit."""
        aims = [kind for kind, count in self.quota.items() for _ in range(count + count // 4)]
        aims += ["opening"] * (self.options.kills // 25)
        aims += ["random"] * max(self.options.kills - len(aims), 0)
        self.random.shuffle(aims)
        # A recovery needs something to recover.
        first = next(i for i, aim in enumerate(aims) if aim not in ("recovery", "opening"))
        aims[0], aims[first] = aims[first], aims[0]
        return aims

    def short(self):
        return [kind for kind, count in self.quota.items() if self.kinds[kind] < count]

    def run(self):
        aims = self.plan()
        most = len(aims) + int(self.options.kills * MORE_KILLS_MAX)
        while aims or self.short() or self.kills < self.options.kills:
            if self.tried == most:
                break
            aim = aims.pop(0) if aims else (self.short() or ["random"])[0]
            self.tried += 1
            self.one_life(aim)
            if self.tried % 10 == 0:
                print(f"{self.tried} lives: {self.kills} kills {dict(self.kinds)}, "
                      f"{self.totals['acknowledged']} acknowledged", flush=True)
        self.last_life()

    def one_life(self, aim):
        life = self.start()
        try:
            if aim in ("recovery", "opening"):
                self.kill_early(life, aim)
                if life.killed_at is None:
                    return
                counts = True
            else:
                counts = self.serve(life, aim)
        finally:
            life.end()
            self.early = aim in ("recovery", "opening") and life.killed_at is not None
        self.checkpoint_s += life.spans(BEGINS, ENDS)
        self.recovery_s += life.spans(RECOVERING, RECOVERED)
        if counts:
            self.kills += 1
            self.kinds.update(life.kinds() or {"random"})
        if life.count("out of service") or life.count("is damaged"):
            raise BrokerError("it complains of itself:\n" + "\n".join(life.lines[-15:]))

    def kill_early(self, life, aim):
        """While it recovers, or between that and taking connections."""
        line = life.wait_for([RECOVERING, STARTED], 60)
        if line is not None and STARTED in line and self.early:
            return  # the kill before this came when all journals were closed again
        if line is None or STARTED in line:
            raise BrokerError("it doesn't recover:\n" + "\n".join(life.lines[-15:]))
        if aim == "opening":
            life.wait_for([RECOVERED], 60)
        else:
            time.sleep(self.random.uniform(0, 0.9 * statistics.median(self.recovery_s[-30:])))
        life.kill()

    def serve(self, life, aim):
        """Checks what is there, loads it, kills it; whether the load was as high as asked for."""
        port = life.wait_until_started()
        self.client.ask("prepare", port)
        self.totals.update(read=int(self.client.ask("verify", port)["records"]))
        self.client.tell("produce", port, RATE_OFFERED, CONNECTIONS)
        self.wait_for_moment(life, aim)
        life.kill()
        sent = self.client.answer()
        self.totals.update({name: int(sent[name]) for name in
                            ("sent", "acknowledged", "retried", "errors")})
        self.seconds += sent["seconds"]
        if sent["errors"]:
            raise BrokerError(f"{sent['errors']:.0f} sends were answered with an error")
        if sent["seconds"] < SHORT_LIFE_S:
            return True
        rate = sent["acknowledged"] / sent["seconds"]
        self.under_rate += rate < RATE_MIN
        if rate >= RATE_MIN:
            self.slowest = min(self.slowest, rate)
        return rate >= RATE_MIN

    def wait_for_moment(self, life, aim):
        draw = self.random.uniform
        if aim == "random":
            time.sleep(draw(0.02, 2.5))
            return
        time.sleep(draw(0.3, 1.2))
        if aim == "reused":
            life.wait_for([REUSED], 30)
            time.sleep(draw(0, 0.7))
        elif aim == "roll":
            life.wait_for([ROLLED], 30, begin=len(life.lines))
            time.sleep(draw(0, 0.003))
        else:
            life.wait_for([BEGINS], 90, begin=len(life.lines))
            time.sleep(draw(0, 0.7 * statistics.median(self.checkpoint_s[-100:])))

    def last_life(self):
        """Everything from the first record on, and a clean stop behind it."""
        life = self.start()
        try:
            port = life.wait_until_started()
            self.client.ask("prepare", port)
            self.client.ask("verify", port)
            self.final = self.client.ask("verify-all", port)
            life.process.terminate()
            if life.process.wait(60) != 0:
                raise BrokerError(f"SIGTERM ended it with {life.process.returncode}")
        finally:
            life.end()

    def report(self):
        final, kinds = self.final, self.kinds
        rate = self.totals["acknowledged"] / max(self.seconds, 0.001)
        print(f"durability={self.options.durability}: {self.kills} kills: "
              f"{kinds['checkpoint']} in a running checkpoint, {kinds['roll']} within "
              f"{AROUND_A_ROLL_S * 1000:.0f} ms behind a roll, {kinds['reused']} after journal files "
              f"were used again, {kinds['recovery']} during recovery, {kinds['opening']} between "
              f"recovery and start, {kinds['random']} of no such kind; "
              f"{rate:.0f} acknowledged records/s, at least {self.slowest:.0f} in a life, "
              f"{self.under_rate} lives with less not counted; {self.totals['sent']} sent, "
              f"{self.totals['acknowledged']} acknowledged, {self.totals['retried']} retried; "
              f"at the end {final['records']:.0f} read back, {final['acknowledged']:.0f} of them "
              f"acknowledged, {final['repeats']:.0f} repeats of retried ones, none lost or changed")
        if final["acknowledged"] != self.totals["acknowledged"]:
            raise BrokerError("not as many acknowledged records were read back as were acknowledged")
        if self.short() or self.kills < self.options.kills or rate < RATE_MIN:
            raise BrokerError(f"short of: {self.short() or 'kills or rate'}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True, help="the broker's binary")
    parser.add_argument("--client", required=True, help="millrace_load")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--durability", choices=("flush", "os"), default="flush")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--keep", type=Path, help="where the data and the broker's log stay")
    parser.add_argument("--override", action="append", default=[], metavar="KEY=VALUE")
    return parser.parse_args()


def run_in(options, folder):
    with open(folder / "broker.log", "w", buffering=1) as log:
        campaign = Campaign(options, folder, log)
        try:
            campaign.run()
            campaign.report()
        except BrokerError as error:
            print(f"FAILED with seed {options.seed} at life {campaign.tried}: {error}")
            print(f"{campaign.kills} passed, 1 failed")
            return 1
        finally:
            campaign.client.end()
    print(f"{campaign.kills} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(run_in_folder(run_in, parse(), "kill"))
