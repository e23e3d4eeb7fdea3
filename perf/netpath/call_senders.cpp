// The paths of plain system calls, each of which blocks its thread.
#include "perf/common/fail.hpp"
#include "perf/netpath/passage.hpp"
#include "perf/netpath/pipe.hpp"
#include "perf/netpath/sender.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

namespace millrace::netpath {
namespace {

/// What a call moved; a file is never shorter than its range, so nothing is an error.
std::size_t moved(ssize_t outcome, const char* call) {
    if (outcome < 0) perf::fail(call);
    if (outcome == 0) perf::fail(call, EIO);
    return static_cast<std::size_t>(outcome);
}

/// Sends out of an address range that has all bytes of the source.
class AddressSender : public Sender {
public:
    AddressSender(const char* first, int socket) : first_(first), socket_(socket) {}

    void send(std::uint64_t offset, std::size_t size) override {
        for (std::size_t sent = 0; sent < size;) {
            ++counts_.calls;
            sent +=
                moved(::send(socket_, first_ + offset + sent, size - sent, MSG_NOSIGNAL), "send");
        }
    }

private:
    const char* first_;
    int socket_;
};

class ReadSender : public Sender {
public:
    ReadSender(int file, int socket, std::size_t size_max)
        : file_(file), socket_(socket), buffer_(perf::make_buffer(size_max)) {}

    void send(std::uint64_t offset, std::size_t size) override {
        for (Passage passage(offset, size); !passage.done();) {
            ++counts_.calls;
            if (passage.inside() > 0) {
                passage.take(moved(::send(socket_, buffer_.get() + passage.take_at(),
                                          passage.inside(), MSG_NOSIGNAL),
                                   "send"));
            } else {
                passage.put(
                    moved(::pread(file_, buffer_.get() + passage.put_at(), passage.outside(),
                                  static_cast<off_t>(passage.position())),
                          "pread"));
            }
        }
    }

private:
    int file_;
    int socket_;
    perf::Buffer buffer_;
};

class SendfileSender : public Sender {
public:
    SendfileSender(int file, int socket) : file_(file), socket_(socket) {}

    void send(std::uint64_t offset, std::size_t size) override {
        auto position = static_cast<off_t>(offset);
        for (std::size_t left = size; left > 0;) {
            ++counts_.calls;
            left -= moved(::sendfile(socket_, file_, &position, left), "sendfile");
        }
    }

private:
    int file_;
    int socket_;
};

class SpliceSender : public Sender {
public:
    SpliceSender(int file, int socket, std::size_t size_max)
        : file_(file), socket_(socket), pipe_(size_max) {}

    void send(std::uint64_t offset, std::size_t size) override {
        for (Passage passage(offset, size); !passage.done();) {
            ++counts_.calls;
            if (passage.inside() > 0) {
                passage.take(moved(::splice(pipe_.out(), nullptr, socket_, nullptr,
                                            passage.inside(), SPLICE_F_MOVE),
                                   "splice"));
            } else {
                auto position = static_cast<off_t>(passage.position());
                passage.put(
                    moved(::splice(file_, &position, pipe_.in(), nullptr,
                                   std::min(passage.outside(), pipe_.room()), SPLICE_F_MOVE),
                          "splice"));
            }
        }
    }

private:
    int file_;
    int socket_;
    Pipe pipe_;
};

}  // namespace

std::unique_ptr<Sender> make_call_sender(const Cell& cell, const Source& source, int socket) {
    const int file = source.file();
    switch (cell.path) {
        case Path::kMemory: return std::make_unique<AddressSender>(source.memory(), socket);
        case Path::kMapped: return std::make_unique<AddressSender>(source.mapped(), socket);
        case Path::kReadSend: return std::make_unique<ReadSender>(file, socket, cell.size_bytes);
        case Path::kSendfile: return std::make_unique<SendfileSender>(file, socket);
        case Path::kSplice: return std::make_unique<SpliceSender>(file, socket, cell.size_bytes);
        default: return nullptr;
    }
}

std::unique_ptr<Sender> make_sender(const Cell& cell, const Source& source, int socket) {
    auto sender = make_call_sender(cell, source, socket);
    return sender ? std::move(sender) : make_ring_sender(cell, source, socket);
}

}  // namespace millrace::netpath
