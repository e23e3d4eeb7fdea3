// Random instances of every message in every version, as lines for a peer to check:
//
//     KEY ROLE VERSION BASE64 JSON
//
// BASE64 is the encoded message, JSON what it holds. `millrace_wire COUNT`: so many of each.
#include "protocol/api.hpp"
#include "tests/proofs/instances/json_text.hpp"
#include "tests/protocol/all_messages.hpp"
#include "tests/protocol/message/filler.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace millrace {
namespace {

template <class Message>
bool print_one(std::string_view role, std::int16_t version, std::uint64_t seed) {
    Filler filler(seed, Strings::kUtf8);
    Message message;
    visit(message, version, filler);
    Writer writer;
    message.encode(writer, version);
    const Bytes bytes = writer.to_bytes();
    Reader reader(bytes);
    const auto decoded = Message::decode(reader, version);
    if (!writer.ok() || !decoded || !(*decoded == message)) return false;
    JsonText json;
    visit(message, version, json);
    fmt::print("{} {} {} {} {}\n", Message::kApiKey, role, version, to_base64(bytes),
               std::move(json).take());
    return true;
}

int print_all(std::uint64_t count) {
    int failures = 0;
    for_each_message([&]<class Message>(std::string_view name, std::string_view role) {
        if (find_api(Message::kApiKey) == nullptr) return;
        const VersionRange versions = Message::kVersions;
        for (auto version = versions.min; version <= versions.max; ++version) {
            for (std::uint64_t seed = 0; seed < count; ++seed) {
                if (print_one<Message>(role, version, seed)) continue;
                fmt::print(stderr, "{} {} seed {} does not come back\n", name, version, seed);
                ++failures;
            }
        }
    });
    return failures;
}

}  // namespace
}  // namespace millrace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: millrace_wire COUNT\n", stderr);
        return 2;
    }
    return millrace::print_all(std::strtoull(argv[1], nullptr, 10)) == 0 ? 0 : 1;
}
