// What the process tells its allocator, where it is one that can be told.
#pragma once

namespace millrace {

/// Memory that was freed stays with the process for ten seconds before the kernel gets it back;
/// mimalloc's own 25 ms are less than the pause between two uses of a request's buffer, which is
/// then filled by page faults each time. What its environment variables say goes before it. To be
/// called before memory is used in earnest; without mimalloc it does nothing.
void keep_freed_memory();

}  // namespace millrace
