// What goes out by a stream, in parts that are not copied: bytes in somebody's memory, or a range
// of an open file. A part holds what it names.
#pragma once

#include "core/base/bytes.hpp"
#include "core/runtime/delivery.hpp"

#include <boost/container/small_vector.hpp>

#include <memory>

namespace millrace {

class SharedFile;

/// Copies name the same bytes. What a part names never changes while it is held.
struct Part {
    static Part in_memory(ByteView bytes, std::shared_ptr<const void> owner) {
        return {bytes, std::move(owner), nullptr, 0, bytes.size(), SendMethod::kSendfile};
    }
    static Part in_file(std::shared_ptr<SharedFile> file, std::uint64_t offset, std::size_t size,
                        SendMethod method) {
        return {{}, nullptr, std::move(file), offset, size, method};
    }

    ByteView memory;
    std::shared_ptr<const void> owner;  // null: somebody else keeps the memory
    std::shared_ptr<SharedFile> file;   // null: the bytes are in memory
    std::uint64_t offset{};
    std::size_t size{};
    SendMethod method{};
};

using Parts = boost::container::small_vector<Part, 2>;

inline std::size_t size_of(const Parts& parts) {
    std::size_t size = 0;
    for (const Part& part : parts) size += part.size;
    return size;
}

/// How much of it is memory.
inline std::size_t memory_of(const Parts& parts) {
    std::size_t size = 0;
    for (const Part& part : parts) size += part.memory.size();
    return size;
}

}  // namespace millrace
