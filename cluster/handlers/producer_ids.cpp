#include "cluster/handlers/producer_ids.hpp"

#include "core/runtime/shard_call.hpp"

namespace millrace {

Task<Result<std::int64_t>> ProducerIds::take() {
    while (next_ == end_) {
        if (fetching_) {
            const auto waited = co_await fetched_.wait(fetches_ + 1, kNever);
            if (!waited) co_return waited.error();
            continue;
        }
        const auto fetched = co_await fetch();
        if (!fetched) co_return fetched.error();
    }
    co_return next_++;
}

Task<Result<void>> ProducerIds::fetch() {
    fetching_ = true;
    const auto visit = [this] { return topics_.next_producer_ids(); };
    ShardCall call(world_, 0, visit);
    const auto first = co_await call.run();
    fetching_ = false;
    if (first) {
        next_ = *first;
        end_ = next_ + Topics::kProducerIdBlock;
    }
    fetched_.wake_through(++fetches_);
    if (!first) co_return first.error();
    co_return Result<void>();
}

}  // namespace millrace
