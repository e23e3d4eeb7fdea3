#include "core/storage/log_beginning.hpp"

#include <algorithm>

namespace millrace {

void LogBeginning::set(LogStart found) {
    shown_ = wanted_ = found.start;
    framed_ = durable_ = found;
    secured_base_ = found.segment_base;
}

void LogBeginning::want(Offset start) {
    wanted_ = start;
    asked_ = true;
}

void LogBeginning::secure(Offset base) { secured_base_ = std::max(secured_base_, base); }

bool LogBeginning::add_to(FrameBuilder& frame, LogId log, Offset base) {
    const LogStart start{wanted_, std::min(base, secured_base_)};
    if (!frame.add_log_start({log, start})) return false;
    framed_ = start;
    asked_ = false;
    return true;
}

void LogBeginning::on_journaled() {
    if (durable_ == framed_) return;
    durable_ = framed_;
    waiters_.wake_through(++moves_);
}

}  // namespace millrace
