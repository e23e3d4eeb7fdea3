#!/usr/bin/env python3
"""Turns message schemas (grammar: README.md beside this file) into C++ structs with codecs.

    generate.py SCHEMA.msg --out DIR     writes DIR/protocol/message/NAME.hpp and NAME.cpp
    generate.py SCHEMA.msg --fill DIR    writes DIR/NAME_fill.hpp, random filling for tests
"""

import argparse
import pathlib
import re
import sys
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
ATTRIBUTES = ("nullable", "default", "tag", "ignorable")
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
    struct: Struct = None

    def optional(self):
        return not self.nullable.empty()

    def borrows(self, role):
        return role == "request" and self.type in ("bytes", "records")


@dataclass
class Message:
    api: "Api"
    role: str  # request or response
    root: Struct
    structs: list = field(default_factory=list)  # inner ones before outer ones, without the root

    @property
    def name(self):
        return self.root.name


@dataclass
class Api:
    key: int = None
    name: str = None
    versions: Versions = None
    flexible: Versions = NEVER
    messages: list = field(default_factory=list)


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
        elif words[0] == "versions":
            self.api.versions = Versions.parse(words[1])
        elif words[0] == "flexible":
            self.api.flexible = Versions.parse(words[1])
        elif words[0] in ("request", "response"):
            root = Struct(self.api.name + words[0].capitalize(), self.api.versions)
            self.api.messages.append(Message(self.api, words[0], root))
            self.stack = [root]
        elif words[0] == "struct":
            self.shared[words[1]] = Struct(words[1], Versions.parse(words[2]).clip(self.api.versions))
            self.stack = [self.shared[words[1]]]
        else:
            raise SchemaError(f"unknown directive: {words[0]}")

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
        else:
            parsed.ignorable = True

    def check_field(self, owner, parsed):
        if any(each.name == parsed.name for each in owner.fields):
            raise SchemaError(f"{parsed.name} is there twice")
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


def element_type(each, role):
    if each.type in SCALARS:
        return SCALARS[each.type][0]
    if each.type == "string":
        return "std::string"
    if each.borrows(role):
        return "ByteView"
    return {"bytes": "Bytes", "records": "Records"}.get(each.type, each.type)


def cpp_type(each, role):
    inner = element_type(each, role)
    if each.array:
        inner = f"std::vector<{inner}>"
    return f"std::optional<{inner}>" if each.optional() else inner


def default_literal(each):
    """The initial value of a number or bool as C++ text."""
    if each.type == "bool":
        return each.default or "false"
    if each.type == "float64":
        return str(float(each.default or 0))
    return str(int(each.default or "0", 0))


def initializer(each):
    if each.optional():
        return "" if each.default == "null" else "{std::in_place}"
    if each.array or each.struct or each.type == "uuid":
        return ""
    if each.type in SCALARS:
        return f" = {default_literal(each)}"
    return f' = "{each.default}"' if each.default else ""


def is_default(each):
    """A C++ condition: the field holds its default, which is what its absence means."""
    name = each.name
    if each.optional() and each.default == "null":
        return f"!{name}"
    if each.struct and not each.array:
        return f"{name} == {each.type}{{}}"
    if each.array or each.type in SPANS:
        if each.type == "string" and each.default:
            return f'{name} == "{each.default}"'
        return f"({name} && {name}->empty())" if each.optional() else f"{name}.empty()"
    if each.type == "uuid":
        return f"{name}.is_zero()"
    if each.type == "bool":
        return name if default_literal(each) == "true" else f"!{name}"
    return f"{name} == {default_literal(each)}"


# The fewest bytes that a struct takes in one version.


def field_size_min(each, version, flexible):
    if each.array or each.type in ("bytes", "records"):
        return 1 if flexible else 4
    if each.type == "string":
        return 1 if flexible else 2
    if each.type in SCALARS:
        return SCALARS[each.type][1]
    return 1 if version in each.nullable else struct_size_min(each.struct, version, flexible)


def struct_size_min(struct, version, flexible):
    present = [each for each in struct.plain_fields() if version in each.versions]
    return sum(field_size_min(each, version, flexible) for each in present) + int(flexible)


# C++ text.


def condition(versions, context):
    """What has to hold of `version`, known to lie in `context`; empty when nothing has to."""
    parts = []
    if versions.low == versions.high and versions.high < context.high:
        return f"version == {versions.low}"
    if versions.low > context.low:
        parts.append(f"version >= {versions.low}")
    if versions.high < context.high:
        parts.append(f"version <= {versions.high}")
    return " && ".join(parts)


