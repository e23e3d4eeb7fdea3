// What a broker says in a run, counted.
#pragma once

#include "core/observe/logger.hpp"
#include "tests/sim/outcome.hpp"

#include <fmt/format.h>

namespace millrace::sim {

/// Counts what the broker says it does.
class Lines final : public LogSink {
public:
    Lines(Outcome& outcome, bool print) : outcome_(outcome), print_(print) {}

    void write(std::string_view line) override {
        const auto has = [line](std::string_view text) {
            return line.find(text) != std::string_view::npos;
        };
        if (has("checkpoint ends")) ++outcome_.checkpoints;
        if (has("journal file used again")) ++outcome_.files_used_again;
        if (has("a segment's time is over")) ++outcome_.segments_deleted;
        if (has("cleaned a log")) ++outcome_.cleanings;
        if (has("recovered")) ++outcome_.replays;
        if (has("a log directory is full")) ++outcome_.full_directories;
        if (has("takes appends again")) ++outcome_.full_no_more;
        if (has("out of service")) ++outcome_.out_of_service;
        if (has("starting without a log directory")) ++outcome_.starts_without_directory;
        if (has("out of service") || has("starting without")) is_degraded = true;
        // Some things can be done without.
        const bool is_needed = !has("going on without it");
        if (is_needed && has("is damaged")) is_damaged = true;
        if (has("damaged on disk") || has("does not go on")) is_damaged = true;
        if (print_) fmt::print("{}\n", line);
    }

    bool is_degraded = false;  // not all directories serve
    bool is_damaged = false;

private:
    Outcome& outcome_;
    const bool print_;
};

}  // namespace millrace::sim
