// Sends ranges of a source to a socket, each path in its own way.
#pragma once

#include "perf/netpath/plan.hpp"
#include "perf/netpath/source.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace millrace::netpath {

/// What only the sender itself can count.
struct Counts {
    std::uint64_t calls{};
    /// Of SEND_ZC: how many sends were told to be over, and how many of these the kernel copied
    /// after all.
    std::uint64_t notices{};
    std::uint64_t copied{};
};

/// Used by one thread. All calls throw std::system_error when the machine refuses the path.
class Sender {
public:
    Sender() = default;
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;
    virtual ~Sender() = default;

    /// Returns once the socket has taken the whole range.
    virtual void send(std::uint64_t offset, std::size_t size) = 0;
    /// Returns once nothing is on the way any more that could be counted.
    virtual void finish() {}

    const Counts& counts() const { return counts_; }

protected:
    Counts counts_;
};

/// No range is longer than the cell's size; `source` and `socket` outlive the sender.
std::unique_ptr<Sender> make_sender(const Cell& cell, const Source& source, int socket);

/// The two halves of make_sender(): null for a path that is not of that half.
std::unique_ptr<Sender> make_call_sender(const Cell& cell, const Source& source, int socket);
std::unique_ptr<Sender> make_ring_sender(const Cell& cell, const Source& source, int socket);

}  // namespace millrace::netpath
