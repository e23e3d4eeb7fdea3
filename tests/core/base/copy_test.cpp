#include "core/base/copy.hpp"

#include "core/base/aligned_bytes.hpp"
#include "core/base/prng.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace millrace {
namespace {

constexpr std::byte kUntouched{0xee};

TEST(CopyPastCaches, CopiesAllAndNothingElseWhereverItBegins) {
    Prng prng(1);
    Bytes source(8192);
    for (std::byte& each : source) each = static_cast<std::byte>(prng.next());
    AlignedBytes target(8192);
    for (int i = 0; i < 2'000; ++i) {
        const std::size_t from = prng.next() % 128;
        const std::size_t to = prng.next() % 128;
        const std::size_t size = prng.next() % 5'000;
        std::fill_n(target.data(), target.size(), kUntouched);
        copy_past_caches(target.data() + to, source.data() + from, size);
        const std::byte* const begin = target.data() + to;
        const std::byte* const front = target.data();
        const auto is_untouched = [](std::byte each) { return each == kUntouched; };
        EXPECT_TRUE(std::equal(begin, begin + size, source.data() + from)) << from << ' ' << to;
        EXPECT_TRUE(std::all_of(front, begin, is_untouched)) << to << ' ' << size;
        EXPECT_TRUE(std::all_of(begin + size, front + target.size(), is_untouched))
            << to << ' ' << size;
    }
}

}  // namespace
}  // namespace millrace
