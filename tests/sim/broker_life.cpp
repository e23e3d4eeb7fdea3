#include "tests/sim/broker_life.hpp"

namespace millrace::sim {

void BrokerLife::start(ShardNumber shards, bool may_lose) {
    if (may_lose) may_lose_.assign(kPartitions, true);
    state_ = State::kStarting;
    broker_ = &simulation_.start_process(shards);
    sinks_.push_back(std::make_unique<Lines>(outcome_, print_log_));
    loggers_.push_back(std::make_unique<Logger>(*broker_, *sinks_.back(), LogFormat::kText));
    stop_wanted_ = std::make_unique<WaitList>(*broker_);
    spawn(*broker_, serve(*broker_, *loggers_.back(), *stop_wanted_));
}

Task<> BrokerLife::serve(World& world, Logger& logger, WaitList& stop_wanted) {
    auto broker = co_await Broker::start(world, logger, config_);
    if (!broker) {
        state_ = State::kFailed;
        co_return;
    }
    note_ends(**broker);
    state_ = State::kRunning;
    (*broker)->on_storage_gone([this, &stop_wanted] {
        ++outcome_.storage_gone;
        stop_wanted.wake_through(0);
    });
    (void)co_await stop_wanted.wait(0, kNever);
    const auto stopped = co_await (*broker)->stop();
    state_ = stopped ? State::kStopped : State::kFailed;
}

void BrokerLife::note_ends(const Broker& broker) {
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
        if (place != nullptr) {
            const Offset begin = place->log->log_start_offset();
            ledger_.note_begin(i, begin, ledger_.deleted(i));
        }
        may_lose_[index] = false;
    }
}

void BrokerLife::end(bool power) {
    stop_wanted_.reset();
    if (power) {
        simulation_.lose_power(*broker_);
        ++outcome_.power_losses;
    } else {
        simulation_.kill(*broker_);
        ++outcome_.kills;
    }
    broker_ = nullptr;
}

void BrokerLife::leave() {
    stop_wanted_.reset();
    simulation_.kill(*broker_);
    broker_ = nullptr;
}

}  // namespace millrace::sim
