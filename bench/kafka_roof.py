"""The roof over a comparison: what a server costs that does next to nothing with what it gets
(bench/roof), under the loads of the workloads that produce, and beside the same reader where there
is one. Once with all on stable storage before the answer, as Millrace by default, and once with
nothing kept at all."""

import contextlib
import itertools
import subprocess

import kafka_sides as sides
import kafka_workloads as workloads
import machine
from broker import free_port
from kafka_clients import ERRORS, cold_reader, generate, told
from kafka_topics import filled
from kafka_workloads import OURS, ROOFS, load_seconds

FILE = "millrace-roof-data"
READ_FOLDER = "millrace-roof-reader"
START_SECONDS_MAX = 20
# Of a start, which writes its file, and an end.
START_S = 0.7
numbers = itertools.count(1)


def has_reader(workload):
    return workload.measure == "beside_reader"


def has_roof(workload):
    return workload.measure in ("produce", "latency") or has_reader(workload)


def round_seconds(workload, scale):
    before = workloads.START_S + workloads.fill_seconds(workload, scale)
    return (START_S + scale.warm_up_s + load_seconds(workload, scale)
            + (before / 2 if has_reader(workload) else 0))  # of one side


def seconds_of(found, scale):
    return sum(len(ROOFS) * scale.roofs * round_seconds(each, scale)
               for each in found if has_roof(each))


class Roof:
    """The server, as a side of the comparison is one."""

    name = "roof"
    cpu_s = sides.Side.cpu_s

    def __init__(self, process, address):
        self.process, self.address = process, address

    @property
    def pid(self):
        return self.process.pid


@contextlib.contextmanager
def running(program, folder, partitions, is_durable):
    """A Roof that listens. Raises BrokerError."""
    port = free_port()
    command = [program, "--port", str(port), "--partitions", str(partitions)]
    file = folder / FILE
    with subprocess.Popen([*command, *(["--file", file] if is_durable else [])]) as process:
        try:
            roof = Roof(process, f"127.0.0.1:{port}")
            sides.wait_for_port(roof.address, START_SECONDS_MAX, lambda: process.poll() is None)
            yield roof
        finally:
            process.kill()
            process.wait()
            file.unlink(missing_ok=True)


@contextlib.contextmanager
def company(options, room, workload):
    """What goes on beside a round: the reader, with a Millrace of its own to read from."""
    if not has_reader(workload):
        yield
        return
    folder = room.folder / READ_FOLDER
    with sides.started(options, folder, workload.settings, (OURS,)) as (side,):
        topic, _ = filled(room, side, workload, room.scale.cold_bytes)
        with cold_reader(side, topic):
            yield


def measure(program, options, room, workload, kind):
    """A record of one round."""
    before = machine.ticks()
    try:
        partitions = workload.load.get("partitions", 1)
        with (company(options, room, workload),
              running(program, room.folder, partitions, ROOFS[kind]) as roof):
            topic = f"roof-{next(numbers)}"
            figures = told(*generate(room.program, roof, topic, workload.load,
                                     load_seconds(workload, room.scale), room.scale.warm_up_s))
    except ERRORS as error:
        figures = {"why": str(error).splitlines()[0]}
    return {"kind": "roof", "workload": workload.id, "of": kind, **figures,
            "steal_share": machine.steal_share(before, machine.ticks())}


def left(records, workload, scale):
    """Kinds of rounds that are still to be measured, in turns."""
    done = [record["of"] for record in records
            if record["kind"] == "roof" and record["workload"] == workload.id]
    return [kind for turn in range(scale.roofs) for kind in ROOFS if done.count(kind) <= turn]
