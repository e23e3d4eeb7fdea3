"""Plays the same random sequences of group and offset requests to two brokers in lock step and compares their answers,
field by field. Run with --broker PROGRAM: a Java broker against a Java broker as the control, then against Millrace,
where only what differential/group_differences.py lists may differ.

A sequence has a group of its own, and a connection per member. It asks at times TICK_MS apart, a few things each time;
what its timeouts bring about falls between those times, on both sides. An answer that hasn't come when the next time is
near "hasn't come yet", which is a fact to compare like any other. A sequence that differs is played again: when it
differs every time it is a difference, else it was the machine's timing, which is printed but is no failure. So it is
when each side has given, in one play, what the other gave in another: two things happened at one moment."""

import argparse
import asyncio
import itertools
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parent / "differential"))

import broker as millrace  # noqa: E402
import kafka  # noqa: E402
from differential import flat  # noqa: E402
from group_differences import reason_for  # noqa: E402
from group_requests import (DELETE, FIND_COORDINATOR, INITIAL_DELAY_MS, JOIN, KEYS, MEMBERS, SYNC,  # noqa: E402
                            TICK_MS, GroupRequests)
from group_side import GroupSide, Names  # noqa: E402

SETTINGS = ["broker.id=0", "num.partitions=2", "log.retention.ms=-1", "offsets.topic.replication.factor=1",
            "offsets.topic.num.partitions=4", "transaction.state.log.replication.factor=1",
            "transaction.state.log.num.partitions=1", "transaction.state.log.min.isr=1",
            "log.initial.task.delay.ms=600000", "group.min.session.timeout.ms=100",
            f"group.initial.rebalance.delay.ms={INITIAL_DELAY_MS}", "offsets.retention.check.interval.ms=36000000"]
API_VERSIONS, CREATE_TOPICS = 18, 19
REQUESTS = 40        # of a sequence
AT_ONCE_S = 0.02     # for an answer that may come at once, or much later
EARLY_S = 0.02       # before the next time: what has come by then has come
GRACE_S = 0.4        # for an answer that has to come, or that the other side has
LATE_S = 0.025       # a play that was held up for longer somewhere may differ by that
REPEATS = 3
HELD_UP_MAX = 12     # plays of a sequence that differed and were held up, before it is given up
WARM_UP = 100        # sequences that nobody looks at, until Java has compiled itself
SHOWN_MAX = 25
TRACE = 14
LEFT_OVER_S = 2.5    # until every session is over
ASKED_AGAIN = "who asks again from another connection: Java never answers the first request, Millrace says UNKNOWN_MEMBER_ID"


class Differs(Exception):
    """A sequence's first difference; `answers` has, by place, what either side gave there."""

    def __init__(self, words, answers):
        super().__init__(words)
        self.answers = answers


class OtherLeader(Exception):
    """A Java broker takes any member of a hash table as the next leader: nothing after that can be compared."""


def sides_were_swapped(plays):
    """Whether at some place, in two of the plays, each side gave what the other one gave."""
    return any(second.get(place) == (right, left)
               for first, second in itertools.combinations(plays, 2) for place, (left, right) in first.items())


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


class Comparison:
    def __init__(self, sides, seed, shows_timing):
        self.sides, self.seed, self.shows_timing = sides, seed, shows_timing
        self.ranges = {}
        self.asked, self.answers, self.reviewed = Counter(), Counter(), Counter()
        self.words = Counter()  # where both have no answer, but closed the connection or such
        self.played = self.ended_early = self.different = self.timing = self.held_up = self.given_up = 0
        self.left_over = set()

    async def prepare(self):
        offered = []
        for side in self.sides:
            answer = await side.send("prepare", API_VERSIONS, 3, {"clientSoftwareName": "ask", "clientSoftwareVersion": "1"})
            offered.append({each["apiKey"]: (each["minVersion"], each["maxVersion"]) for each in answer["apiKeys"]})
            topics = [{"name": name, "numPartitions": count, "replicationFactor": 1, "assignments": [], "configs": []}
                      for name, count in (("a", 3), ("b", 2))]
            await side.send("prepare", CREATE_TOPICS, 5, {"topics": topics, "timeoutMs": 20_000, "validateOnly": False})
            await self.wait_for_groups(side)
        self.ranges = {key: offered[0][key] for key in KEYS}
        if any(offered[1].get(key) != self.ranges[key] for key in KEYS):
            raise kafka.KafkaError(f"they offer other versions: {[[each.get(key) for key in KEYS] for each in offered]}")

    @staticmethod
    async def wait_for_groups(side):
        deadline = time.monotonic() + 60
        for name in (f"w{each}" for each in range(20)):
            while time.monotonic() < deadline:
                await side.send("prepare", FIND_COORDINATOR, 0, {"key": name})
                answer = await side.send("prepare", DELETE, 0, {"groupsNames": [name]})
                if answer["results"][0]["errorCode"] == 69:
                    break
                await asyncio.sleep(0.1)
            else:
                raise kafka.KafkaError(f"{side.name} has no coordinator for {name}")

    async def sequence(self, index):
        """Plays it until it is equal once, or has differed often enough without being held up."""
        found, held_up, leaders = [], 0, 0
        while len(found) <= REPEATS and held_up < HELD_UP_MAX and leaders <= REPEATS:
            play = Play(self, index, len(found) + held_up + leaders)
            try:
                await play.run()
                break
            except OtherLeader:
                leaders += 1
            except Differs as difference:
                if play.late > LATE_S:
                    held_up += 1
                    self.held_up += 1
                else:
                    found.append((play, difference))
            finally:
                self.clean_later(play.name)
        self.played += 1
        is_race = sides_were_swapped([difference.answers for _, difference in found])
        if len(found) > REPEATS and not is_race:
            self.show(index, found)
        elif held_up == HELD_UP_MAX:
            self.given_up += 1
        elif leaders > REPEATS:
            self.ended_early += 1
        elif found:
            self.timing += 1
            if self.shows_timing:
                self.show(index, found[:1], "TIMING")

    def show(self, index, found, word="DIFFERENT"):
        if word == "DIFFERENT":
            self.different += 1
        if self.different > SHOWN_MAX:
            return
        print(f"{word} sequence {index}, request {found[0][0].asked}:")
        for connection, key, version, request, answer in found[0][0].trace[-TRACE:]:
            print(f"    {connection}: {key} v{version} {str(answer if request is None else request)[:420]}"
                  .replace("x" * 400, "x*"))
        print("\n".join(dict.fromkeys(str(difference) for _, difference in found)), flush=True)

    def clean_later(self, name):
        task = asyncio.create_task(self.clean(name))
        self.left_over.add(task)
        task.add_done_callback(self.left_over.discard)

    async def clean(self, name):
        await asyncio.sleep(LEFT_OVER_S)
        request = {"groupsNames": [name, name + ".other"]}
        answers = [side.send(f"{name}/clean", DELETE, 0, request) for side in self.sides]
        await asyncio.wait(answers, timeout=10)
        for side in self.sides:
            side.hang_up(f"{name}/clean")

    async def run(self, indexes, side_by_side):
        waiting = iter(indexes)

        async def worker():
            for index in waiting:
                await self.sequence(index)

        async with asyncio.TaskGroup() as group:
            for _ in range(side_by_side):
                group.create_task(worker())
        await asyncio.gather(*self.left_over)


