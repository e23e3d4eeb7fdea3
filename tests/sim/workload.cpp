#include "tests/sim/workload.hpp"

#include "protocol/error_code.hpp"
#include "protocol/message/fetch.hpp"
#include "protocol/message/metadata.hpp"
#include "protocol/message/produce.hpp"
#include "tests/sim/lines.hpp"
#include "tests/sim/rot.hpp"
#include "tests/support/batches.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace millrace::sim {
namespace {

constexpr std::int32_t kPartitions = 4;
constexpr std::uint16_t kPort = 9092;
constexpr std::uint64_t kRequestsMin = 500;  // of a run, so that it says something
const std::string kTopic = "t";
const std::string kFirstFolder = "/data";
const std::string kOtherFolder = "/more";
constexpr std::int16_t kProduceVersion = 9;
constexpr std::int16_t kFetchVersion = 12;
constexpr std::int16_t kMetadataVersion = 9;

enum class State { kStarting, kRunning, kFailed, kStopped };

class Run {
public:
    Run(std::uint64_t seed, bool print_log)
        : simulation_(seed),
          prng_(seed ^ 0x5eed),
          rot_prng_(seed ^ 0x907),
          ledger_(kPartitions),
          print_log_(print_log) {
        draw_config();
        draw_faults();
    }

    Outcome outcome;

    void run() {
        try {
            live();
        } catch (const std::exception& failure) {
            ledger_.complain(failure.what());
        }
        outcome.violations = ledger_.violations();
        outcome.acknowledged = ledger_.acknowledged();
        outcome.repeats = ledger_.repeats();
        outcome.disk = simulation_.disk().faults;
        outcome.network = simulation_.network().faults;
        outcome.steps = simulation_.steps();
        outcome.trace_hash = simulation_.trace_hash();
        outcome.virtual_ms = simulation_.now().count() / 1'000'000;
    }

private:
    void live() {
        start_broker(false);
        start_clients();
        live_through_crashes();
        end_quietly();
        if (outcome.requests < kRequestsMin) ledger_.complain("a run of too few requests");
    }

    void draw_config() {
        has_two_ = prng_.chance(1, 2);
        config_ =
            read_config({{"listeners", "PLAINTEXT://127.0.0.1:9092"},
                         {"log.dirs", has_two_ ? kFirstFolder + "," + kOtherFolder : kFirstFolder},
                         {"num.partitions", std::to_string(kPartitions)},
                         {"message.max.bytes", "40000"},
                         {"log.index.interval.bytes", "1000"}})
                .config;
        config_.segment_bytes = prng_.between(50'000, 400'000);
        config_.flush_before_ack = !prng_.chance(1, 4);
        config_.direct_writes = !prng_.chance(1, 4);
        config_.journal_file_bytes_min = prng_.chance(1, 2) ? 64 << 10 : 32 << 10;
        config_.journal_bytes = config_.journal_file_bytes_min * 8;
        config_.cache_bytes = static_cast<std::int64_t>(prng_.between(64 << 10, 2 << 20));
    }

    void draw_faults() {
        DiskFaults& disk = simulation_.disk().faults;
        disk.short_read.per_10000 = 20;
        disk.short_write.per_10000 = 20;
        if (prng_.chance(1, 3)) {
            disk.read_error.per_10000 = 2;
            disk.write_error.per_10000 = 4;
            disk.sync_error.per_10000 = 10;
            disk.no_space.per_10000 = 10;
        }
        squeezes_ = prng_.chance(1, 2);
        simulation_.disk().can_allocate = !prng_.chance(1, 8);
        errors_ = disk.write_error.per_10000 > 0;
        simulation_.network().faults.reset_per_10000 = 30;
        simulation_.network().faults.short_receive_per_10000 = 500;
    }

    // The broker.

