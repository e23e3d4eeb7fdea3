#include "protocol/frame.hpp"

#include "tests/support/hex.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace {
namespace {

TEST(Frame, SizeCountsSplicedBytes) {
    const Bytes large(Writer::kSpliceMin, std::byte{9});
    Writer writer;
    start_frame(writer);
    writer.put(std::int16_t{1});
    writer.splice(large);
    writer.put(std::int16_t{2});
    finish_frame(writer);
    const Bytes bytes = writer.to_bytes();
    EXPECT_EQ(load_be<std::int32_t>(bytes.data()), static_cast<std::int32_t>(large.size() + 4));
    EXPECT_EQ(bytes.size(), large.size() + 8);
}

}  // namespace
}  // namespace millrace
