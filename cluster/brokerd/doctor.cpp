#include "cluster/brokerd/doctor.hpp"

#include "cluster/tools/json_text.hpp"
#include "core/storage/log_directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace millrace {
namespace {

using Verdict = Check::Verdict;

// What Linux 6.18 counts for a ring of this broker, and for the frame buffer of a journal.
constexpr std::uint64_t kRingBytes = 256 << 10;
constexpr std::uint64_t kFrameBytes = 2 << 20;
// Log, offset index and time index of a partition that is written to.
constexpr std::uint64_t kFilesPerPartition = 3;
// Connections and all else that a broker should have room for.
constexpr std::uint64_t kDescriptorsBeside = 4096;
// Slower than that, and no device with a cache that survives a power cut stands behind it.
constexpr std::int64_t kSlowFlushUs = 5000;

constexpr std::array<std::string_view, 3> kVerdicts{"ok", "warn", "fail"};

std::string_view word(Verdict verdict) { return kVerdicts[static_cast<std::size_t>(verdict)]; }

std::string reason(int error) { return system_error(error).message(); }

std::string in_units(std::uint64_t bytes) {
    if (bytes >= (std::uint64_t{1} << 30)) {
        return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1 << 30));
    }
    return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

std::string limit_text(std::uint64_t limit) {
    return limit == LimitFacts::kNone ? "no limit" : fmt::format("at most {}", limit);
}

Check check_access(const FolderFacts& facts) {
    const std::string name = "access to " + facts.path;
    const std::string found =
        fmt::format("{} belongs to {}, this is {}", facts.measured_in, facts.owner, facts.user);
    const std::string remedy =
        fmt::format("chown -R USER: {} for the broker's user, and run doctor as that user",
                    facts.exists ? facts.path : facts.measured_in);
    if (facts.write_error != 0) {
        return {Verdict::kFail, name, found + ": " + reason(facts.write_error), remedy};
    }
    if (!facts.foreign.empty()) {
        return {Verdict::kFail, name, found + ", who may not write " + facts.foreign, remedy};
    }
    if (!facts.exists) return {Verdict::kOk, name, "not there yet: a start makes it", ""};
    if (facts.owner != facts.user) return {Verdict::kWarn, name, found, remedy};
    return {Verdict::kOk, name, found, ""};
}

Check check_direct(const FolderFacts& facts, const BrokerConfig& config) {
    const std::string name = "direct writes in " + facts.measured_in;
    if (facts.direct_error != 0) {
        const std::string found = "refused: " + reason(facts.direct_error);
        if (!config.direct_writes) return {Verdict::kOk, name, found + "; not wanted either", ""};
        return {Verdict::kWarn, name, found,
                "it works through the page cache, with more processor time; ext4 and xfs can"};
    }
    if (facts.direct_alignment == 0) return {Verdict::kOk, name, "blocks of 4096 bytes", ""};
    return {Verdict::kOk, name,
            fmt::format("aligned to {} bytes, in blocks of 4096", facts.direct_alignment), ""};
}

Check check_allocation(const FolderFacts& facts) {
    const std::string name = "allocation in " + facts.measured_in;
    if (facts.allocate_error == 0) return {Verdict::kOk, name, "fallocate works", ""};
    return {Verdict::kWarn, name, "fallocate: " + reason(facts.allocate_error),
            "segments go through the page cache, and a full disk is found out later; ext4 and xfs "
            "can"};
}

Check check_flush(const FolderFacts& facts, const BrokerConfig& config) {
    const std::string name = "flush in " + facts.measured_in;
    if (facts.in_memory) {
        return {Verdict::kWarn, name, "a filesystem in memory: a reboot loses all of it",
                "point log.dirs at a disk"};
    }
    if (facts.flush_us < 0) {
        return {Verdict::kFail, name, "a write or its fdatasync failed",
                "look at dmesg: the disk may be full or broken"};
    }
    const std::string found = fmt::format("{} us for 4 KiB and fdatasync (median)", facts.flush_us);
    if (facts.flush_us <= kSlowFlushUs || !config.flush_before_ack) {
        return {Verdict::kOk, name, found, ""};
    }
    return {Verdict::kWarn, name, found,
            "each acknowledgement waits for one: use a device with a cache that survives a power "
            "cut, or durability=os if losing the last seconds with the power is all right"};
}

