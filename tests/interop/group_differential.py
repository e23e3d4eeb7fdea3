"""Plays the same random sequences of group and offset requests to two brokers in lock step and compares their answers,
field by field. Run with --broker PROGRAM: a Java broker against a Java broker as the control, then against Millrace,
where only what differential/group_differences.py lists may differ.

A sequence has a group of its own, and a connection per member. It asks at times TICK_MS apart, a few things each time;
what its timeouts bring about falls between those times, on both sides. An answer that hasn't come when the next time is
near "hasn't come yet", which is a fact to compare like any other. A sequence that differs is played again: when it
differs every time it is a difference, else it was the machine's timing, which is printed but is no failure. So it is
when each side has given, in one play, what the other gave in another: two things happened at one moment. A sequence
that differed from Millrace every time is then played to two Java brokers: when they differ from each other by the very
same answers, Java leaves them to chance; that is printed with the count."""

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parent / "differential"))

import broker as millrace  # noqa: E402
import kafka  # noqa: E402
from group_play import LATE_S, Differs, OtherLeader, Play  # noqa: E402
from group_requests import DELETE, FIND_COORDINATOR, INITIAL_DELAY_MS, KEYS  # noqa: E402
from group_side import GroupSide  # noqa: E402

SETTINGS = ["broker.id=0", "num.partitions=2", "log.retention.ms=-1", "offsets.topic.replication.factor=1",
            "offsets.topic.num.partitions=4", "transaction.state.log.replication.factor=1",
            "transaction.state.log.num.partitions=1", "transaction.state.log.min.isr=1",
            "log.initial.task.delay.ms=600000", "group.min.session.timeout.ms=100",
            f"group.initial.rebalance.delay.ms={INITIAL_DELAY_MS}", "offsets.retention.check.interval.ms=36000000"]
API_VERSIONS, CREATE_TOPICS = 18, 19
REPEATS = 3
HELD_UP_MAX = 12     # plays of a sequence that differed and were held up, before it is given up
WARM_UP = 100        # sequences that nobody looks at, until Java has compiled itself
SHOWN_MAX = 25
TRACE = 14
LEFT_OVER_S = 2.5    # until every session is over
JAVA_PLAYS = 40      # of a sequence, to see whether Java differs from itself
JAVA_AT_ONCE = 8
FIRST_ALONE = 100    # their attempts' numbers


def sides_were_swapped(plays):
    """Whether at some place, in two of the plays, each side gave what the other one gave."""
    return any(second.get(place) == (right, left)
               for first, second in itertools.combinations(plays, 2) for place, (left, right) in first.items())


def by_chance(found, of_java):
    """Whether two Java brokers have differed by every answer that a sequence differed by; both have answers of plays."""
    def pairs(plays):
        return {(place, *sorted(map(repr, pair))) for answers in plays for place, pair in answers.items()}
    return pairs(found) <= pairs(of_java)


