#include "core/base/result.hpp"

#include <string>

namespace millrace {
namespace {

const char* text_of(Errc errc) {
    switch (errc) {
        case Errc::kEndOfStream: return "end of stream";
        case Errc::kCancelled: return "cancelled";
        case Errc::kTimedOut: return "timed out";
        case Errc::kStopping: return "stopping";
        case Errc::kMalformed: return "malformed";
        case Errc::kTooLarge: return "over its limit";
        case Errc::kUnsupportedVersion: return "unsupported version";
        case Errc::kUnsupportedCodec: return "unsupported compression codec";
        case Errc::kCorruptBatch: return "corrupt record batch";
        case Errc::kInvalidRecord: return "record not allowed";
        case Errc::kInvalidTimestamp: return "timestamp not allowed";
        case Errc::kBatchTooLarge: return "record batch over max.message.bytes";
        case Errc::kBatchSetTooLarge: return "record batches over segment.bytes";
        case Errc::kOffsetOutOfRange: return "offset out of range";
        case Errc::kOutOfOrderSequence: return "sequence out of order";
        case Errc::kStaleProducerEpoch: return "producer epoch is over";
        case Errc::kInvalidTransaction: return "not allowed in the producer's transaction";
        case Errc::kUnknownTopic: return "unknown topic or partition";
        case Errc::kInvalidTopic: return "invalid topic name";
        case Errc::kStorageFailed: return "storage failed";
        case Errc::kDirectoryInUse: return "directory in use by another process";
        case Errc::kWrongDirectory: return "directory of another cluster or broker";
        case Errc::kDamaged: return "damaged on disk";
        case Errc::kInvalidConfig: return "invalid configuration";
    }
    return "unknown error";
}

class Category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "millrace"; }
    std::string message(int value) const override { return text_of(static_cast<Errc>(value)); }
};

}  // namespace

const boost::system::error_category& millrace_category() noexcept {
    static const Category category;
    return category;
}

}  // namespace millrace