def outside(versions, context):
    """The opposite of condition(), which must not be empty."""
    if versions.low == versions.high and versions.high < context.high:
        return f"version != {versions.low}"
    parts = []
    if versions.low > context.low:
        parts.append(f"version < {versions.low}")
    if versions.high < context.high:
        parts.append(f"version > {versions.high}")
    return parts[0] if len(parts) == 1 else f"({' || '.join(parts)})"


def negated(test):
    """`!(test)` as a person would write it."""
    if re.fullmatch(r"!\w+", test):
        return test[1:]
    if re.fullmatch(r"\w+ == [^&|]+", test):
        return test.replace(" == ", " != ", 1)
    return f"!{test}"


def wrapped(lines, columns=100):
    """Breaks long lines after a comma."""
    out = []
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        while len(line) > columns and ", " in line[:columns]:
            cut = line.rindex(", ", 0, columns) + 1
            out.append(line[:cut])
            line = indent + line[cut + 1:]
        out.append(line)
    return out


def guarded(test, statements, indent):
    """`statements` under `if (test)`, braces only where they are needed."""
    pad = "    " * indent
    if not test:
        return [pad + each for each in statements]
    one_line = f"{pad}if ({test}) {statements[0]}"
    if len(statements) == 1 and not statements[0].startswith("if") and len(one_line) <= 100:
        return [one_line]
    return [f"{pad}if ({test}) {{", *(f"{pad}    {each}" for each in statements), f"{pad}}}"]


class CodecWriter:
    """Writes read() and write() of one struct."""

    def __init__(self, message, struct):
        self.message = message
        self.struct = struct
        self.context = struct.versions
        flexible = message.api.flexible.clip(self.context)
        if flexible.empty():
            self.flexible = "false"
        else:
            self.flexible = "true" if flexible.covers(self.context) else "flexible"

    def scope(self):
        inner = "" if self.struct is self.message.root else f"::{self.struct.name}"
        return self.message.name + inner

    def prologue(self, lines):
        if self.flexible == "flexible" and any("flexible" in each for each in lines):
            return ["    const bool flexible = version >= kFlexibleFrom;"]
        return []

    def read_function(self):
        lines = []
        for each in self.struct.plain_fields():
            body = self.statements(each, "read", "reader", self.flexible, self.context)
            lines += guarded(condition(each.versions, self.context), body, 1)
        lines += self.read_tagged()
        if not lines:
            return self.empty_function("void", "read(Reader&, std::int16_t)")
        return self.function(f"void {self.scope()}::read(Reader& reader, std::int16_t version) {{",
                             lines)

    def write_function(self):
        lines = []
        for each in self.struct.plain_fields():
            body = self.statements(each, "write", "writer", self.flexible, self.context)
            test = condition(each.versions, self.context)
            lines += guarded(test, body, 1)
            if test and not each.ignorable:
                lines += self.refuse_unless_default(each)
        for each in self.struct.tagged_fields():
            if condition(each.versions, self.context) and not each.ignorable:
                lines += self.refuse_unless_default(each)
        lines += self.write_tagged()
        if not lines:
            return self.empty_function("void", "write(Writer&, std::int16_t) const")
        return self.function(
            f"void {self.scope()}::write(Writer& writer, std::int16_t version) const {{", lines)

    def empty_function(self, result, signature):
        return [f"{result} {self.scope()}::{signature} {{}}", ""]

    def function(self, signature, lines):
        prologue = self.prologue(lines)
        if not any(re.search(r"\bversion\b", each) for each in prologue + lines):
            signature = signature.replace(" version)", ")")
        return [signature, *prologue, *lines, "}", ""]

    def refuse_unless_default(self, each):
        """A value that this version cannot carry must not get lost in silence."""
        test = f"{outside(each.versions, self.context)} && {negated(is_default(each))}"
        return guarded(test, ["writer.fail(Errc::kUnsupportedVersion);"], 1)

    def statements(self, each, verb, stream, flexible, context):
        """The statements that move one field, which is present, through `stream`."""
        here = each.versions.clip(context)
        if not each.optional() or each.nullable.covers(here):
            return [self.move(each, verb, stream, flexible, each.optional())]
        return [f"if ({condition(each.nullable, here)}) {{",
                "    " + self.move(each, verb, stream, flexible, True),
                "} else {",
                "    " + self.move(each, verb, stream, flexible, False),
                "}"]

    def move(self, each, verb, stream, flexible, nullable):
        required = "_required" if each.optional() and not nullable else ""
        if each.struct and not each.array:
            if nullable:
                return f"codec::{verb}_nullable_struct({stream}, version, {each.name});"
            if required:
                raise SchemaError(f"{each.name}: a struct is nullable in all its versions or none")
            return f"{each.name}.{verb}({stream}, version);"
        if not each.struct:
            operation = required or "_field"
            return f"codec::{verb}{operation}({stream}, {flexible}, {each.name});"
        size = f"{self.size_table(each.struct)}[version], " if verb == "read" else ""
        return (f"codec::{verb}{required}_structs({stream}, {flexible}, {size}version, "
                f"{each.name});")

    def size_table(self, struct):
        return f"k{self.message.role.capitalize()}{struct.name}SizeMin"

    def read_tagged(self):
        if self.flexible == "false":
            return []
        test = "flexible" if self.flexible == "flexible" else ""
        tagged = self.struct.tagged_fields()
        if not tagged:
            return guarded(test, ["reader.skip_tagged_fields();"], 1)
        inner = self.message.api.flexible.clip(self.context)
        lines = ["reader.read_tagged_fields([&](std::uint32_t tag, Reader& body) {",
                 "    switch (tag) {"]
        for each in tagged:
            lines.append(f"        case {each.tag}:")
            if condition(each.versions, inner):
                lines.append(f"            if ({outside(each.versions, inner)}) return false;")
            body = self.statements(each, "read", "body", "true", inner)
            lines += [f"            {line}" for line in body]
            lines.append("            return true;")
        lines += ["        default: return false;", "    }", "});"]
        return guarded(test, lines, 1)

    def write_tagged(self):
        if self.flexible == "false":
            return []
        test = "flexible" if self.flexible == "flexible" else ""
        tagged = self.struct.tagged_fields()
        if not tagged:
            return guarded(test, ["writer.put_uvarint(0);"], 1)
        inner = self.message.api.flexible.clip(self.context)
        lines = ["TaggedFields tagged;"]
        for each in tagged:
            present = condition(each.versions, inner)
            wanted = negated(is_default(each))
            wanted = f"{present} && {wanted}" if present else wanted
            body = self.statements(each, "write", f"tagged.add({each.tag})", "true", inner)
            lines += guarded(wanted, body, 0)
        lines.append("tagged.write_to(writer);")
        return guarded(test, lines, 1)

    def equality(self):
        """Spans have no ==, so a struct that borrows bytes compares member by member."""
        tests = []
        for each in self.struct.fields:
            name = each.name
            if each.borrows(self.message.role):
                tests.append(f"codec::same_bytes({name}, other.{name})")
            else:
                tests.append(f"{name} == other.{name}")
        return [f"bool {self.scope()}::operator==(const {self.struct.name}& other) const {{",
                "    return " + " &&\n           ".join(tests) + ";", "}", ""]