Check check_room(const FolderFacts& facts, const BrokerConfig& config) {
    const std::string name = "room in " + facts.measured_in;
    // The journal, and a ballast about as large for the day when the disk is full.
    const auto journal = static_cast<std::uint64_t>(config.journal_bytes);
    const std::uint64_t wanted = 2 * journal - std::min(2 * journal, facts.journal_bytes);
    const std::string found =
        fmt::format("{} free of {}; journal and ballast have {} and may take {} more",
                    in_units(facts.free_bytes), in_units(facts.total_bytes),
                    in_units(facts.journal_bytes), in_units(wanted));
    const std::string remedy = "make room, or lower journal.bytes";
    if (facts.free_bytes + facts.journal_bytes < journal / 8) {
        return {Verdict::kFail, name, found, remedy};
    }
    if (facts.free_bytes < wanted) return {Verdict::kWarn, name, found, remedy};
    return {Verdict::kOk, name, found, ""};
}

}  // namespace

Check check_ring(const RingFacts& facts) {
    if (!facts.refusal.empty()) {
        const auto end = facts.refusal.find(". ");
        return {Verdict::kFail, "io_uring",
                fmt::format("Linux {}: {}", facts.kernel, facts.refusal.substr(0, end)),
                end == std::string::npos ? "" : facts.refusal.substr(end + 2)};
    }
    const std::string found = fmt::format("Linux {}: {}", facts.kernel, facts.features);
    if (facts.features.find("defer_taskrun") == std::string::npos) {
        return {Verdict::kWarn, "io_uring", found,
                "it works with more interruptions; Linux 6.1 "
                "or later has defer_taskrun"};
    }
    return {Verdict::kOk, "io_uring", found, ""};
}

Check check_locked_memory(const LimitFacts& facts, std::uint32_t shards,
                          const BrokerConfig& config) {
    const std::uint64_t journals =
        config.log_dirs.size() * std::min(shards, LogDirectory::kPartsMax);
    const std::uint64_t rings = shards * kRingBytes;
    const std::uint64_t wanted = rings + journals * kFrameBytes;
    const std::string found = fmt::format("{}; {} shards may want {} bytes",
                                          limit_text(facts.locked_bytes), shards, wanted);
    const std::string remedy =
        "LimitMEMLOCK=infinity in the systemd unit, or ulimit -l unlimited in the shell";
    if (facts.locked_bytes < rings) return {Verdict::kFail, "locked memory", found, remedy};
    if (facts.locked_bytes < wanted) {
        return {Verdict::kWarn, "locked memory",
                found + ", and without it each frame costs a look-up of its pages", remedy};
    }
    return {Verdict::kOk, "locked memory", found, ""};
}

Check check_descriptors(const LimitFacts& facts, const std::vector<FolderFacts>& folders) {
    std::uint64_t partitions = 0;
    for (const FolderFacts& each : folders) partitions += each.folders;
    const std::uint64_t files = partitions * kFilesPerPartition;
    const std::string found =
        fmt::format("{}; the {} folders of partitions may hold {} open, connections come on top",
                    limit_text(facts.descriptors), partitions, files);
    const std::string remedy = "LimitNOFILE=1048576 in the systemd unit, or ulimit -n 100000";
    if (facts.descriptors <= files) return {Verdict::kFail, "descriptors", found, remedy};
    if (facts.descriptors < files + kDescriptorsBeside) {
        return {Verdict::kWarn, "descriptors", found, remedy};
    }
    return {Verdict::kOk, "descriptors", found, ""};
}

std::vector<Check> check_folder(const FolderFacts& facts, const BrokerConfig& config) {
    std::vector<Check> checks{check_access(facts)};
    if (facts.write_error != 0) return checks;
    checks.push_back(check_direct(facts, config));
    checks.push_back(check_allocation(facts));
    checks.push_back(check_flush(facts, config));
    checks.push_back(check_room(facts, config));
    return checks;
}

