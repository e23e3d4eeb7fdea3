#include "cluster/tools/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace millrace {
namespace {

constexpr Duration kFirstAfter = std::chrono::seconds(1);
constexpr Duration kBetween = std::chrono::milliseconds(200);
constexpr std::size_t kBarWidth = 24;
/// To the line's begin, and what stands there away.
constexpr std::string_view kOver = "\r\x1b[K";
/// So that no rate is infinite.
constexpr double kSecondsMin = 1e-6;

}  // namespace

Progress::Progress(World& world, const Terminal& terminal)
    : world_(world),
      is_shown_(terminal.shows_progress),
      messages_(world, terminal.messages),
      began_(world.now()),
      next_(began_ + kFirstAfter) {}

double Progress::seconds() const {
    const std::chrono::duration<double> passed = world_.now() - began_;
    return std::max(passed.count(), kSecondsMin);
}

Task<> Progress::show(std::int64_t done, std::int64_t total) {
    if (!is_shown_ || world_.now() < next_) co_return;
    next_ = world_.now() + kBetween;
    is_drawn_ = true;
    messages_.add(kOver);
    messages_.add(line(done, total));
    (void)co_await messages_.flush();
}

Task<> Progress::clear() {
    if (!is_drawn_) co_return;
    is_drawn_ = false;
    messages_.add(kOver);
    (void)co_await messages_.flush();
}

std::string Progress::line(std::int64_t done, std::int64_t total) const {
    const double passed = seconds();
    const std::string counts = fmt::format("{} records  {}/s", with_commas(records_),
                                           bytes_in_words(static_cast<double>(bytes_) / passed));
    if (total <= 0) return counts;
    std::string text = fmt::format("{}  {}", bar(done, total, kBarWidth), counts);
    if (done > 0 && done < total) {
        const auto left = static_cast<double>(total - done) / static_cast<double>(done) * passed;
        text += fmt::format("  {:.0f} s left", left);
    }
    return text;
}

std::string Progress::summary() const {
    const double passed = seconds();
    const auto rate = static_cast<std::int64_t>(static_cast<double>(records_) / passed);
    return fmt::format("{} record{}, {} in {:.2f} s: {} records/s, {}/s", with_commas(records_),
                       records_ == 1 ? "" : "s", bytes_in_words(static_cast<double>(bytes_)),
                       passed, with_commas(rate),
                       bytes_in_words(static_cast<double>(bytes_) / passed));
}

std::string with_commas(std::int64_t number) {
    std::string text = std::to_string(number);
    const std::size_t first = number < 0 ? 1 : 0;
    for (std::size_t at = text.size(); at > first + 3;) {
        at -= 3;
        text.insert(at, 1, ',');
    }
    return text;
}

std::string bytes_in_words(double bytes) {
    constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
    return unit == 0 ? fmt::format("{:.0f} B", bytes)
                     : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string bar(std::int64_t done, std::int64_t total, std::size_t width) {
    const double share =
        std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0);
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
    std::string inside(filled, '=');
    if (filled < width) inside += '>';
    inside.resize(width, ' ');
    return fmt::format("[{}] {:3.0f}%", inside, share * 100);
}

}  // namespace millrace
