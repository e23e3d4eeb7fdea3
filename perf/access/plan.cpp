#include "perf/access/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace millrace::access {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;
constexpr std::uint32_t kSizes[] = {512, 4096, 16384, 65536, 262144, 1u << 20, 4u << 20};
constexpr std::uint32_t kDepths[] = {1, 8, 32};
constexpr std::uint32_t kFiles[] = {16, 256, 4096};
/// How fast the slowest disk that the estimate is meant for takes the file sets.
constexpr double kMakingBytesPerSecond = 250e6;

class Planner {
public:
    explicit Planner(const Scale& scale) : scale_(scale) {}

    void add(const PlannedCell& planned) {
        if (!contradiction(planned.cell, scale_).empty()) return;
        if (ids_.insert(planned.id()).second) plan_.push_back(planned);
    }

    /// A cell that is not in order is of little use without the one that is.
    void add_with_twin(const PlannedCell& planned) {
        add(planned);
        PlannedCell twin = planned;
        twin.cell = sequential_twin(planned.cell);
        add(twin);
    }

    std::vector<PlannedCell> take() { return std::move(plan_); }

private:
    const Scale& scale_;
    std::vector<PlannedCell> plan_;
    std::set<std::string> ids_;
};

Cell with_files(Cell cell, std::uint32_t files) {
    cell.pattern = Pattern::kRoundRobin;
    cell.files = files;
    return cell;
}

Cell with_pattern(Cell cell, Pattern pattern) {
    cell.pattern = pattern;
    cell.files = 1;
    return cell;
}

void plan_pairs(Planner& planner, const Scale& scale) {
    for (const Base& base : bases()) {
        const Pair pair = pair_of(base.cell);
        for (int round = 1; round <= scale.rounds; ++round) {
            planner.add({pair.in_order, Part::kPair, base.name, "", round});
            planner.add({pair.other, Part::kPair, base.name, "", round});
        }
    }
}

std::vector<Cell> map_patterns(const Cell& cell, bool full) {
    std::vector<Cell> cells{with_pattern(cell, Pattern::kSequential),
                            with_pattern(cell, Pattern::kRandom)};
    if (full) {
        cells.push_back(with_pattern(cell, Pattern::kZipf));
        cells.push_back(with_files(cell, 256));
    }
    return cells;
}

void plan_map(Planner& planner, const Scale& scale, Operation operation, Engine engine) {
    for (const std::uint32_t size : kSizes) {
        if (!scale.full && size != 4096 && size != 65536 && size != 1u << 20) continue;
        for (const std::uint32_t depth : kDepths) {
            const std::uint32_t quick_depth = is_direct(engine) ? 8 : 1;
            if (!scale.full && depth != quick_depth) continue;
            Cell cell;
            cell.operation = operation;
            cell.size_bytes = size;
            cell.depth = depth;
            cell.engine = engine;
            for (const Cell& one : map_patterns(cell, scale.full)) {
                planner.add({one, Part::kMap, "", "", 1});
            }
        }
    }
}

/// All cells that differ from the base on one axis, in groups by the axis' name.
std::vector<std::pair<const char*, std::vector<Cell>>> one_axis_each(const Cell& base) {
    const auto vary = [&base](auto member, auto... values) {
        std::vector<Cell> cells;
        for (const auto value : {values...}) {
            Cell cell = base;
            cell.*member = value;
            cells.push_back(cell);
        }
        return cells;
    };
    std::vector<Cell> patterns;
    for (const auto one : {Pattern::kSequential, Pattern::kRandom, Pattern::kZipf}) {
        patterns.push_back(with_pattern(base, one));
    }
    for (const std::uint32_t files : kFiles) patterns.push_back(with_files(base, files));
    std::vector<Cell> sizes;
    for (const std::uint32_t size : kSizes) sizes.push_back(vary(&Cell::size_bytes, size)[0]);
    return {
        {"pattern", patterns},
        {"size", sizes},
        {"depth", vary(&Cell::depth, 1u, 8u, 32u)},
        {"engine", vary(&Cell::engine, Engine::kCalls, Engine::kMapping, Engine::kRing,
                        Engine::kRingDirect, Engine::kRingRegistered)},
        {"sync", vary(&Cell::sync, Sync::kNone, Sync::kEach, Sync::kEveryFew, Sync::kDsync)},
        {"cache", vary(&Cell::cache, Cache::kCold, Cache::kWarm)},
        {"layout", vary(&Cell::layout, Layout::kExtending, Layout::kFallocated, Layout::kWritten)}};
}

std::string read_contradiction(const Cell& cell) {
    if (cell.sync != Sync::kNone) return "a read has nothing to sync";
    if (cell.layout != Layout::kWritten) return "only what was written can be read";
    return "";
}

