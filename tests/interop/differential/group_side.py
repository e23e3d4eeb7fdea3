"""One of two brokers that play the same sequences of group requests: its connections, and a sequence's names there."""

import asyncio
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import kafka  # noqa: E402

HERE = Path(__file__).resolve().parents[1]
LINE_MAX = 1 << 24
UUID = re.compile(r"(.*)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class GroupSide:
    """A client in Java with many connections to one broker. Each connection is asked one thing at a time."""

    def __init__(self, name, port):
        self.name, self.port = name, port
        self.waiting = {}  # by connection
        self.process = self.reader = None

    async def start(self):
        kafka.compiled(HERE / "Ask.java")
        classes = f"{kafka.compiled(HERE / 'AskMany.java')}:{kafka.class_path()}"
        self.process = await asyncio.create_subprocess_exec(
            "java", "-Xmx512m", kafka.quiet_log_config(), "-cp", classes, "AskMany", str(self.port),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE_MAX)
        self.reader = asyncio.create_task(self.read())

    async def read(self):
        while line := await self.process.stdout.readline():
            name, _, text = line.decode().rstrip("\n").partition(" ")
            answer = self.waiting.pop(name, None)
            if answer and not answer.done():
                answer.set_result(json.loads(text) if text.startswith("{") else text)

    async def stop(self):
        self.process.stdin.close()
        await asyncio.wait_for(self.process.wait(), 30)
        self.reader.cancel()

    def send(self, connection, key, version, request):
        """Returns the answer to be."""
        answer = self.waiting[connection] = asyncio.get_running_loop().create_future()
        self.process.stdin.write(f"{connection} {key} {version} 0 {json.dumps(request)}\n".encode())
        return answer

    def hang_up(self, connection):
        self.waiting.pop(connection, None)
        self.process.stdin.write(f"{connection} close\n".encode())


class Names:
    """What a sequence's placeholders stand for at one side, and back."""

    def __init__(self, group, port, members):
        self.groups = {"$group": group, "$other": group + ".other"}
        self.port = port
        self.ids = [[] for _ in range(members)]     # that were handed out to each connection
        self.generations = [-1] * members           # that each heard of last
        self.protocol = "range"

    def learn(self, connection, answer):
        """Of an answer to JoinGroup."""
        member = answer["memberId"]
        if member and not any(member in each for each in self.ids):
            self.ids[connection].append(member)
        if answer["errorCode"] == 0:
            self.generations[connection] = answer["generationId"]
            self.protocol = answer["protocolName"]

    def filled(self, value):
        if isinstance(value, dict):
            return {key: self.filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        return self.own(value) if isinstance(value, str) and value.startswith("$") else value

    def own(self, text):
        if text in self.groups:
            return self.groups[text]
        if text == "$protocol":
            return self.protocol
        kind, number, *rest = text[1:].split(":")
        if kind == "generation":
            return max(self.generations[int(number)] + int(rest[0]), -1)
        ids = self.ids[int(number)]
        if kind == "former":
            return ids[-2] if len(ids) > 1 else f"former {number}"
        return ids[-1] if ids else f"nobody {number}"

    def neutral(self, value, name=""):
        """Without what is this side's own. The order of lists is that of hash tables."""
        if isinstance(value, dict):
            return {key: self.neutral(each, key) for key, each in value.items()}
        if isinstance(value, list):
            if name == "groups":
                value = [each for each in value if "groupId" not in each or self.is_ours(each["groupId"])]
            return sorted((self.neutral(each, name) for each in value), key=json.dumps)
        if name == "port":
            return "PORT" if value == self.port else value
        return self.neutral_text(value) if isinstance(value, str) else value

    def is_ours(self, group):
        return group in self.groups.values() or group in ("", "nowhere", "other")

    def neutral_text(self, value):
        for number, ids in enumerate(self.ids):
            if value in ids:
                return f"member {number}.{ids.index(value)}"
        for name, group in self.groups.items():
            if value == group:
                return name
        handed_out = UUID.fullmatch(value)
        return f"new {handed_out.group(1)}" if handed_out else value
