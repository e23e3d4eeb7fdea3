"""What is asked of a broker that runs: each probe makes figures of what the broker and the kernel
have told of some load and of what perf saw meanwhile, or names the reason why it can't; and says
what its figures mean and what is good."""

from collections import namedtuple

import broker_figures
import perf_events
import stacks

# `figures(spent, seen)` gives {"rows": [[what, value, unit], ...], "why_not": words or None,
# "note": words}; `spent` is broker_figures.spent(), `seen` the views of watch.py, and the stacks.
Probe = namedtuple("Probe", "name means good figures")

NOTHING_APPENDED = "nothing was appended meanwhile"
# Requests of a disk by how long they took, to be drawn.
HISTOGRAM = "histogram"


def had(rows, note="", **more):
    return {"rows": rows, "why_not": None, "note": note, **more}


def missing(why_not):
    return {"rows": [], "why_not": why_not, "note": ""}


def requests(spent):
    return broker_figures.total(spent["metrics"], "millrace_requests_total")


def per(value, count):
    return value / count if count else None


def ways(spent, _):
    went = broker_figures.delivered(spent["metrics"])
    if not went:
        return missing("nothing was delivered meanwhile")
    whole = sum(went.values())
    rows = [[way, 100 * count / whole, "% of the bytes"]
            for way, count in sorted(went.items(), key=lambda pair: -pair[1])]
    misses = spent["metrics"].get("millrace_delivery_misses_total", 0)
    return had([*rows, ["together", whole / 1e6, "MB"],
                ["sends that the page cache failed", misses, "times"]])


def zero_copy(spent, seen):
    """Whether what the broker calls sendfile was one, by two other witnesses."""
    went = broker_figures.delivered(spent["metrics"])
    whole = sum(went.values())
    if not whole:
        return missing("nothing was delivered meanwhile")
    free = sum(count for way, count in went.items() if not broker_figures.copies_of(way))
    rows = [["went without a copy in the broker", 100 * free / whole, "% of the bytes"]]
    if went.get("sendfile") and "rchar" in spent["io"]:
        rows.append(["the kernel's count / the broker's of sendfile",
                     spent["io"]["rchar"] / went["sendfile"], "times"])
    inside, copying = stacks.sending_pages(seen["stacks"])
    if inside:
        rows += [["samples inside sendfile or splice", inside, "samples"],
                 ["those that were in a copy", 100 * copying / inside, "% of these"]]
    return had(rows, "The broker never sends by SEND_ZC, so that there is no notification of the"
                     " kernel that could say it has copied after all.")


def why_no_sampling(seen):
    if seen["samples"].why_not:
        return f"Sampling: none, as {seen['samples'].why_not}. "
    if not stacks.sees_kernel(seen["stacks"]):
        return "Sampling: none, as no sample names a function of the kernel. "
    return ""


def copies(spent, seen):
    """By sampling, by design, and by kprobes where they are."""
    rows, note = [], why_no_sampling(seen)
    if stacks.sees_kernel(seen["stacks"]):
        own, below = stacks.copy_shares(seen["stacks"])
        rows += [["copying", 100 * own, "% of the processor time"],
                 ["copying, with the page faults in it", 100 * below, "% of the processor time"]]
    went = broker_figures.delivered(spent["metrics"])
    whole = sum(went.values())
    if whole:
        made = sum(count * broker_figures.copies_of(way) for way, count in went.items())
        rows.append(["copied for each byte delivered, by design at most", made / whole, "bytes"])
    if seen["copies"].why_not:
        note += f"Counting the bytes themselves: none, as {seen['copies'].why_not}."
    elif whole:
        counted = "".join(filter(str.isdigit, seen["copies"].text)) or "0"
        rows.append(["copied for each byte delivered, counted, what was received included",
                     int(counted) / whole, "bytes"])
    return had(rows, note) if rows else missing("nothing was delivered, and no sample was taken")


def punts(spent, seen):
    if seen["punts"].why_not:
        if not stacks.sees_kernel(seen["stacks"]):
            return missing(seen["punts"].why_not)
        share = 100 * stacks.worker_share(seen["stacks"])
        return had([["in the ring's worker threads", share, "% of the processor time"]],
                   f"Punts can't be counted, only sampled: {seen['punts'].why_not}.")
    found = perf_events.punts(seen["punts"].text)
    rows = [[f"{opcode}, {queue} queue", count, "punts"]
            for (opcode, queue), count in found.most_common()]
    whole = sum(found.values())
    rows.append(["together", whole, "punts"])
    if requests(spent):
        rows.append(["together", 1000 * whole / requests(spent), "per 1000 requests"])
    return had(rows)


