#include "tests/sim/sim_disk.hpp"

#include "core/base/aligned_bytes.hpp"
#include "core/base/assert.hpp"
#include "core/runtime/world.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace millrace::sim {
namespace {

constexpr std::size_t kSectorBytes = 512;

/// A gathered write's bytes as one piece.
std::vector<std::byte> gathered(const IoRequest& wish) {
    std::vector<std::byte> bytes;
    const auto* slices = static_cast<const iovec*>(wish.data);
    for (std::size_t i = 0; i < wish.size; ++i) {
        const auto* begin = static_cast<const std::byte*>(slices[i].iov_base);
        bytes.insert(bytes.end(), begin, begin + slices[i].iov_len);
    }
    return bytes;
}

bool is_aligned(const IoRequest& wish, std::size_t size) {
    return wish.offset % kBlockBytes == 0 && size % kBlockBytes == 0;
}

}  // namespace

void SimDisk::make_root() {
    auto root = std::make_shared<Inode>();
    root->is_folder = true;
    names_["/"] = stable_names_["/"] = root;
}

bool SimDisk::fires(DiskFaults::Fault& fault) {
    if (fault.per_10000 == 0 || prng_.below(10'000) >= fault.per_10000) return false;
    ++fault.fired;
    return true;
}

std::uint64_t SimDisk::used() const {
    std::uint64_t bytes = 0;
    for (const auto& [path, inode] : names_)
        bytes += kBlockBytes + round_up(inode->size, kBlockBytes);
    return bytes;
}

/// Of a file that reaches to `end` afterwards.
std::uint64_t SimDisk::growth(const Inode& inode, std::uint64_t end) {
    return round_up(std::max(end, inode.size), kBlockBytes) - round_up(inode.size, kBlockBytes);
}

bool SimDisk::is_refused(std::uint64_t growth) {
    if (growth == 0 || capacity == kCapacity || used() + growth <= capacity) return false;
    ++faults.disk_full;
    return true;
}

std::string SimDisk::parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

SimDisk::PagePtr SimDisk::page_of(const Pages& pages, std::uint64_t number) {
    static const PagePtr zeros = std::make_shared<Page>();
    const auto found = pages.find(number);
    return found == pages.end() ? zeros : found->second;
}

SimDisk::Handle* SimDisk::find(std::int32_t handle) {
    const auto found = handles_.find(handle);
    return found == handles_.end() ? nullptr : &found->second;
}

std::uint64_t SimDisk::begin(Process process, const IoRequest& wish) {
    const std::uint64_t ticket = next_ticket_++;
    Request& request = requests_[ticket];
    request.process = process;
    request.ticket = ticket;
    request.wish = wish;
    if (wish.path != nullptr) request.path = wish.path;
    if (wish.other != nullptr) request.other = wish.other;
    while (request.path.size() > 1 && request.path.back() == '/') request.path.pop_back();
    cover(request);
    return ticket;
}

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
        request.covered.emplace_back(inode, std::move(pages));
        request.sizes.push_back(inode->size);
    }
}

std::int32_t SimDisk::finish(std::uint64_t ticket) {
    const auto found = requests_.find(ticket);
    const std::int32_t result = carry_out(found->second);
    requests_.erase(found);
    return result;
}

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

void SimDisk::take_away(const std::string& folder) {
    taken_away_ = folder;
    ++faults.folders_taken_away;
}

bool SimDisk::is_taken_away(const Request& request) {
    if (taken_away_.empty() || request.wish.kind == IoKind::kClose) return false;
    Handle* const handle = find(request.wish.handle);
    const std::string& path =
        request.path.empty() && handle != nullptr ? handle->path : request.path;
    return path == taken_away_ || path.starts_with(taken_away_ + "/");
}

