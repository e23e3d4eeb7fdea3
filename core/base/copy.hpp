// Copies of bytes that nobody is going to look at soon.
#pragma once

#include <cstddef>

namespace millrace {

/// As memcpy(), but whole lines of `to` are stored without being loaded into the processor's
/// caches, and leave none there: for memory that is written once, and read later or by a device.
void copy_past_caches(std::byte* to, const std::byte* from, std::size_t size);

}  // namespace millrace