def system_calls(spent, seen):
    if seen["calls"].why_not:
        return missing(seen["calls"].why_not)
    found = perf_events.counts(seen["calls"].text)
    delivered_mb = sum(broker_figures.delivered(spent["metrics"]).values()) / 1e6
    names = (("all", "raw_syscalls:sys_enter"),
             ("io_uring_enter", "syscalls:sys_enter_io_uring_enter"))
    rows = [[name, scale(found[event]), unit] for name, event in names if event in found
            for scale, unit in ((lambda n: per(n, requests(spent)), "per request"),
                                (lambda n: per(n, delivered_mb), "per MB delivered"))]
    return had(rows) if rows else missing("perf stat counted nothing")


def off_cpu(_, seen):
    if seen["switches"].why_not:
        return missing(seen["switches"].why_not)
    rows = []
    for state, times in sorted(perf_events.off_cpu(seen["switches"].text).items()):
        rows += [[state, sum(times), "s, all threads"], [state, len(times), "times"],
                 [f"{state}, the longest", 1e3 * max(times), "ms"]]
    return had(rows) if rows else missing("no thread left its processor and came back")


def block_latency(_, seen):
    if seen["blocks"].why_not:
        return missing(seen["blocks"].why_not)
    found = perf_events.block_latencies(seen["blocks"].text)
    rows = []
    for kind, times in sorted(found.items()):
        rows += [[kind, len(times), "requests"],
                 [f"{kind}, p50", perf_events.percentile(times, 0.5), "µs"],
                 [f"{kind}, p99", perf_events.percentile(times, 0.99), "µs"]]
    drawn = {kind: perf_events.histogram(times) for kind, times in sorted(found.items())}
    return had(rows, **{HISTOGRAM: drawn}) if rows else missing("the disks had no requests")


def write_amplification(spent, _):
    metrics = spent["metrics"]
    appended = metrics.get("millrace_bytes_appended_total", 0)
    if not appended:
        return missing(NOTHING_APPENDED)
    written = (("into journals", metrics.get("millrace_journal_bytes_total", 0)),
               ("into segments", metrics.get("millrace_bytes_filled_total", 0)),
               ("by the process, as the kernel counts", spent["io"].get("write_bytes")),
               ("by all disks, for everybody", spent["disks_written"]))
    return had([[where, count / appended, "bytes per byte appended"]
                for where, count in written if count is not None])


PROBES = (
    Probe("Bytes by path", "Which way the bytes of batches went to readers, as the broker counts.",
          "Good is memory for readers at the tail and sendfile for those behind; read and late cost"
          " two copies, and late says that the disk couldn't keep up.", ways),
    Probe("Zero-copy truth", "Whether bytes that are said to go without a copy did: the kernel's"
          " own count of the process must have in it what went by sendfile, and no copying may be"
          " seen in there.",
          "Good is 1.00 or a little more for the count, which has other reads in it and isn't taken"
          " at the very same moment, and 0 % copying.",
          zero_copy),
    Probe("Copies", "How much of the broker's processor time goes into moving bytes from one place"
          " in memory to another, and how many are moved for each that a reader gets.",
          "Good is 0 bytes per byte for a reader behind, and 1 for one at the tail, whose bytes are"
          " in the broker's memory anyway.", copies),
    Probe("Punts by opcode", "Operations that io_uring could not do at once and gave to a worker"
          " thread of the kernel, which costs two switches each.",
          "Good is none but FSYNC and FALLOCATE, which always are, and none of WRITE, READ and"
          " SEND.", punts),
    Probe("System calls per request", "How often the broker enters the kernel for a request of a"
          " client.",
          "Good is far below 1 io_uring_enter per request under load, as one serves all that is"
          " ready; a client with one request at a time can't have less than 1.", system_calls),
    Probe("Off-CPU", "How long the broker's threads were not on a processor, and why.",
          "Good is all of it asleep: ready means that the machine is too full, and held up that a"
          " shard waits where it shouldn't.", off_cpu),
    Probe("Block latency", "How long the machine's disks took for a request, whoever asked.",
          "Good is a p99 within a few times the p50; a flush that takes milliseconds is what"
          " a durable acknowledgement waits for.", block_latency),
    Probe("Write amplification", "How many bytes are written for each that a producer sent.",
          "Good is 2 in all: once into a journal, once into a segment; small appends pad the"
          " journal's frames and make it more.", write_amplification),
)


def figures(spent, seen):
    """{name of the probe: its figures}."""
    return {probe.name: probe.figures(spent, seen) for probe in PROBES}


def with_stacks(seen, binary):
    """The views, and of the samples their stacks."""
    text = seen["samples"].text
    return {**seen, "stacks": stacks.folded(text, binary) if text else {}}
