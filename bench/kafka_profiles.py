"""Where the broker's processor time goes in workloads whose gate isn't kept: a short run of each
under perf, without the other side, and a flame graph of it, on a page and as a file of its own."""

import json
import sys

import kafka_sides as sides  # first: it says where the other modules are
import flame
import kafka_measure
import kafka_workloads as workloads
import stacks
import watch
from kafka_workloads import OURS
from page import Column, Page, number_of
from svg import short

NAME = "kafka-profiles"
SECONDS = 3
SCALE = workloads.QUICK._replace(seconds=SECONDS, latency_s=SECONDS)
# Others have no load of their own, or one that is over before a sample is taken.
PROFILED = ("produce", "latency", "fetch", "beside_reader")
FIGURES = {"cpu_s_per_gb": Column("broker", "processor s/GB"),
           "cpu_us_per_request": Column("broker", "µs/request"),
           "mb_per_s": Column("rate", "MB/s"), "p99_ms": Column("p99", "ms")}


def missed(targets):
    """The ids of the workloads whose gate isn't kept, each once."""
    names = dict.fromkeys(one["workload"] for one in targets if one["holds"] is False)
    return [name for name in names if workloads.BY_ID[name].measure in PROFILED]


def chosen(options):
    """Exits with the reason when there are none."""
    if options.profile:
        return options.profile
    last = options.out / "kafka.json"
    if not last.exists():
        sys.exit(f"no run is in {options.out}: name the workloads")
    found = missed(json.loads(last.read_text())["targets"])
    return found or sys.exit("every gate of the last run is kept: name the workloads")


def profile(options, workload):
    """What was measured beside perf, which costs time of its own, and the stacks that it saw."""
    folder = options.dir / NAME
    room = kafka_measure.Room(options.program, SCALE, folder)
    with sides.started(options, folder, workload.settings, (OURS,)) as (side,):
        kafka_measure.warm_up(room, side)
        binary = watch.binary_of(side.pid)
        with watch.watching(side.pid, options.dir, ("samples",)) as seen:
            figures = kafka_measure.measure(room, side, workload)
    samples = seen["samples"]
    return {"workload": workload.id, "figures": figures, "why_not": samples.why_not,
            "stacks": stacks.folded(samples.text, binary) if samples.text else {}}


def write(profiles, facts, path):
    page = Page("Where the time goes", "The broker's processor time in workloads of the comparison"
                " with Apache Kafka, by what perf saw of it, each in a run of its own.")
    page.table((Column("workload", words=True), *FIGURES.values(), Column("stacks", "samples")),
               [[one["workload"], *(short(one["figures"].get(name)) for name in FIGURES),
                 f"{sum(one['stacks'].values()):,}"] for one in profiles])
    for one in profiles:
        words = workloads.BY_ID[one["workload"]].words
        title = f"{one['workload']}: {words}"
        if one["stacks"]:
            page.wide_picture(title, flame.graph(title, one["stacks"]),
                              "As wide as the share of the samples that had it; what lies below was"
                              " called by it. A pointer shows names and shares.")
        else:
            page.paragraph(f"{title}: no picture, {one['why_not'] or 'no sample was taken'}.")
    page.machine(facts, ["Sampling costs time too: what is measured beside it is no result."])
    page.write(path)


def draw(options, one):
    """The file of one workload, for other pages."""
    path = options.out / f"{NAME}-{one['workload']}.svg"
    path.write_text(flame.alone(workloads.BY_ID[one["workload"]].words, one["stacks"]))
    print(path)


def run(options, facts):
    names = chosen(options)
    print(f"{number_of(len(names), 'profile')}, each within a minute", flush=True)
    profiles = []
    for name in names:
        profiles.append(profile(options, workloads.BY_ID[name]))
        if profiles[-1]["stacks"]:
            draw(options, profiles[-1])
    page = options.out / f"{NAME}.html"
    write(profiles, facts, page)
    print(page)
    return 0 if all(one["stacks"] for one in profiles) else 1
