"""Record batches and old messages in Kafka's bytes, well formed and not. Standard library only."""

import gzip
import struct
import zlib

TABLE = []
for each in range(256):
    for _ in range(8):
        each = (each >> 1) ^ (0x82F63B78 if each & 1 else 0)
    TABLE.append(each)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def varint(number):
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def sized(data):
    return varint(-1) if data is None else varint(len(data)) + data


def record(delta, timestamp_delta, key, value, headers=()):
    body = b"\0" + varint(timestamp_delta) + varint(delta) + sized(key) + sized(value)
    body += varint(len(headers)) + b"".join(sized(name) + sized(text) for name, text in headers)
    return varint(len(body)) + body


def batch(records, *, base_offset=0, magic=2, attributes=0, timestamps=(1_700_000_000_000,), producer=(-1, -1, -1),
          count=None, last_delta=None, crc_off=0, length_off=0):
    """`records` are (key, value) pairs; the one at i has timestamps[i], or the last of them."""
    times = [timestamps[min(i, len(timestamps) - 1)] for i in range(max(1, len(records)))]
    body = b"".join(record(i, times[i] - times[0], key, value) for i, (key, value) in enumerate(records))
    if attributes & 7 == 1:
        body = gzip.compress(body, mtime=0)
    deltas = len(records) - 1 if last_delta is None else last_delta
    covered = struct.pack(">hiqqqhii", attributes, deltas, times[0], max(times), *producer,
                          len(records) if count is None else count) + body
    head = struct.pack(">ibI", 0, magic, (crc32c(covered) + crc_off) & 0xFFFFFFFF)
    return struct.pack(">qi", base_offset, len(head) + len(covered) + length_off) + head + covered


def message(value, *, key=None, magic=1, attributes=0, timestamp=1_700_000_000_000, offset=0, crc_off=0):
    """One message of a set of magic 0 or 1."""
    covered = struct.pack(">bb", magic, attributes)
    if magic == 1:
        covered += struct.pack(">q", timestamp)
    for each in (key, value):
        covered += struct.pack(">i", -1 if each is None else len(each)) + (each or b"")
    body = struct.pack(">I", (zlib.crc32(covered) + crc_off) & 0xFFFFFFFF) + covered
    return struct.pack(">qi", offset, len(body)) + body
