#include "cluster/brokerd/allocator.hpp"

#ifdef MILLRACE_MIMALLOC
#include <mimalloc.h>
#endif

namespace millrace {

void keep_freed_memory() {
#ifdef MILLRACE_MIMALLOC
    constexpr long kDelayMs = 10'000;
    mi_option_set_default(mi_option_decommit_delay, kDelayMs);
    // Of whole segments, 32 MiB each, that wait to be used again.
    mi_option_set_default(mi_option_segment_decommit_delay, kDelayMs);
#endif
}

}  // namespace millrace
