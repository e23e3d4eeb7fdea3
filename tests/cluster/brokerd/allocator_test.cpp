#include "cluster/brokerd/allocator.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <sys/resource.h>
#include <thread>

namespace millrace {
namespace {

constexpr std::size_t kBufferBytes = 1 << 20;
constexpr long kPagesOfBuffer = kBufferBytes / 4096;

long page_faults() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt;
}

std::unique_ptr<char[]> filled_buffer() {
    auto buffer = std::make_unique_for_overwrite<char[]>(kBufferBytes);
    std::memset(buffer.get(), 1, kBufferBytes);
    return buffer;
}

TEST(Allocator, BufferOfRequestIsStillThereForTheNextOne) {
    keep_freed_memory();
    auto earlier = filled_buffer();
    auto other = filled_buffer();
    earlier.reset();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    // With the next one given back it looks at what has been free for long.
    other.reset();
    const long before = page_faults();
    earlier = filled_buffer();
    other = filled_buffer();
    EXPECT_LT(page_faults() - before, kPagesOfBuffer / 2);
}

}  // namespace
}  // namespace millrace
