"""Reads message schemas (grammar: README.md beside this file) into plain objects: one Api with its
two Messages, or a record's one, their Structs and Fields, each with the versions in which it is
there."""

import re
from dataclasses import dataclass, field

SCALARS = {  # schema type: (C++ type, encoded size)
    "bool": ("bool", 1),
    "int8": ("std::int8_t", 1),
    "int16": ("std::int16_t", 2),
    "uint16": ("std::uint16_t", 2),
    "int32": ("std::int32_t", 4),
    "uint32": ("std::uint32_t", 4),
    "int64": ("std::int64_t", 8),
    "float64": ("double", 8),
    "uuid": ("Uuid", 16),
}
SPANS = ("string", "bytes", "records")
ATTRIBUTES = ("nullable", "default", "tag", "ignorable", "kafka")
MAX_VERSION = 32767


class SchemaError(Exception):
    pass


@dataclass(frozen=True)
class Versions:
    low: int
    high: int

    @staticmethod
    def parse(text):
        if text == "none":
            return Versions(MAX_VERSION, -1)
        match = re.fullmatch(r"(\d+)(\+|-(\d+))?", text)
        if not match:
            raise SchemaError(f"not a version range: {text}")
        low = int(match[1])
        high = low if not match[2] else MAX_VERSION if match[2] == "+" else int(match[3])
        return Versions(low, high)

    def clip(self, other):
        return Versions(max(self.low, other.low), min(self.high, other.high))

    def empty(self):
        return self.low > self.high

    def covers(self, other):
        return other.empty() or (self.low <= other.low and self.high >= other.high)

    def __contains__(self, version):
        return self.low <= version <= self.high


NEVER = Versions.parse("none")


@dataclass
class Struct:
    name: str
    versions: Versions
    fields: list = field(default_factory=list)

    def plain_fields(self):
        return [each for each in self.fields if each.tag is None]

    def tagged_fields(self):
        return sorted((each for each in self.fields if each.tag is not None), key=lambda f: f.tag)


@dataclass
class Field:
    name: str
    type: str  # without the leading [] of an array
    array: bool
    versions: Versions
    nullable: Versions = NEVER
    default: str = None
    tag: int = None
    ignorable: bool = False
    kafka: str = None
    struct: Struct = None

    def kafka_name(self):
        """What Kafka's own classes call it in JSON."""
        words = self.name.split("_")
        return self.kafka or words[0] + "".join(word.capitalize() for word in words[1:])

    def optional(self):
        return not self.nullable.empty()

    def borrows(self, role):
        return role != "response" and self.type in ("bytes", "records")


@dataclass
class Message:
    api: "Api"
    role: str  # request, response or data
    root: Struct
    structs: list = field(default_factory=list)  # inner ones before outer ones, without the root

    @property
    def name(self):
        return self.root.name


@dataclass
class Api:
    key: int = None  # none of a record
    name: str = None
    versions: Versions = None
    flexible: Versions = NEVER
    messages: list = field(default_factory=list)


def default_literal(each):
    """The initial value of a number or bool as C++ text."""
    if each.type == "bool":
        return each.default or "false"
    if each.type == "float64":
        return str(float(each.default or 0))
    return str(int(each.default or "0", 0))


