// Files and folders by name, and which names a power loss leaves.
#include "core/runtime/world.hpp"
#include "tests/sim/sim_disk.hpp"

#include <algorithm>
#include <cerrno>

namespace millrace::sim {

std::string SimDisk::parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
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

void SimDisk::change_name(NameChange change) {
    if (!change.removed.empty()) names_.erase(change.removed);
    if (!change.added.empty()) names_[change.added] = change.inode;
    change.change = ++changes_;
    name_changes_.push_back(std::move(change));
}

/// What is in a folder is called by the folder's name.
void SimDisk::move_content(Names& names, const std::string& from, const std::string& to) {
    const std::string prefix = from + "/";
    auto at = names.lower_bound(prefix);
    std::vector<Names::node_type> moved;
    while (at != names.end() && at->first.starts_with(prefix)) moved.push_back(names.extract(at++));
    for (Names::node_type& each : moved) {
        each.key() = to + "/" + each.key().substr(prefix.size());
        names.insert(std::move(each));
    }
}

/// A folder is gone for good, so nobody asks any more what was in it.
void SimDisk::forget_content(const NameChange& removal) {
    std::erase_if(name_changes_, [&removal](const NameChange& each) {
        const std::string& name = each.added.empty() ? each.removed : each.added;
        return each.change < removal.change && name.starts_with(removal.removed + "/");
    });
}

void SimDisk::apply_stable(const NameChange& change) {
    if (!change.removed.empty()) stable_names_.erase(change.removed);
    const bool renamed = !change.removed.empty() && !change.added.empty();
    if (renamed && change.inode->is_folder) {
        move_content(stable_names_, change.removed, change.added);
    }
    // A name may be stable before the folder's own: whether it counts is seen at a power loss.
    if (!change.added.empty()) stable_names_[change.added] = change.inode;
}

std::int32_t SimDisk::rename(const Request& request) {
    const auto found = names_.find(request.path);
    if (found == names_.end()) return -ENOENT;
    const InodePtr inode = found->second;
    if (inode->is_folder) {
        move_content(names_, request.path, request.other);
        // Those that are not stable yet are of that folder, whatever it is called.
        const auto move = [&request](std::string& path) {
            if (!path.starts_with(request.path + "/")) return;
            path = request.other + path.substr(request.path.size());
        };
        for (NameChange& change : name_changes_) {
            move(change.removed);
            move(change.added);
        }
    }
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

std::vector<std::string> SimDisk::files(const std::string& prefix) const {
    std::vector<std::string> found;
    for (const auto& [path, inode] : names_) {
        if (path.starts_with(prefix) && !inode->is_folder) found.push_back(path);
    }
    return found;
}

}  // namespace millrace::sim
