#include "cluster/tools/terminal.hpp"

#include <cerrno>

namespace millrace {

Task<Result<void>> Output::flush() {
    std::size_t written = 0;
    while (written < text_.size()) {
        iovec slice{text_.data() + written, text_.size() - written};
        const auto done = co_await perform(world_, {.kind = IoKind::kWriteAt,
                                                    .handle = handle_,
                                                    .offset = kWhereItStands,
                                                    .data = &slice,
                                                    .size = 1});
        if (!done && done.error() == system_error(EINTR)) continue;
        if (!done) co_return done.error();
        written += *done;
    }
    text_.clear();
    co_return Result<void>();
}

Task<Result<std::size_t>> read_input(World& world, std::int32_t handle, MutableBytes into) {
    for (;;) {
        const auto done = co_await perform(world, {.kind = IoKind::kReadAt,
                                                   .handle = handle,
                                                   .offset = kWhereItStands,
                                                   .data = into.data(),
                                                   .size = into.size()});
        if (!done && done.error() == system_error(EINTR)) continue;
        if (!done) co_return done.error();
        co_return static_cast<std::size_t>(*done);
    }
}

}  // namespace millrace
