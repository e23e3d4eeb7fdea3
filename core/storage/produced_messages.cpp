#include "core/storage/produced_messages.hpp"

#include "core/storage/batch_builder.hpp"
#include "core/storage/message_set.hpp"
#include "core/storage/target_codec.hpp"

namespace millrace {
namespace {

// A record's headers: their count, zero.
constexpr std::array kNoHeaders = {std::byte{0}};

Accepted refused(const Error& error) { return {.refusal = {.error = error}}; }

/// What stands side by side in the set, before anything is looked into.
struct Outline {
    std::size_t size{};  // of the whole messages
    std::int32_t count{};
    Codec codec = Codec::kNone;
    bool same_format = true;
};

Result<Outline> outline_of(ByteView records, std::int32_t bytes_max) {
    Outline outline;
    for (;;) {
        const ByteView rest = records.subspan(outline.size);
        const Front front = look_at_front(rest);
        if (front == Front::kCorrupt) return Errc::kCorruptBatch;
        if (front == Front::kNothing) return outline;
        const std::size_t size = RecordBatchView(rest).size_in_bytes();
        if (size > static_cast<std::size_t>(bytes_max)) return Errc::kBatchTooLarge;
        outline.same_format = outline.same_format && rest[16] == records[16];
        if (static_cast<std::int8_t>(rest[16]) <= kMessageMagicMax) {
            const ByteView body = rest.first(size).subspan(kBatchOverheadBytes);
            const auto message = parse_message(load_be<std::int64_t>(rest.data()), body);
            if (!message) return message.error();
            if (message->codec_bits() > static_cast<std::uint8_t>(Codec::kZstd)) {
                return Errc::kUnsupportedCodec;
            }
            if (message->is_wrapper()) outline.codec = static_cast<Codec>(message->codec_bits());
        }
        outline.size += size;
        ++outline.count;
    }
}

/// Messages on their way into a batch.
class Conversion {
public:
    Conversion(const ProduceRules& rules, Codec source, Decompressor& decompressor)
        : rules_(rules),
          reader_(decompressor),
          builder_(target_frame(rules, source)),
          limit_(static_cast<std::size_t>(rules.topic.max_message_bytes)) {}

    /// A message as it stands in the set, wrapper or not.
    Refusal add(const OldMessage& message) {
        RecordChecks checks(rules_, message.is_append_time(), RecordDetail::kWhole);
        if (message.is_wrapper()) {
            const auto read = reader_.read(
                message, [this, &checks](const OldMessage& inner) { add_one(inner, checks); });
            if (!read) return {.error = refusal_of(read.error())};
        } else {
            add_one(message, checks);
        }
        Refusal refusal = std::move(checks).verdict();
        if (!refusal.error && !times_hold_) refusal.error = Errc::kMalformed;
        return refusal;
    }

    Accepted finish() && {
        Accepted accepted;
        accepted.rebuilt = std::move(builder_).finish();
        if (accepted.rebuilt.size() > limit_) return refused(Errc::kBatchTooLarge);
        accepted.batch = accepted.rebuilt;
        return accepted;
    }

private:
    static Error refusal_of(const Error& error) {
        const bool too_large = error == make_error_code(Errc::kTooLarge);
        return too_large ? make_error_code(Errc::kBatchTooLarge) : error;
    }

    void add_one(const OldMessage& message, RecordChecks& checks) {
        checks.check({message.offset, message.timestamp, field_size(message.key),
                      field_size(message.value)});
        times_hold_ = times_hold_ && message.timestamp >= kNoTimestamp;
        // What would be too large is only checked from here on.
        if (builder_.size_so_far() <= limit_) {
            builder_.append(message.timestamp, message.key, message.value, kNoHeaders);
        }
    }

    const ProduceRules& rules_;
    WrapperReader reader_;
    BatchBuilder builder_;
    std::size_t limit_;
    bool times_hold_ = true;
};

/// The next message of a set whose outline holds.
OldMessage next_message(ByteView records, std::size_t& at) {
    const ByteView rest = records.subspan(at);
    const std::size_t size = RecordBatchView(rest).size_in_bytes();
    at += size;
    const ByteView body = rest.first(size).subspan(kBatchOverheadBytes);
    return *parse_message(load_be<std::int64_t>(rest.data()), body);
}

}  // namespace

Accepted accept_messages(MutableBytes records, const ProduceRules& rules,
                         Decompressor& decompressor) {
    const auto outline = outline_of(records, rules.topic.max_message_bytes);
    if (!outline) return refused(outline.error());
    if (outline->count == 0) return {};
    const bool one_only =
        static_cast<std::int8_t>(records[16]) == kMagic || outline->codec != Codec::kNone;
    if (!outline->same_format || (one_only && outline->count > 1)) {
        return refused(Errc::kInvalidRecord);
    }
    if (static_cast<std::int8_t>(records[16]) == kMagic) {
        if (outline->size < kBatchHeaderBytes) return refused(Errc::kCorruptBatch);
        return accept_produced(records.first(outline->size), rules, decompressor);
    }
    Conversion conversion(rules, outline->codec, decompressor);
    for (std::size_t at = 0; at < outline->size;) {
        Refusal refusal = conversion.add(next_message(records, at));
        if (refusal.error) return {.refusal = std::move(refusal)};
    }
    return std::move(conversion).finish();
}

}  // namespace millrace
