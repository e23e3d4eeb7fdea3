// Judges keys of a configuration, a line of standard input each: WHOSE (broker or topic), then KEY
// and VALUE in base64 (a dash for nothing). Writes a line for each: accepted, unbuilt (right, but
// asks for what isn't built here), or refused, and why.
#include "core/config/config.hpp"
#include "core/config/topic_keys.hpp"

#include <array>
#include <iostream>
#include <sstream>
#include <string>

namespace millrace {
namespace {

std::string decoded(const std::string& base64) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : base64) {
        const std::size_t digit = kDigits.find(c);
        if (digit == std::string_view::npos) break;
        bits = (bits << 6) | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes.push_back(static_cast<char>(bits >> count));
    }
    return bytes;
}

std::string judge_broker(const Properties& given) {
    const ConfigReading reading = read_config(given);
    if (reading.problems.empty()) return "accepted";
    if (reading.problems.size() == reading.refusals) return "unbuilt " + reading.problems[0];
    return "refused " + reading.problems[0];
}

std::string judge_topic(const Properties& given) {
    const TopicConfigReading reading = read_topic_config(topic_defaults({}), given);
    if (reading.problem.text.empty()) return "accepted";
    return "refused " + reading.problem.text;
}

std::string without_breaks(std::string line) {
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < ' ') c = ' ';
    }
    return line;
}

}  // namespace
}  // namespace millrace

int main() {
    using namespace millrace;
    std::string line;
    while (std::getline(std::cin, line)) {
        std::istringstream words(line);
        std::string whose;
        std::string key;
        std::string value;
        words >> whose >> key >> value;
        const Properties given{{decoded(key), decoded(value)}};
        std::cout << without_breaks(whose == "topic" ? judge_topic(given) : judge_broker(given))
                  << '\n';
    }
    return 0;
}
