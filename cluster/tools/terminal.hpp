// What a tool has of the process that it runs in: three handles, and what is known of them.
#pragma once

#include "core/base/bytes.hpp"
#include "core/runtime/operation.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace {

struct Terminal {
    static bool never() { return false; }

    std::int32_t input = 0;
    std::int32_t output = 1;
    std::int32_t messages = 2;
    std::size_t columns = 0;  // of the output; 0: it isn't a screen, lines have any length
    bool shows_progress{};    // somebody watches the messages, and the output goes elsewhere
    /// Whether somebody has asked for an early end.
    bool (*interrupted)() = &Terminal::never;
};

/// Text on its way to a handle of the process. Whoever adds to it flushes it.
class Output {
public:
    Output(World& world, std::int32_t handle) : world_(world), handle_(handle) {}

    void add(std::string_view text) { text_ += text; }
    void add(ByteView bytes) { text_ += as_text(bytes); }
    /// Writes all that was added. The error is the kernel's: EPIPE when the reader has gone.
    Task<Result<void>> flush();

private:
    World& world_;
    std::int32_t handle_;
    std::string text_;
};

/// Bytes read, at least one; 0 at the end of the input. A file is read from where it stands.
Task<Result<std::size_t>> read_input(World& world, std::int32_t handle, MutableBytes into);

}  // namespace millrace
