"""Many connections of one process that send prepared requests of groups and compare the answers as bytes, for
load where the client mustn't be what is measured."""

import asyncio
import struct
import time

import group_wire as wire
from broker import BrokerError, expect

CONNECTING = 200
SILENCE_S = 120


class Line(asyncio.Protocol):
    """A connection; `on_answer(line, answer)` is called with each answer behind its length."""

    def __init__(self, on_answer, on_loss):
        self.on_answer, self.on_loss = on_answer, on_loss
        self.rest = b""
        self.transport = None
        self.number = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        data = self.rest + data if self.rest else data
        at = 0
        while len(data) - at >= 4:
            end = at + 4 + struct.unpack_from(">i", data, at)[0]
            if end > len(data):
                break
            self.on_answer(self, data[at + 4:end])
            at = end
        self.rest = data[at:]

    def connection_lost(self, _):
        self.on_loss()

    def send(self, data):
        self.transport.write(data)


class Crowd:
    """So many lines to one broker. What goes wrong in a callback ends the wait for `done`."""

    def __init__(self):
        self.lines = []
        self.done = asyncio.get_running_loop().create_future()

    def fail(self, what):
        if not self.done.done():
            self.done.set_exception(BrokerError(what))

    def finish(self):
        if not self.done.done():
            self.done.set_result(None)

    async def connect(self, port, count):
        loop, room = asyncio.get_running_loop(), asyncio.Semaphore(CONNECTING)

        async def one(number):
            async with room:
                _, line = await loop.create_connection(
                    lambda: Line(self.heed, lambda: self.fail("a connection was closed")), "127.0.0.1", port)
            line.number = number
            self.lines.append(line)

        await asyncio.gather(*(one(number) for number in range(count)))

    def heed(self, line, answer):
        raise NotImplementedError

    async def wait(self):
        try:
            await asyncio.wait_for(self.done, SILENCE_S)
        except TimeoutError:
            raise BrokerError(f"not done in {SILENCE_S} s: {self.state()}") from None

    def state(self):
        return ""

    def hang_up(self):
        for line in self.lines:
            line.on_loss = lambda: None
            line.transport.abort()


class Stream(Crowd):
    """Sends (request, expected answer) from an iterator, one in flight on each line."""

    def __init__(self, exchanges):
        super().__init__()
        self.exchanges = iter(exchanges)
        self.expected = {}
        self.answered = 0

    def next(self, line):
        exchange = next(self.exchanges, None)
        if exchange is None:
            self.expected.pop(line, None)
            if not self.expected:
                self.finish()
            return
        self.expected[line] = exchange[1]
        line.send(exchange[0])

    def heed(self, line, answer):
        expected = self.expected[line]
        if answer[4:] != expected:
            return self.fail(f"answered {answer[4:][:80]!r}, not {expected[:80]!r}")
        self.answered += 1
        self.next(line)

    def state(self):
        return f"{self.answered} answers"

    async def run(self, port, lines):
        await self.connect(port, lines)
        begun = time.monotonic()
        for line in self.lines:
            self.next(line)
        await self.wait()
        self.hang_up()
        return time.monotonic() - begun


def stream(port, lines, exchanges):
    """Seconds that they took; the answers were as expected."""
    async def run():
        return await Stream(exchanges).run(port, lines)
    return asyncio.run(run())