std::int32_t SimDisk::carry_out(Request& request) {
    if (is_taken_away(request)) return -EIO;
    switch (request.wish.kind) {
        case IoKind::kOpen: return open(request);
        case IoKind::kReadAt: return read(request);
        case IoKind::kWriteAt: return write(request);
        case IoKind::kSync:
        case IoKind::kSyncFilesystem: return sync(request);
        case IoKind::kAllocate: return allocate(request);
        case IoKind::kTruncate: return truncate(request);
        case IoKind::kLock: return lock(request);
        case IoKind::kRename: return rename(request);
        case IoKind::kRemove: return remove(request, false);
        case IoKind::kRemoveFolder: return remove(request, true);
        case IoKind::kMakeFolder: return make_folder(request);
        case IoKind::kListFolder: return list(request);
        case IoKind::kReadAhead: return find(request.wish.handle) == nullptr ? -EBADF : 0;
        case IoKind::kForget: return forget(request);
        case IoKind::kSpace:
            // As large as ever: what a broker makes of the total isn't what is tried here.
            *static_cast<FilesystemSpace*>(request.wish.data) = {
                kCapacity, capacity - std::min(used(), capacity)};
            return 0;
        case IoKind::kFileSize: {
            Handle* const handle = find(request.wish.handle);
            if (handle == nullptr) return -EBADF;
            *static_cast<std::uint64_t*>(request.wish.data) = handle->inode->size;
            return 0;
        }
        case IoKind::kClose: {
            Handle* const handle = find(request.wish.handle);
            if (handle == nullptr) return -EBADF;
            const auto locked = locks_.find(handle->inode.get());
            if (locked != locks_.end() && locked->second == request.wish.handle) {
                locks_.erase(locked);
            }
            handles_.erase(request.wish.handle);
            return 0;
        }
        default: expect(false, "no request of a disk"); return -EINVAL;
    }
}

std::int32_t SimDisk::open(const Request& request) {
    const bool direct = (request.wish.flags & kDirect) != 0;
    const auto mode = static_cast<OpenMode>(request.wish.flags & ~kDirect);
    const auto found = names_.find(request.path);
    const bool there = found != names_.end();
    const bool creates =
        mode == OpenMode::kCreate || mode == OpenMode::kCreateNew || mode == OpenMode::kTruncate;
    if (!there && !creates) return -ENOENT;
    if (there && mode == OpenMode::kCreateNew) return -EEXIST;
    if (there && found->second->is_folder != (mode == OpenMode::kFolder)) return -EISDIR;
    InodePtr inode = there ? found->second : nullptr;
    if (!there) {
        if (!names_.contains(parent_of(request.path))) return -ENOENT;
        if (is_refused(kBlockBytes) || fires(faults.no_space)) return -ENOSPC;
        inode = std::make_shared<Inode>();
        change_name({"", request.path, inode, 0});
    }
    if (mode == OpenMode::kTruncate && inode->size > 0) {
        inode->size = 0;
        inode->live.clear();
        inode->in_page_cache.clear();
        inode->in_device_cache.clear();
        inode->fresh.clear();
    }
    const std::int32_t handle = next_handle_++;
    handles_[handle] = {request.process, inode, request.path, direct};
    return handle;
}

std::int32_t SimDisk::read(const Request& request) {
    Handle* const handle = find(request.wish.handle);
    if (handle == nullptr) return -EBADF;
    if (handle->direct && !is_aligned(request.wish, request.wish.size)) return -EINVAL;
    if (fires(faults.read_error)) return -EIO;
    const Inode& inode = *handle->inode;
    if (request.wish.offset >= inode.size) return 0;
    std::uint64_t count = std::min(request.wish.size, inode.size - request.wish.offset);
    if (count > kBlockBytes && fires(faults.short_read)) {
        count = (1 + prng_.below((count - 1) / kBlockBytes)) * kBlockBytes;
    }
    auto* into = static_cast<std::byte*>(request.wish.data);
    for (std::uint64_t done = 0; done < count;) {
        const std::uint64_t at = request.wish.offset + done;
        const std::uint64_t in_page = at % kBlockBytes;
        const std::uint64_t size = std::min(count - done, kBlockBytes - in_page);
        const PagePtr page = page_of(inode.live, at / kBlockBytes);
        std::memcpy(into + done, page->data() + in_page, size);
        done += size;
    }
    return static_cast<std::int32_t>(count);
}

