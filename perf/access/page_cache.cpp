#include "perf/access/page_cache.hpp"

#include "perf/common/fail.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace millrace::access {
namespace {

constexpr std::size_t kFilesLooked = 32;
constexpr double kStrayMax = 0.01;

struct Pages {
    std::uint64_t resident{};
    std::uint64_t all{};
};

Pages pages_of(int descriptor, std::uint64_t bytes) {
    void* mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor, 0);
    if (mapped == MAP_FAILED) perf::fail("mmap");
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    std::vector<unsigned char> there((bytes + page - 1) / page);
    const int failed = ::mincore(mapped, bytes, there.data());
    ::munmap(mapped, bytes);
    if (failed) perf::fail("mincore");
    const auto resident = std::count_if(there.begin(), there.end(), [](auto p) { return p & 1; });
    return {static_cast<std::uint64_t>(resident), there.size()};
}

}  // namespace

double resident_share(const OpenFiles& files, std::uint64_t room_bytes) {
    Pages sum;
    const std::size_t looked = std::min(files.all().size(), kFilesLooked);
    for (std::size_t i = 0; i < looked; ++i) {
        const Pages pages = pages_of(files.all()[i], room_bytes);
        sum.resident += pages.resident;
        sum.all += pages.all;
    }
    return static_cast<double>(sum.resident) /
           static_cast<double>(std::max<std::uint64_t>(sum.all, 1));
}

void make_cold(const OpenFiles& files, std::uint64_t room_bytes) {
    for (const int descriptor : files.all()) {
        if (::fdatasync(descriptor) != 0) perf::fail("fdatasync");
        const int error = ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
        if (error != 0) perf::fail("posix_fadvise", error);
    }
    const double stray = resident_share(files, room_bytes);
    if (stray > kStrayMax) {
        perf::fail(fmt::format("{:.0f} % of the pages stay in memory", 100 * stray), EBUSY);
    }
}

void make_warm(const OpenFiles& files, std::uint64_t room_bytes) {
    if (resident_share(files, room_bytes) == 1.0) return;
    std::vector<char> piece(std::min<std::uint64_t>(1u << 20, room_bytes));
    for (const int descriptor : files.all()) {
        for (std::uint64_t at = 0; at < room_bytes; at += piece.size()) {
            if (::pread(descriptor, piece.data(), piece.size(), static_cast<off_t>(at)) < 0) {
                perf::fail("pread");
            }
        }
    }
    const double there = resident_share(files, room_bytes);
    if (there < 1 - kStrayMax) {
        perf::fail(fmt::format("memory keeps only {:.0f} % of the pages", 100 * there), ENOMEM);
    }
}

}  // namespace millrace::access
