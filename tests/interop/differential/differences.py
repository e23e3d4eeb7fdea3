"""Where Millrace may answer otherwise than a Java broker. Each row: API key (None: any), what the differing place in
the response looks like (names of fields with dots between them, without indexes; "whole" where there is no response),
what a Java broker and Millrace say there (patterns), and why."""

import re

ANY = r"[\s\S]*"
DEFAULT_TEXT = r"This most likely occurs because of a request being malformed[\s\S]*"
REVIEWED = [
    (None, r"(.*\.)?errorMessage", DEFAULT_TEXT, ANY, "where Java has only the code's own text, Millrace says what is wrong"),
    (10, r"(coordinators\.)?errorCode", "0", "15", "Java coordinates transactions"),
    (10, r"(coordinators\.)?errorMessage", ANY, r"|The coordinator is not available\.", "Java coordinates transactions"),
    (10, r"(coordinators\.)?(nodeId|port)", ANY, "-1", "Java coordinates transactions"),
    (10, r"(coordinators\.)?host", ANY, "", "Java coordinates transactions"),
    (0, r"responses\.partitionResponses\.errorCode", "2|53", "3|21",
     "a malformed or transactional batch fails a whole request in Java, before the partition and acks are looked at"),
    (0, r"responses\.partitionResponses\.errorCode", "-1", "76", "Java fails on a codec that there isn't"),
    (0, r"responses\.partitionResponses\.logStartOffset", "-1", r"\d+", "Java fails on a codec that there isn't"),
    (1, r"responses\.partitions\.abortedTransactions#", "None", "0",
     "Java has no list of aborted transactions where no whole batch fits"),
    (0, r"responses\.partitionResponses\.errorMessage", r"Invalid magic .*", r"None", "Java's words for a malformed batch"),
    (19, r"topics\.errorMessage", r"Duplicate replica assignment.*", r"Duplicate replica assignment.*", "Scala's words for a table"),
    (2, r"topics\.partitions\.(timestamp|offset|leaderEpoch)", "-1", r"\d+",
     "a Java broker looks for a time in one segment, of which all may be deleted, and finds nothing"),
    (44, r"responses\.error(Code|Message)", ANY, r"40|The log levels of this broker can't be changed",
     "levels of loggers can't be changed while Millrace runs"),
    (None, r"responses\.errorMessage", r"requirement failed:.*", r"requirement failed:.*", "what a broker's value has to be, in other words"),
    (None, r"responses\.errorMessage", r".*Invalid path string.*", ANY, "Java asks ZooKeeper for a name that can't be there"),
    (None, r"responses\.errorCode", "40", "3", "Java asks ZooKeeper for a name that can't be there"),
    (None, r"\w+\.errorMessage", r".*Invalid value .*", r".*Invalid value .*",
     "of two wrong values either may be named: Java's order is a hash table's"),
]

COMPILED = [(key, re.compile(place), re.compile(theirs), re.compile(ours), reason)
            for key, place, theirs, ours, reason in REVIEWED]


def reason_for(key, place, theirs, ours):
    plain = re.sub(r"\[[^\]]*\]", "", place)
    for wanted, pattern, left, right, reason in COMPILED:
        if wanted in (None, key) and pattern.fullmatch(plain) and left.fullmatch(str(theirs)) and right.fullmatch(str(ours)):
            return reason
    return None