def borrows_bytes(struct, role):
    return any(each.borrows(role) and not each.array for each in struct.fields)


def struct_members(message, struct, indent):
    pad = "    " * indent
    lines = [f"{pad}{cpp_type(each, message.role)} {each.name}{initializer(each)};"
             for each in struct.fields]
    default = "" if borrows_bytes(struct, message.role) else " = default"
    lines += [""] if lines else []
    lines += [f"{pad}void read(Reader& reader, std::int16_t version);",
              f"{pad}void write(Writer& writer, std::int16_t version) const;",
              f"{pad}bool operator==(const {struct.name}&{' other' if not default else ''}) "
              f"const{default};"]
    return lines


def flexible_text(api):
    if api.flexible.clip(api.versions).empty():
        return "never flexible"
    return f"flexible from {api.flexible.low}"


def message_declaration(message):
    api = message.api
    flexible = "kNeverFlexible" if api.flexible.empty() else api.flexible.low
    lines = [f"/// {api.name} {message.role}, versions {api.versions.low} to {api.versions.high}, "
             f"{flexible_text(api)}.",
             f"struct {message.name} {{",
             f"    static constexpr std::int16_t kApiKey = {api.key};",
             f"    static constexpr VersionRange kVersions{{{api.versions.low}, "
             f"{api.versions.high}}};",
             f"    static constexpr std::int16_t kFlexibleFrom = {flexible};", ""]
    for struct in message.structs:
        lines += [f"    struct {struct.name} {{", *struct_members(message, struct, 2), "    };", ""]
    lines += [*struct_members(message, message.root, 1), "",
              "    /// kUnsupportedVersion outside of kVersions, kMalformed for what is no such "
              "message.",
              f"    static Result<{message.name}> decode(Reader& reader, std::int16_t version);",
              "    /// Borrowed bytes and records stay borrowed: they must outlive the writer's use.",
              "    void encode(Writer& writer, std::int16_t version) const;",
              "};", ""]
    return lines