class Joiners(Crowd):
    """One member of `group` on each line: joins as today's clients do, the leader divides, all take their
    share. `metadata` is what each says of itself."""

    def __init__(self, group, topic, metadata, session_ms, rebalance_ms):
        super().__init__()
        self.group, self.topic = group, topic
        self.metadata, self.session_ms, self.rebalance_ms = metadata, session_ms, rebalance_ms
        self.heeds = {}                # line: what its next answer is for
        self.ids, self.shares = {}, {}
        self.generations = set()
        self.taken = 0
        self.moments = {}

    def join_request(self, member_id):
        return wire.request(wire.JOIN, wire.join(self.group, member_id, None, "consumer",
                                                 [("range", self.metadata)], self.session_ms, self.rebalance_ms))

    def heed(self, line, answer):
        self.heeds[line](line, wire.GroupAnswer(answer[4:]))

    def note(self, what):
        self.moments.setdefault(f"first {what}", time.monotonic())
        self.moments[f"last {what}"] = time.monotonic()

    def on_id(self, line, answer):
        code, _, _, member_id, _ = wire.joined(answer)
        if code != wire.MEMBER_ID_REQUIRED:
            return self.fail(f"JoinGroup without an id: error {code}")
        self.note("id")
        self.ids[line] = member_id
        self.heeds[line] = self.on_generation
        line.send(self.join_request(member_id))

    def on_generation(self, line, answer):
        code, generation, leader, member_id, members = wire.joined(answer)
        if code != wire.NONE:
            return self.fail(f"JoinGroup: error {code}, generation {generation}")
        self.note("generation")
        self.generations.add(generation)
        shares = {}
        if leader == member_id:
            if len(members) != len(self.lines):
                return self.fail(f"the first generation has {len(members)} of {len(self.lines)} members")
            self.shares = {each: wire.share(self.topic, [place]) for place, each in enumerate(members)}
            shares = self.shares
        self.heeds[line] = self.on_share
        line.send(wire.request(wire.SYNC, wire.sync(self.group, generation, member_id, None, shares)))

    def on_share(self, line, answer):
        code, share = wire.synced(answer)
        if code != wire.NONE or share != self.shares[self.ids[line]]:
            return self.fail(f"SyncGroup: error {code}, a share of {len(share)} bytes")
        self.note("share")
        self.taken += 1
        if self.taken == len(self.lines):
            self.finish()

    def state(self):
        return f"{len(self.ids)} ids, generations {self.generations}, {self.taken} shares"

    async def run(self, port, count):
        """Seconds from the first JoinGroup to the last share, and of each step."""
        await self.connect(port, count)
        begun = time.monotonic()
        request = self.join_request("")
        for place, line in enumerate(self.lines):
            self.heeds[line] = self.on_id
            line.send(request)
            if place % 100 == 99:
                await asyncio.sleep(0)
        await self.wait()
        expect(len(self.generations) == 1, f"generations {self.generations}")
        return {what: moment - begun for what, moment in self.moments.items()}


class Members:
    """A member in each of many groups, for requests that only members may send. Joined on a connection
    each; their sessions are long enough to be left alone."""

    def __init__(self, port, count, topic):
        self.port, self.topic = port, topic
        self.groups = [f"small-{n}" for n in range(count)]
        self.claims = {}

    async def join(self):
        await asyncio.gather(*(self.join_one(group) for group in self.groups))

    async def join_one(self, group):
        connection = await wire.Connection.open(self.port)
        metadata = wire.subscription(self.topic, b"")
        code, member_id, generation = wire.NOT_COORDINATOR, "", -1
        while code in (wire.MEMBER_ID_REQUIRED, *wire.COORDINATOR_ERRORS):
            code, generation, _, member_id, _ = wire.joined(await connection.call(wire.JOIN, wire.join(
                group, member_id, None, "consumer", [("range", metadata)], 1_800_000, 60_000)))
            if code in wire.COORDINATOR_ERRORS:
                await asyncio.sleep(0.2)
        expect(code == wire.NONE, f"JoinGroup: error {code}")
        code, _ = wire.synced(await connection.call(wire.SYNC, wire.sync(
            group, generation, member_id, None, {member_id: wire.share(self.topic, [0])})))
        expect(code == wire.NONE, f"SyncGroup: error {code}")
        self.claims[group] = group, generation, member_id, None
        connection.drop()

    def heartbeats(self, count):
        requests = [wire.request(wire.HEARTBEAT, wire.who(*self.claims[group])) for group in self.groups]
        expected = struct.pack(">ih", 0, wire.NONE)
        for n in range(count):
            yield requests[n % len(requests)], expected

    def commits(self, count):
        expected = struct.pack(">i", 0) + wire.array([wire.text(self.topic) + wire.array(
            [struct.pack(">ih", 0, wire.NONE)])])
        for n in range(count):
            claim = self.claims[self.groups[n % len(self.groups)]]
            body = wire.commit(*claim, self.topic, {0: (n, "")})
            yield wire.request(wire.OFFSET_COMMIT, body), expected
