// What was measured of a machine and its folders, for whoever judges it: plain data between the
// real world, which finds it out, and the doctor, who says what it means.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace millrace {

struct RingFacts {
    std::string kernel;    // its release
    std::string features;  // of a ring that opened, with commas between them
    std::string refusal;   // why none opened, and what to do; empty when one did
};

struct LimitFacts {
    static constexpr std::uint64_t kNone = ~std::uint64_t{0};

    std::uint64_t locked_bytes = kNone;  // RLIMIT_MEMLOCK, or none for who may go beyond
    std::uint64_t descriptors = kNone;   // RLIMIT_NOFILE
};

/// One entry of log.dirs. Errors are errno values, 0 for none.
struct FolderFacts {
    std::string path;
    bool exists{};
    std::string measured_in;  // the folder itself, or the nearest above it that is there
    int write_error{};        // of making a file there; nothing below is known then
    std::string owner;        // of `measured_in`
    std::string user;         // who measured
    std::string foreign;      // the first entry that this user may not write; empty for none
    bool in_memory{};         // a filesystem without a disk
    int direct_error{};
    std::uint32_t direct_alignment{};  // bytes; 0 when the filesystem doesn't tell
    int allocate_error{};
    std::int64_t flush_us{};  // median
    std::uint64_t total_bytes{};
    std::uint64_t free_bytes{};
    std::uint64_t journal_bytes{};  // what journal and ballast files hold already
    std::uint64_t folders{};        // partitions, mostly
    bool in_use{};                  // somebody holds its lock
};

struct PortFacts {
    std::string host;  // empty: all addresses
    std::uint16_t port{};
    int error{};  // of binding there
};

struct NameFacts {
    std::string name;
    std::vector<std::string> addresses;  // none: it could not be looked up
    bool is_here{};                      // one of them is this machine's
};

}  // namespace millrace
