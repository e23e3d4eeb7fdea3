// The files that the cells touch: made once for all cells that only read or overwrite, and anew for
// each cell that appends.
#pragma once

#include "perf/access/plan.hpp"

#include <filesystem>
#include <set>
#include <vector>

namespace millrace::access {

/// Open files of one cell; closes them.
class OpenFiles {
public:
    OpenFiles() = default;
    OpenFiles(OpenFiles&& other) noexcept { descriptors_.swap(other.descriptors_); }
    OpenFiles& operator=(OpenFiles&&) = delete;
    ~OpenFiles();

    void take(int descriptor) { descriptors_.push_back(descriptor); }
    int at(std::uint32_t file) const { return descriptors_[file]; }
    const std::vector<int>& all() const { return descriptors_; }

private:
    std::vector<int> descriptors_;
};

/// Owns a folder of its own below the user's, which is gone when it is. All calls throw
/// std::system_error with what could not be done.
class FileSet {
public:
    FileSet(const std::filesystem::path& folder, const Scale& scale);
    FileSet(const FileSet&) = delete;
    FileSet& operator=(const FileSet&) = delete;
    ~FileSet();

    /// The cell's files in its layout. Those of kWritten are on the disk; their pages may be
    /// cached.
    OpenFiles open(const Cell& cell);
    /// Frees what a cell appended.
    void drop_scratch();

    /// The smallest power of two that a direct read may begin at and be long; 0 when none may.
    std::uint32_t direct_unit();

private:
    std::filesystem::path written_folder(std::uint32_t files) const;
    void write_set(std::uint32_t files, std::uint64_t each_bytes);

    const std::filesystem::path folder_;
    const Scale scale_;
    std::set<std::uint32_t> written_;
};

}  // namespace millrace::access
