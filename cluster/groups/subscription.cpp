#include "cluster/groups/subscription.hpp"

#include "protocol/wire.hpp"

namespace millrace {

std::optional<std::vector<std::string>> subscribed_topics(ByteView metadata) {
    Reader reader(metadata);
    const auto version = reader.read<std::int16_t>();
    if (!reader.ok() || version < 0) return std::nullopt;
    const auto count = reader.read_count(false, 2);
    if (!count) return std::nullopt;
    std::vector<std::string> topics;
    for (std::size_t i = 0; i < *count; ++i) {
        const auto length = reader.read_string_length(false);
        if (!length) return std::nullopt;
        topics.emplace_back(as_text(reader.read_span(*length)));
    }
    const auto user_data = reader.read_bytes_length(false);  // nothing is null
    if (user_data) (void)reader.read_span(*user_data);
    if (!reader.ok()) return std::nullopt;
    return topics;
}

}  // namespace millrace
