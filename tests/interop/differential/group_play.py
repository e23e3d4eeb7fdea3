"""One random sequence of requests of a group, played once to two brokers in lock step. It asks at times TICK_MS apart, a few
things each time; what its timeouts bring about falls between those times, on both sides. An answer that hasn't come when
the next time is near "hasn't come yet", which is a fact to compare like any other."""

import asyncio
import random
import time

from differential import flat
from group_differences import reason_for
from group_requests import JOIN, MEMBERS, SYNC, TICK_MS, GroupRequests
from group_side import Names

REQUESTS = 40        # of a sequence
AT_ONCE_S = 0.02     # for an answer that may come at once, or much later
EARLY_S = 0.02       # before the next time: what has come by then has come
GRACE_S = 0.4        # for an answer that has to come, or that the other side has
LATE_S = 0.025       # a play that was held up for longer somewhere may differ by that
ASKED_AGAIN = "who asks again from another connection: Java never answers the first request, Millrace says UNKNOWN_MEMBER_ID"


class Differs(Exception):
    """A sequence's first difference; `answers` has, by place, what either side gave there."""

    def __init__(self, words, answers):
        super().__init__(words)
        self.answers = answers


class OtherLeader(Exception):
    """A Java broker takes any member of a hash table as the next leader: nothing after that can be compared."""


class Play:
    """One sequence, once."""

    def __init__(self, comparison, index, attempt):
        self.comparison, self.index = comparison, index
        self.sides = comparison.sides
        self.name = f"g{index}.{attempt}"
        self.requests = GroupRequests(random.Random(f"{comparison.seed}/{index}"), comparison.ranges)
        self.names = [Names(self.name, side.port, MEMBERS) for side in self.sides]
        self.waiting = {}    # by connection: key, version, request, and the answers to be
        self.given_up = set()         # who waits there has asked again from another connection
        self.never_answered = set()   # of those
        self.asked = 0
        self.leader = None
        self.late = 0.0      # by how much it was held up, at worst
        self.trace = []

    async def run(self):
        loop = asyncio.get_running_loop()
        try:
            next_time = loop.time() + random.random() * TICK_MS / 1000
            while self.asked < REQUESTS:
                await self.sleep_until(next_time)
                for step in self.requests.burst():
                    await self.step(*step)
                for _ in range(1 + self.requests.pause()):
                    next_time += TICK_MS / 1000
                    await self.sleep_until(next_time - EARLY_S)
                    await self.settle()
        finally:
            for side in self.sides:
                for each in range(MEMBERS + 1):
                    side.hang_up(f"{self.name}/{each}")

    async def sleep_until(self, moment):
        loop = asyncio.get_running_loop()
        await asyncio.sleep(moment - loop.time())
        self.late = max(self.late, loop.time() - moment)

    async def step(self, connection, key, version, request):
        if connection in self.waiting or self.asked >= REQUESTS:
            return
        self.asked += 1
        if key in (JOIN, SYNC):
            self.note_asked_again(key, request["memberId"])
        answers = [side.send(f"{self.name}/{connection}", key, version, names.filled(request))
                   for side, names in zip(self.sides, self.names)]
        self.waiting[connection] = (key, version, request, answers)
        self.trace.append((connection, key, version, request, "asked"))
        begun = time.monotonic()
        await asyncio.wait(answers, timeout=AT_ONCE_S if key in (JOIN, SYNC) else GRACE_S)
        if self.how_many_came(connection) == 1:
            await asyncio.wait(answers, timeout=GRACE_S)
        self.late = max(self.late, time.monotonic() - begun)
        if all(each.done() for each in answers):
            self.take([connection])

    def note_asked_again(self, key, member):
        """A member's request that waits, of whom another connection now speaks."""
        for connection, (waiting, _, request, _) in self.waiting.items():
            if waiting != key:
                continue
            ids = [names.filled(request["memberId"]) for names in self.names]
            mine = [names.ids[connection][-1:] for names in self.names]
            now = [names.filled(member) for names in self.names]
            if ids == now or [[each] for each in now] == mine:
                self.given_up.add(connection)

    async def settle(self):
        """Both sides have answered the same requests by now."""
        late = [each for each in self.waiting if self.how_many_came(each) == 1 and each not in self.never_answered]
        if late:
            begun = time.monotonic()
            await asyncio.wait([one for each in late for one in self.waiting[each][3]], timeout=GRACE_S)
            if all(self.how_many_came(each) == 2 for each in late):
                self.late = max(self.late, LATE_S + time.monotonic() - begun)
        came = [each for each in self.waiting if self.how_many_came(each) == 2]
        self.take(came)
        for connection in [each for each in self.waiting if self.how_many_came(each) == 1]:
            key, version, request, answers = self.waiting[connection]
            told = [each.result() if each.done() else "nothing yet" for each in answers]
            if connection in self.given_up and told[0] == "nothing yet" and told[1].get("errorCode") == 25:
                self.comparison.reviewed[ASKED_AGAIN] += connection not in self.never_answered
                self.never_answered.add(connection)
                continue
            raise Differs(f"connection {connection}, {key} version {version}: {told[0]!r}, {told[1]!r}",
                          {(self.asked, connection, key): tuple(map(repr, told))})

    def how_many_came(self, connection):
        return sum(each.done() for each in self.waiting[connection][3])

    def take(self, connections):
        """Compares what came; ids first, since an answer may name members whose own answer comes with it."""
        came = {each: self.waiting.pop(each) for each in sorted(connections)}
        answers = {each: [one.result() for one in taken[3]] for each, taken in came.items()}
        for connection, (key, _, _, _) in came.items():
            for names, answer in zip(self.names, answers[connection]):
                if key == JOIN and isinstance(answer, dict) and connection < MEMBERS:
                    names.learn(connection, answer)
        for connection, (key, version, request, _) in came.items():
            facts = [names.neutral(answer) for names, answer in zip(self.names, answers[connection])]
            self.trace.append((connection, key, version, None, facts[0]))
            self.compare(connection, key, version, request, facts)
        for connection, (key, _, _, _) in came.items():
            self.requests.learn(connection, key, answers[connection][0])

    def compare(self, connection, key, version, request, answers):
        self.comparison.asked[key] += 1
        if isinstance(answers[0], str):
            self.comparison.words[answers[0][:60]] += 1
        facts = [dict(flat(each)) for each in answers]
        for place, value in facts[0].items():
            if place.endswith("rrorCode"):
                self.comparison.answers[key, value] += 1
        places = [place for place in list(facts[0]) + [each for each in facts[1] if each not in facts[0]]
                  if facts[0].get(place) != facts[1].get(place)]
        self.check_leader(key, answers)
        unexplained = []
        for place in places:
            reason = reason_for(key, version, place or "whole", facts[0].get(place), facts[1].get(place))
            if reason is None:
                unexplained.append(place)
            else:
                self.comparison.reviewed[reason] += 1
        if unexplained:
            lines = [f"  {each}: {facts[0].get(each)!r}, {facts[1].get(each)!r}" for each in unexplained[:8]]
            raise Differs("\n".join([f"connection {connection}, {key} version {version}: {request}", *lines]),
                          {(self.asked, connection, key, each): (facts[0].get(each), facts[1].get(each))
                           for each in unexplained})

    def check_leader(self, key, answers):
        leaders = [each.get("leader") if key == JOIN and isinstance(each, dict) else None for each in answers]
        if not all(leaders):
            return
        if leaders[0] != leaders[1] and self.leader not in leaders:
            raise OtherLeader
        self.leader = leaders[0]
