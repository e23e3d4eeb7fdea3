#include "perf/netpath/plan.hpp"

#include "perf/common/size_name.hpp"

namespace millrace::netpath {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;
constexpr std::uint32_t kSizes[] = {4096, 16384, 65536, 262144, 1u << 20};
/// What connecting, making a sender and waiting for the last byte takes.
constexpr double kAroundS = 0.05;
/// How fast the slowest disk that the estimate is meant for takes the file.
constexpr double kMakingBytesPerSecond = 100e6;

}  // namespace

const std::vector<Path>& all_paths() {
    static const std::vector<Path> all{
        Path::kMemory,     Path::kReadSend,     Path::kMapped,          Path::kSendfile,
        Path::kSplice,     Path::kRingMemory,   Path::kRingReadSend,    Path::kRingFixedRead,
        Path::kRingSplice, Path::kRingZeroCopy, Path::kRingReadZeroCopy};
    return all;
}

const char* name(Path path) {
    switch (path) {
        case Path::kMemory: return "memory";
        case Path::kReadSend: return "read-send";
        case Path::kMapped: return "mmap-send";
        case Path::kSendfile: return "sendfile";
        case Path::kSplice: return "splice";
        case Path::kRingMemory: return "ring-send";
        case Path::kRingReadSend: return "ring-read-send";
        case Path::kRingFixedRead: return "ring-fixed-read-send";
        case Path::kRingSplice: return "ring-splice";
        case Path::kRingZeroCopy: return "ring-send-zc";
        case Path::kRingReadZeroCopy: break;
    }
    return "ring-fixed-read-send-zc";
}

std::string PlannedCell::id() const {
    return fmt::format("{}-{}~{}", name(cell.path), perf::size_name(cell.size_bytes), round);
}

Scale scale_of(bool full) {
    if (full) return {true, 1.0, 256 * kMiB, 7};
    return {false, 0.5, 128 * kMiB, 3};
}

std::vector<PlannedCell> make_plan(const Scale& scale) {
    std::vector<PlannedCell> plan;
    for (const std::uint32_t size : kSizes) {
        for (int round = 1; round <= scale.rounds; ++round) {
            for (const Path path : all_paths()) plan.push_back({{path, size}, round});
        }
    }
    return plan;
}

double estimated_s(const std::vector<PlannedCell>& plan, const Scale& scale) {
    return static_cast<double>(plan.size()) * (scale.measure_s + kAroundS) +
           static_cast<double>(scale.file_bytes) / kMakingBytesPerSecond;
}

}  // namespace millrace::netpath
