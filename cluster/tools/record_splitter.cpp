#include "cluster/tools/record_splitter.hpp"

#include <algorithm>
#include <utility>

namespace millrace {

void RecordSplitter::add(std::string_view input) {
    text_.erase(0, at_);
    searched_ -= std::min(searched_, at_);
    at_ = 0;
    text_ += input;
}

std::optional<std::string_view> RecordSplitter::next() {
    const std::size_t end = text_.find(separator_, std::max(at_, searched_));
    if (end == std::string::npos) {
        // A separator may have begun at the very end.
        const std::size_t begun = std::min(text_.size(), separator_.size() - 1);
        searched_ = std::max(at_, text_.size() - begun);
        return std::nullopt;
    }
    const std::string_view record = std::string_view(text_).substr(at_, end - at_);
    at_ = searched_ = end + separator_.size();
    return record;
}

std::optional<std::string_view> RecordSplitter::rest() {
    if (at_ == text_.size()) return std::nullopt;
    return std::string_view(text_).substr(std::exchange(at_, text_.size()));
}

KeyAndValue split_key(std::string_view record, const std::optional<std::string>& separator) {
    if (!separator) return {std::nullopt, record};
    const std::size_t at = record.find(*separator);
    if (at == std::string_view::npos) return {std::nullopt, record};
    return {record.substr(0, at), record.substr(at + separator->size())};
}

}  // namespace millrace
