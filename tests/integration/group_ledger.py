"""What the members of all groups were told, and what of it can't be: two owners of a partition in one
generation, a share that no leader gave, a commit that was acknowledged and is gone, one that was refused and
is there, one of a generation that is over. What it finds is kept in `violations`."""

from collections import defaultdict

VIOLATIONS_KEPT = 20


class Ledger:
    """Groups, partitions and members go by their names. A static member's name is its instance id, whatever
    member id it has: a program that comes back has its own partitions, not those of another."""

    def __init__(self):
        self.violations = []
        self.owners = {}                     # (group, generation, partition): member
        self.plans = defaultdict(list)       # (group, generation): {member: partitions}, of each try
        self.newest = defaultdict(lambda: -1)      # group: the last generation that had a share
        self.sent = defaultdict(int)         # (group, partition): the last offset
        self.kept = defaultdict(int)         # ... the highest that was acknowledged or fetched
        self.refused = set()                 # (group, partition, offset)
        self.shares = self.acknowledged = self.fetched = self.stale_refused = 0

    def complain(self, what):
        if len(self.violations) < VIOLATIONS_KEPT:
            self.violations.append(what)

    def divide(self, group, generation, plan):
        """A leader is about to send its division, which may get lost, and another one be sent."""
        self.plans[group, generation].append(plan)

    def take_share(self, group, generation, member, partitions):
        self.shares += 1
        self.newest[group] = max(self.newest[group], generation)
        plans = self.plans[group, generation]
        if not any(plan.get(member, set()) == partitions for plan in plans):
            self.complain(f"{group} generation {generation}: {member} was told {sorted(partitions)}, "
                          f"which is no leader's division: {[plan.get(member) for plan in plans]}")
        for partition in partitions:
            owner = self.owners.setdefault((group, generation, partition), member)
            if owner != member:
                self.complain(f"{group} generation {generation}: partition {partition} belongs to "
                              f"{owner} and to {member}")

    def next_offset(self, group, partition):
        """Of a commit that is about to be sent: higher than every one before it."""
        self.sent[group, partition] += 1
        return self.sent[group, partition]

    def acknowledge(self, group, partition, offset, generation, newest):
        """`newest` is what self.newest had for the group when the commit was sent."""
        self.acknowledged += 1
        if newest > generation:
            self.complain(f"{group} partition {partition}: commit {offset} of generation {generation} "
                          f"was taken in generation {newest}")
        self.kept[group, partition] = max(self.kept[group, partition], offset)

    def refuse(self, group, partition, offset, generation, newest):
        self.stale_refused += newest > generation
        self.refused.add((group, partition, offset))

    def floors(self, group, partitions):
        """{partition: what a fetch that is sent now has to give at least}."""
        return {partition: self.kept[group, partition] for partition in partitions}

    def fetch(self, group, offsets, floors):
        """`offsets` is {partition: (offset, metadata)}, `floors` from before the request."""
        for partition, floor in floors.items():
            self.fetched += 1
            offset, metadata = offsets.get(partition, (-1, ""))
            place = f"{group} partition {partition}"
            if max(offset, 0) < floor:
                self.complain(f"{place}: {floor} was committed, {offset} is there")
            if offset < 0:
                continue
            if offset > self.sent[group, partition] or metadata != str(offset):
                self.complain(f"{place}: {offset} with '{metadata}' is there, which nobody committed")
            if (group, partition, offset) in self.refused:
                self.complain(f"{place}: {offset} is there, which was refused")
            self.kept[group, partition] = max(self.kept[group, partition], offset)
