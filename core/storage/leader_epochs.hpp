// Where the batches of a leader epoch end in a log: what a follower, or a consumer that knows an
// older leader, compares its own end with.
#pragma once

#include "core/storage/text_checkpoint.hpp"

#include <algorithm>
#include <vector>

namespace millrace {

struct EpochEnd {
    LeaderEpoch epoch{-1};
    Offset end{-1};
};

/// Where the batches of `asked`, or of the largest epoch below it, end: where the next epoch
/// begins, or the log's `end` for the current epoch. `epochs` are a log's, in rising order;
/// `current` is its leader's, with where it begins or would begin. Below all epochs: `asked`
/// itself, where the first one begins. (-1, -1) for an epoch that is still to come, and for -1.
inline EpochEnd end_of_epoch(const std::vector<EpochStart>& epochs, EpochStart current,
                             LeaderEpoch asked, Offset end) {
    if (asked == LeaderEpoch{-1} || asked > current.epoch) return {};
    if (asked == current.epoch) return {asked, end};
    const auto above = [](LeaderEpoch wanted, const EpochStart& entry) {
        return wanted < entry.epoch;
    };
    // An epoch without batches has left no trace once the next one begins at the same offset.
    const auto last = std::find_if(epochs.begin(), epochs.end(), [current](const EpochStart& each) {
        return each.epoch >= current.epoch || each.start >= current.start;
    });
    const auto next = std::upper_bound(epochs.begin(), last, asked, above);
    const Offset stop = next == last ? current.start : next->start;
    return {next == epochs.begin() ? asked : std::prev(next)->epoch, stop};
}

/// The epoch of a log's first batch, or of the one that will be it: -1 when nothing says so, as for
/// batches from before there were epochs.
inline LeaderEpoch first_epoch(const std::vector<EpochStart>& epochs, EpochStart current,
                               Offset log_start) {
    const EpochStart first =
        epochs.empty() || epochs.front().start >= current.start ? current : epochs.front();
    return first.start <= log_start ? first.epoch : LeaderEpoch{-1};
}

}  // namespace millrace
