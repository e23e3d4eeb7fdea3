"""Where Millrace may answer a group request otherwise than a Java broker in ZooKeeper mode. Each row: API key, versions,
what the differing place in the answer looks like (names of fields with dots between them, without indexes), what a Java
broker and Millrace say there (patterns), and why."""

import re

ANY = r"[\s\S]*"
DEFAULT_TEXT = r"This most likely occurs because of a request being malformed[\s\S]*"
IN_ZOOKEEPER = "offsets of version 0 are in ZooKeeper, which Millrace hasn't got, as a Java broker without it"
REVIEWED = [
    (8, (0,), r"topics\.partitions\.errorCode", ANY, "35", IN_ZOOKEEPER),
    (9, (0,), r"topics\.partitions\.errorCode", ANY, "35", IN_ZOOKEEPER),
    (9, (0,), r"topics\.partitions\.committedOffset", r"\d+", "-1", IN_ZOOKEEPER),
    (9, (0,), r"topics\.partitions\.metadata", ANY, "", IN_ZOOKEEPER),
    (10, range(1, 7), r"(coordinators\.)?errorMessage", DEFAULT_TEXT, ANY,
     "where Java has only the code's own text, Millrace says what is wrong"),
]

COMPILED = [(key, versions, re.compile(place), re.compile(theirs), re.compile(ours), reason)
            for key, versions, place, theirs, ours, reason in REVIEWED]


def reason_for(key, version, place, theirs, ours):
    plain = re.sub(r"\[[^\]]*\]", "", place)
    for wanted, versions, pattern, left, right, reason in COMPILED:
        if wanted == key and version in versions and pattern.fullmatch(plain) \
                and left.fullmatch(str(theirs)) and right.fullmatch(str(ours)):
            return reason
    return None
