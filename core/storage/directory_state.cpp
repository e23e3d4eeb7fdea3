#include "core/storage/directory_state.hpp"

#include "core/runtime/file.hpp"
#include "core/storage/directory_names.hpp"
#include "core/storage/journal_scan.hpp"
#include "core/storage/text_checkpoint.hpp"

#include <cerrno>
#include <set>

namespace millrace {
namespace {

/// The state is told, so what the scan says beside it isn't.
class NoLines final : public LogSink {
public:
    void write(std::string_view) override {}
};

struct Names {
    bool marked{};
    bool guarded{};
    bool any_partition{};
    std::set<std::uint32_t> journals;
};

Names sort_out(const std::vector<FolderEntry>& entries) {
    Names names;
    for (const FolderEntry& entry : entries) {
        if (entry.name == kMarkerName) names.marked = true;
        if (entry.name == kUncleanName) names.guarded = true;
        if (entry.is_folder && parse_folder_name(entry.name)) names.any_partition = true;
        const auto index = journal_index_of(entry.name);
        if (index && !entry.is_folder) names.journals.insert(*index);
    }
    return names;
}

}  // namespace

Task<Result<DirectoryState>> look_at_directory(World& world, std::string path) {
    const auto entries = co_await list_folder(world, path);
    if (!entries && entries.error() == system_error(ENOENT)) co_return DirectoryState::kNew;
    if (!entries) co_return entries.error();
    const Names names = sort_out(*entries);
    NoLines nowhere;
    Logger logger(world, nowhere, LogFormat::kText);
    bool any_open = false;
    for (const std::uint32_t index : names.journals) {
        JournalOptions options;
        options.folder = path;
        options.index = index;
        options.direct = false;
        const auto scan = co_await scan_journal(world, logger, options);
        if (!scan) co_return scan.error();
        if (!scan->damage.empty()) co_return DirectoryState::kDamaged;
        any_open = any_open || (!scan->is_new && !scan->closed);
    }
    // As LogDirectory decides at a start.
    if (any_open) {
        const bool ours = names.guarded && !names.marked;
        co_return ours ? DirectoryState::kUnclean : DirectoryState::kWrittenSince;
    }
    if (names.marked) co_return DirectoryState::kClean;
    co_return names.any_partition ? DirectoryState::kUncleanKafka : DirectoryState::kNew;
}

}  // namespace millrace