def report(name, comparison, seconds):
    for reason, count in sorted(comparison.reviewed.items()):
        print(f"reviewed, {count} places: {reason}")
    for word, count in sorted(comparison.words.items()):
        print(f"both, {count} times: {word}")
    print(f"{name}: {comparison.played} sequences, {sum(comparison.asked.values())} answers, {len(comparison.answers)} pairs of "
          f"API and error code, {comparison.different} different, {comparison.timing} that weren't when played again, "
          f"{comparison.ended_early} that another leader ended, {comparison.given_up} that were held up each time "
          f"({comparison.held_up} plays in all), {seconds:.0f} s", flush=True)


async def compare(name, left, right, options, count):
    sides = [GroupSide("left", left.port), GroupSide("right", right.port)]
    for side in sides:
        await side.start()
    warm_up = Comparison(sides, "warm-up", False)
    await warm_up.prepare()
    warm_up.show = lambda *_: None
    await warm_up.run(range(WARM_UP), options.side_by_side)
    comparison = Comparison(sides, options.seed, options.timing)
    comparison.ranges = warm_up.ranges
    begun = time.monotonic()
    indexes = options.only or range(options.first, options.first + count)
    try:
        await comparison.run(indexes, options.side_by_side)
    finally:
        report(name, comparison, time.monotonic() - begun)
        for side in sides:
            await side.stop()
    return comparison


class JavaBroker:
    """A Java broker with a ZooKeeper of its own."""

    def __init__(self, folder):
        self.zookeeper = kafka.ZooKeeper(folder / "zookeeper")
        self.broker = kafka.KafkaBroker(folder / "java", folder / "data", self.zookeeper, SETTINGS[1:])

    def __enter__(self):
        self.zookeeper.start()
        self.broker.start()
        return self.broker

    def __exit__(self, *_):
        self.broker.stop(9)
        self.zookeeper.stop(9)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True)
    parser.add_argument("--sequences", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=int, nargs="*", help="these sequences alone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", type=int, default=1000, help="sequences of the control; 0 leaves it out")
    parser.add_argument("--side-by-side", type=int, default=64)
    parser.add_argument("--timing", action="store_true", help="show sequences that differed in some of their plays, too")
    options = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory(prefix="group_differential.") as place:
        folder = Path(place)
        if options.control:
            with JavaBroker(folder / "one") as left, JavaBroker(folder / "two") as right:
                figures.append(asyncio.run(compare("Java against Java", left, right, options, options.control)))
        if options.sequences:
            with JavaBroker(folder / "three") as left:
                ours = millrace.Broker(options.broker, str(folder / "ours"), str(folder / "millrace.log"), SETTINGS)
                with ours as right:
                    right.start()
                    figures.append(asyncio.run(compare("Java against Millrace", left, right, options, options.sequences)))
    failed = sum(each.different for each in figures)
    played = sum(each.played for each in figures)
    print(f"figure: {' and '.join(str(each.played) for each in figures)} sequences, "
          f"{[each.different for each in figures]} different, {[each.timing for each in figures]} by timing alone, "
          f"{len(figures[-1].reviewed)} reasons for {sum(figures[-1].reviewed.values())} places")
    print(f"{played - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
