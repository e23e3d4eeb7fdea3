#include "bench/load/run.hpp"

#include "cluster/tools/progress.hpp"
#include "core/runtime/timer.hpp"
#include "protocol/message/produce.hpp"

#include <fmt/format.h>

#include <sys/resource.h>

namespace millrace::bench {
namespace {

constexpr std::int16_t kBatchesFrom = 3;
constexpr std::uint64_t kBatchBytesMax = std::uint64_t{2} << 30;
/// How long answers may take once nothing is sent any more.
constexpr Duration kPatience = std::chrono::seconds(30);
constexpr Duration kBetweenLines = std::chrono::milliseconds(500);

/// Ends a run whose answers don't come. Lives in the frame of who waits for them.
struct Watchdog : Timer {
    explicit Watchdog(std::deque<Producer>& watched) : Timer(&Watchdog::fire), producers(watched) {}

    static void fire(Timer& timer) {
        for (Producer& each : static_cast<Watchdog&>(timer).producers) each.cut_off();
    }

    std::deque<Producer>& producers;
};

Duration seconds(double count) { return Duration(static_cast<std::int64_t>(count * 1e9)); }

double cpu_s_so_far() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto in_s = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return in_s(usage.ru_utime) + in_s(usage.ru_stime);
}

}  // namespace

Run::Run(World& world, const Shape& shape, const Terminal& terminal)
    : world_(world), shape_(shape), terminal_(terminal), cluster_(world, shape.bootstrap) {}

Task<Outcome<>> Run::measure() {
    const auto connected = co_await cluster_.connect();
    if (!connected) co_return connected;
    const auto found = co_await find_topic();
    if (!found) co_return found;
    const auto prepared = co_await prepare();
    if (!prepared) co_return prepared;
    const auto opened = co_await open_all();
    if (!opened) co_return opened;
    co_await send_all();
    if (course_.failure()) co_return *course_.failure();
    co_return Outcome<>();
}

Task<Outcome<>> Run::find_topic() {
    const std::int32_t wanted =
        shape_.partitions > 0 ? shape_.partitions : Cluster::kDefaultPartitions;
    const auto made = co_await cluster_.ensure_topic(shape_.topic, wanted);
    if (!made) co_return made;
    const std::vector<std::string> names{shape_.topic};
    const auto topics = co_await cluster_.topics(names);
    if (!topics) co_return topics.error();
    partitions_ = static_cast<std::int32_t>(topics->front().partitions.size());
    if (shape_.partitions > 0 && partitions_ != shape_.partitions) {
        co_return refused(fmt::format("topic {} has {} partitions, not {}", shape_.topic,
                                      partitions_, shape_.partitions));
    }
    const std::uint64_t memory = memory_of_batches(shape_, partitions_);
    if (memory > kBatchBytesMax) {
        co_return refused(fmt::format("the batches would take {}: less partitions, keys or bytes",
                                      bytes_in_words(static_cast<double>(memory))));
    }
    co_return Outcome<>();
}

Task<Outcome<>> Run::prepare() {
    std::map<std::int32_t, std::vector<PreparedBatch>> by_leader;
    for (PreparedBatch& each : prepare_batches(shape_, partitions_, world_.wall_clock_ms())) {
        const std::int32_t leader =
            cluster_.leader_of({shape_.topic, PartitionIndex{each.partition}});
        by_leader[leader].push_back(std::move(each));
        ++batches_in_all_;
    }
    for (const auto& [leader, batches] : by_leader) {
        const auto prepared = co_await prepare_for(leader, batches);
        if (!prepared) co_return prepared;
    }
    for (const auto& [leader, requests] : requests_) {
        const auto link = co_await cluster_.broker(leader);
        if (!link) co_return link.error();
        add_producers((*link)->broker(), *(*link)->version_of<ProduceRequest>(), leader);
    }
    co_return Outcome<>();
}

Task<Outcome<>> Run::prepare_for(std::int32_t leader, const std::vector<PreparedBatch>& batches) {
    const auto link = co_await cluster_.broker(leader);
    if (!link) co_return link.error();
    const std::int16_t version = (*link)->version_of<ProduceRequest>().value_or(0);
    if (version < kBatchesFrom) {
        co_return refused("the brokers are older than Kafka 0.11: they take no record batches");
    }
    requests_[leader] = prepare_requests(shape_, version, batches);
    co_return Outcome<>();
}

/// Each producer goes through all batches evenly: a broker gets the share of the rate that it has
/// of the batches.
void Run::add_producers(const Endpoint& broker, std::int16_t version, std::int32_t leader) {
    const std::vector<PreparedRequest>& requests = requests_[leader];
    const double turns_per_s = shape_.rate / static_cast<double>(shape_.producers) /
                               static_cast<double>(batches_in_all_) / shape_.batch_records;
    for (std::size_t i = 0; i < shape_.producers; ++i) {
        const Work work{
            .requests = &requests,
            .rotation = Rotation(requests.size(), i, shape_.producers),
            .version = version,
            .batch_records = static_cast<std::uint64_t>(shape_.batch_records),
            .in_flight = shape_.in_flight,
            .is_answered = shape_.acks != 0,
            .per_second = turns_per_s * static_cast<double>(requests.size()),
            .phase = static_cast<double>(i) / static_cast<double>(shape_.producers),
        };
        producers_.emplace_back(world_, course_, broker, work);
    }
}

Task<Outcome<>> Run::open_all() {
    for (Producer& each : producers_) {
        const auto opened = co_await each.open();
        if (!opened) co_return opened;
    }
    co_return Outcome<>();
}

Task<> Run::send_all() {
    course_.begin(world_.now(), seconds(shape_.warm_up_s), seconds(shape_.seconds));
    Watchdog watchdog(producers_);
    world_.timers().arm(watchdog, course_.ends() + kPatience);
    Gate running(world_);
    for (Producer& each : producers_) running.spawn(each.run());
    co_await pass_time();
    co_await running.close();
    world_.timers().disarm(watchdog);
}

Task<> Run::pass_time() {
    co_await sleep_until(world_, course_.measured_from());
    if (shape_.tells_begin) co_await tell_begin();
    const double before = cpu_s_so_far();
    while (!course_.is_over(world_.now())) {
        const Time next = std::min(world_.now() + kBetweenLines, course_.ends());
        co_await sleep_until(world_, next);
        if (terminal_.shows_progress) co_await show_progress();
    }
    cpu_s_ = cpu_s_so_far() - before;
}

Task<> Run::tell_begin() {
    Output output(world_, terminal_.output);
    output.add("{\"kind\":\"begin\"}\n");
    (void)co_await output.flush();
}

Task<> Run::show_progress() {
    const std::chrono::duration<double> passed = world_.now() - course_.measured_from();
    const double records = static_cast<double>(course_.tally.records) / passed.count();
    const double bytes = records * static_cast<double>(shape_.record_bytes);
    Output messages(world_, terminal_.messages);
    messages.add(fmt::format("\r\x1b[K{:.1f} of {:.0f} s  {} records/s  {}/s{}", passed.count(),
                             shape_.seconds, with_commas(static_cast<std::int64_t>(records)),
                             bytes_in_words(bytes), course_.is_over(world_.now()) ? "\n" : ""));
    (void)co_await messages.flush();
}

Task<Outcome<>> Run::close() {
    for (Producer& each : producers_) co_await each.close();
    Outcome<> removed;
    // Without partitions it isn't known to be there.
    if (shape_.removes_topic && partitions_ > 0) {
        removed = co_await cluster_.remove_topic(shape_.topic);
    }
    co_await cluster_.close();
    co_return removed;
}

}  // namespace millrace::bench
