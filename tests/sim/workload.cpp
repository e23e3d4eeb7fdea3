#include "tests/sim/workload.hpp"

#include "tests/sim/broker_life.hpp"
#include "tests/sim/clients.hpp"
#include "tests/sim/members.hpp"
#include "tests/sim/remaker.hpp"
#include "tests/sim/rot.hpp"
#include "tests/sim/salvage.hpp"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <stdexcept>

namespace millrace::sim {
namespace {

constexpr std::uint64_t kRequestsMin = 500;  // of a run, so that it says something
// Silent members' sessions, and a rebalance that somebody misses.
constexpr Duration kSettles = std::chrono::seconds(40);
constexpr Duration kStaysSettled = std::chrono::seconds(15);
const std::string kFirstFolder = "/data";
const std::string kOtherFolder = "/more";

class Run {
public:
    Run(std::uint64_t seed, bool print_log)
        : simulation_(seed),
          prng_(seed ^ 0x5eed),
          rot_prng_(seed ^ 0x907),
          life_prng_(seed ^ 0x11fe),
          idempotent_(Prng(seed ^ 0x1de).chance(1, 2)),
          ledger_(kPartitions),
          broker_(simulation_, ledger_, outcome, config_, print_log),
          clients_(simulation_, prng_, ledger_, outcome, broker_),
          remaker_(simulation_, ledger_, seed ^ 0x3ade),
          members_(simulation_, ledger_, outcome, seed ^ 0x9409),
          salvage_(simulation_, ledger_, outcome, config_, print_log) {
        draw_config();
        // The filesystem's sync takes over from few files on, or never.
        config_.files_synced_singly = Prng(seed ^ 0xf5).chance(1, 2) ? 3 : 512;
        draw_faults();
        draw_deletion();
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
        outcome.topics_deleted = remaker_.rounds();
        outcome.disk = simulation_.disk().faults;
        outcome.network = simulation_.network().faults;
        outcome.steps = simulation_.steps();
        outcome.trace_hash = simulation_.trace_hash();
        outcome.virtual_ms = simulation_.now().count() / 1'000'000;
    }

private:
    void live() {
        start_broker(false);
        // A log that may forget batches asks its producers to begin anew.
        const bool idempotent = idempotent_ && config_.flush_before_ack;
        clients_.start(idempotent ? Clients::Producers::kIdempotent : Clients::Producers::kPlain,
                       deletes_);
        remaker_.start(
            {.nothing_lost = config_.flush_before_ack && !has_two_, .nothing_back = !has_two_});
        members_.start(config_.flush_before_ack);
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
                         {"offsets.topic.num.partitions", "2"},
                         {"offsets.topic.segment.bytes", "8192"},
                         {"log.cleaner.backoff.ms", "2000"},
                         {"log.cleaner.min.cleanable.ratio", "0.01"},
                         {"offsets.retention.check.interval.ms", "20000"},
                         {"group.initial.rebalance.delay.ms", "500"},
                         {"log.index.interval.bytes", "1000"}})
                .config;
        config_.topic.segment_bytes = static_cast<std::int32_t>(prng_.between(50'000, 400'000));
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