Check check_state(const FolderFacts& facts, std::optional<DirectoryState> state) {
    const std::string name = "state of " + facts.path;
    if (facts.in_use) {
        return {Verdict::kWarn, name, "in use: a broker holds its lock",
                "fine if that is your broker; another one can't have it"};
    }
    if (!state) return {Verdict::kWarn, name, "could not be looked at", ""};
    const std::string recover = "millrace recover " + facts.path;
    switch (*state) {
        case DirectoryState::kNew: return {Verdict::kOk, name, "new", ""};
        case DirectoryState::kClean: return {Verdict::kOk, name, "stopped cleanly", ""};
        case DirectoryState::kUnclean:
            return {Verdict::kWarn, name, "not stopped cleanly; the next start recovers it",
                    "nothing, or " + recover + " before a Java broker gets it"};
        case DirectoryState::kUncleanKafka:
            return {Verdict::kWarn, name,
                    "left by a Java broker without a clean stop; the next start checks its logs",
                    ""};
        case DirectoryState::kWrittenSince:
            return {Verdict::kFail, name,
                    "the journal is open, and a Java broker may have written here since",
                    "the start says which folder to put back, or which files to give up"};
        case DirectoryState::kDamaged: break;
    }
    return {Verdict::kFail, name, "the journal is damaged",
            "restore it from a backup, or see what " + recover + " says"};
}

Check check_port(const PortFacts& facts, const std::string& key, bool optional) {
    const std::string where =
        fmt::format("{}:{}", facts.host.empty() ? "all addresses" : facts.host, facts.port);
    const std::string name = "port of " + key;
    if (facts.error == 0) return {Verdict::kOk, name, where + " is free", ""};
    const std::string remedy =
        facts.error == EADDRINUSE
            ? "fine if your broker runs; else find who listens there with ss -ltnp, or choose "
              "another in " +
                  key
            : "choose another host or port in " + key;
    return {optional ? Verdict::kWarn : Verdict::kFail, name, where + ": " + reason(facts.error),
            remedy};
}

Check check_name(const NameFacts& facts) {
    const std::string name = "advertised name";
    if (facts.name.empty()) {
        return {Verdict::kOk, name, "none: each client is told the address by which it came", ""};
    }
    if (facts.addresses.empty()) {
        return {Verdict::kFail, name, facts.name + " can't be looked up",
                "put it into DNS or /etc/hosts, or choose another in advertised.listeners"};
    }
    const std::string found = facts.name + " is " + facts.addresses.front();
    if (!facts.is_here) {
        return {Verdict::kWarn, name, found + ", no address of this machine",
                "clients go there: fine behind a proxy or address translation, else mend "
                "advertised.listeners"};
    }
    return {Verdict::kOk, name, found, ""};
}

bool any_failed(const std::vector<Check>& checks) {
    return std::ranges::find(checks, Verdict::kFail, &Check::verdict) != checks.end();
}

std::string to_text(const std::vector<Check>& checks) {
    std::string text;
    for (const Check& each : checks) {
        text += fmt::format("{:<4}  {}: {}\n", word(each.verdict), each.name, each.measured);
        if (!each.remedy.empty()) text += fmt::format("      -> {}\n", each.remedy);
    }
    const auto count = [&checks](Verdict verdict) {
        return std::ranges::count(checks, verdict, &Check::verdict);
    };
    return text + fmt::format("{} ok, {} to mind, {} would fail\n", count(Verdict::kOk),
                              count(Verdict::kWarn), count(Verdict::kFail));
}

std::string to_json(const std::vector<Check>& checks) {
    std::string text = "{\"checks\":[";
    for (const Check& each : checks) {
        text += &each == checks.data() ? "{" : ",{";
        const std::array<std::pair<std::string_view, std::string_view>, 4> fields{
            {{"verdict", word(each.verdict)},
             {"name", each.name},
             {"measured", each.measured},
             {"remedy", each.remedy}}};
        for (const auto& [key, value] : fields) {
            if (key != "verdict") text += ',';
            append_json(text, key);
            text += ':';
            append_json(text, value);
        }
        text += '}';
    }
    const auto failed = std::ranges::count(checks, Verdict::kFail, &Check::verdict);
    return text + fmt::format("],\"failed\":{}}}\n", failed);
}

}  // namespace millrace
