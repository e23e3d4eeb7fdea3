#include "cluster/tools/consumption.hpp"

#include "core/runtime/timer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace millrace {
namespace {

constexpr Duration kBetweenCommits = std::chrono::seconds(5);

std::size_t size_of(const std::optional<ByteView>& field) { return field ? field->size() : 0; }

}  // namespace

Consumption::Consumption(Cluster& cluster, const ConsumeOptions& options, const Terminal& terminal)
    : cluster_(cluster),
      options_(options),
      terminal_(terminal),
      output_(cluster.world(), terminal.output),
      progress_(cluster.world(), terminal),
      fetcher_(cluster),
      patience_(cluster) {
    if (in_group()) membership_.emplace(cluster, options.group, options.topics);
}

bool Consumption::is_over() const {
    if (terminal_.interrupted() || reader_has_gone_) return true;
    if (options_.count_max > 0 && progress_.records() >= options_.count_max) return true;
    return is_taken_up_ && !options_.follow && fetcher_.positions().empty();
}

Task<Outcome<>> Consumption::run() {
    Outcome<> outcome;
    while (outcome && !is_over()) {
        auto gone_on = co_await go_on();
        outcome = std::move(gone_on);
    }
    const auto ended = co_await end();
    co_await progress_.clear();
    if (!outcome) co_return outcome;
    if (!ended) co_return ended;
    if (options_.quiet) co_return Outcome<>();
    Output messages(cluster_.world(), terminal_.messages);
    messages.add(summary());
    (void)co_await messages.flush();
    co_return Outcome<>();
}

std::string Consumption::summary() const {
    std::int64_t lag = 0;
    for (const auto& [partition, end] : fetcher_.ends()) {
        const auto next = fetcher_.positions().find(partition);
        if (next != fetcher_.positions().end())
            lag += std::max<std::int64_t>(0, end - next->second);
    }
    return fmt::format("{}; lag {}\n", progress_.summary(), with_commas(lag + lag_));
}

Task<Outcome<>> Consumption::take_up() {
    const auto topics = co_await cluster_.topics(options_.topics);
    if (!topics) co_return topics.error();
    if (in_group()) co_return co_await join();
    const auto partitions = choose_partitions(*topics, options_.partitions);
    if (!partitions) co_return partitions.error();
    const Offsets nothing;
    co_return co_await begin_at(*partitions, nothing);
}

Task<Outcome<>> Consumption::join() {
    const auto share = co_await membership_->join();
    if (!share) co_return share.error();
    const auto committed = co_await fetch_committed(cluster_, options_.group);
    if (!committed) co_return committed.error();
    next_commit_ = cluster_.world().now() + kBetweenCommits;
    const auto begun = co_await begin_at(*share, *committed);
    written_ = begins_;
    // Where the group begins is committed too: its next member must not begin anywhere else.
    std::erase_if(written_, [&](const auto& each) { return committed->contains(each.first); });
    co_return begun;
}

Task<Outcome<>> Consumption::begin_at(const std::vector<TopicPartition>& partitions,
                                      const Offsets& committed) {
    const auto told = co_await find_positions(cluster_, partitions, options_.from);
    if (!told) co_return told.error();
    const auto ends = co_await list_offsets(cluster_, partitions, kAtEnd);
    if (!ends) co_return ends.error();
    begins_ = *told;
    for (auto& [partition, offset] : begins_) {
        const auto found = committed.find(partition);
        if (found != committed.end()) offset = found->second;
    }
    stops_ = *ends;
    lag_ = 0;
    fetcher_.assign(begins_);
    if (!options_.follow) drop_what_is_done();
    co_return Outcome<>();
}

void Consumption::drop_what_is_done() {
    std::vector<TopicPartition> done;
    for (const auto& [partition, next] : fetcher_.positions()) {
        const auto stop = stops_.find(partition);
        if (stop == stops_.end() || next < stop->second) continue;
        done.push_back(partition);
        const auto end = fetcher_.ends().find(partition);
        if (end != fetcher_.ends().end()) lag_ += std::max<std::int64_t>(0, end->second - next);
    }
    for (const TopicPartition& each : done) fetcher_.drop(each);
}

