#include "bench/load/report.hpp"

#include <gtest/gtest.h>

namespace millrace::bench {
namespace {

TEST(Report, TellsRatesOfTheMeasuredTime) {
    const Shape shape{.acks = 1, .record_bytes = 1000, .seconds = 2};
    Tally tally;
    tally.records = 4000;
    tally.records_in_all = 6000;
    tally.requests = 250;
    tally.batches = 250;
    tally.latency_ns.record(1'500'000, 250);
    EXPECT_EQ(result_line(shape, {16, 3, 0.25}, tally),
              R"({"kind":"result","acks":"1","producers":1,"connections":3,"partitions":16,)"
              R"("rate":0.0,"seconds":2.000,"records":4000,"bytes":4000000,"batches":250,)"
              R"("requests":250,"records_per_s":2000.0,"mb_per_s":2.000,)"
              R"("latency_us":{"answers":250,"p50":1500.0,"p95":1500.0,"p99":1500.0,)"
              R"("p999":1500.0,"max":1500.0,"error_share":0.0312},"cpu_s":0.250,)"
              R"("records_in_all":6000,"requests_unsent":0,"errors":{}})"
              "\n");
}

TEST(Report, WithoutAnswersThereIsNoLatency) {
    const Shape shape{.acks = 0};
    EXPECT_NE(result_line(shape, {}, {}).find(R"("latency_us":null)"), std::string::npos);
}

TEST(Report, ErrorsHaveKafkasNames) {
    const Shape shape{.acks = -1};
    Tally tally;
    tally.errors = {{raw(ErrorCode::kNotEnoughReplicas), 2}, {raw(ErrorCode::kRequestTimedOut), 1}};
    const std::string line = result_line(shape, {}, tally);
    EXPECT_NE(line.find(R"("acks":"all")"), std::string::npos);
    EXPECT_NE(line.find(R"("errors":{"REQUEST_TIMED_OUT":1,"NOT_ENOUGH_REPLICAS":2})"),
              std::string::npos)
        << line;
}

}  // namespace
}  // namespace millrace::bench