    /// What logs keep, and whether somebody deletes more than that.
    void draw_deletion() {
        deletes_ = life_prng_.chance(1, 2);
        config_.topic.file_delete_delay_ms = life_prng_.between(0, 3'000);
        if (!life_prng_.chance(1, 2)) return;
        const bool nothing = life_prng_.chance(1, 6);
        config_.topic.retention_bytes = nothing ? 0 : life_prng_.between(30'000, 200'000);
        config_.topic.segment_bytes = static_cast<std::int32_t>(life_prng_.between(41'000, 90'000));
        config_.initial_task_delay_ms = life_prng_.between(0, 2'000);
        config_.retention_check_interval_ms = life_prng_.between(100, 5'000);
        ledger_.keep(config_.topic.retention_bytes);
    }

    // The broker.

    void start_broker(bool may_lose) {
        restart_wanted_at_.reset();
        // More shards have more journals, and these need room.
        const auto drawn = static_cast<ShardNumber>(prng_.between(1, 3));
        if (simulation_.disk().capacity == SimDisk::kCapacity) shards_ = drawn;
        broker_.start(shards_, may_lose);
    }

    void end_broker(bool power) {
        const bool lost = broker_.is_degraded() && !broker_.is_damaged();
        if (lost && !errors_) ledger_.complain("want of room costs a directory");
        broker_.end(power);
    }

    // The story.

    /// It goes no further without a restart: the broker has stopped, or some while has passed in
    /// which not all directories served.
    bool settled() {
        if (broker_.has_failed()) return true;
        if (!broker_.is_running() || !broker_.is_degraded()) return false;
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
        const bool made = broker_.is_running() && !broker_.is_degraded();
        if (!squeezes_ || !made || prng_.chance(1, 2)) return;
        simulation_.disk().capacity = simulation_.disk().used() + prng_.below(400'000);
        const auto lasts = std::chrono::milliseconds(prng_.between(10, 4'000));
        simulation_.after(lasts, [this] { simulation_.disk().capacity = SimDisk::kCapacity; });
    }

    void live_through_crashes() {
        const auto crashes = prng_.between(2, 4);
        while (outcome.kills + outcome.power_losses < static_cast<std::uint64_t>(crashes)) {
            const std::uint64_t at = outcome.requests + prng_.below(250) + 20;
            run_until([&] { return !broker_.is_starting(); });
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
        const bool failed_start = broker_.has_failed();
        if (failed_start) ++outcome.failed_starts;
        if (failed_start && !errors_) ledger_.complain("want of room fails a start");
        if (broker_.is_damaged()) {
            throw std::runtime_error("the broker finds its own files damaged");
        }
        if (failed_start && ++failed_in_a_row_ > 3) turn_errors_off();
        if (failed_in_a_row_ > 20) throw std::runtime_error("no start succeeds any more");
        if (!failed_start) failed_in_a_row_ = 0;
        const bool clean = broker_.is_running() && prng_.chance(1, 5);
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
            const auto report =
                salvage_.accept_loss(rot_prng_.chance(1, 2) ? other_folder() : kFirstFolder);
            if (report && !report->empty()) ledger_.complain(describe(report->front()));
        }
        start_broker(power && !config_.flush_before_ack);
    }

    // Rot.

    const std::string& other_folder() const { return has_two_ ? kOtherFolder : kFirstFolder; }

    /// A frame, of which a later one knows, rots while the broker is down. If it was still needed,
    /// no start uses its directory, and what is given up then is all that is missing.
    void rot_a_frame() {
        const std::string folder = rot_prng_.chance(1, 2) ? other_folder() : kFirstFolder;
        end_broker(false);
        rot_some_frame(simulation_.disk(), folder, rot_prng_);
        start_broker(false);
        run_until([&] { return !broker_.is_starting(); });
        if (broker_.is_running() && !broker_.is_degraded()) return;
        if (!broker_.is_damaged()) ledger_.complain("rot is refused for another reason");
        ++outcome.found_damaged;
        ledger_.note_rot();
        end_broker(false);
        const auto report = salvage_.accept_loss(folder);
        if (!report) return ledger_.complain("no way out of damage");
        std::vector<std::int64_t> ends;
        for (std::int32_t i = 0; i < kPartitions; ++i) ends.push_back(ledger_.known_end(i));
        start_broker(true);
        run_until([&] { return !broker_.is_starting(); });
        for (std::int32_t i = 0; i < kPartitions; ++i) {
            salvage_.check_loss(*report, i, ends[static_cast<std::size_t>(i)]);
        }
    }

    void let_group_settle() {
        members_.calm_down();
        // Some are silent or dead still, and others are still to notice.
        (void)simulation_.run_until([] { return false; }, kStaysSettled);
        if (!simulation_.run_until([&] { return members_.is_settled(); }, kSettles)) {
            ledger_.complain("a group doesn't settle, though everything is calm");
        }
        const std::int32_t generation = members_.generation();
        (void)simulation_.run_until([] { return false; }, kStaysSettled);
        if (members_.generation() != generation) ledger_.complain("a calm group is divided anew");
        members_.stop();
        run_until([&] { return members_.is_done(); });
    }

    bool stop_cleanly() {
        broker_.ask_to_stop();
        run_until([&] { return broker_.has_stopped() || broker_.has_failed(); });
        if (!broker_.has_stopped()) return false;
        broker_.leave();
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
        clients_.stop_consumers();
        remaker_.stop();
        run_until([&] { return clients_done() || settled(); });
        while (settled() || broker_.is_starting() || broker_.is_degraded()) {
            if (!broker_.is_starting()) crash_and_restart();
            run_until([&] { return !broker_.is_starting(); });
        }
        run_until([&] { return clients_done(); });
        let_group_settle();
        read_everything();
        if (config_.flush_before_ack && rot_prng_.chance(1, 3)) {
            rot_a_frame();
            read_everything();
        }
        if (!stop_cleanly()) return ledger_.complain("a clean stop fails");
        start_broker(false);
        run_until([&] { return !broker_.is_starting(); });
        if (!broker_.is_running()) return ledger_.complain("no start after a clean stop");
        read_everything();
    }

    void read_everything() {
        bool done = false;
        clients_.start_reader(done);
        run_until([&] { return done; });
    }

    bool producers_done() const { return clients_.producers_done() == Clients::kProducers; }
    bool clients_done() const {
        return clients_.consumers_done() == Clients::kConsumers && remaker_.is_done();
    }

    void run_until(const std::function<bool()>& done) {
        if (!simulation_.run_until(done, std::chrono::minutes(20))) stuck();
    }

    [[noreturn]] void stuck() {
        throw std::runtime_error(fmt::format(
            "nothing happens any more, with {} of 3 producers and {} of 2 consumers done",
            clients_.producers_done(), clients_.consumers_done()));
    }

    Simulation simulation_;
    Prng prng_;
    Prng rot_prng_;
    Prng life_prng_;
    const bool idempotent_;
    Ledger ledger_;
    BrokerConfig config_;
    BrokerLife broker_;
    Clients clients_;
    Remaker remaker_;
    Members members_;
    Salvage salvage_;
    bool has_two_{};
    ShardNumber shards_{};
    bool squeezes_{};
    bool deletes_{};
    bool errors_{};  // of a disk, not for want of room
    std::optional<Time> restart_wanted_at_;
    int failed_in_a_row_{};
};

}  // namespace

Outcome run_seed(std::uint64_t seed, bool print_log) {
    Run run(seed, print_log);
    run.run();
    return run.outcome;
}

}  // namespace millrace::sim