Task<Outcome<>> Consumption::go_on() {
    const auto ready = co_await get_ready();
    if (!ready && !ready.error().may_pass) co_return ready;
    if (!ready) {
        const Failure reason = ready.error();
        co_return co_await patience_.look_anew(reason);
    }
    patience_.end_of_trouble();
    if (is_over()) co_return Outcome<>();
    if (fetcher_.positions().empty()) {
        // A member that was given nothing waits for its turn.
        co_await sleep_for(cluster_.world(), std::chrono::milliseconds(200));
        co_return Outcome<>();
    }
    const auto read = co_await read_some();
    if (read) co_await show_progress();
    co_return read;
}

Task<> Consumption::show_progress() {
    const Offsets& positions = fetcher_.positions();
    std::int64_t done = 0;
    std::int64_t total = 0;
    for (const auto& [partition, begin] : begins_) {
        const auto next = positions.find(partition);
        const std::int64_t stop = std::max(begin, stops_[partition]);
        total += stop - begin;
        done += (next == positions.end() ? stop : std::min(stop, next->second)) - begin;
    }
    if (options_.follow) total = 0;
    co_await progress_.show(done, total);
}

Task<Outcome<>> Consumption::get_ready() {
    if (is_taken_up_ && in_group()) {
        const auto stayed = co_await stay_in_group();
        if (!stayed) co_return stayed;
    }
    if (is_taken_up_) co_return Outcome<>();
    // Of what was ours before.
    const auto committed = co_await commit();
    if (!committed) co_return committed;
    const auto taken_up = co_await take_up();
    is_taken_up_ = taken_up.has_value();
    co_return taken_up;
}

Task<Outcome<>> Consumption::stay_in_group() {
    const auto wants_us_anew = co_await membership_->stay();
    if (!wants_us_anew) co_return wants_us_anew.error();
    if (*wants_us_anew) is_taken_up_ = false;
    if (*wants_us_anew || cluster_.world().now() < next_commit_) co_return Outcome<>();
    co_return co_await commit();
}

Task<Outcome<>> Consumption::read_some() {
    const Fetcher::OnRecord take_one = [this](const ConsumedRecord& record) {
        return take(record);
    };
    const auto fetched = co_await fetcher_.fetch(take_one);
    const auto flushed = co_await flush();
    if (!fetched) co_return fetched;
    if (!flushed) co_return flushed;
    if (in_group() && !reader_has_gone_) {
        for (const auto& [partition, next] : fetcher_.positions()) {
            if (next != begins_.at(partition)) written_[partition] = next;
        }
    }
    if (!options_.follow) drop_what_is_done();
    co_return Outcome<>();
}

bool Consumption::take(const ConsumedRecord& record) {
    if (options_.count_max > 0 && progress_.records() >= options_.count_max) return false;
    if (!options_.follow && record.offset >= stops_[record.partition]) return false;
    write_record(output_, record, options_.format);
    progress_.count(size_of(record.key) + size_of(record.value));
    return true;
}

Task<Outcome<>> Consumption::flush() {
    const auto flushed = co_await output_.flush();
    if (flushed) co_return Outcome<>();
    if (flushed.error() != system_error(EPIPE)) {
        co_return refused("the output: " + flushed.error().message());
    }
    reader_has_gone_ = true;
    co_return Outcome<>();
}

Task<Outcome<>> Consumption::commit() {
    next_commit_ = cluster_.world().now() + kBetweenCommits;
    if (written_.empty()) co_return Outcome<>();
    const auto committed = co_await membership_->commit(written_);
    if (!committed) co_return committed.error();
    if (*committed == ErrorCode::kNone) written_.clear();
    co_return Outcome<>();
}

Task<Outcome<>> Consumption::end() {
    if (!in_group()) co_return Outcome<>();
    const auto committed = co_await commit();
    co_await membership_->leave();
    if (committed && !written_.empty()) {
        co_return refused("group " + options_.group +
                          ": the last records aren't committed, and will be read again");
    }
    co_return committed;
}

Task<Outcome<>> consume(Cluster& cluster, const ConsumeOptions& options, const Terminal& terminal) {
    Consumption consumption(cluster, options, terminal);
    co_return co_await consumption.run();
}

}  // namespace millrace
