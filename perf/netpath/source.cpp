#include "perf/netpath/source.hpp"

#include "perf/common/fail.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace millrace::netpath {
namespace {

constexpr std::uint64_t kPageBytes = 4096;

perf::Descriptor write_file(const std::filesystem::path& path, const char* bytes,
                            std::uint64_t size) {
    perf::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0) perf::fail("open of the file");
    for (std::uint64_t at = 0; at < size;) {
        const ssize_t done = ::pwrite(file.get(), bytes + at, size - at, static_cast<off_t>(at));
        if (done <= 0) perf::fail("writing the file");
        at += static_cast<std::uint64_t>(done);
    }
    // Or it would be written while the cells are measured.
    if (::fdatasync(file.get()) != 0) perf::fail("fdatasync of the file");
    return file;
}

/// The folder of a run that was killed is still there.
std::filesystem::path make_folder(const std::filesystem::path& folder) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    return folder;
}

}  // namespace

Source::Source(const std::filesystem::path& folder, std::uint64_t size)
    : folder_(make_folder(folder / "millrace-netpath-files")),
      size_(size),
      memory_(perf::make_buffer(size)),
      file_(write_file(folder_ / "log", memory_.get(), size)) {
    void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file_.get(), 0);
    if (mapped == MAP_FAILED) perf::fail("mmap");
    mapped_ = static_cast<char*>(mapped);
}

Source::~Source() {
    ::munmap(mapped_, size_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void Source::warm() const {
    const volatile char* const first = mapped_;
    for (std::uint64_t at = 0; at < size_; at += kPageBytes) (void)first[at];
}

}  // namespace millrace::netpath
