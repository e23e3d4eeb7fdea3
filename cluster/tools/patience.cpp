#include "cluster/tools/patience.hpp"

#include "core/runtime/timer.hpp"

namespace millrace {
namespace {

constexpr Duration kPatience = std::chrono::seconds(30);
constexpr Duration kBetweenQuestions = std::chrono::milliseconds(100);

}  // namespace

Task<Outcome<>> Patience::look_anew(const Failure& reason) {
    const Time now = cluster_.world().now();
    if (!trouble_since_) trouble_since_ = now;
    if (now - *trouble_since_ > kPatience) co_return reason;
    co_await sleep_for(cluster_.world(), kBetweenQuestions);
    (void)co_await cluster_.all_topics();
    co_return Outcome<>();
}

}  // namespace millrace