void SimDisk::put(Inode& inode, std::uint64_t offset, const std::byte* bytes, std::size_t size,
                  bool direct, bool durable) {
    for (std::size_t done = 0; done < size;) {
        const std::uint64_t at = offset + done;
        const std::uint64_t number = at / kBlockBytes;
        const std::uint64_t in_page = at % kBlockBytes;
        const std::size_t part = std::min<std::size_t>(size - done, kBlockBytes - in_page);
        auto page = std::make_shared<Page>(*page_of(inode.live, number));
        std::memcpy(page->data() + in_page, bytes + done, part);
        page->change = ++changes_;
        const bool is_fresh = !inode.stable.contains(number);
        if (durable) {
            auto stable = std::make_shared<Page>(*page_of(inode.stable, number));
            std::memcpy(stable->data() + in_page, bytes + done, part);
            stable->change = changes_;
            inode.stable[number] = stable;
            if (is_fresh) inode.fresh.insert(number);
        } else if (direct) {
            inode.in_device_cache.insert(number);
        } else {
            inode.in_page_cache.insert(number);
        }
        inode.live[number] = std::move(page);
        done += part;
    }
    inode.size = std::max(inode.size, offset + size);
}

std::int32_t SimDisk::write(const Request& request) {
    Handle* const handle = find(request.wish.handle);
    if (handle == nullptr) return -EBADF;
    const std::vector<std::byte> bytes = gathered(request.wish);
    if (handle->direct && !is_aligned(request.wish, bytes.size())) return -EINVAL;
    if (fires(faults.write_error)) {
        tear_write(request);
        return -EIO;
    }
    const std::uint64_t end = request.wish.offset + bytes.size();
    if (is_refused(growth(*handle->inode, end))) return -ENOSPC;
    if (end > handle->inode->size && fires(faults.no_space)) return -ENOSPC;
    std::size_t count = bytes.size();
    if (count > kBlockBytes && fires(faults.short_write)) {
        count = (1 + prng_.below((count - 1) / kBlockBytes)) * kBlockBytes;
    }
    put(*handle->inode, request.wish.offset, bytes.data(), count, handle->direct,
        (request.wish.flags & kDurableWrite) != 0);
    return static_cast<std::int32_t>(count);
}

