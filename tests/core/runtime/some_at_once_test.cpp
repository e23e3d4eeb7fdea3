// How many steps are under way together, in which order they begin, and what a failure ends.
#include "core/runtime/some_at_once.hpp"

#include "core/base/result.hpp"
#include "core/runtime/timer.hpp"
#include "tests/support/on_ring.hpp"

namespace millrace {
namespace {

class SomeAtOnceTest : public OnRing {
protected:
    /// The earlier of two that begin together ends later.
    Task<Result<void>> take(std::size_t number) {
        begun_.push_back(number);
        most_ = std::max(most_, ++under_way_);
        co_await sleep_for(*world_, std::chrono::milliseconds(number % 2 == 0 ? 4 : 2));
        --under_way_;
        if (number == failing_) co_return Errc::kStorageFailed;
        co_return Result<void>();
    }

    Result<void> take_all(std::size_t count, std::size_t most) {
        Result<void> outcome;
        const auto step = [this](std::size_t number) { return take(number); };
        const auto scenario = [&]() -> Task<> {
            outcome = co_await some_at_once(*world_, count, most, step);
        };
        run(scenario());
        EXPECT_EQ(under_way_, 0u);
        return outcome;
    }

    std::vector<std::size_t> begun_;
    std::size_t under_way_{};
    std::size_t most_{};
    std::size_t failing_{std::size_t(-1)};
};

TEST_F(SomeAtOnceTest, EachIsTakenOnceAndNoMoreAreUnderWayThanMay) {
    EXPECT_TRUE(take_all(5, 2));
    EXPECT_EQ(begun_, (std::vector<std::size_t>{0, 1, 2, 3, 4}));
    EXPECT_EQ(most_, 2u);
}

TEST_F(SomeAtOnceTest, FewerThanMayBeUnderWay) {
    EXPECT_TRUE(take_all(1, 8));
    EXPECT_TRUE(take_all(0, 8));
    EXPECT_EQ(begun_, (std::vector<std::size_t>{0}));
}

TEST_F(SomeAtOnceTest, NoneBeginsBehindAFailureAndThoseUnderWayEnd) {
    failing_ = 1;
    const auto outcome = take_all(9, 2);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error(), make_error_code(Errc::kStorageFailed));
    EXPECT_EQ(begun_, (std::vector<std::size_t>{0, 1}));
}

}  // namespace
}  // namespace millrace