class Comparison:
    def __init__(self, sides, seed, shows_timing):
        self.sides, self.seed, self.shows_timing = sides, seed, shows_timing
        self.ranges = {}
        self.asked, self.answers, self.reviewed = Counter(), Counter(), Counter()
        self.words = Counter()  # where both have no answer, but closed the connection or such
        self.count = self.ended_early = self.different = self.timing = self.held_up = self.given_up = self.chance = 0
        self.unequal = {}       # by sequence: plays and their differences
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

    async def played(self, index, attempt):
        """A play, and the exception that ended it early, if one did."""
        play, early = Play(self, index, attempt), None
        try:
            await play.run()
        except (Differs, OtherLeader) as end:
            early = end
        finally:
            self.clean_later(play.name)
        return play, early

    async def sequence(self, index):
        """Plays it until it is equal once, or has differed often enough without being held up."""
        found, held_up, leaders = [], 0, 0
        while len(found) <= REPEATS and held_up < HELD_UP_MAX and leaders <= REPEATS:
            play, early = await self.played(index, len(found) + held_up + leaders)
            if early is None:
                break
            if isinstance(early, OtherLeader):
                leaders += 1
            elif play.late > LATE_S:
                held_up += 1
                self.held_up += 1
            else:
                found.append((play, early))
        self.count += 1
        is_race = sides_were_swapped([difference.answers for _, difference in found])
        if len(found) > REPEATS and not is_race:
            self.unequal[index] = found
        elif held_up == HELD_UP_MAX:
            self.given_up += 1
        elif leaders > REPEATS:
            self.ended_early += 1
        elif found:
            self.timing += 1
            if self.shows_timing:
                self.show(index, found[:1], "TIMING")

    async def differs_by_chance(self, index, found):
        """Plays a sequence that differed from Millrace to two Java brokers, until they have differed by the same."""
        answers, plays = [], 0
        while plays < JAVA_PLAYS and not by_chance(found, answers):
            attempts = range(FIRST_ALONE + plays, FIRST_ALONE + plays + JAVA_AT_ONCE)
            outcomes = await asyncio.gather(*(self.played(index, each) for each in attempts))
            plays += JAVA_AT_ONCE
            answers += [early.answers for play, early in outcomes if isinstance(early, Differs) and play.late <= LATE_S]
        print(f"sequence {index}: Java differs from Java in {len(answers)} of {plays} plays, by {list(map(dict, answers))[:3]}")
        return by_chance(found, answers)

    async def judge(self, of_java=None):
        """Whatever differed every time is a difference, unless two Java brokers, which `of_java` plays to, differ as well."""
        for index, found in self.unequal.items():
            if of_java and await of_java.differs_by_chance(index, [difference.answers for _, difference in found]):
                self.chance += 1
                continue
            self.different += 1
            if self.different <= SHOWN_MAX:
                self.show(index, found, "DIFFERENT")

    @staticmethod
    def show(index, found, word):
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
    print(f"{name}: {comparison.count} sequences, {sum(comparison.asked.values())} answers, {len(comparison.answers)} pairs of "
          f"API and error code, {len(comparison.unequal)} that differed each time, {comparison.timing} that weren't when played again, "
          f"{comparison.ended_early} that another leader ended, {comparison.given_up} that were held up each time "
          f"({comparison.held_up} plays in all), {seconds:.0f} s", flush=True)


async def begun(sides, options):
    """A comparison of sides that are warm."""
    for side in sides:
        await side.start()
    warm_up = Comparison(sides, "warm-up", False)
    await warm_up.prepare()
    await warm_up.run(range(WARM_UP), options.side_by_side)
    comparison = Comparison(sides, options.seed, options.timing)
    comparison.ranges = warm_up.ranges
    return comparison


async def compare(name, left, right, options, count):
    sides = [GroupSide("left", left.port), GroupSide("right", right.port)]
    comparison = await begun(sides, options)
    start = time.monotonic()
    indexes = options.only or range(options.first, options.first + count)
    try:
        await comparison.run(indexes, options.side_by_side)
    finally:
        report(name, comparison, time.monotonic() - start)
        for side in sides:
            await side.stop()
    return comparison


async def judge(comparison, left, right, options):
    """By what two Java brokers do with the sequences that differed."""
    sides = [GroupSide("left", left.port), GroupSide("right", right.port)]
    of_java = await begun(sides, options)
    await comparison.judge(of_java)
    await asyncio.gather(*of_java.left_over)
    for side in sides:
        await side.stop()


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
                asyncio.run(figures[-1].judge())
        if options.sequences:
            with JavaBroker(folder / "three") as left:
                ours = millrace.Broker(options.broker, str(folder / "ours"), str(folder / "millrace.log"), SETTINGS)
                with ours as right:
                    right.start()
                    figures.append(asyncio.run(compare("Java against Millrace", left, right, options, options.sequences)))
                if figures[-1].unequal:
                    with JavaBroker(folder / "four") as right:
                        asyncio.run(judge(figures[-1], left, right, options))
    failed = sum(each.different for each in figures)
    played = sum(each.count for each in figures)
    print(f"figure: {' and '.join(str(each.count) for each in figures)} sequences, "
          f"{[each.different for each in figures]} different, {[each.timing for each in figures]} by timing alone, "
          f"{figures[-1].chance} by which Java differs from Java too, "
          f"{len(figures[-1].reviewed)} reasons for {sum(figures[-1].reviewed.values())} places")
    print(f"{played - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
