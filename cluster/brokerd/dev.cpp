#include "cluster/brokerd/dev.hpp"

namespace millrace {

Properties dev_properties(const std::string& folder, std::uint16_t port) {
    // No host to advertise: a client in a container is told the address by which it came.
    return {{"listeners", "PLAINTEXT://:" + std::to_string(port)},
            {"log.dirs", folder},
            {"admin.listener", ""},
            {"shards", "1"},
            {"cache.bytes", "67108864"},
            {"journal.bytes", "67108864"}};
}

}  // namespace millrace
