#include "tests/sim/sim_disk.hpp"

#include "core/base/aligned_bytes.hpp"
#include "core/base/assert.hpp"
#include "core/runtime/world.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

namespace millrace::sim {
namespace {

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
    if (fault.fired >= fault.fired_max) return false;
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

std::int32_t SimDisk::finish(std::uint64_t ticket) {
    const auto found = requests_.find(ticket);
    const std::int32_t result = carry_out(found->second);
    requests_.erase(found);
    return result;
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
                kCapacity, capacity - std::min(used(), capacity), kDevice};
            return 0;
        case IoKind::kFileStatus: {
            Handle* const handle = find(request.wish.handle);
            if (handle == nullptr) return -EBADF;
            // A disk without a clock: nothing may hang on the time.
            *static_cast<FileStatus*>(request.wish.data) = {
                handle->inode->size, std::numeric_limits<std::int64_t>::max()};
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

std::vector<std::byte> SimDisk::gathered(const IoRequest& wish) {
    std::vector<std::byte> bytes;
    const auto* slices = static_cast<const iovec*>(wish.data);
    for (std::size_t i = 0; i < wish.size; ++i) {
        const auto* begin = static_cast<const std::byte*>(slices[i].iov_base);
        bytes.insert(bytes.end(), begin, begin + slices[i].iov_len);
    }
    return bytes;
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

}  // namespace millrace::sim
