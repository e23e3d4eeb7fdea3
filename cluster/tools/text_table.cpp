#include "cluster/tools/text_table.hpp"

#include "core/base/assert.hpp"

#include <algorithm>

namespace millrace {
namespace {

constexpr std::size_t kGap = 2;

/// Of UTF-8, without regard to wide ones.
std::size_t characters(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char each) { return (static_cast<unsigned char>(each) & 0xc0U) != 0x80U; }));
}

void append_cell(std::string& line, const std::string& cell, std::size_t width,
                 TextTable::Align align) {
    if (!line.empty()) line.append(kGap, ' ');
    const std::size_t padding = width - characters(cell);
    if (align == TextTable::Align::kRight) line.append(padding, ' ');
    line += cell;
    if (align == TextTable::Align::kLeft) line.append(padding, ' ');
}

}  // namespace

void TextTable::add_row(std::vector<std::string> cells) {
    expect(cells.size() == columns_.size(), "a row with as many cells as there are columns");
    rows_.push_back(std::move(cells));
}

std::size_t TextTable::column_width(std::size_t column) const {
    std::size_t width = characters(columns_[column].title);
    for (const auto& row : rows_) width = std::max(width, characters(row[column]));
    return width;
}

std::vector<std::size_t> TextTable::columns_that_fit(std::size_t width) const {
    std::vector<std::size_t> kept;
    std::size_t total = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        kept.push_back(i);
        total += column_width(i) + (i == 0 ? 0 : kGap);
    }
    for (std::size_t i = kept.size(); i-- > 0 && width != 0 && total > width;) {
        if (!columns_[i].is_spare) continue;
        total -= column_width(i) + kGap;
        kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return kept;
}

std::string TextTable::to_string(std::size_t width) const {
    const std::vector<std::size_t> kept = columns_that_fit(width);
    std::vector<std::size_t> widths;
    for (const std::size_t column : kept) widths.push_back(column_width(column));
    std::string text;
    const auto append_line = [&](const auto& cell_of) {
        std::string line;
        for (std::size_t i = 0; i < kept.size(); ++i) {
            append_cell(line, cell_of(kept[i]), widths[i], columns_[kept[i]].align);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    };
    append_line([&](std::size_t column) -> const std::string& { return columns_[column].title; });
    for (const auto& row : rows_) {
        append_line([&](std::size_t column) -> const std::string& { return row[column]; });
    }
    return text;
}

}  // namespace millrace
