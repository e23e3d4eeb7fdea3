#include "protocol/frame.hpp"

#include "core/base/assert.hpp"

#include <cstdint>
#include <limits>

namespace millrace {

void start_frame(Writer& writer) {
    expect_equal(static_cast<std::int64_t>(writer.size()), 0, "a frame starts an empty writer");
    writer.put(std::int32_t{0});
}

void finish_frame(Writer& writer) {
    const std::size_t size = writer.size() - sizeof(std::int32_t);
    if (size > std::size_t{std::numeric_limits<std::int32_t>::max()})
        return writer.fail(Errc::kTooLarge);
    writer.patch_int32(0, static_cast<std::int32_t>(size));
}

}  // namespace millrace
