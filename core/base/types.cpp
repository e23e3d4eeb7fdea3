#include "core/base/types.hpp"

namespace millrace {

std::string Uuid::to_string() const {
    static constexpr char kDigits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text;
    unsigned pending = 0;
    int bits = 0;
    for (const std::byte byte : bytes) {
        pending = (pending << 8) | std::to_integer<unsigned>(byte);
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            text.push_back(kDigits[(pending >> bits) & 63]);
        }
    }
    text.push_back(kDigits[(pending << (6 - bits)) & 63]);
    return text;
}

std::string TopicPartition::folder() const { return topic + "-" + std::to_string(partition.value); }

}  // namespace millrace
