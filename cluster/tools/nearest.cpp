#include "cluster/tools/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace millrace {
namespace {

constexpr std::size_t kNamesMax = 3;

char small(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool same(char left, char right) { return small(left) == small(right); }

bool begins_with(std::string_view text, std::string_view begin) {
    return text.size() >= begin.size() &&
           std::ranges::equal(text.substr(0, begin.size()), begin, same);
}

/// A third of the letters may be wrong, and two in any name of three or more.
std::size_t distance_max(std::size_t letters) {
    if (letters < 3) return 1;
    return std::max<std::size_t>(2, letters / 3);
}

bool share_begin(std::string_view left, std::string_view right) {
    constexpr std::size_t kLettersMin = 3;
    if (std::min(left.size(), right.size()) < kLettersMin) return false;
    return begins_with(left, right) || begins_with(right, left);
}

std::string quoted(std::string_view name) { return fmt::format("'{}'", name); }

}  // namespace

std::size_t edit_distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> before(right.size() + 1);
    std::vector<std::size_t> above(right.size() + 1);
    std::vector<std::size_t> row(right.size() + 1);
    for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= left.size(); ++i) {
        std::swap(before, above);
        std::swap(above, row);
        row[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const std::size_t changed = same(left[i - 1], right[j - 1]) ? 0 : 1;
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + changed});
            const bool swapped = i > 1 && j > 1 && same(left[i - 1], right[j - 2]) &&
                                 same(left[i - 2], right[j - 1]);
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
    }
    return row[right.size()];
}

std::vector<std::string> nearest_names(std::string_view wanted,
                                       const std::vector<std::string>& names) {
    std::vector<std::pair<std::size_t, std::string>> near;
    for (const std::string& name : names) {
        const std::size_t distance = edit_distance(wanted, name);
        if (distance > distance_max(wanted.size()) && !share_begin(wanted, name)) continue;
        near.emplace_back(distance, name);
    }
    std::ranges::sort(near);
    if (near.size() > kNamesMax) near.resize(kNamesMax);
    std::vector<std::string> nearest;
    for (auto& [distance, name] : near) nearest.push_back(std::move(name));
    return nearest;
}

std::string not_there(std::string_view kind, std::string_view wanted,
                      const std::vector<std::string>& names) {
    std::string text = fmt::format("there is no {} '{}'", kind, wanted);
    if (names.empty()) return text + fmt::format(", and no other {}", kind);
    const std::vector<std::string> nearest = nearest_names(wanted, names);
    for (std::size_t i = 0; i < nearest.size(); ++i) {
        const bool is_last = i + 1 == nearest.size();
        text += i == 0 ? "; did you mean " : is_last ? " or " : ", ";
        text += quoted(nearest[i]);
    }
    if (nearest.empty()) return text + fmt::format("; `millrace {}s` lists those that are", kind);
    return text + "?";
}

}  // namespace millrace
