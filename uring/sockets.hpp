// Sockets before they are on the ring: resolving, binding, options. Called at start-up and once per
// connection; nothing here waits for a peer, and only a name that is no address waits for a name
// server.
#pragma once

#include "core/runtime/io_request.hpp"

#include <cstdint>
#include <netinet/in.h>
#include <string>

namespace millrace {

/// An address, or empty: it needs no name server.
bool is_numeric(const char* host);

/// A listening socket, or a negated errno. An empty `host` listens on all addresses, IPv6 and IPv4.
/// `port` is replaced by the one that was bound.
std::int32_t listen_on(const char* host, std::uint16_t& port, ListenMode mode);

/// The address of `host` and a fresh socket for its family; a negated errno when there is none.
std::int32_t prepare_connect(const char* host, std::uint16_t port, sockaddr_storage& address,
                             socklen_t& length);

/// The numeric host of a connected socket's own end; an IPv4 address as such, also on a socket for
/// both families. Zero or a negated errno.
std::int32_t local_address(std::int32_t handle, std::string& host);
/// The same of its peer.
std::int32_t peer_address(std::int32_t handle, std::string& host);

/// Kafka's options of a connected socket: no delay, keep-alive.
void set_connection_options(std::int32_t handle);

}  // namespace millrace
