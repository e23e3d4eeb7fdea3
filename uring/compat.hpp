// What liburing 2.3 and the 6.1 kernel headers of Debian 12 lack, defined when the headers at hand
// do not have it. Whether the running kernel can do it is found by trial (uring/ring.cpp), never
// here.
#pragma once

#include <liburing.h>

#ifndef IORING_ENTER_NO_IOWAIT
#define IORING_ENTER_NO_IOWAIT (1U << 7)  // kernel 6.15: idle waits are not counted as iowait
#endif

#ifndef IORING_FEAT_NO_IOWAIT
#define IORING_FEAT_NO_IOWAIT (1U << 17)
#endif