    void start_broker(bool may_lose) {
        if (may_lose) may_lose_.assign(kPartitions, true);
        state_ = State::kStarting;
        restart_wanted_at_.reset();
        // More shards have more journals, and these need room.
        const auto drawn = static_cast<ShardNumber>(prng_.between(1, 3));
        if (simulation_.disk().capacity == SimDisk::kCapacity) shards_ = drawn;
        broker_ = &simulation_.start_process(shards_);
        sinks_.push_back(std::make_unique<Lines>(outcome, print_log_));
        loggers_.push_back(std::make_unique<Logger>(*broker_, *sinks_.back(), LogFormat::kText));
        stop_wanted_ = std::make_unique<WaitList>(*broker_);
        spawn(*broker_, serve(*broker_, *loggers_.back(), *stop_wanted_));
    }

    Task<> serve(World& world, Logger& logger, WaitList& stop_wanted) {
        auto broker = co_await Broker::start(world, logger, config_);
        if (!broker) {
            state_ = State::kFailed;
            co_return;
        }
        note_ends(**broker);
        state_ = State::kRunning;
        (*broker)->on_storage_gone([this, &stop_wanted] {
            ++outcome.storage_gone;
            stop_wanted.wake_through(0);
        });
        (void)co_await stop_wanted.wait(0, kNever);
        const auto stopped = co_await (*broker)->stop();
        state_ = stopped ? State::kStopped : State::kFailed;
    }

    void note_ends(const Broker& broker) {
        const TopicImage* const topic = broker.topics().image().find(kTopic);
        for (std::int32_t i = 0; i < kPartitions; ++i) {
            const LogPlace* const place = broker.topics().image().find_log(kTopic, i);
            // Nobody knows the end of a log whose directory can't be used.
            if (place == nullptr ? sinks_.back()->is_degraded : place->log == nullptr) continue;
            const auto index = static_cast<std::size_t>(i);
            Offset end{0};
            if (place != nullptr) end = place->log->log_end_offset();
            // Some shard may have put a batch in a lost one's place already, in this life's epoch.
            if (place != nullptr && may_lose_[index]) {
                end = place->log->start_of(topic->leader_epoch);
            }
            ledger_.note_start(i, end, may_lose_[index]);
            may_lose_[index] = false;
        }
    }

    void end_broker(bool power) {
        const bool lost = sinks_.back()->is_degraded && !sinks_.back()->is_damaged;
        if (lost && !errors_) ledger_.complain("want of room costs a directory");
        stop_wanted_.reset();
        if (power) {
            simulation_.lose_power(*broker_);
            ++outcome.power_losses;
        } else {
            simulation_.kill(*broker_);
            ++outcome.kills;
        }
        broker_ = nullptr;
    }

    // The clients.

    void start_clients() {
        for (int i = 0; i < 3; ++i) spawn(simulation_.start_process(), produce(i));
        for (int i = 0; i < 2; ++i) spawn(simulation_.start_process(), consume());
    }

    Task<> produce(int producer) {
        World& world = *co_await this_world();
        Client client(world, kPort);
        Prng prng = prng_.fork();
        co_await make_topic(client, world);
        for (int number = 0; number < 130; ++number) {
            const auto partition = static_cast<std::int32_t>(prng.below(kPartitions));
            const Bytes batch = next_batch(prng, producer, number, partition);
            const std::int16_t acks = prng.chance(1, 5) ? 1 : -1;
            while (!co_await produce_once(client, partition, batch, acks)) {
                co_await sleep_for(world, std::chrono::milliseconds(prng.between(1, 40)));
            }
            if (prng.chance(1, 60)) co_await sleep_for(world, std::chrono::seconds(70));
        }
        co_await client.drop();
        ++producers_done_;
    }

