#include "tests/protocol/message/message_case.hpp"

#include "tests/protocol/all_messages.hpp"

namespace millrace {
namespace {

template <class Message>
Instance make(std::int16_t version, std::optional<std::uint64_t> seed, Strings strings) {
    Filler filler(seed.value_or(0), strings);
    Message message;
    if (seed) visit(message, version, filler);
    Writer writer;
    message.encode(writer, version);
    if (!writer.ok()) return {{}, writer.error(), false};
    Instance instance{writer.to_bytes(), {}, false};
    Reader reader(instance.bytes);
    const auto decoded = Message::decode(reader, version);
    instance.comes_back = decoded && *decoded == message && reader.remaining() == 0 &&
                          instance.bytes.size() == writer.size();
    return instance;
}

template <class Message>
Result<void> decode(ByteView bytes, std::int16_t version) {
    Reader reader(bytes);
    const auto decoded = Message::decode(reader, version);
    if (!decoded) return decoded.error();
    return {};
}

}  // namespace

const std::vector<MessageCase>& all_messages() {
    static const std::vector<MessageCase> cases = [] {
        std::vector<MessageCase> found;
        for_each_message([&found]<class Message>(std::string name, std::string role) {
            found.push_back(
                {Message::kApiKey, role, name, Message::kVersions, make<Message>, decode<Message>});
        });
        return found;
    }();
    return cases;
}

}  // namespace millrace
