// A filesystem in memory that keeps two truths: what processes read, and what a power loss leaves.
//
// Contents, sizes and names persist independently of each other, each only as far as somebody asked
// for it. A write to the page cache or to the device's cache may be lost; a durable write persists
// its own bytes and nothing else; a sync persists what was written before it began.
#pragma once

#include "core/base/prng.hpp"
#include "core/runtime/io_request.hpp"

#include <array>
#include <cstddef>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace millrace::sim {

/// How often, out of 10,000 requests of its kind, a fault fires; and how often each has fired.
struct DiskFaults {
    struct Fault {
        std::uint32_t per_10000{};
        std::uint64_t fired{};
        std::uint64_t fired_max = std::numeric_limits<std::uint64_t>::max();
    };

    Fault read_error;
    Fault write_error;
    Fault sync_error;
    Fault no_space;
    /// Counted, not drawn: what the disk refused because of its capacity.
    std::uint64_t disk_full{};
    Fault short_read;
    Fault short_write;
    /// Counted, not drawn: pages that a power loss took back, or tore.
    std::uint64_t pages_lost{};
    std::uint64_t pages_torn{};
    std::uint64_t names_lost{};
    std::uint64_t sizes_lost{};
    std::uint64_t folders_taken_away{};
    std::uint64_t rotted{};

    /// No more errors; short counts go on.
    void turn_errors_off() {
        read_error.per_10000 = write_error.per_10000 = 0;
        sync_error.per_10000 = no_space.per_10000 = 0;
    }
};

class SimDisk {
public:
    using Process = std::uint32_t;

    explicit SimDisk(Prng prng) : prng_(prng) { make_root(); }

    static constexpr std::uint64_t kCapacity = std::uint64_t{1} << 40;
    /// All folders lie on one.
    static constexpr std::uint64_t kDevice = 1;

    DiskFaults faults;
    /// What files, and a block for each name, may take.
    std::uint64_t capacity = kCapacity;
    /// Whether files get room that isn't written yet.
    bool can_allocate = true;
    /// What they take now. A file takes what it is long.
    std::uint64_t used() const;

    /// Begins a request: what a sync covers is fixed now. The ticket goes to finish() or abort().
    std::uint64_t begin(Process process, const IoRequest& request);
    /// Carries it out; the result is the kernel's: a count, a handle, or a negated errno.
    std::int32_t finish(std::uint64_t ticket);
    /// The process died meanwhile: it may have been carried out wholly, in part or not at all.
    void abort(std::uint64_t ticket);
    /// The process is gone: its handles and locks go.
    void end_process(Process process);
    /// What was not on stable storage may be gone, each piece by a coin of its own.
    void lose_power();
    /// Whatever is asked of what lies in `folder` fails with EIO, as if its device were gone, until
    /// give_back().
    void take_away(const std::string& folder);
    void give_back() { taken_away_.clear(); }

    /// The files whose paths begin like this.
    std::vector<std::string> files(const std::string& prefix) const;
    std::vector<std::byte> content(const std::string& path) const;
    /// Changes a bit of what processes read and of what a power loss leaves.
    void rot(const std::string& path, std::uint64_t offset);

private:
    struct Page : std::array<std::byte, kBlockBytes> {
        std::uint64_t change{};  // the number of the change that made it
    };
    using PagePtr = std::shared_ptr<const Page>;
    using Pages = std::map<std::uint64_t, PagePtr>;

    struct Inode {
        bool is_folder{};
        Pages live;
        Pages stable;
        std::uint64_t size{};
        std::uint64_t stable_size{};
        std::uint64_t size_synced_by{};  // the ticket of the sync that stable_size comes from
        std::set<std::uint64_t> in_page_cache;    // differ from stable
        std::set<std::uint64_t> in_device_cache;  // written past the page cache, not flushed
        std::set<std::uint64_t> fresh;            // written where the extent is not stable yet
    };
    using InodePtr = std::shared_ptr<Inode>;
    using Names = std::map<std::string, InodePtr>;

    /// A change of names that is not on stable storage yet.
    struct NameChange {
        std::string removed;  // empty: nothing
        std::string added;    // empty: nothing
        InodePtr inode;
        std::uint64_t change{};
    };
    struct Handle {
        Process process{};
        InodePtr inode;
        std::string path;
        bool direct{};
    };
    struct Request {
        Process process{};
        IoRequest wish;
        std::vector<std::pair<InodePtr, Pages>> covered;  // by a sync
        std::vector<std::uint64_t> sizes;
        std::uint64_t ticket{};
        std::uint64_t last_change{};  // a sync covers the names up to here
        std::string path;
        std::string other;
    };

    void make_root();
    bool is_taken_away(const Request& request);
    bool fires(DiskFaults::Fault& fault);
    bool is_refused(std::uint64_t growth);
    static std::uint64_t growth(const Inode& inode, std::uint64_t end);
    std::int32_t carry_out(Request& request);
    std::int32_t open(const Request& request);
    std::int32_t read(const Request& request);
    std::int32_t write(const Request& request);
    std::int32_t sync(Request& request);
    std::int32_t forget(const Request& request);
    std::int32_t allocate(const Request& request);
    std::int32_t truncate(const Request& request);
    std::int32_t rename(const Request& request);
    std::int32_t remove(const Request& request, bool folder);
    std::int32_t make_folder(const Request& request);
    std::int32_t list(const Request& request);
    std::int32_t lock(const Request& request);

    void cover(Request& request);
    void put(Inode& inode, std::uint64_t offset, const std::byte* bytes, std::size_t size,
             bool direct, bool durable);
    /// A gathered write's bytes as one piece.
    static std::vector<std::byte> gathered(const IoRequest& wish);
    void tear_write(const Request& request);
    void change_name(NameChange change);
    static void move_content(Names& names, const std::string& from, const std::string& to);
    void forget_content(const NameChange& removal);
    void apply_stable(const NameChange& change);
    void lose(Inode& inode);
    static PagePtr page_of(const Pages& pages, std::uint64_t number);
    static std::string parent_of(const std::string& path);
    Handle* find(std::int32_t handle);

    Prng prng_;
    std::string taken_away_;  // empty: nothing
    Names names_;
    Names stable_names_;
    std::vector<NameChange> name_changes_;
    std::map<std::int32_t, Handle> handles_;
    std::map<Inode*, std::int32_t> locks_;
    std::map<std::uint64_t, Request> requests_;
    std::uint64_t next_ticket_{1};
    std::uint64_t changes_{};
    std::int32_t next_handle_{1000};
};

}  // namespace millrace::sim
