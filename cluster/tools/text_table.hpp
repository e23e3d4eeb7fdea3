// Aligned columns for people.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace millrace {

class TextTable {
public:
    enum class Align { kLeft, kRight };

    struct Column {
        std::string title;
        Align align = Align::kLeft;
        bool is_spare{};  // may be left out where the lines would be too long
    };

    explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

    /// REQUIRES: a cell for each column.
    void add_row(std::vector<std::string> cells);

    /// The titles and the rows, two blanks between columns, none at the end of a line. Spare
    /// columns are left out from the last one on until a line has `width` characters or fewer; 0
    /// for any length. Nothing is cut: a name is there to be copied.
    std::string to_string(std::size_t width) const;

private:
    std::size_t column_width(std::size_t column) const;
    std::vector<std::size_t> columns_that_fit(std::size_t width) const;

    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace millrace