std::int32_t SimDisk::sync(Request& request) {
    Handle* const handle = find(request.wish.handle);
    if (handle == nullptr) return -EBADF;
    const bool whole = request.wish.kind == IoKind::kSyncFilesystem;
    if (!handle->inode->is_folder && fires(faults.sync_error)) {
        // As Linux does: the pages count as clean from here on, and the next sync succeeds.
        handle->inode->in_page_cache.clear();
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
    for (const NameChange& change : name_changes_) {
        const std::string& name = change.added.empty() ? change.removed : change.added;
        const bool early = change.change <= request.last_change;
        const bool covered = early && (whole || parent_of(name) == folder);
        if (covered) apply_stable(change);
        if (!covered) kept.push_back(change);
    }
    name_changes_ = std::move(kept);
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

std::int32_t SimDisk::allocate(const Request& request) {
    Handle* const handle = find(request.wish.handle);
    if (handle == nullptr) return -EBADF;
    if (!can_allocate) return -EOPNOTSUPP;
    const std::uint64_t end = request.wish.offset + request.wish.size;
    if (is_refused(growth(*handle->inode, end)) || fires(faults.no_space)) return -ENOSPC;
    Inode& inode = *handle->inode;
    inode.size = std::max(inode.size, end);
    return 0;
}

std::int32_t SimDisk::truncate(const Request& request) {
    Handle* const handle = find(request.wish.handle);
    if (handle == nullptr) return -EBADF;
    Inode& inode = *handle->inode;
    const std::uint64_t size = request.wish.size;
    if (size < inode.size) {
        const std::uint64_t first_gone = (size + kBlockBytes - 1) / kBlockBytes;
        for (Pages::iterator at = inode.live.lower_bound(first_gone); at != inode.live.end();) {
            inode.in_page_cache.erase(at->first);
            inode.in_device_cache.erase(at->first);
            at = inode.live.erase(at);
        }
        if (size % kBlockBytes != 0) {
            auto page = std::make_shared<Page>(*page_of(inode.live, size / kBlockBytes));
            std::memset(page->data() + size % kBlockBytes, 0, kBlockBytes - size % kBlockBytes);
            page->change = ++changes_;
            inode.live[size / kBlockBytes] = std::move(page);
            inode.in_page_cache.insert(size / kBlockBytes);
        }
    }
    inode.size = size;
    return 0;
}

void SimDisk::change_name(NameChange change) {
    if (!change.removed.empty()) names_.erase(change.removed);
    if (!change.added.empty()) names_[change.added] = change.inode;
    change.change = ++changes_;
    name_changes_.push_back(std::move(change));
}

void SimDisk::apply_stable(const NameChange& change) {
    if (!change.removed.empty()) stable_names_.erase(change.removed);
    // A name may be stable before the folder's own: whether it counts is seen at a power loss.
    if (!change.added.empty()) stable_names_[change.added] = change.inode;
}

std::int32_t SimDisk::rename(const Request& request) {
    const auto found = names_.find(request.path);
    if (found == names_.end()) return -ENOENT;
    const InodePtr inode = found->second;
    change_name({request.path, request.other, inode, 0});
    return 0;
}

std::int32_t SimDisk::remove(const Request& request, bool folder) {
    const auto found = names_.find(request.path);
    if (found == names_.end()) return -ENOENT;
    if (found->second->is_folder != folder) return folder ? -ENOTDIR : -EISDIR;
    if (folder) {
        const auto next = names_.upper_bound(request.path + "/");
        if (next != names_.end() && next->first.starts_with(request.path + "/")) return -ENOTEMPTY;
    }
    change_name({request.path, "", found->second, 0});
    return 0;
}

std::int32_t SimDisk::make_folder(const Request& request) {
    if (names_.contains(request.path)) return -EEXIST;
    if (!names_.contains(parent_of(request.path))) return -ENOENT;
    if (is_refused(kBlockBytes)) return -ENOSPC;
    auto inode = std::make_shared<Inode>();
    inode->is_folder = true;
    change_name({"", request.path, inode, 0});
    return 0;
}

std::int32_t SimDisk::list(const Request& request) {
    const auto folder = names_.find(request.path);
    if (folder == names_.end()) return -ENOENT;
    auto& entries = *static_cast<std::vector<FolderEntry>*>(request.wish.data);
    entries.clear();
    const std::string prefix = request.path == "/" ? "/" : request.path + "/";
    for (auto at = names_.upper_bound(prefix); at != names_.end() && at->first.starts_with(prefix);
         ++at) {
        const std::string rest = at->first.substr(prefix.size());
        if (rest.find('/') == std::string::npos) entries.push_back({rest, at->second->is_folder});
    }
    std::sort(entries.begin(), entries.end());
    return 0;
}

std::int32_t SimDisk::lock(const Request& request) {
    Handle* const handle = find(request.wish.handle);
    if (handle == nullptr) return -EBADF;
    const auto [at, locked] = locks_.emplace(handle->inode.get(), request.wish.handle);
    return locked || at->second == request.wish.handle ? 0 : -EAGAIN;
}

void SimDisk::end_process(Process process) {
    std::erase_if(locks_,
                  [&](const auto& entry) { return handles_.at(entry.second).process == process; });
    std::erase_if(handles_, [&](const auto& entry) { return entry.second.process == process; });
}

std::vector<std::string> SimDisk::files(const std::string& prefix) const {
    std::vector<std::string> found;
    for (const auto& [path, inode] : names_) {
        if (path.starts_with(prefix) && !inode->is_folder) found.push_back(path);
    }
    return found;
}

std::vector<std::byte> SimDisk::content(const std::string& path) const {
    const Inode& inode = *names_.at(path);
    std::vector<std::byte> bytes(inode.size);
    for (const auto& [number, page] : inode.live) {
        const std::uint64_t at = number * kBlockBytes;
        if (at >= inode.size) continue;
        std::memcpy(bytes.data() + at, page->data(), std::min(kBlockBytes, inode.size - at));
    }
    return bytes;
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

}  // namespace millrace::sim
