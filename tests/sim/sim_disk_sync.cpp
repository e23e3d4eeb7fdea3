// What a sync makes stable, and what one that failed leaves in the cache.
#include "core/base/aligned_bytes.hpp"
#include "tests/sim/sim_disk.hpp"

#include <cerrno>

namespace millrace::sim {

/// What a sync that begins now will have made stable once it succeeds.
void SimDisk::cover(Request& request) {
    const IoKind kind = request.wish.kind;
    if (kind != IoKind::kSync && kind != IoKind::kSyncFilesystem) return;
    request.last_change = changes_;
    Handle* const handle = find(request.wish.handle);
    if (handle == nullptr) return;
    const bool whole = kind == IoKind::kSyncFilesystem;
    for (const auto& [path, inode] : names_) {
        Pages pages;
        for (const std::uint64_t page : inode->in_device_cache) {
            if (!whole) pages[page] = page_of(inode->live, page);
        }
        if (whole || inode == handle->inode) {
            for (const std::uint64_t page : inode->in_page_cache) {
                pages[page] = page_of(inode->live, page);
            }
        }
        if (pages.empty() && !whole && inode != handle->inode) continue;
        request.covered.emplace_back(inode, std::move(pages));
        request.sizes.push_back(inode->size);
    }
}

std::int32_t SimDisk::sync(Request& request) {
    Handle* const handle = find(request.wish.handle);
    if (handle == nullptr) return -EBADF;
    const bool whole = request.wish.kind == IoKind::kSyncFilesystem;
    if ((whole || !handle->inode->is_folder) && fires(faults.sync_error)) {
        // As Linux does: the pages count as clean from here on, and the next sync succeeds.
        handle->inode->in_page_cache.clear();
        if (whole) {
            for (const auto& [path, inode] : names_) inode->in_page_cache.clear();
        }
        return -EIO;
    }
    for (std::size_t i = 0; i < request.covered.size(); ++i) {
        auto& [inode, pages] = request.covered[i];
        const bool own = whole || inode == handle->inode;
        for (const auto& [number, page] : pages) {
            const bool unchanged = page_of(inode->live, number) == page;
            if (whole) {
                // Out of the page cache, into the device's: a sync of any file flushes it.
                if (unchanged) inode->in_page_cache.erase(number);
                inode->in_device_cache.insert(number);
                continue;
            }
            // A sync that began earlier may end later, with older bytes.
            if (page_of(inode->stable, number)->change < page->change) {
                inode->stable[number] = page;
            }
            if (unchanged) inode->in_device_cache.erase(number);
            if (unchanged && own) inode->in_page_cache.erase(number);
        }
        if (!own || inode->size_synced_by > request.ticket) continue;
        inode->size_synced_by = request.ticket;
        inode->fresh.clear();
        inode->stable_size = request.sizes[i];
        // What was cut away stays away, even when the file has grown over it since. What came
        // behind the size of this sync may be stable by another.
        std::erase_if(inode->stable,
                      [&](const auto& entry) { return !inode->live.contains(entry.first); });
    }
    const std::string folder = handle->inode->is_folder ? handle->path : "";
    std::vector<NameChange> kept;
    std::vector<NameChange> gone;  // folders
    for (const NameChange& change : name_changes_) {
        const std::string& name = change.added.empty() ? change.removed : change.added;
        const bool early = change.change <= request.last_change;
        const bool covered = early && (whole || parent_of(name) == folder);
        if (covered) apply_stable(change);
        if (!covered) kept.push_back(change);
        if (covered && change.added.empty() && change.inode->is_folder) gone.push_back(change);
    }
    name_changes_ = std::move(kept);
    for (const NameChange& each : gone) forget_content(each);
    return 0;
}

/// Clean pages go from the cache, those among them that a failed sync has left as well.
std::int32_t SimDisk::forget(const Request& request) {
    Handle* const handle = find(request.wish.handle);
    if (handle == nullptr) return -EBADF;
    Inode& inode = *handle->inode;
    const std::uint64_t size = request.wish.size == 0 ? inode.size : request.wish.size;
    std::uint64_t number = round_up(request.wish.offset, kBlockBytes) / kBlockBytes;
    for (; number * kBlockBytes < request.wish.offset + size; ++number) {
        const bool is_dirty = inode.in_page_cache.contains(number);
        if (is_dirty || inode.in_device_cache.contains(number)) continue;
        const auto stable = inode.stable.find(number);
        if (stable == inode.stable.end()) inode.live.erase(number);
        if (stable != inode.stable.end()) inode.live[number] = stable->second;
    }
    return 0;
}

}  // namespace millrace::sim
