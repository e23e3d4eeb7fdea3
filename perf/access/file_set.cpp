#include "perf/access/file_set.hpp"

#include "perf/common/buffer.hpp"
#include "perf/common/fail.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>

namespace millrace::access {
namespace {

constexpr std::size_t kPieceBytes = 1u << 20;

int open_file(const std::filesystem::path& path, int flags) {
    const int descriptor = ::open(path.c_str(), flags | O_RDWR | O_CLOEXEC, 0644);
    if (descriptor < 0) perf::fail(fmt::format("open {}", path.filename().string()));
    return descriptor;
}

std::filesystem::path file_name(const std::filesystem::path& folder, std::uint32_t file) {
    return folder / fmt::format("{:04}", file);
}

void write_whole(int descriptor, const std::vector<char>& piece, std::uint64_t size) {
    for (std::uint64_t at = 0; at < size;) {
        const std::size_t wanted = std::min<std::uint64_t>(piece.size(), size - at);
        const ssize_t done = ::pwrite(descriptor, piece.data(), wanted, static_cast<off_t>(at));
        if (done <= 0) perf::fail("writing the files");
        at += static_cast<std::uint64_t>(done);
    }
}

/// 4096 files are more than most sessions may open.
void allow_many_files() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

OpenFiles::~OpenFiles() {
    for (const int descriptor : descriptors_) ::close(descriptor);
}

FileSet::FileSet(const std::filesystem::path& folder, const Scale& scale)
    : folder_(folder / "millrace-access-files"), scale_(scale) {
    allow_many_files();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
}

FileSet::~FileSet() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::filesystem::path FileSet::written_folder(std::uint32_t files) const {
    return folder_ / fmt::format("written-{}", files);
}

void FileSet::write_set(std::uint32_t files, std::uint64_t each_bytes) {
    const auto folder = written_folder(files);
    std::filesystem::create_directories(folder);
    std::vector<char> piece(std::min<std::uint64_t>(kPieceBytes, each_bytes));
    perf::fill_with_noise(piece.data(), piece.size(), files);
    for (std::uint32_t file = 0; file < files; ++file) {
        OpenFiles one;
        one.take(open_file(file_name(folder, file), O_CREAT | O_TRUNC));
        write_whole(one.at(0), piece, each_bytes);
    }
    // One pass over the set after it is written: a sync per file would wait for the disk each time.
    for (std::uint32_t file = 0; file < files; ++file) {
        OpenFiles one;
        one.take(open_file(file_name(folder, file), 0));
        if (::fsync(one.at(0)) != 0) perf::fail("fsync of the files");
    }
    written_.insert(files);
}

OpenFiles FileSet::open(const Cell& cell) {
    const std::uint64_t each_bytes = room_bytes(cell, scale_);
    const bool in_place = cell.layout == Layout::kWritten;
    if (in_place && !written_.contains(cell.files)) write_set(cell.files, each_bytes);
    const auto folder = in_place ? written_folder(cell.files) : folder_ / "scratch";
    std::filesystem::create_directories(folder);
    const int flags = (is_direct(cell.engine) ? O_DIRECT : 0) | (in_place ? 0 : O_CREAT | O_EXCL);
    OpenFiles files;
    for (std::uint32_t file = 0; file < cell.files; ++file) {
        files.take(open_file(file_name(folder, file), flags));
        if (cell.layout != Layout::kFallocated) continue;
        if (::fallocate(files.at(file), 0, 0, static_cast<off_t>(each_bytes)) != 0) {
            perf::fail("fallocate");
        }
    }
    return files;
}

void FileSet::drop_scratch() { std::filesystem::remove_all(folder_ / "scratch"); }

std::uint32_t FileSet::direct_unit() {
    constexpr std::size_t kLargest = 4096;
    const std::unique_ptr<void, decltype(&std::free)> buffer(
        std::aligned_alloc(kLargest, 2 * kLargest), &std::free);
    std::memset(buffer.get(), 0, 2 * kLargest);
    const auto path = folder_ / "probe";
    OpenFiles plain;
    plain.take(open_file(path, O_CREAT | O_TRUNC));
    write_whole(plain.at(0), std::vector<char>(4 * kLargest), 4 * kLargest);
    if (::fsync(plain.at(0)) != 0) perf::fail("fsync of the probe");
    const int descriptor = ::open(path.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC);
    if (descriptor < 0) return 0;
    OpenFiles direct;
    direct.take(descriptor);
    for (std::uint32_t unit = 512; unit <= kLargest; unit *= 2) {
        const auto done = ::pread(descriptor, buffer.get(), unit, unit);
        if (done == static_cast<ssize_t>(unit)) return unit;
    }
    return 0;
}

}  // namespace millrace::access
