// Results and errors: expected failures are values, from the first floor to the last.
//
// A Result<T> holds a T or an error code. The code is either an Errc (what Millrace itself has to
// say) or an errno in the system category (what the kernel said). Kafka's codes appear only at the
// edge, in protocol/error_code.hpp.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <string_view>
#include <type_traits>

namespace millrace {

enum class Errc {
    kEndOfStream = 1,     // the peer closed its side, or a file ended inside what was asked for
    kCancelled,           // the operation was withdrawn before it took effect
    kTimedOut,            // a deadline passed first
    kStopping,            // the component is closing and takes no new work
    kMalformed,           // bytes that their format does not allow
    kTooLarge,            // a size or count over its named limit
    kUnsupportedVersion,  // a version outside the range that is served
    kUnsupportedCodec,    // a compression codec that is not known or not allowed here
    kCorruptBatch,        // a record batch whose checksum or header does not hold
    kInvalidRecord,       // a well-formed batch that a broker must not accept
    kInvalidTimestamp,    // a record's timestamp is outside what the topic allows
    kBatchTooLarge,       // a batch over max.message.bytes
    kBatchSetTooLarge,    // an append over segment.bytes
    kOffsetOutOfRange,    // below the log start or above the log end
    kOutOfOrderSequence,  // a producer's batch that doesn't go on where its last one ends
    kStaleProducerEpoch,  // a newer epoch of the producer is known
    kInvalidTransaction,  // a batch outside of the producer's open transaction
    kUnknownTopic,        // no such topic or partition here
    kInvalidTopic,        // a topic name that Kafka does not allow
    kStorageFailed,       // the directory was taken out of service
    kDirectoryInUse,      // another process holds the directory's lock
    kWrongDirectory,      // the directory belongs to another cluster or broker
    kDamaged,             // bytes that were on stable storage are gone or changed
    kInvalidConfig,       // a configuration value that cannot be used
};

const boost::system::error_category& millrace_category() noexcept;

inline boost::system::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), millrace_category()};
}

using Error = boost::system::error_code;

template <class T>
using Result = boost::system::result<T, Error>;

/// The error of a failed system call or completion. `errno_value` is positive.
inline Error system_error(int errno_value) noexcept {
    return {errno_value, boost::system::system_category()};
}

}  // namespace millrace

template <>
struct boost::system::is_error_code_enum<millrace::Errc> : std::true_type {};
