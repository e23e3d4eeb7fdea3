"""What a running broker tells over HTTP: health, and figures of exactly the names, kinds and meanings
that docs/metrics.md lists."""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

from broker import Broker, expect, kcat, run_story

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "metrics.md")


def documented():
    """{name: (kind, meaning)} of the page's table."""
    with open(PAGE) as page:
        rows = (re.match(r"\| `(\w+)` \| (\w+) \| ([^|]*[^ |]) \|", line) for line in page)
        return {row.group(1): (row.group(2), row.group(3)) for row in rows if row}


def told(text):
    helps = dict(re.findall(r"^# HELP (\w+) (.*)$", text, re.M))
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
    return {name: (kinds[name], helps[name]) for name in helps}


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def compare(text):
    page, broker = documented(), told(text)
    for name in sorted(page.keys() | broker.keys()):
        expect(page.get(name) == broker.get(name),
               f"{name}: docs/metrics.md says {page.get(name)}, the broker {broker.get(name)}")
    for line in text.splitlines():
        expect(re.fullmatch(r'# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? -?\d+', line),
               f"no line of Prometheus' format: {line}")


def produce(broker, *lines):
    sent = kcat("-P", "-b", broker.address, "-t", "figures", timeout=30, input="".join(f"{line}\n" for line in lines))
    expect(sent.returncode == 0, f"kcat produces: {sent.stderr}")


def let_a_group_read(broker):
    """It has read two records of five then."""
    produce(broker, "one", "two")
    read = kcat("-b", broker.address, "-G", "readers", "-X", "auto.offset.reset=earliest", "-c", "2", "figures",
                timeout=60, stdout=subprocess.PIPE)
    expect(read.stdout.split() == ["one", "two"], f"a group reads what is there: {read.stdout} {read.stderr}")
    produce(broker, "three", "four", "five")


def compare_lag(text):
    group, topic, partition = 'consumergroup="readers"', 'topic="figures"', 'partition="0"'
    for name, labels, value in (("current_offset", [group, partition, topic], 2),
                                ("current_offset_sum", [group, topic], 2),
                                ("lag", [group, partition, topic], 3), ("lag_sum", [group, topic], 3),
                                ("members", [group], 0)):
        line = f"kafka_consumergroup_{name}{{{','.join(labels)}}} {value}"
        expect(line in text.splitlines(), f"the figures have {line}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True)
    binary = parser.parse_args().broker
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        broker = Broker(binary, os.path.join(folder, "data"), log,
                        ["admin.listener=127.0.0.1:0"])

        def story():
            broker.start()
            with open(log) as lines:
                port = re.search(r"over HTTP host=127.0.0.1 port=(\d+)", lines.read()).group(1)
            for path in ("/readyz", "/livez"):
                status, text = get(port, path)
                expect(status == 200, f"{path} answers {status} {text}")
            expect(get(port, "/other")[0] == 404, "other paths are not found")
            let_a_group_read(broker)
            figures = get(port, "/metrics")[1]
            compare(figures)
            compare_lag(figures)
            broker.stop()

        return run_story(broker, story)


if __name__ == "__main__":
    sys.exit(main())