class Parser:
    """Reads one schema: directives in the first column, fields indented by two per level."""

    def __init__(self, path):
        self.path = path
        self.api = Api()
        self.shared = {}
        self.stack = []

    def parse(self):
        for number, line in enumerate(self.path.read_text().splitlines(), 1):
            text = line.split("#", 1)[0].rstrip()
            try:
                if text.strip():
                    self.parse_line(text)
            except (SchemaError, ValueError, IndexError) as error:
                raise SchemaError(f"{self.path}:{number}: {error}") from None
        try:
            for message in self.api.messages:
                self.resolve(message.root, message, [])
        except SchemaError as error:
            raise SchemaError(f"{self.path}: {error}") from None
        return self.api

    def parse_line(self, text):
        words = text.split()
        depth = (len(text) - len(text.lstrip())) // 2
        if depth > 0:
            return self.parse_field(words, depth)
        if words[0] == "api":
            self.api.key, self.api.name = int(words[1]), words[2]
        elif words[0] == "data":
            self.api.name = words[1]
        elif words[0] == "versions":
            self.api.versions = Versions.parse(words[1])
        elif words[0] == "flexible":
            self.api.flexible = Versions.parse(words[1])
        elif words[0] in ("request", "response"):
            self.open_message(self.api.name + words[0].capitalize(), words[0])
        elif words[0] == "fields":
            self.open_message(self.api.name, "data")
        elif words[0] == "struct":
            self.shared[words[1]] = Struct(words[1], Versions.parse(words[2]).clip(self.api.versions))
            self.stack = [self.shared[words[1]]]
        else:
            raise SchemaError(f"unknown directive: {words[0]}")

    def open_message(self, name, role):
        root = Struct(name, self.api.versions)
        self.api.messages.append(Message(self.api, role, root))
        self.stack = [root]

    def parse_field(self, words, depth):
        if depth > len(self.stack) or self.stack[depth - 1] is None:
            raise SchemaError("indented deeper than a struct reaches")
        owner = self.stack[depth - 1]
        name, type_name = words[0], words[1]
        versions = Versions.parse(words[2]).clip(owner.versions)
        if versions.empty():
            raise SchemaError(f"{name} is in no version")
        parsed = Field(name, type_name.removeprefix("[]"), type_name.startswith("[]"), versions)
        for word in words[3:]:
            self.parse_attribute(parsed, word)
        self.check_field(owner, parsed)
        owner.fields.append(parsed)
        if parsed.type not in SCALARS and parsed.type not in SPANS:
            parsed.struct = Struct(parsed.type, versions)
        self.stack[depth:] = [parsed.struct]

    def parse_attribute(self, parsed, word):
        key, _, value = word.partition("=")
        if key not in ATTRIBUTES:
            raise SchemaError(f"unknown attribute: {word}")
        if key == "nullable":
            parsed.nullable = Versions.parse(value).clip(parsed.versions)
        elif key == "default":
            parsed.default = value
        elif key == "tag":
            parsed.tag = int(value)
        elif key == "kafka":
            parsed.kafka = value
        else:
            parsed.ignorable = True

    def check_field(self, owner, parsed):
        if any(each.name == parsed.name for each in owner.fields):
            raise SchemaError(f"{parsed.name} is there twice")
        if parsed.optional() and parsed.type in SCALARS and not parsed.array:
            raise SchemaError(f"{parsed.name}: {parsed.type} cannot be null")
        if parsed.type == "bool" and parsed.default not in (None, "true", "false"):
            raise SchemaError(f"{parsed.name}: not a bool: {parsed.default}")
        if parsed.type in SCALARS and parsed.type != "uuid" and not parsed.array:
            default_literal(parsed)  # a ValueError names the line now, not the compiler later
        if parsed.default == "null" and not parsed.nullable.covers(parsed.versions):
            raise SchemaError(f"{parsed.name} is null by default where null is not allowed")
        if parsed.tag is None:
            return
        if not self.api.flexible.covers(parsed.versions):
            raise SchemaError(f"{parsed.name} is tagged in a version that is not flexible")
        if any(each.tag == parsed.tag for each in owner.fields):
            raise SchemaError(f"tag {parsed.tag} is there twice")

    def resolve(self, struct, message, open_names):
        """Collects the message's structs, and puts shared ones where a field only names them."""
        if struct.name in open_names:
            raise SchemaError(f"{struct.name} contains itself")
        for each in struct.fields:
            if each.struct is None:
                continue
            if not each.struct.fields:
                if each.type not in self.shared:
                    raise SchemaError(f"unknown type: {each.type}")
                each.struct = self.shared[each.type]
            self.resolve(each.struct, message, open_names + [struct.name])
        if struct is message.root or any(each is struct for each in message.structs):
            return
        if any(each.name == struct.name for each in message.structs):
            raise SchemaError(f"{message.name} has two different structs {struct.name}")
        message.structs.append(struct)


# What a field is in C++.
