#include "core/storage/frame_pair.hpp"

namespace millrace {

FramePair::FramePair(World& world, std::uint64_t journal_id, std::size_t frame_bytes)
    : world_(world),
      frames_{JournalFrame{FrameBuilder(journal_id, frame_bytes)},
              JournalFrame{FrameBuilder(journal_id, frame_bytes)}} {
    open().builder.begin();
}

FramePair::~FramePair() {
    if (world_.ending()) return;
    for (const JournalFrame& frame : frames_) {
        if (frame.memory != kUnregistered) world_.unregister_memory(frame.memory);
    }
}

Result<void> FramePair::register_memory() {
    for (JournalFrame& frame : frames_) {
        const auto index = world_.register_memory(frame.builder.memory());
        if (!index) return index.error();
        frame.memory = *index;
    }
    return {};
}

void FramePair::note(JournalMember& member) {
    if (open_has(member)) return;
    member.frame_ = number_;
    open().members.push_back(&member);
}

void FramePair::open_next() {
    ++number_;
    open().builder.begin();
}

void FramePair::clear() {
    for (JournalFrame& frame : frames_) frame.members.clear();
    open().builder.begin();
}

}  // namespace millrace
