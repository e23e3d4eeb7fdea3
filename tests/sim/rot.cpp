#include "tests/sim/rot.hpp"

#include "core/storage/journal_format.hpp"

#include <map>
#include <utility>
#include <vector>

namespace millrace::sim {
namespace {

constexpr std::size_t kLateFrames = 8;

struct Place {
    std::string path;
    std::uint64_t offset{};
};

/// By life, then by LSN.
using Frames = std::map<std::pair<std::uint32_t, Lsn>, Place>;

void find_in(const std::string& path, ByteView bytes, std::map<std::uint64_t, Frames>& journals) {
    const auto header = decode_journal_header(bytes);
    if (!header || header->sequence == 0) return;
    std::size_t at = kJournalHeaderBytes;
    while (at < bytes.size()) {
        const auto frame = parse_frame(bytes.subspan(at), header->journal_id);
        const Lsn due = header->start + at - kJournalHeaderBytes;
        if (!frame || frame->lsn != due || frame->life != header->life) return;
        journals[header->journal_id][{frame->life, frame->lsn}] = {path, at};
        at += frame->size;
    }
}

}  // namespace

void rot_some_frame(SimDisk& disk, const std::string& folder, Prng& prng) {
    std::map<std::uint64_t, Frames> journals;
    for (const std::string& path : disk.files(folder + "/millrace.journal.")) {
        find_in(path, disk.content(path), journals);
    }
    const bool only_late = prng.chance(2, 3);
    std::vector<Place> places;
    for (const auto& [id, frames] : journals) {
        const std::uint32_t latest = frames.rbegin()->first.first;
        // Most of a life's frames are behind a checkpoint: the last ones are what a start needs.
        std::size_t left = only_late ? kLateFrames : frames.size();
        for (auto at = std::next(frames.rbegin()); at != frames.rend() && left > 0; ++at, --left) {
            if (at->first.first == latest) places.push_back(at->second);
        }
    }
    if (places.empty()) return;
    const Place& place = places[prng.below(places.size())];
    disk.rot(place.path, place.offset + kFrameHeaderBytes + 5);
}

}  // namespace millrace::sim