    Bytes next_batch(Prng& prng, int producer, int number, std::int32_t partition) {
        for (std::int64_t salt = 0;; ++salt) {
            const BatchRecipe recipe{
                .records = static_cast<std::int32_t>(prng.between(1, 20)),
                .value_bytes = static_cast<std::size_t>(prng.chance(1, 10) ? prng.between(1, 1'500)
                                                                           : prng.between(1, 200)),
                .base_timestamp = 1'700'000'000'000 + producer * 1'000'000 + number * 1'000 + salt};
            Bytes batch = make_batch(recipe);
            if (ledger_.add_batch(partition, RecordBatchView(batch).crc(), producer, number)) {
                return batch;
            }
        }
    }

    Task<> make_topic(Client& client, World& world) {
        MetadataRequest request;
        request.topics.emplace().emplace_back().name = kTopic;
        for (;;) {
            const auto response = co_await client.ask<MetadataResponse>(request, kMetadataVersion);
            if (response && response->topics.size() == 1 && response->topics[0].error_code == 0) {
                co_return;
            }
            co_await sleep_for(world, std::chrono::milliseconds(20));
        }
    }

    Task<bool> produce_once(Client& client, std::int32_t partition, const Bytes& batch,
                            std::int16_t acks) {
        ProduceRequest request;
        request.acks = acks;
        request.timeout_ms = 30'000;
        auto& topic = request.topics.emplace_back();
        topic.name = kTopic;
        topic.partitions.emplace_back().index = partition;
        topic.partitions.back().records = ByteView(batch);
        const std::uint32_t crc = RecordBatchView(batch).crc();
        ledger_.note_attempt(partition, crc);
        ++outcome.requests;
        const auto response = co_await client.ask<ProduceResponse>(request, kProduceVersion);
        if (!response) co_return false;
        const auto& answer = response->topics.at(0).partitions.at(0);
        note_answer(answer.error_code);
        if (answer.error_code != 0) co_return false;
        ledger_.note_acknowledged(partition, Offset{answer.base_offset}, crc);
        co_return true;
    }

    Task<> consume() {
        World& world = *co_await this_world();
        Client client(world, kPort);
        Prng prng = prng_.fork();
        co_await make_topic(client, world);
        std::vector<std::int64_t> next(kPartitions, 0);
        while (!consumers_stop_) {
            const auto partition = static_cast<std::int32_t>(prng.below(kPartitions));
            std::int64_t& at = next[static_cast<std::size_t>(partition)];
            const auto bytes_max = static_cast<std::int32_t>(prng.between(1, 60'000));
            Bytes batches;
            const bool answered =
                co_await fetch_once(client, partition, at, bytes_max, 300, batches);
            if (!answered) co_await sleep_for(world, std::chrono::milliseconds(10));
            // Now and then from somewhere in the middle.
            if (prng.chance(1, 50)) at = static_cast<std::int64_t>(prng.below(at + 1));
        }
        co_await client.drop();
        ++consumers_done_;
    }

    /// Appends what was fetched to `into` and moves `at` behind it.
    Task<bool> fetch_once(Client& client, std::int32_t partition, std::int64_t& at,
                          std::int32_t bytes_max, std::int32_t wait_ms, Bytes& into) {
        FetchRequest request;
        request.max_wait_ms = wait_ms;
        request.min_bytes = 1;
        request.max_bytes = 1 << 20;
        request.session_epoch = -1;
        auto& topic = request.topics.emplace_back();
        topic.name = kTopic;
        topic.partitions.emplace_back().index = partition;
        topic.partitions.back().fetch_offset = at;
        topic.partitions.back().partition_max_bytes = bytes_max;
        ++outcome.requests;
        const std::uint64_t losses = outcome.power_losses;
        const auto response = co_await client.ask<FetchResponse>(request, kFetchVersion);
        // An answer that was under way while the power went tells of a log that may be shorter.
        if (!response || losses != outcome.power_losses) co_return false;
        const auto& answer = response->topics.at(0).partitions.at(0);
        note_answer(answer.error_code);
        if (answer.error_code == raw(ErrorCode::kOffsetOutOfRange)) at = 0;
        if (answer.error_code != 0) co_return false;
        const Bytes records = answer.records ? answer.records->to_bytes() : Bytes();
        const ByteView batches = records;
        ledger_.note_seen(partition, Offset{at}, batches);
        append_bytes(into, batches);
        for (ByteView rest = batches; !rest.empty();) {
            const RecordBatchView batch(rest);
            at = batch.last_offset().value + 1;
            rest = rest.subspan(batch.size_in_bytes());
        }
        co_return true;
    }

    void note_answer(std::int16_t code) {
        if (code == raw(ErrorCode::kKafkaStorageError)) ++outcome.storage_errors;
        if (code == 0 && sinks_.back()->is_degraded) ++outcome.served_beside_failed;
    }

    // The story.

    /// It goes no further without a restart: the broker has stopped, or some while has passed in
    /// which not all directories served.
    bool settled() {
        if (state_ == State::kFailed) return true;
        if (state_ != State::kRunning || !sinks_.back()->is_degraded) return false;
        const Time now = simulation_.now();
        if (!restart_wanted_at_) {
            restart_wanted_at_ = now + std::chrono::milliseconds(prng_.below(2'000));
            simulation_.after(*restart_wanted_at_ - now, [] {});
        }
        return now >= *restart_wanted_at_;
    }

    /// Now and then the device of one directory goes, for a while or for some starts.
    void take_away_or_give_back() {
        SimDisk& disk = simulation_.disk();
        if (!has_two_) return;
        if (prng_.chance(1, 2)) disk.give_back();
        if (!prng_.chance(1, 8)) return;
        errors_ = true;
        disk.take_away(prng_.chance(1, 2) ? kFirstFolder : kOtherFolder);
    }

    /// Somebody else fills the disk, nearly or wholly, and after a while takes it all away again.
    void squeeze() {
        // A directory that is made needs room for its journals.
        const bool made = state_ == State::kRunning && !sinks_.back()->is_degraded;
        if (!squeezes_ || !made || prng_.chance(1, 2)) return;
        simulation_.disk().capacity = simulation_.disk().used() + prng_.below(400'000);
        const auto lasts = std::chrono::milliseconds(prng_.between(10, 4'000));
        simulation_.after(lasts, [this] { simulation_.disk().capacity = SimDisk::kCapacity; });
    }

    void live_through_crashes() {
        const auto crashes = prng_.between(2, 4);
        while (outcome.kills + outcome.power_losses < static_cast<std::uint64_t>(crashes)) {
            const std::uint64_t at = outcome.requests + prng_.below(250) + 20;
            run_until([&] { return state_ != State::kStarting; });
            squeeze();
            run_until([&] { return outcome.requests >= at || settled() || producers_done(); });
            take_away_or_give_back();
            if (prng_.chance(1, 2)) live_on_a_little();
            crash_and_restart();
            while (prng_.chance(1, 3)) {
                // And once more, while it recovers.
                const Time until =
                    simulation_.now() + std::chrono::microseconds(prng_.between(0, 40'000));
                simulation_.after(until - simulation_.now(), [] {});
                run_until([&] { return simulation_.now() >= until || settled(); });
                crash_and_restart();
            }
        }
        int failures = 0;
        run_until([&] { return settled() || producers_done(); });
        while (!producers_done()) {
            if (++failures > 3) turn_errors_off();
            crash_and_restart();
            run_until([&] { return settled() || producers_done(); });
        }
    }

    /// So that a device that goes is missed while the broker runs.
    void live_on_a_little() {
        const std::uint64_t until = outcome.requests + prng_.below(60);
        run_until([&] { return outcome.requests >= until || settled() || producers_done(); });
    }

    void crash_and_restart() {
        const bool failed_start = state_ == State::kFailed;
        if (failed_start) ++outcome.failed_starts;
        if (failed_start && !errors_) ledger_.complain("want of room fails a start");
        if (sinks_.back()->is_damaged) {
            throw std::runtime_error("the broker finds its own files damaged");
        }
        if (failed_start && ++failed_in_a_row_ > 3) turn_errors_off();
        if (failed_in_a_row_ > 20) throw std::runtime_error("no start succeeds any more");
        if (!failed_start) failed_in_a_row_ = 0;
        const bool clean = state_ == State::kRunning && prng_.chance(1, 5);
        if (clean && stop_cleanly()) {
            ++outcome.clean_restarts;
            return start_broker(false);
        }
        const bool power = prng_.chance(1, 2);
        end_broker(power);
        const Time until = simulation_.now() + std::chrono::milliseconds(prng_.between(0, 300));
        simulation_.after(until - simulation_.now(), [] {});
        run_until([&] { return simulation_.now() >= until; });
        if (rot_prng_.chance(1, 8)) {
            // Nothing is damaged: it loses nothing either, unless the disk fails it.
            const auto report = accept_loss(rot_prng_.chance(1, 2) ? other_folder() : kFirstFolder);
            if (report && !report->empty()) ledger_.complain(describe(report->front()));
        }
        start_broker(power && !config_.flush_before_ack);
    }

    // Rot.

    const std::string& other_folder() const { return has_two_ ? kOtherFolder : kFirstFolder; }

    Result<LossReport> accept_loss(const std::string& folder) {
        SimProcess& process = simulation_.start_process();
        Lines lines(outcome, print_log_);
        Logger logger(process, lines, LogFormat::kText);
        std::optional<Result<LossReport>> report;
        spawn(process, accept_loss_in(process, logger, folder, report));
        run_until([&] { return report.has_value(); });
        simulation_.kill(process);
        ++outcome.salvages;
        return *report;
    }

    Task<> accept_loss_in(World& world, Logger& logger, std::string folder,
                          std::optional<Result<LossReport>>& report) {
        report =
            co_await LogDirectory::accept_loss(world, logger, folder, topic_options(config_).log);
    }

    /// A frame, of which a later one knows, rots while the broker is down. If it was still needed,
    /// no start uses its directory, and what is given up then is all that is missing.
    void rot_a_frame() {
        const std::string folder = rot_prng_.chance(1, 2) ? other_folder() : kFirstFolder;
        end_broker(false);
        rot_some_frame(simulation_.disk(), folder, rot_prng_);
        start_broker(false);
        run_until([&] { return state_ != State::kStarting; });
        if (state_ == State::kRunning && !sinks_.back()->is_degraded) return;
        if (!sinks_.back()->is_damaged) ledger_.complain("rot is refused for another reason");
        ++outcome.found_damaged;
        end_broker(false);
        const auto report = accept_loss(folder);
        if (!report) return ledger_.complain("no way out of damage");
        std::vector<std::int64_t> ends;
        for (std::int32_t i = 0; i < kPartitions; ++i) ends.push_back(ledger_.known_end(i));
        start_broker(true);
        run_until([&] { return state_ != State::kStarting; });
        for (std::int32_t i = 0; i < kPartitions; ++i) {
            check_loss(*report, i, ends[static_cast<std::size_t>(i)]);
        }
    }

    void check_loss(const LossReport& report, std::int32_t partition, std::int64_t known) {
        const std::int64_t end = ledger_.known_end(partition);
        const std::string folder = fmt::format("{}-{}", kTopic, partition);
        outcome.offsets_given_up += static_cast<std::uint64_t>(known - end);
        const auto told = std::find_if(report.begin(), report.end(),
                                       [&](const Loss& each) { return each.log == folder; });
        if (told == report.end()) {
            if (end < known) ledger_.complain(folder + " lost what the report doesn't name");
            return;
        }
        const bool covers = told->to.value == known || told->maybe_more;
        if (told->from.value != end || told->to.value > known || !covers) {
            ledger_.complain(
                fmt::format("{} of {} offsets, {} are left", describe(*told), known, end));
        }
    }

    bool stop_cleanly() {
        stop_wanted_->wake_through(0);
        run_until([&] { return state_ == State::kStopped || state_ == State::kFailed; });
        if (state_ != State::kStopped) return false;
        stop_wanted_.reset();
        simulation_.kill(*broker_);
        broker_ = nullptr;
        return true;
    }

    void turn_errors_off() {
        simulation_.disk().faults.turn_errors_off();
        simulation_.disk().give_back();
        simulation_.disk().capacity = SimDisk::kCapacity;
    }

    void end_quietly() {
        turn_errors_off();
        simulation_.network().faults.reset_per_10000 = 0;
        consumers_stop_ = true;
        run_until([&] { return consumers_done_ == 2 || settled(); });
        while (settled() || state_ == State::kStarting || sinks_.back()->is_degraded) {
            if (state_ != State::kStarting) crash_and_restart();
            run_until([&] { return state_ != State::kStarting; });
        }
        run_until([&] { return consumers_done_ == 2; });
        read_everything();
        if (config_.flush_before_ack && rot_prng_.chance(1, 3)) {
            rot_a_frame();
            read_everything();
        }
        if (!stop_cleanly()) return ledger_.complain("a clean stop fails");
        start_broker(false);
        run_until([&] { return state_ != State::kStarting; });
        if (state_ != State::kRunning) return ledger_.complain("no start after a clean stop");
        read_everything();
    }

    void read_everything() {
        bool done = false;
        spawn(simulation_.start_process(), read_all(done));
        run_until([&] { return done; });
    }

    Task<> read_all(bool& done) {
        World& world = *co_await this_world();
        Client client(world, kPort);
        for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
            Bytes all;
            std::int64_t at = 0;
            for (int quiet = 0; quiet < 2;) {
                const std::int64_t before = at;
                const bool answered = co_await fetch_once(client, partition, at, 1 << 20, 0, all);
                if (at < before) {
                    ledger_.complain("what was shown is not there any more");
                    break;
                }
                if (answered && at == before) ++quiet;
                if (!answered) co_await sleep_for(world, std::chrono::milliseconds(5));
            }
            ledger_.check_whole(partition, all);
        }
        co_await client.drop();
        done = true;
    }

    bool producers_done() const { return producers_done_ == 3; }

    void run_until(const std::function<bool()>& done) {
        const Time limit = simulation_.now() + std::chrono::minutes(20);
        const bool reached =
            simulation_.run_until([&] { return done() || simulation_.now() > limit; });
        if (!reached || simulation_.now() > limit) stuck();
    }

    [[noreturn]] void stuck() {
        throw std::runtime_error(fmt::format(
            "nothing happens any more, with {} of 3 producers and {} of 2 consumers done",
            producers_done_, consumers_done_));
    }

    Simulation simulation_;
    Prng prng_;
    Prng rot_prng_;
    Ledger ledger_;
    const bool print_log_;
    BrokerConfig config_;
    std::vector<std::unique_ptr<Lines>> sinks_;
    std::vector<std::unique_ptr<Logger>> loggers_;
    std::unique_ptr<WaitList> stop_wanted_;
    SimProcess* broker_{};
    State state_{State::kStarting};
    std::vector<bool> may_lose_ = std::vector<bool>(kPartitions, false);
    bool has_two_{};
    ShardNumber shards_{};
    bool squeezes_{};
    bool errors_{};  // of a disk, not for want of room
    std::optional<Time> restart_wanted_at_;
    bool consumers_stop_{};
    int producers_done_{};
    int consumers_done_{};
    int failed_in_a_row_{};
};

}  // namespace

Outcome run_seed(std::uint64_t seed, bool print_log) {
    Run run(seed, print_log);
    run.run();
    return run.outcome;
}

}  // namespace millrace::sim
