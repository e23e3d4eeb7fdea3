#include "protocol/frame.hpp"

#include "core/base/assert.hpp"

#include <cstdint>
#include <limits>

namespace millrace {

std::size_t start_frame(Writer& writer) {
    expect(!writer.borrows(), "a frame starts behind borrowed bytes");
    const std::size_t begin = writer.size();
    writer.put(std::int32_t{0});
    return begin;
}

void finish_frame(Writer& writer, std::size_t begin) {
    const std::size_t size = writer.size() - begin - sizeof(std::int32_t);
    if (size > std::size_t{std::numeric_limits<std::int32_t>::max()})
        return writer.fail(Errc::kTooLarge);
    writer.patch_int32(begin, static_cast<std::int32_t>(size));
}

}  // namespace millrace
