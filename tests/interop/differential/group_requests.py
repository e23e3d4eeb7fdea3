"""Random sequences of group and offset requests in the JSON of Kafka's own message classes, with the fields of all
versions. A group's name, its members' ids and its generations are named here by strings that begin with "$", and each
side puts its own in. Most requests are what a polite member asks next; the others are anything from anybody."""

import base64
import struct

OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR, JOIN, HEARTBEAT, LEAVE, SYNC = 8, 9, 10, 11, 12, 13, 14
DESCRIBE, LIST, DELETE, OFFSET_DELETE = 15, 16, 42, 47
KEYS = (OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR, JOIN, HEARTBEAT, LEAVE, SYNC, DESCRIBE, LIST, DELETE, OFFSET_DELETE)
MEMBERS = 4            # each with a connection; whoever administers has one more
ADMIN = MEMBERS
INSTANCES_FROM = {JOIN: 5, SYNC: 3, HEARTBEAT: 3, OFFSET_COMMIT: 7, LEAVE: 3}
KNOWN_ID_FROM = 4
MEMBERS_FROM = 3       # of LeaveGroup
TYPES = ("consumer", "consumer", "consumer", "connect")
GROUP = "$group"

# Times at which something happens by itself are never those at which something is asked, nor each other's: a sequence
# asks at each TICK_MS, and a timeout ends that much, and a part of its own, later. Neither are those to which several
# of them add up: with parts of 75, 55 and 95 a group gathered twice, lost a member and waited for the others until
# exactly the fourth time.
TICK_MS = 300
INITIAL_DELAY_MS = 64
SESSIONS_MS = (332, 332, 632, 932)
REBALANCES_MS = (348, 348, 648, 948)
BAD_SESSIONS_MS = (0, -1, 99, 1_800_001)

# What a member does next: it has no id, has one and is to join with it, was told of a generation, knows its share.
NEW, NAMED, JOINED, SETTLED = range(4)


def subscription(topics, number):
    """A consumer's, with whose it is as its own data."""
    names = b"".join(struct.pack(">h", len(each)) + each.encode() for each in topics)
    whose = f"of {number}".encode()
    return struct.pack(">hi", 0, len(topics)) + names + struct.pack(">i", len(whose)) + whose


def encoded(data):
    return base64.b64encode(data).decode()


class Member:
    """What stays the same of a member that a connection speaks for."""

    def __init__(self, random, number, kind, instance):
        self.number, self.kind, self.instance = number, kind, instance
        self.session_ms, self.rebalance_ms = random.choice(SESSIONS_MS), random.choice(REBALANCES_MS)
        self.topics = random.choice((["a"], ["a", "b"], ["b"]))
        self.protocols = random.choice((["range"], ["range", "roundrobin"], ["range", "sticky", "roundrobin"]))
        self.next = NEW


