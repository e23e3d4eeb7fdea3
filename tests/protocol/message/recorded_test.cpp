// Random messages against what Kafka's own classes have encoded from the same content:
// recorded_bytes.txt holds a line for each message and version, with the CRC-32C of 20 instances.
// `./dev prove wire` writes it anew.
#include "core/base/crc32c.hpp"
#include "protocol/api.hpp"
#include "tests/protocol/message/message_case.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

namespace millrace {
namespace {

constexpr std::uint64_t kRecorded = 20;

/// By "KEY ROLE VERSION".
std::map<std::string, std::string> recorded_bytes() {
    std::ifstream file(MILLRACE_RECORDED_BYTES);
    std::map<std::string, std::string> found;
    for (std::string line; std::getline(file, line);) {
        const auto blank = line.rfind(' ');
        found[line.substr(0, blank)] = line.substr(blank + 1);
    }
    return found;
}

TEST(RecordedBytes, AreWhatEveryMessageEncodesToInEveryVersion) {
    const auto recorded = recorded_bytes();
    std::size_t checked = 0;
    for (const MessageCase& each : all_messages()) {
        // The one that is there for the grammar's sake is none of Kafka's.
        if (find_api(each.key) == nullptr) continue;
        for (auto version = each.versions.min; version <= each.versions.max; ++version) {
            const auto found = recorded.find(fmt::format("{} {} {}", each.key, each.role, version));
            ASSERT_NE(found, recorded.end()) << each.name << " version " << version;
            Bytes all;
            for (std::uint64_t seed = 0; seed < kRecorded; ++seed) {
                append_bytes(all, each.make(version, seed, Strings::kUtf8).bytes);
            }
            EXPECT_EQ(fmt::format("{:08x}", crc32c(all)), found->second) << found->first;
            ++checked;
        }
    }
    EXPECT_EQ(checked, recorded.size());
}

}  // namespace
}  // namespace millrace
