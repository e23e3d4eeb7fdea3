"""Members of many groups that join, leave, pause and die all the time, while the broker is killed (-9) and
started again. Checked: no partition has two owners in a generation, no member is told what its leader didn't
divide, no acknowledged commit is lost or goes back, none of a generation that is over is taken, nobody who
shows itself is thrown out, and each group is stable soon after its last change.

Dynamic members, static ones (which also come back under their name, and take the place of one that still
runs), cooperative ones, and groups that aren't consumers. `--break` makes the members lie in one way, which
has to be found."""

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections import Counter

import group_wire as wire
from broker import Broker, BrokerError, expect, run_in_folder
from group_ledger import Ledger
from group_member import Member

TOPIC, PARTITIONS = "fire", 24
STABLE_WITHIN_S = 15
STALL_S = 1.0
LOOK_S, AUDIT_S = 0.2, 1.0
KINDS = ("dynamic", "static", "cooperative", "work", "dynamic")


class Group:
    """The members that it should have now, and what is known of its peace."""

    def __init__(self, name, kind, size):
        self.name, self.kind, self.size = name, kind, size
        self.is_static, self.is_cooperative = kind == "static", kind == "cooperative"
        self.protocol_type = "work" if kind == "work" else "consumer"
        self.protocols = {"cooperative": ["cooperative-sticky"], "work": ["even", "odd"]}.get(
            kind, ["range", "roundrobin"])
        self.members = []
        self.replaced = []           # are to be fenced
        self.absent = []             # names of static members that come back
        self.changed_at = None
        self.is_stable = False
        self.settled = asyncio.Event()

    def divide(self, generation, known, partitions):
        """{member id: partitions}, of {member id: what it says of itself}."""
        order = sorted(known, key=lambda each: known[each]["name"])
        wanted = {each: {p for p in range(partitions)
                         if (p + generation) % len(order) == place} for place, each in enumerate(order)}
        if not self.is_cooperative:
            return wanted
        # A partition that moves is nobody's until its owner has given it up. Claims of a generation before
        # the last one are from a pause.
        last = max((about["generation"] or 0 for about in known.values()), default=0)
        held = {p: each for each, about in known.items() if about["generation"] == last
                for p in about["owned"]}
        fair = -(-partitions // len(order))
        shares = {each: set() for each in order}
        for partition, owner in sorted(held.items()):
            if len(shares[owner]) < fair:
                shares[owner].add(partition)
        for partition in sorted(set(range(partitions)) - held.keys()):
            shares[min(order, key=lambda each: len(shares[each]))].add(partition)
        return shares


class World:
    """The broker, the groups, and all that is counted."""

    def __init__(self, options, folder):
        self.options, self.breaks = options, options.breaks
        self.random = random.Random(options.seed)
        self.topic, self.partitions = TOPIC, PARTITIONS
        self.ledger = Ledger()
        self.broker = Broker(options.broker, str(folder / "data"), str(folder / "broker.log"), options.override)
        self.groups = [Group(f"group-{n}", KINDS[n % len(KINDS)], options.members // options.groups)
                       for n in range(options.groups)]
        self.counts, self.settle_times = Counter(), []
        self.unquiet_at_kills = 0    # groups in a rebalance or before one
        self.silent = []             # dead ones with their connections
        self.is_up = self.is_over = False

    @property
    def port(self):
        return self.broker.port

    def change(self, group, what):
        self.counts[what] += 1
        self.note_change(group)

    def note_change(self, group):
        group.changed_at = time.monotonic()
        group.is_stable = False
        group.settled.clear()

    # The broker's lives.

    async def start_broker(self):
        await asyncio.to_thread(self.broker.start)
        self.is_up = True
        for group in self.groups:
            self.note_change(group)

    async def kill_broker(self):
        self.is_up = False
        self.counts["kills"] += 1
        self.unquiet_at_kills += sum(not group.is_stable for group in self.groups)
        await asyncio.to_thread(self.broker.kill)

    async def prepare(self):
        await self.start_broker()
        connection = await wire.Connection.open(self.port)
        code = wire.created(await connection.call(wire.CREATE_TOPICS, wire.create_topic(TOPIC, PARTITIONS)))
        expect(code == wire.NONE, f"the topic can't be made: error {code}")
        deadline = time.monotonic() + 30
        while wire.found_coordinator(await connection.call(
                wire.FIND_COORDINATOR, wire.find_coordinator("any"))) != wire.NONE:
            expect(time.monotonic() < deadline, "no coordinator in 30 s")
            await asyncio.sleep(0.1)
        connection.drop()

    # What happens to members.

    def join(self, group, instance=None):
        if group.is_static and instance is None:
            taken = {each.instance for each in group.members}
            free = [name for name in group.absent if name not in taken]
            instance = free[0] if free else next(
                name for name in (f"{group.name}/static-{n}" for n in range(1000)) if name not in taken)
        group.absent = [name for name in group.absent if name != instance]
        self.change(group, "joins")
        group.members.append(Member(self, group, instance))

    def take_out(self, group):
        member = self.random.choice(group.members)
        group.members.remove(member)
        return member

    async def leave(self, group):
        member = self.take_out(group)
        if self.breaks == "settle":
            self.change(group, "leaves")
            self.silent.append(member)
            return
        await member.leave()
        self.change(group, "leaves")

    async def die(self, group, silently):
        member = self.take_out(group)
        await member.die(silently)
        if silently:
            self.silent.append(member)
        if member.instance and self.random.random() < 0.5:
            group.absent.append(member.instance)
        self.change(group, "silent deaths" if silently else "deaths")

    async def come_back(self, group):
        """A static member dies and is back within its session."""
        member = self.take_out(group)
        await member.die(silently=False)
        await asyncio.sleep(self.random.uniform(0, 3))
        self.counts["returns"] += 1
        self.join(group, member.instance)

    def replace(self, group):
        """A program of the same name starts while the first one runs."""
        sure = [each for each in group.members if each.shown_at is not None and each.generation is not None]
        if not sure:
            return
        member = self.random.choice(sure)
        group.members.remove(member)
        member.is_replaced = True
        group.replaced.append(member)
        self.counts["take-overs"] += 1
        self.join(group, member.instance)

    async def disturb(self, group):
        what = self.random.choices(("join", "leave", "die", "silent", "pause", "static"), (4, 2, 2, 1, 1, 2))[0]
        if len(group.members) <= group.size - 3:
            what = "join"
        elif what == "join" and len(group.members) >= group.size + 3:
            what = "die"
        if what == "join":
            self.join(group)
        elif what == "leave":
            await self.leave(group)
        elif what == "pause":
            self.random.choice(group.members).pauses = True
        elif what == "static" and group.is_static:
            if self.random.random() < 0.5:
                await self.come_back(group)
            else:
                self.replace(group)
        else:
            await self.die(group, silently=what == "silent")

    async def keep_unquiet(self, group):
        """Storms, and between them time enough to settle."""
        while not self.is_over:
            if self.random.random() < 0.4:
                try:
                    await asyncio.wait_for(group.settled.wait(), STABLE_WITHIN_S + 5)
                except TimeoutError:
                    pass
                await asyncio.sleep(self.random.uniform(0, 3))
            else:
                await asyncio.sleep(self.random.expovariate(1))
            if not self.is_over:
                await self.disturb(group)

    # What is looked at.

    def is_settled(self, group, state, ids):
        group.replaced = [each for each in group.replaced if not each.task.done()]
        if group.replaced or any(each.is_paused or each.pauses for each in group.members):
            return False
        if not group.members:
            return state in ("Empty", "Dead") and not ids
        generations = {each.generation for each in group.members}
        owned = [partition for each in group.members for partition in each.owned]
        return state == "Stable" and ids == {each.id for each in group.members} \
            and len(generations) == 1 and None not in generations and sorted(owned) == list(range(PARTITIONS))

    def judge(self, group, told, asked_at):
        code, state, ids = told
        if code != wire.NONE or group.changed_at > asked_at or not self.is_up:
            return
        took = time.monotonic() - group.changed_at
        if self.is_settled(group, state, ids):
            if not group.is_stable:
                self.settle_times.append(took)
            group.is_stable = True
            group.settled.set()
        elif took > STABLE_WITHIN_S and not any(each.is_paused for each in group.members):
            living = [(each.name, each.id[-6:], each.generation, len(each.owned)) for each in group.members]
            self.ledger.complain(f"{group.name} ({group.kind}) is {state} {took:.1f} s after its last change, "
                                 f"members {sorted(each[-6:] for each in ids)}, living {living}, "
                                 f"to be fenced {[each.name for each in group.replaced]}")
            self.note_change(group)

    async def look(self):
        """A connection of its own each; the broker may be away."""
        connection = await wire.Connection.open(self.port)
        while True:
            asked_at = time.monotonic()
            groups = wire.described(await connection.call(
                wire.DESCRIBE, wire.describe([each.name for each in self.groups])))
            for group in self.groups:
                self.judge(group, groups[group.name], asked_at)
            await asyncio.sleep(LOOK_S)

    async def audit_group(self, connection, group):
        floors = self.ledger.floors(group.name, range(PARTITIONS))
        code, offsets = wire.fetched_offsets(
            await connection.call(wire.OFFSET_FETCH, wire.fetch_offsets(group.name)))
        if code == wire.NONE:
            self.ledger.fetch(group.name, offsets, floors)
        return code == wire.NONE

    async def audit(self):
        connection = await wire.Connection.open(self.port)
        while True:
            for group in self.groups:
                await self.audit_group(connection, group)
            await asyncio.sleep(AUDIT_S)

    async def final_audit(self):
        connection = await wire.Connection.open(self.port)
        for group in self.groups:
            deadline = time.monotonic() + 30
            while not await self.audit_group(connection, group):
                expect(time.monotonic() < deadline, f"{group.name} isn't loaded in 30 s")
                await asyncio.sleep(0.05)
        connection.drop()

    async def persist(self, work):
        while True:
            try:
                await work()
            except TimeoutError:
                self.ledger.complain("no answer to an onlooker in 60 s")
            except OSError:
                await asyncio.sleep(0.05)

    async def watch_itself(self):
        """When this program stood still its members may have died of it."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.1)
            if time.monotonic() - before > STALL_S:
                self.counts["stalls of this test"] += 1
                for group in self.groups:
                    self.note_change(group)

    # The story.

    async def fire(self):
        begun = time.monotonic()
        unrest = [asyncio.create_task(self.keep_unquiet(group)) for group in self.groups]
        each = self.options.seconds / max(self.options.kills, 1)
        for number in range(self.options.kills):
            due = begun + (number + self.random.uniform(0.3, 0.9)) * each
            await asyncio.sleep(max(due - time.monotonic(), 0))
            await self.kill_broker()
            await self.start_broker()
            print(f"{time.monotonic() - begun:5.0f} s: {self.told()}", flush=True)
            if self.ledger.violations:
                break
        while time.monotonic() < begun + self.options.seconds and not self.ledger.violations:
            await asyncio.sleep(0.2)
        self.is_over = True
        await asyncio.gather(*unrest)

    async def settle(self):
        deadline = time.monotonic() + 2 * STABLE_WITHIN_S + 10
        while not all(group.is_stable for group in self.groups) and not self.ledger.violations:
            expect(time.monotonic() < deadline, "some group doesn't settle at the end: " +
                   ", ".join(group.name for group in self.groups if not group.is_stable))
            await asyncio.sleep(0.1)

    async def run(self):
        await self.prepare()
        for group in self.groups:
            for _ in range(group.size):
                self.join(group)
        onlookers = [asyncio.create_task(each) for each in
                     (self.persist(self.look), self.persist(self.audit), self.watch_itself())]
        try:
            await self.settle()
            await self.fire()
            await self.settle()
            await self.end(onlookers)
        finally:
            tasks = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def end(self, onlookers):
        for task in onlookers:
            task.cancel()
        for group in self.groups:
            for member in group.members:
                await member.die(silently=False)
        await self.kill_broker()
        await self.start_broker()
        await self.final_audit()
        await asyncio.to_thread(self.broker.stop)
        await self.start_broker()
        await self.final_audit()
        await asyncio.to_thread(self.broker.stop)

    def told(self):
        return (f"{sum(len(group.members) for group in self.groups)} members, {self.ledger.shares} shares, "
                f"{self.ledger.acknowledged} commits, {len(self.ledger.violations)} violations, "
                f"slowest to settle {max(self.settle_times, default=0):.1f} s")

    def figure(self):
        counts = ", ".join(f"{self.counts[what]} {what}" for what in sorted(self.counts))
        generations = len({key[:2] for key in self.ledger.owners})
        ledger = self.ledger
        return (f"{self.options.members} members of {len(self.groups)} groups for {self.options.seconds:.0f} s: "
                f"{counts}, {self.unquiet_at_kills} times a group was in a change at a kill; {generations} generations with {ledger.shares} shares, 0 partitions with two owners; "
                f"{ledger.acknowledged} commits acknowledged, {ledger.fetched} looks at them, 0 lost, "
                f"{ledger.stale_refused} of generations past refused; stable {len(self.settle_times)} times, "
                f"after {statistics.median(self.settle_times):.1f} s "
                f"(at most {max(self.settle_times):.1f}; bound {STABLE_WITHIN_S})")


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True, help="the broker's binary")
    parser.add_argument("--groups", type=int, default=20)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kills", type=int, default=1)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--override", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--break", dest="breaks", choices=("owners", "commits", "stale", "settle"),
                        help="what the members do wrong")
    return parser.parse_args()


def run_in(options, folder):
    world = World(options, folder)
    with world.broker:
        try:
            asyncio.run(world.run())
            failures = world.ledger.violations
        except BrokerError as error:
            failures = [*world.ledger.violations, f"{error}\n{world.broker.log_tail()}"]
    for each in failures:
        print(f"FAILED: {each}")
    if not failures:
        print(f"figure: {world.figure()}")
    print(f"{0 if failures else 1} passed, {1 if failures else 0} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(run_in_folder(run_in, parse(), "group-fire"))
