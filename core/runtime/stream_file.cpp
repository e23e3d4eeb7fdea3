// The half of Stream that sends ranges of files.
#include "core/base/aligned_bytes.hpp"
#include "core/runtime/shard_call.hpp"
#include "core/runtime/shared_file.hpp"
#include "core/runtime/stream.hpp"

#include <algorithm>
#include <cerrno>

namespace millrace {
namespace {

// What is sent at once: long enough for the system call not to count, short enough for the shard's
// other work.
constexpr std::uint64_t kBytesPerSend = 512 << 10;
constexpr std::uint64_t kBytesPerRead = 256 << 10;

Counter& counter_of(DeliveryMetrics& delivery, SendMethod method) {
    switch (method) {
        case SendMethod::kMmap: return delivery.mmap;
        case SendMethod::kSplice: return delivery.splice;
        case SendMethod::kSendfile: break;
    }
    return delivery.sendfile;
}

}  // namespace

/// One send of what the page cache has; 0 when it hasn't got the first byte.
Task<Result<std::uint64_t>> Stream::send_resident(const Part& part, std::uint64_t offset) {
    const std::uint64_t left = part.offset + part.size - offset;
    const auto done = co_await perform(*world_, {.kind = IoKind::kSendFile,
                                                 .flags = static_cast<std::uint32_t>(part.method),
                                                 .handle = handle_,
                                                 .other_handle = part.file->handle(),
                                                 .offset = offset,
                                                 .size = std::min(left, kBytesPerSend)});
    if (!done && done.error() == system_error(ENODATA)) co_return std::uint64_t{0};
    if (!done) co_return done.error();
    if (*done == 0) co_return Errc::kEndOfStream;
    counter_of(world_->metrics().delivery, part.method).add(*done);
    note_sent(*done);
    co_return std::uint64_t{*done};
}

Task<Result<std::uint64_t>> Stream::send_by_memory(const Part& part, std::uint64_t offset) {
    const std::uint64_t left = part.offset + part.size - offset;
    AlignedBytes memory(std::min(left, kBytesPerRead));
    const auto read = co_await perform(*world_, {.kind = IoKind::kReadAt,
                                                 .handle = part.file->handle(),
                                                 .offset = offset,
                                                 .data = memory.data(),
                                                 .size = memory.size()});
    if (!read) co_return read.error();
    if (*read == 0) co_return Errc::kEndOfStream;
    iovec slice{memory.data(), *read};
    const auto sent = co_await send_all(std::span(&slice, 1), *read < left);
    if (!sent) co_return sent.error();
    world_->metrics().delivery.late.add(*read);
    co_return std::uint64_t{*read};
}

Task<Result<void>> Stream::send_file(const Part& part) {
    SharedFile* const file = part.file.get();
    const std::uint64_t end = part.offset + part.size;
    std::uint64_t offset = part.offset;
    const auto enter = [file, offset, end] { return file->enter(offset, end); };
    ShardCall entered(*world_, file->home(), enter);
    SharedFile::Reader* const reader = co_await entered.run();
    std::uint64_t missed_at = end;
    Result<void> outcome;
    while (outcome && offset < end) {
        auto sent = co_await send_resident(part, offset);
        if (sent && *sent == 0) {
            // Brought in, and gone again or never seen there: enough of it.
            const bool hopeless = std::exchange(missed_at, offset) == offset;
            if (hopeless) {
                sent = co_await send_by_memory(part, offset);
            } else {
                const auto bring = [=] { return file->bring_in(reader, offset, end); };
                ShardCall brought(*world_, file->home(), bring);
                outcome = co_await brought.run();
            }
        }
        if (!sent) outcome = sent.error();
        if (sent) offset += *sent;
    }
    const auto leave = [=] { return file->leave(reader, offset); };
    ShardCall left(*world_, file->home(), leave);
    co_await left.run();
    co_return outcome;
}

}  // namespace millrace