std::string write_contradiction(const Cell& cell) {
    const bool in_place = cell.layout == Layout::kWritten;
    if (cell.cache == Cache::kWarm && !in_place) return "new space has no pages to be warm";
    if (cell.layout != Layout::kExtending) return "";
    if (cell.engine == Engine::kMapping) return "a mapping can't extend its file";
    const bool in_order =
        cell.pattern == Pattern::kSequential || cell.pattern == Pattern::kRoundRobin;
    return in_order ? "" : "a file is extended in order only";
}

}  // namespace

Scale scale_of(bool full) {
    if (full) return {true, 1.5, 1.8, 2048 * kMiB, 512 * kMiB, 512 * kMiB, 65536, 5};
    return {false, 0.3, 0.25, 512 * kMiB, 128 * kMiB, 128 * kMiB, 8192, 3};
}

std::uint64_t room_bytes(const Cell& cell, const Scale& scale) {
    if (cell.layout != Layout::kWritten) return scale.scratch_bytes / cell.files;
    return (cell.files == 1 ? scale.written_bytes : scale.written_many_bytes) / cell.files;
}

std::string contradiction(const Cell& cell, const Scale& scale) {
    if (is_direct(cell.engine) && cell.cache == Cache::kWarm) return "direct passes the cache by";
    if (cell.engine == Engine::kMapping && cell.sync == Sync::kDsync) {
        return "a store to memory has no DSYNC";
    }
    if (room_bytes(cell, scale) < cell.size_bytes) return "larger than a file of its set";
    return cell.operation == Operation::kRead ? read_contradiction(cell)
                                              : write_contradiction(cell);
}

const std::vector<Base>& bases() {
    using P = Pattern;
    using E = Engine;
    static const std::vector<Base> all{
        {"consumer-cold",
         {Operation::kRead, P::kSequential, 1, 65536, 1, E::kCalls, Sync::kNone, Cache::kCold,
          Layout::kWritten}},
        {"consumer-warm",
         {Operation::kRead, P::kSequential, 1, 65536, 1, E::kCalls, Sync::kNone, Cache::kWarm,
          Layout::kWritten}},
        {"point-fetch",
         {Operation::kRead, P::kRandom, 1, 4096, 1, E::kCalls, Sync::kNone, Cache::kCold,
          Layout::kWritten}},
        {"append-durable",
         {Operation::kWrite, P::kSequential, 1, 16384, 1, E::kRingDirect, Sync::kEach, Cache::kCold,
          Layout::kFallocated}},
        {"append-cached",
         {Operation::kWrite, P::kSequential, 1, 65536, 1, E::kCalls, Sync::kNone, Cache::kCold,
          Layout::kExtending}},
        {"append-many",
         {Operation::kWrite, P::kRoundRobin, 256, 16384, 1, E::kCalls, Sync::kNone, Cache::kCold,
          Layout::kExtending}},
    };
    return all;
}

Cell sequential_twin(Cell cell) { return with_pattern(cell, Pattern::kSequential); }

Pair pair_of(const Cell& base) {
    if (base.pattern != Pattern::kSequential) return {sequential_twin(base), base};
    Cell in_order = base;
    if (in_order.layout == Layout::kExtending) in_order.layout = Layout::kFallocated;
    return {in_order, with_pattern(in_order, Pattern::kRandom)};
}

std::string PlannedCell::id() const {
    return round == 1 ? name(cell) : fmt::format("{}~{}", name(cell), round);
}

std::vector<PlannedCell> make_plan(const Scale& scale) {
    Planner planner(scale);
    plan_pairs(planner, scale);
    for (const Engine engine : {Engine::kCalls, Engine::kRingDirect}) {
        plan_map(planner, scale, Operation::kRead, engine);
        plan_map(planner, scale, Operation::kWrite, engine);
    }
    if (!scale.full) return planner.take();
    for (const Base& base : bases()) {
        for (const auto& [axis, cells] : one_axis_each(base.cell)) {
            for (const Cell& cell : cells) {
                planner.add_with_twin({cell, Part::kAxis, base.name, axis, 1});
            }
        }
    }
    return planner.take();
}

double estimated_s(const std::vector<PlannedCell>& plan, const Scale& scale) {
    std::set<std::uint32_t> sets;
    for (const PlannedCell& planned : plan) {
        if (planned.cell.layout == Layout::kWritten) sets.insert(planned.cell.files);
    }
    std::uint64_t bytes = 0;
    for (const std::uint32_t files : sets) {
        bytes += files == 1 ? scale.written_bytes : scale.written_many_bytes;
    }
    return static_cast<double>(plan.size()) * (scale.measure_s + scale.around_s) +
           static_cast<double>(bytes) / kMakingBytesPerSecond;
}

}  // namespace millrace::access
