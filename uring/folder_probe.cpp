// What a folder's filesystem can do, tried on a file without a name.
#include "core/base/aligned_bytes.hpp"
#include "core/runtime/io_request.hpp"
#include "uring/compat.hpp"
#include "uring/host_probe.hpp"

#include <linux/magic.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <pwd.h>
#include <string>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

namespace millrace {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFlushes = 15;
constexpr off_t kProbeBytes = 1 << 20;

std::string name_of_user(uid_t user) {
    const passwd* const entry = getpwuid(user);
    return entry == nullptr ? std::to_string(user) : entry->pw_name;
}

/// Owned by nobody once it is closed. -1 with errno when it can't be made.
int open_nameless(const std::string& folder, int flags) {
    const int handle = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | flags, 0600);
    if (handle >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return handle;
    // Some network filesystems can't: a name for a moment.
    const std::string path = folder + "/millrace.doctor." + std::to_string(getpid());
    const int named = open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | flags, 0600);
    if (named >= 0) unlink(path.c_str());
    return named;
}

int errno_of(bool succeeded) { return succeeded ? 0 : errno; }

/// One block past the page cache, as the log writes them.
int try_direct(const std::string& folder, ByteView block) {
    const int handle = open_nameless(folder, O_DIRECT);
    if (handle < 0) return errno;
    const ssize_t written = pwrite(handle, block.data(), block.size(), 0);
    const int error = errno_of(written == static_cast<ssize_t>(block.size()));
    close(handle);
    return error;
}

/// The median of some writes of a block over bytes that are on disk already, each with its sync, as
/// a journal does it: a first write into allocated room costs the filesystem a transaction.
std::int64_t measure_flush_us(int handle, ByteView block) {
    using Clock = std::chrono::steady_clock;
    std::array<std::int64_t, kFlushes> took{};
    for (std::size_t i = 0; i < took.size(); ++i) {
        if (pwrite(handle, block.data(), block.size(), static_cast<off_t>(i * block.size())) < 0) {
            return -1;
        }
    }
    if (fsync(handle) != 0) return -1;
    for (std::size_t i = 0; i < took.size(); ++i) {
        const auto began = Clock::now();
        const auto at = static_cast<off_t>(i * block.size());
        if (pwrite(handle, block.data(), block.size(), at) < 0 || fdatasync(handle) != 0) return -1;
        took[i] =
            std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began).count();
    }
    std::sort(took.begin(), took.end());
    return took[took.size() / 2];
}

std::uint32_t direct_alignment(const std::string& folder) {
#ifdef STATX_DIOALIGN
    const int handle = open_nameless(folder, 0);
    if (handle < 0) return 0;
    struct statx status{};
    const bool told = statx(handle, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) == 0 &&
                      (status.stx_mask & STATX_DIOALIGN) != 0;
    close(handle);
    return told ? status.stx_dio_offset_align : 0;
#else
    (void)folder;
    return 0;
#endif
}

void try_files(FolderFacts& facts) {
    AlignedBytes memory(kBlockBytes);
    memory.zero();
    const ByteView block = memory.bytes();
    const int handle = open_nameless(facts.measured_in, 0);
    facts.write_error = errno_of(handle >= 0);
    if (handle < 0) return;
    facts.allocate_error = errno_of(fallocate(handle, 0, 0, kProbeBytes) == 0);
    facts.flush_us = measure_flush_us(handle, block);
    close(handle);
    facts.direct_error = try_direct(facts.measured_in, block);
    facts.direct_alignment = direct_alignment(facts.measured_in);
}

/// Looks at the lock that a broker holds, and takes none.
bool is_locked(const std::string& path) {
    const int handle = open((path + "/.lock").c_str(), O_RDONLY | O_CLOEXEC);
    if (handle < 0) return false;
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    const bool locked = fcntl(handle, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(handle);
    return locked;
}

void look_at_entries(FolderFacts& facts) {
    std::error_code ignored;
    for (const fs::directory_entry& each : fs::directory_iterator(facts.path, ignored)) {
        const std::string name = each.path().filename();
        if (each.is_directory(ignored)) ++facts.folders;
        if (name.starts_with("millrace.journal.") || name.starts_with("millrace.ballast.")) {
            const auto size = each.file_size(ignored);
            if (!ignored) facts.journal_bytes += size;
        }
        if (facts.foreign.empty() && access(each.path().c_str(), W_OK) != 0) facts.foreign = name;
    }
}

}  // namespace

FolderFacts probe_folder(const std::string& path) {
    FolderFacts facts;
    facts.path = path;
    std::error_code ignored;
    fs::path there = fs::absolute(path, ignored);
    facts.exists = fs::exists(there, ignored);
    while (!fs::exists(there, ignored) && there.has_relative_path()) there = there.parent_path();
    facts.measured_in = there.string();
    struct stat status{};
    if (stat(there.c_str(), &status) == 0) facts.owner = name_of_user(status.st_uid);
    facts.user = name_of_user(geteuid());
    struct statfs filesystem{};
    if (statfs(there.c_str(), &filesystem) == 0) {
        const auto unit = static_cast<std::uint64_t>(filesystem.f_bsize);
        facts.total_bytes = unit * filesystem.f_blocks;
        facts.free_bytes = unit * filesystem.f_bavail;
        facts.in_memory = filesystem.f_type == TMPFS_MAGIC || filesystem.f_type == RAMFS_MAGIC;
    }
    try_files(facts);
    if (facts.exists) look_at_entries(facts);
    facts.in_use = facts.exists && is_locked(path);
    return facts;
}

}  // namespace millrace
