// Which ways from a file to a socket a run measures, with how many bytes at a time, in which order,
// and how long that takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::netpath {

enum class Path {
    kMemory,    // send out of memory, as a broker does with what it has just received
    kReadSend,  // pread into a buffer, and send that
    kMapped,    // send out of a mapping of the file
    kSendfile,
    kSplice,            // from the file into a pipe, and from the pipe into the socket
    kRingMemory,        // as kMemory, on a ring; so are the following
    kRingReadSend,      // READ and SEND, linked
    kRingFixedRead,     // READ_FIXED into a registered buffer and SEND, linked
    kRingSplice,        // SPLICE and SPLICE, linked
    kRingZeroCopy,      // SEND_ZC out of registered memory
    kRingReadZeroCopy,  // READ_FIXED into a registered buffer and SEND_ZC, linked
};

const std::vector<Path>& all_paths();
const char* name(Path path);

struct Cell {
    Path path{};
    std::uint32_t size_bytes{};  // of one step

    bool operator==(const Cell&) const = default;
};

struct PlannedCell {
    Cell cell;
    int round{1};

    /// "sendfile-64k~2", the same in every run and on every machine.
    std::string id() const;
};

struct Scale {
    bool full{};
    double measure_s{};          // of one cell
    std::uint64_t file_bytes{};  // a multiple of every size
    int rounds{};
};

Scale scale_of(bool full);

/// Size by size; within one, all paths take turns, round by round.
std::vector<PlannedCell> make_plan(const Scale& scale);

double estimated_s(const std::vector<PlannedCell>& plan, const Scale& scale);

}  // namespace millrace::netpath