def header_text(api, source):
    lines = [f"// Generated from protocol/schema/{source} by generate.py: edit that, not this.",
             "#pragma once", "", '#include "protocol/wire.hpp"', "", "#include <cstdint>",
             "#include <optional>", "#include <string>", "#include <vector>", "",
             "namespace millrace {", ""]
    for message in api.messages:
        lines += message_declaration(message)
    return "\n".join(wrapped(lines + ["}  // namespace millrace", ""]))


def size_tables(message):
    api = message.api
    counted = {each.type for struct in [message.root, *message.structs] for each in struct.fields
               if each.array and each.struct}
    lines = []
    for struct in message.structs:
        if struct.name not in counted:
            continue
        sizes = [str(struct_size_min(struct, version, version in api.flexible)
                     if version in struct.versions else 0)
                 for version in range(api.versions.high + 1)]
        table = CodecWriter(message, struct).size_table(struct)
        lines.append(f"constexpr std::uint16_t {table}[] = {{{', '.join(sizes)}}};")
    return lines


def entry_points(message):
    name = message.name
    return [f"Result<{name}> {name}::decode(Reader& reader, std::int16_t version) {{",
            "    if (!kVersions.contains(version)) return Errc::kUnsupportedVersion;",
            f"    {name} message;",
            "    message.read(reader, version);",
            "    if (!reader.ok()) return Errc::kMalformed;",
            "    return message;",
            "}", "",
            f"void {name}::encode(Writer& writer, std::int16_t version) const {{",
            "    if (!kVersions.contains(version)) "
            "return writer.fail(Errc::kUnsupportedVersion);",
            "    write(writer, version);",
            "}", ""]


def source_text(api, source, header):
    lines = [f"// Generated from protocol/schema/{source} by generate.py: edit that, not this.",
             f'#include "protocol/message/{header}"', "", '#include "protocol/codec.hpp"', "",
             "namespace millrace {"]
    tables = [line for message in api.messages for line in size_tables(message)]
    if tables:
        lines += ["namespace {", "",
                  "// The fewest bytes of one element, by version: what counts are checked against.",
                  *tables, "", "}  // namespace"]
    lines.append("")
    for message in api.messages:
        for struct in [*message.structs, message.root]:
            codec = CodecWriter(message, struct)
            lines += codec.read_function() + codec.write_function()
            if borrows_bytes(struct, message.role):
                lines += codec.equality()
        lines += entry_points(message)
    return "\n".join(wrapped(lines + ["}  // namespace millrace", ""]))


def fill_lines(each):
    name = f"message.{each.name}"
    nullable = condition(each.nullable, each.versions) or "true" if each.optional() else "false"
    if not each.struct:
        return [f"filler.fill({name}, {nullable});"]
    if not each.array and not each.optional():
        return [f"fill({name}, version, filler);"]
    return [f"filler.fill_each({name}, {nullable}, [&](auto& each) {{",
            "    fill(each, version, filler);", "});"]


def fill_text(api, header):
    lines = ["// Generated by generate.py for tests: random content for every field of a version.",
             "#pragma once", "", f'#include "protocol/message/{header}"', "",
             "namespace millrace {", ""]
    for message in api.messages:
        for struct in [*message.structs, message.root]:
            scope = message.name if struct is message.root else f"{message.name}::{struct.name}"
            lines += ["template <class Filler>",
                      f"void fill([[maybe_unused]] {scope}& message, "
                      "[[maybe_unused]] std::int16_t version,",
                      "          [[maybe_unused]] Filler& filler) {"]
            for each in struct.fields:
                lines += guarded(condition(each.versions, struct.versions), fill_lines(each), 1)
            lines += ["}", ""]
    return "\n".join(wrapped(lines + ["}  // namespace millrace", ""]))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("schema", type=pathlib.Path)
    arguments.add_argument("--out", type=pathlib.Path)
    arguments.add_argument("--fill", type=pathlib.Path)
    options = arguments.parse_args()
    try:
        api = Parser(options.schema).parse()
    except SchemaError as error:
        sys.exit(f"error: {error}")
    name = options.schema.stem.split("_", 1)[1]
    source = options.schema.name
    if options.out:
        folder = options.out / "protocol" / "message"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.hpp").write_text(header_text(api, source))
        (folder / f"{name}.cpp").write_text(source_text(api, source, f"{name}.hpp"))
    if options.fill:
        options.fill.mkdir(parents=True, exist_ok=True)
        (options.fill / f"{name}_fill.hpp").write_text(fill_text(api, f"{name}.hpp"))


if __name__ == "__main__":
    main()
