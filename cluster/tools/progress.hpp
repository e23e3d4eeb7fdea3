// How far a long piece of work has come, for who waits for it, and how fast it was in the end.
#pragma once

#include "cluster/tools/terminal.hpp"

#include <optional>

namespace millrace {

/// Draws on the messages' handle, over itself, when somebody watches and the work takes longer than
/// a second.
class Progress {
public:
    Progress(World& world, const Terminal& terminal);

    void count(std::uint64_t bytes) {
        ++records_;
        bytes_ += bytes;
    }
    std::int64_t records() const { return records_; }
    std::uint64_t bytes() const { return bytes_; }
    double seconds() const;

    /// Draws, if it is time for it. `done` of `total`, in whatever unit; a total of 0 isn't known.
    Task<> show(std::int64_t done, std::int64_t total);
    /// Takes away what was drawn.
    Task<> clear();

    /// "1,200 records, 1.2 MiB in 0.80 s: 1,500 records/s, 1.5 MiB/s"
    std::string summary() const;

private:
    std::string line(std::int64_t done, std::int64_t total) const;

    World& world_;
    const bool is_shown_;
    Output messages_;
    const Time began_;
    Time next_;
    bool is_drawn_{};
    std::int64_t records_{};
    std::uint64_t bytes_{};
};

/// "1,234,567"
std::string with_commas(std::int64_t number);
/// "1.2 MiB"
std::string bytes_in_words(double bytes);
/// "[=====>    ]  50%", `width` characters inside the brackets.
std::string bar(std::int64_t done, std::int64_t total, std::size_t width);

}  // namespace millrace
