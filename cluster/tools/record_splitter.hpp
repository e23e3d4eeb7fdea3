// Cuts input into records, and records into key and value.
#pragma once

#include "core/base/bytes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace millrace {

/// Holds what of the input isn't a whole record yet.
class RecordSplitter {
public:
    /// `separator` ends a record, except the last of the input, and isn't empty.
    explicit RecordSplitter(std::string separator) : separator_(std::move(separator)) {}

    /// Ends what next() gave out.
    void add(std::string_view input);
    /// The next whole record; borrowed until add().
    std::optional<std::string_view> next();
    /// What is left behind the last separator; nothing when it is nothing.
    std::optional<std::string_view> rest();
    /// Bytes of the record that isn't whole yet.
    std::size_t held() const { return text_.size() - at_; }

private:
    const std::string separator_;
    std::string text_;
    std::size_t at_{};        // of the next record
    std::size_t searched_{};  // no separator begins before it
};

struct KeyAndValue {
    std::optional<std::string_view> key;
    std::string_view value;
};

/// In front of the first separator and behind it. Without a separator in it, all is the value.
KeyAndValue split_key(std::string_view record, const std::optional<std::string>& separator);

}  // namespace millrace
