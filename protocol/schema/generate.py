#!/usr/bin/env python3
"""Turns message schemas (grammar: README.md beside this file) into C++ structs with codecs.

    generate.py SCHEMA.msg --out DIR     writes DIR/protocol/message/NAME.hpp and NAME.cpp
    generate.py SCHEMA.msg --fields DIR  writes DIR/NAME_fields.hpp, the fields by name for tests
"""

import argparse
import pathlib
import re
import sys

from grammar import SCALARS, SPANS, Parser, SchemaError, default_literal


def struct_name(message, struct):
    """Inner structs stand beside their message, with an alias in it: as nested classes, their
    initializers would come too late for a std::optional member of the message."""
    return struct.name if struct is message.root else message.name + struct.name


def element_type(each, message):
    if each.struct:
        return struct_name(message, each.struct)
    if each.type in SCALARS:
        return SCALARS[each.type][0]
    if each.type == "string":
        return "std::string"
    if each.borrows(message.role):
        return "ByteView"
    return {"bytes": "Bytes", "records": "Records"}[each.type]


def cpp_type(each, message):
    inner = element_type(each, message)
    if each.array:
        inner = f"std::vector<{inner}>"
    return f"std::optional<{inner}>" if each.optional() else inner


def initializer(each):
    if each.optional():
        return "" if each.default == "null" else "{std::in_place}"
    if each.array or each.struct or each.type == "uuid":
        return ""
    if each.type in SCALARS:
        return f" = {default_literal(each)}"
    return f' = "{each.default}"' if each.default else ""


def is_default(each, message):
    """A C++ condition: the field holds its default, which is what its absence means."""
    name = each.name
    if each.optional() and each.default == "null":
        return f"!{name}"
    if each.struct and not each.array:
        return f"{name} == {struct_name(message, each.struct)}{{}}"
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
        while len(line) > columns and ", " in line[:columns] and "//" not in line:
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
        return struct_name(self.message, self.struct)

    def prologue(self, lines):
        if self.flexible == "flexible" and any("flexible" in each for each in lines):
            owner = "" if self.struct is self.message.root else f"{self.message.name}::"
            return [f"    const bool flexible = version >= {owner}kFlexibleFrom;"]
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
        test = f"{outside(each.versions, self.context)} && {negated(is_default(each, self.message))}"
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
        return f"k{self.message.name}{struct.name}SizeMin"

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
            wanted = negated(is_default(each, self.message))
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
        return [f"bool {self.scope()}::operator==(const {self.scope()}& other) const {{",
                "    return " + " &&\n           ".join(tests) + ";", "}", ""]


def borrows_bytes(struct, role):
    return any(each.borrows(role) and not each.array for each in struct.fields)


def struct_members(message, struct):
    lines = [f"    {cpp_type(each, message)} {each.name}{initializer(each)};"
             for each in struct.fields]
    other, default = (" other", "") if borrows_bytes(struct, message.role) else ("", " = default")
    lines += [""] if lines else []
    lines += ["    void read(Reader& reader, std::int16_t version);",
              "    void write(Writer& writer, std::int16_t version) const;",
              f"    bool operator==(const {struct_name(message, struct)}&{other}) const{default};"]
    return lines


def flexible_text(api):
    if api.flexible.clip(api.versions).empty():
        return "never flexible"
    return f"flexible from {api.flexible.low}"


def message_declaration(message):
    api = message.api
    flexible = "kNeverFlexible" if api.flexible.empty() else api.flexible.low
    lines = []
    for struct in message.structs:
        lines += [f"struct {struct_name(message, struct)} {{", *struct_members(message, struct),
                  "};", ""]
    title = api.name if api.key is None else f"{api.name} {message.role}"
    key = [] if api.key is None else [f"    static constexpr std::int16_t kApiKey = {api.key};"]
    lines += [f"/// {title}, versions {api.versions.low} to {api.versions.high}, "
              f"{flexible_text(api)}.",
              f"struct {message.name} {{",
              *key,
              f"    static constexpr VersionRange kVersions{{{api.versions.low}, "
              f"{api.versions.high}}};",
              f"    static constexpr std::int16_t kFlexibleFrom = {flexible};", ""]
    for struct in message.structs:
        lines.append(f"    using {struct.name} = {struct_name(message, struct)};")
    lines += [""] if message.structs else []
    lines += [*struct_members(message, message.root), "",
              "    /// kUnsupportedVersion outside of kVersions, kMalformed for what is no such "
              "message.",
              f"    static millrace::Result<{message.name}> decode(Reader& reader, std::int16_t version);",
              "    /// Borrowed bytes and records stay borrowed: they must outlive the writer's use.",
              "    void encode(Writer& writer, std::int16_t version) const;",
              "};", ""]
    return lines


def header_text(api, source):
    lines = [f"// Generated from protocol/schema/{source}: edit that, not this.",
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
    lines = [f"// Generated from protocol/schema/{source}: edit that, not this.",
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


def visit_lines(each):
    name = f'"{each.kafka_name()}", message.{each.name}'
    nullable = condition(each.nullable, each.versions) or "true" if each.optional() else "false"
    if not each.struct:
        return [f"visitor.field({name}, {nullable});"]
    kind = "each" if each.array else "nested"
    return [f"visitor.{kind}({name}, {nullable}, [&](auto& part) {{",
            "    visit(part, version, visitor);", "});"]


def fields_text(api, header):
    lines = ["// Generated by generate.py for tests: every field that a version has, by Kafka's name.",
             "#pragma once", "", f'#include "protocol/message/{header}"', "",
             "namespace millrace {", ""]
    for message in api.messages:
        for struct in [*message.structs, message.root]:
            scope = struct_name(message, struct)
            lines += ["template <class Visitor>",
                      f"void visit([[maybe_unused]] {scope}& message, "
                      "[[maybe_unused]] std::int16_t version,",
                      "           [[maybe_unused]] Visitor& visitor) {"]
            for each in struct.fields:
                lines += guarded(condition(each.versions, struct.versions), visit_lines(each), 1)
            lines += ["}", ""]
    return "\n".join(wrapped(lines + ["}  // namespace millrace", ""]))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("schema", type=pathlib.Path)
    arguments.add_argument("--out", type=pathlib.Path)
    arguments.add_argument("--fields", type=pathlib.Path)
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
    if options.fields:
        options.fields.mkdir(parents=True, exist_ok=True)
        (options.fields / f"{name}_fields.hpp").write_text(fields_text(api, f"{name}.hpp"))


if __name__ == "__main__":
    main()
