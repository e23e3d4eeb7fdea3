#include "core/base/base64.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(Base64, PadsToFours) {
    EXPECT_EQ(to_base64(as_bytes("")), "");
    EXPECT_EQ(to_base64(as_bytes("f")), "Zg==");
    EXPECT_EQ(to_base64(as_bytes("fo")), "Zm8=");
    EXPECT_EQ(to_base64(as_bytes("foo")), "Zm9v");
    EXPECT_EQ(to_base64(as_bytes("foob")), "Zm9vYg==");
}

}  // namespace
}  // namespace millrace
