"""A lean member of a group: joins, divides when it leads, commits, shows that it is alive, and goes on with
the broker's next life as clients do. What it is told goes into the ledger."""

import asyncio
import itertools
import json
import random
import time

import group_wire as wire

SESSION_MS, REBALANCE_MS = 6_000, 10_000
HEARTBEAT_S, COMMIT_S = 1.0, 0.5
# A member that has shown itself so lately can't be forgotten: a session, and room for a slow machine.
SHOWN_S = SESSION_MS / 1000 - 2
PAUSE_S = SESSION_MS / 1000 + 2
SILENCE_S = 40
STALE_CODES = (wire.ILLEGAL_GENERATION, wire.UNKNOWN_MEMBER_ID, wire.FENCED_INSTANCE_ID,
               wire.REBALANCE_IN_PROGRESS)

numbers = itertools.count(1)


class Member:
    """One life of a member of `group`. `instance` is the name of a static one. Runs until it is cancelled,
    or fenced by a program that has taken its place."""

    def __init__(self, world, group, instance=None):
        self.world, self.group, self.instance = world, group, instance
        self.name = instance or f"{group.name}/member-{next(numbers)}"
        self.connection = None
        self.id, self.generation, self.owned = "", None, set()
        self.former = None           # the generation before
        self.shown_at = None         # by an answer to the id that it has now; None: that may be lost yet
        self.pauses = self.is_paused = False
        self.is_replaced = False
        self.heartbeat_due = self.commit_due = 0.0
        self.task = asyncio.create_task(self.live())

    async def live(self):
        while True:
            try:
                while not await self.step():
                    pass
                return
            except TimeoutError:
                self.world.ledger.complain(f"{self.name}: no answer in {SILENCE_S} s")
            except OSError:
                pass  # the broker is away
            self.hang_up()
            await asyncio.sleep(random.uniform(0.02, 0.2))

    def hang_up(self):
        if self.connection:
            self.connection.drop()
        self.connection = None

    async def die(self, silently):
        """Says nothing any more; the connection stays when it dies `silently`."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        if not silently:
            self.hang_up()

    async def leave(self):
        """As a client that is closed; a static member as by an administrator, who knows its name only."""
        await self.die(silently=False)
        if not self.id and not self.instance:
            return
        try:
            async with asyncio.timeout(2):
                connection = await wire.Connection.open(self.world.port)
                member_id = "" if self.instance else self.id
                await connection.call(wire.LEAVE, wire.leave(self.group.name, member_id, self.instance))
                connection.drop()
        except OSError:
            pass  # it has died then

    async def call(self, kind, body):
        return await self.connection.call(kind, body, SILENCE_S)

    async def step(self):
        """True when this life is over."""
        if self.connection is None:
            self.connection = await wire.Connection.open(self.world.port)
        if self.pauses:
            return await self.pause()
        if self.generation is None:
            return await self.take_part()
        now = time.monotonic()
        due = min(self.heartbeat_due, self.commit_due)
        if due > now:
            await asyncio.sleep(min(due - now, 0.1))
            return False
        if self.heartbeat_due <= now:
            self.heartbeat_due = now + HEARTBEAT_S
            answer = await self.call(wire.HEARTBEAT, self.claim())
            return self.heed(wire.heartbeat_code(answer), now)
        self.commit_due = now + random.uniform(0.5, 1.5) * COMMIT_S
        return await self.commit(self.generation, random.sample(sorted(self.owned), min(3, len(self.owned))))

    def claim(self):
        return wire.who(self.group.name, self.generation, self.id, self.instance)

    async def pause(self):
        """Is silent for longer than its session, then goes on as if nothing had been."""
        self.pauses, self.is_paused = False, True
        self.world.change(self.group, "pauses")
        await asyncio.sleep(PAUSE_S)
        self.is_paused = False
        self.shown_at = None
        self.world.change(self.group, "ends of pauses")
        if self.generation is None:
            return False
        return await self.commit(self.generation, sorted(self.owned))

    # Joining.

    async def take_part(self):
        group = self.group
        data = json.dumps({"name": self.name, "generation": self.former, "owned": sorted(self.owned)})
        metadata = wire.subscription(self.world.topic, data.encode())
        asked_at = time.monotonic()
        code, generation, leader, member_id, members = wire.joined(await self.call(wire.JOIN, wire.join(
            group.name, self.id, self.instance, group.protocol_type,
            [(name, metadata) for name in group.protocols], SESSION_MS, REBALANCE_MS)))
        if code == wire.MEMBER_ID_REQUIRED:
            self.id = member_id
            return False
        if code != wire.NONE:
            return await self.wait_and_heed(code, asked_at)
        if member_id != self.id:
            self.id, self.shown_at = member_id, None
        shares = self.divide(generation, members) if leader == member_id else {}
        answer = await self.call(wire.SYNC, wire.sync(group.name, generation, self.id, self.instance, shares))
        code, share = wire.synced(answer)
        if code != wire.NONE:
            return await self.wait_and_heed(code, time.monotonic())
        return await self.take_share(generation, wire.shared(share))

    def divide(self, generation, members):
        known = {each: json.loads(wire.subscribed_data(data)) for each, (_, data) in members.items()}
        shares = self.group.divide(generation, known, self.world.partitions)
        if self.world.breaks == "owners" and len(shares) > 1:
            rest = list(shares.values())
            rest[0] |= set(list(rest[1])[:1])
        self.world.ledger.divide(self.group.name, generation,
                                 {known[each]["name"]: partitions for each, partitions in shares.items()})
        return {each: wire.share(self.world.topic, partitions) for each, partitions in shares.items()}

    async def take_share(self, generation, partitions):
        ledger, group, former = self.world.ledger, self.group.name, self.former
        ledger.take_share(group, generation, self.name, partitions)
        revoked, gained = self.owned - partitions, partitions - self.owned
        self.generation = self.former = generation
        self.owned = partitions
        self.shown_at = time.monotonic()
        self.heartbeat_due = self.commit_due = 0.0
        if gained:
            floors = ledger.floors(group, gained)
            code, offsets = wire.fetched_offsets(
                await self.call(wire.OFFSET_FETCH, wire.fetch_offsets(group)))
            if code == wire.NONE:
                ledger.fetch(group, offsets, floors)
        if former is not None and former < generation and partitions and random.random() < 0.2:
            await self.commit(former, sorted(partitions)[:1])
        if self.group.is_cooperative and revoked:
            self.generation = None  # somebody waits for them
        return False

    # Answers.

    async def wait_and_heed(self, code, asked_at):
        if code in wire.COORDINATOR_ERRORS:
            await asyncio.sleep(0.1)
        return self.heed(code, asked_at)

    def heed(self, code, asked_at):
        """Does what a client does on an answer; True when that was the end."""
        if code == wire.NONE:
            self.shown_at = asked_at if self.shown_at is not None else None
        elif code == wire.REBALANCE_IN_PROGRESS:
            self.shown_at = asked_at if self.shown_at is not None else None
            self.go_to_join()
        elif code == wire.ILLEGAL_GENERATION:
            self.go_to_join()
        elif code in (wire.UNKNOWN_MEMBER_ID, wire.FENCED_INSTANCE_ID):
            if self.is_replaced:
                self.hang_up()
                return True
            if self.shown_at is not None and asked_at - self.shown_at < SHOWN_S:
                self.world.ledger.complain(f"{self.name} has error {code} {asked_at - self.shown_at:.1f} s "
                                           f"after it had shown itself in {self.former}")
            self.id, self.shown_at, self.owned = "", None, set()
            self.go_to_join()
        elif code not in wire.COORDINATOR_ERRORS:
            self.world.ledger.complain(f"{self.name}: error {code}")
        return False

    def go_to_join(self):
        self.generation = None
        if not self.group.is_cooperative:
            self.owned = set()

    async def commit(self, generation, partitions):
        if not partitions:
            return False
        ledger, group = self.world.ledger, self.group.name
        newest, asked_at = ledger.newest[group], time.monotonic()
        offsets = {each: ledger.next_offset(group, each) for each in partitions}
        if self.world.breaks == "commits" and random.random() < 0.01:
            for partition, offset in offsets.items():
                ledger.acknowledge(group, partition, offset, generation, newest)
            return False
        told = self.generation if self.world.breaks == "stale" else generation
        answer = await self.call(wire.OFFSET_COMMIT, wire.commit(
            group, told, self.id, self.instance, self.world.topic,
            {each: (offset, str(offset)) for each, offset in offsets.items()}))
        codes = wire.committed(answer)
        for partition, code in codes.items():
            if code == wire.NONE:
                ledger.acknowledge(group, partition, offsets[partition], generation, newest)
            elif code in STALE_CODES:
                ledger.refuse(group, partition, offsets[partition], generation, newest)
        if generation != self.generation:
            return False
        return await self.wait_and_heed(next(iter(codes.values())), asked_at)
