#include "bench/load/course.hpp"

namespace millrace::bench {

void Course::count(Time now, std::uint64_t requests, std::uint64_t batches, std::uint64_t records) {
    tally.records_in_all += records;
    if (!is_measured(now)) return;
    tally.requests += requests;
    tally.batches += batches;
    tally.records += records;
}

void Course::count_latency(Time due, Time now) {
    if (is_measured(due)) tally.latency_ns.record((now - due).count());
}

void Course::refuse(const std::string& place, std::int16_t code) {
    tally.errors[code] += 1;
    const Failure failure = refused_by_kafka(place, code);
    if (!failure.may_pass) fail(failure);
}

void Course::fail(Failure failure) {
    if (!failure_) failure_ = std::move(failure);
}

}  // namespace millrace::bench
