"""Reads record batch headers out of a broker's .log files, to see what really arrived on disk: the
codec of each batch, and how many records it has."""

import struct
from collections import Counter
from pathlib import Path

CODECS = {0: "none", 1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}

# Base offset, batch length; then partition leader epoch, magic, CRC, attributes, last offset delta,
# two timestamps, producer id, producer epoch, base sequence, record count.
PREFIX = struct.Struct(">qi")
HEADER = struct.Struct(">qiibIhiqqqhii")


def batches(path):
    """Yields (base offset, codec name, records) of each v2 batch of one .log file. Stops at the
    first zero length, which is space that is prepared but not yet written."""
    data = Path(path).read_bytes()
    at = 0
    while at + HEADER.size <= len(data):
        fields = HEADER.unpack_from(data, at)
        length, magic, attributes, records = fields[1], fields[3], fields[5], fields[12]
        if length == 0:
            return
        if magic != 2 or at + PREFIX.size + length > len(data):
            raise ValueError(f"{path}: no whole v2 batch at byte {at}")
        yield fields[0], CODECS.get(attributes & 7, "unknown"), records
        at += PREFIX.size + length


def records_by_codec(data_dir, topic):
    """How many records of a topic's partitions are stored under each codec."""
    counts = Counter()
    for log in sorted(Path(data_dir).glob(f"{topic}-*/*.log")):
        for _, codec, records in batches(log):
            counts[codec] += records
    return counts
