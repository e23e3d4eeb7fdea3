// What a crash, a power loss and rot leave of what was written.
#include "core/base/assert.hpp"
#include "tests/sim/sim_disk.hpp"

#include <algorithm>
#include <iterator>

namespace millrace::sim {
namespace {

constexpr std::size_t kSectorBytes = 512;

}  // namespace

void SimDisk::abort(std::uint64_t ticket) {
    const auto found = requests_.find(ticket);
    Request& request = found->second;
    if (request.wish.kind == IoKind::kWriteAt && prng_.below(3) == 0) {
        tear_write(request);
    } else if (prng_.below(2) == 0) {
        // The data that a read or a list would fill has gone with its process.
        const IoKind kind = request.wish.kind;
        const bool harmless = kind == IoKind::kSync || kind == IoKind::kSyncFilesystem ||
                              kind == IoKind::kAllocate || kind == IoKind::kTruncate ||
                              kind == IoKind::kRename || kind == IoKind::kRemove ||
                              kind == IoKind::kRemoveFolder || kind == IoKind::kMakeFolder ||
                              kind == IoKind::kWriteAt;
        if (harmless) (void)carry_out(request);
    }
    requests_.erase(found);
}

void SimDisk::tear_write(const Request& request) {
    Handle* const handle = find(request.wish.handle);
    if (handle == nullptr) return;
    const std::vector<std::byte> bytes = gathered(request.wish);
    const bool durable = (request.wish.flags & kDurableWrite) != 0;
    // Any of its sectors may have arrived.
    for (std::size_t at = 0; at < bytes.size(); at += kSectorBytes) {
        if (prng_.below(2) == 0) continue;
        const std::size_t size = std::min(kSectorBytes, bytes.size() - at);
        put(*handle->inode, request.wish.offset + at, bytes.data() + at, size, handle->direct,
            durable);
    }
    ++faults.pages_torn;
}

void SimDisk::lose(Inode& inode) {
    for (const auto* const cache : {&inode.in_page_cache, &inode.in_device_cache}) {
        for (const std::uint64_t number : *cache) {
            const std::uint64_t coin = prng_.below(4);
            if (coin < 2) {
                inode.stable[number] = page_of(inode.live, number);
            } else {
                ++faults.pages_lost;
            }
        }
    }
    for (const std::uint64_t number : inode.fresh) {
        if (prng_.below(2) == 0) inode.stable.erase(number);
    }
    if (inode.size != inode.stable_size) {
        const bool kept = prng_.below(2) == 0;
        if (kept) inode.stable_size = inode.size;
        if (!kept) ++faults.sizes_lost;
    }
    std::erase_if(inode.stable, [&](const auto& entry) {
        return entry.first * kBlockBytes >= inode.stable_size;
    });
    inode.live = inode.stable;
    inode.size = inode.stable_size;
    inode.in_page_cache.clear();
    inode.in_device_cache.clear();
    inode.fresh.clear();
}

void SimDisk::lose_power() {
    expect(handles_.empty(), "power is lost while a process has files open");
    for (const NameChange& change : name_changes_) {
        const bool kept = prng_.below(2) == 0;
        if (kept) apply_stable(change);
        if (!kept) ++faults.names_lost;
    }
    name_changes_.clear();
    // A folder that is gone takes what is in it along.
    for (auto at = stable_names_.begin(); at != stable_names_.end();) {
        const bool orphan = at->first != "/" && !stable_names_.contains(parent_of(at->first));
        at = orphan ? stable_names_.erase(at) : std::next(at);
    }
    names_ = stable_names_;
    std::set<Inode*> seen;
    for (const auto& [path, inode] : names_) {
        if (seen.insert(inode.get()).second) lose(*inode);
    }
}

void SimDisk::rot(const std::string& path, std::uint64_t offset) {
    Inode& inode = *names_.at(path);
    for (Pages* const pages : {&inode.live, &inode.stable}) {
        const auto found = pages->find(offset / kBlockBytes);
        if (found == pages->end()) continue;
        auto page = std::make_shared<Page>(*found->second);
        (*page)[offset % kBlockBytes] ^= std::byte{1};
        found->second = std::move(page);
    }
    ++faults.rotted;
}

}  // namespace millrace::sim