class GroupRequests:
    def __init__(self, random, ranges):
        self.random = random
        self.ranges = ranges
        self.written = 0
        kind = self.one_of(*TYPES)
        instances = [self.one_of(None, None, f"i{each}") for each in range(MEMBERS)]
        if self.chance(1, 8):
            instances[1] = instances[0]
        self.members = [Member(random, each, kind, instances[each]) for each in range(MEMBERS)]
        self.several = random.randint(1, MEMBERS)  # of them come to it

    # Pools.

    def one_of(self, *choices):
        return self.random.choice(choices)

    def chance(self, part, whole):
        return self.random.randrange(whole) < part

    def group(self):
        return GROUP if self.chance(19, 20) else self.one_of("", "$other", "$other")

    def member_id(self, number):
        return self.one_of(*[f"$member:{number}"] * 8, f"$member:{self.random.randrange(MEMBERS)}", f"$former:{number}",
                           "", "nobody")

    def generation(self, number):
        return self.one_of(*[f"$generation:{number}:0"] * 8, f"$generation:{number}:1", f"$generation:{number}:-1", -1, 0)

    def instance(self, member):
        return self.one_of(*[member.instance] * 7, "i9", f"i{self.random.randrange(MEMBERS)}", None)

    def version(self, key, least=0):
        low, high = self.ranges[key]
        return self.random.randint(max(low, least), high)

    def topics(self, make):
        """Some partitions of some topics, each as `make` has it."""
        names = list(dict.fromkeys(self.one_of("a", "a", "b", "b", "nowhere") for _ in range(self.one_of(1, 1, 2))))
        return [(name, [make(each) for each in dict.fromkeys(
            self.one_of(0, 0, 1, 1, 2, 7, -1) for _ in range(self.one_of(1, 2, 2)))]) for name in names]

    # What comes next.

    def burst(self):
        """What is asked at one time, in this order: connection, key, version and request each."""
        return [self.step() for _ in range(self.one_of(1, 2, 3, 3, 4))]

    def pause(self):
        """For how many times nothing is asked."""
        return self.one_of(*[0] * 12, 1, 1, 2, 3, 4)

    def step(self):
        if self.chance(1, 7):
            key = self.one_of(DESCRIBE, DESCRIBE, LIST, DELETE, OFFSET_DELETE, OFFSET_FETCH, FIND_COORDINATOR, OFFSET_COMMIT)
            return self.asked(ADMIN, key)
        member = self.members[self.random.randrange(self.several)]
        if self.chance(1, 4):
            return self.asked(member.number, self.one_of(JOIN, SYNC, HEARTBEAT, LEAVE, OFFSET_COMMIT, OFFSET_FETCH))
        return self.polite(member)

    def asked(self, connection, key):
        """Anything of an API; where it is a member's, it may be another's or nobody's."""
        version = self.version(key)
        member = self.members[connection % MEMBERS]
        return connection, key, version, getattr(self, NAMES[key])(version, member)

    def polite(self, member):
        least = INSTANCES_FROM if member.instance else {}
        if member.next in (NEW, NAMED):
            key = JOIN
        elif member.next == JOINED:
            key = SYNC
        else:
            key = self.one_of(*[HEARTBEAT] * 8, *[OFFSET_COMMIT] * 4, OFFSET_FETCH, JOIN, JOIN, LEAVE, LEAVE)
        version = self.version(key, least.get(key, 0))
        request = getattr(self, NAMES[key])(version, member, True)
        return member.number, key, version, request

    def learn(self, connection, key, answer):
        """What a member does next is up to what it was told."""
        if connection == ADMIN or not isinstance(answer, dict):
            return
        member, code = self.members[connection], answer.get("errorCode", 0)
        if key == JOIN and code == 0:
            member.next = JOINED
        elif key == SYNC and code == 0:
            member.next = SETTLED
        elif key == LEAVE and code == 0:
            member.next = NEW
        elif code in (22, 27, 79):
            member.next = NAMED
        elif code in (25, 82):
            member.next = NEW

    # Requests.

    def who(self, member, is_polite):
        if is_polite:
            return {"memberId": f"$member:{member.number}", "groupInstanceId": member.instance,
                    "generationId": f"$generation:{member.number}:0"}
        return {"memberId": self.member_id(member.number), "groupInstanceId": self.instance(member),
                "generationId": self.generation(member.number)}

    def protocols(self, member, is_polite):
        names = member.protocols
        data = subscription(member.topics, member.number)
        if not is_polite:
            names = self.one_of(names, names, ["range"], ["sticky", "range"], ["burn"], [])
            data = self.one_of(data, data, subscription(["a"], member.number), b"", b"\x00\x00\x00")
        return [{"name": each, "metadata": encoded(data)} for each in names]

    def join(self, version, member, is_polite=False):
        who = self.who(member, is_polite)
        if is_polite and member.next == NEW:
            who["memberId"] = ""
        session, rebalance, kind = member.session_ms, member.rebalance_ms, member.kind
        if not is_polite:
            session = self.one_of(session, session, self.one_of(*SESSIONS_MS), self.one_of(*BAD_SESSIONS_MS))
            rebalance = self.one_of(rebalance, self.one_of(*REBALANCES_MS))
            kind = self.one_of(kind, kind, kind, kind, "consumer", "other", "")
        return {"groupId": GROUP if is_polite else self.group(), "sessionTimeoutMs": session, "rebalanceTimeoutMs": rebalance,
                "memberId": who["memberId"], "groupInstanceId": who["groupInstanceId"], "protocolType": kind,
                "protocols": self.protocols(member, is_polite), "reason": self.one_of(None, "so it is")}

    def sync(self, version, member, is_polite=False):
        who = self.who(member, is_polite)
        self.written += 1
        shares = [{"memberId": f"$member:{each}", "assignment": encoded(f"share {each} of {self.written}".encode())}
                  for each in range(MEMBERS) if is_polite or self.chance(1, 2)]
        if not is_polite and self.chance(1, 6):
            shares.append({"memberId": "nobody", "assignment": encoded(b"nothing")})
        protocol = "$protocol"
        kind = member.kind
        if not is_polite:
            kind = self.one_of(kind, kind, None, "other")
            protocol = self.one_of(protocol, protocol, None, "burn")
        return {"groupId": GROUP if is_polite else self.group(), **who, "protocolType": kind, "protocolName": protocol,
                "assignments": self.one_of(shares, shares, shares, [])}

    def heartbeat(self, version, member, is_polite=False):
        return {"groupId": GROUP if is_polite else self.group(), **self.who(member, is_polite)}

    def leave(self, version, member, is_polite=False):
        who = self.who(member, is_polite)
        leaving = [{"memberId": who["memberId"], "groupInstanceId": who["groupInstanceId"], "reason": None}]
        if not is_polite:
            another = self.one_of(*self.members)
            leaving = self.one_of(leaving, leaving, [], [*leaving, {
                "memberId": self.one_of("", f"$member:{another.number}"), "groupInstanceId": another.instance, "reason": "go"}])
        return {"groupId": GROUP if is_polite else self.group(), "memberId": who["memberId"], "members": leaving}

    def offset_commit(self, version, member, is_polite=False):
        who = self.who(member, is_polite)
        if not is_polite and self.chance(1, 3):
            who = {"memberId": "", "groupInstanceId": None, "generationId": -1}
        self.written += 1

        def line(partition):
            return {"partitionIndex": partition, "committedOffset": self.one_of(self.written, 0, -1, 1 << 40),
                    "committedLeaderEpoch": self.one_of(-1, 0, 5), "commitTimestamp": self.one_of(-1, 5_000_000_000_000),
                    "committedMetadata": self.one_of(None, "", f"m{self.written}", "x" * self.one_of(4096, 4097))}

        return {"groupId": self.one_of(GROUP, GROUP, "$other") if not is_polite else GROUP, "memberId": who["memberId"],
                "groupInstanceId": who["groupInstanceId"], "generationIdOrMemberEpoch": who["generationId"],
                "retentionTimeMs": self.one_of(-1, -1, 3_600_000),
                "topics": [{"name": name, "partitions": lines} for name, lines in self.topics(line)]}

    def offset_fetch(self, version, member, is_polite=False):
        def of_group(group):
            topics = [{"name": name, "partitionIndexes": lines} for name, lines in self.topics(lambda each: each)]
            chosen = self.one_of(topics, topics, None if version >= 2 else [], [])
            who = self.who(member, is_polite)
            return {"groupId": group, "topics": chosen, "memberId": self.one_of(None, who["memberId"]),
                    "memberEpoch": self.one_of(-1, who["generationId"])}
        first = of_group(GROUP if is_polite else self.group())
        groups = self.one_of([first], [first], [first, of_group("nowhere")])
        return {"groupId": first["groupId"], "topics": first["topics"], "groups": groups, "requireStable": self.chance(1, 3)}

    def find_coordinator(self, version, member):
        names = self.one_of([GROUP], [GROUP, "other"], [""], [], [GROUP, GROUP])
        return {"key": self.one_of(GROUP, "", "other"), "keyType": self.one_of(0, 0, 0, 0, 2, 7, -1), "coordinatorKeys": names}

    def describe(self, version, member):
        groups = self.one_of([GROUP], [GROUP], [GROUP, "$other"], ["nowhere", GROUP], [""], [], [GROUP, GROUP])
        return {"groups": groups, "includeAuthorizedOperations": self.chance(1, 3)}

    def list_groups(self, version, member):
        states = self.one_of([], [], ["Stable"], ["preparingrebalance", "CompletingRebalance"], ["Empty", "Dead"], ["Nothing"])
        return {"statesFilter": states, "typesFilter": self.one_of([], [], ["classic"], ["Consumer"], ["none"])}

    def delete(self, version, member):
        return {"groupsNames": self.one_of([GROUP], [GROUP, "$other"], ["nowhere"], [], [""])}

    def offset_delete(self, version, member):
        return {"groupId": self.group(), "topics": [
            {"name": name, "partitions": [{"partitionIndex": each} for each in lines]}
            for name, lines in self.topics(lambda each: each)]}


NAMES = {OFFSET_COMMIT: "offset_commit", OFFSET_FETCH: "offset_fetch", FIND_COORDINATOR: "find_coordinator", JOIN: "join",
         HEARTBEAT: "heartbeat", LEAVE: "leave", SYNC: "sync", DESCRIBE: "describe", LIST: "list_groups", DELETE: "delete",
         OFFSET_DELETE: "offset_delete"}
