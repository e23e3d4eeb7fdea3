// What the keys of a broker have to be together: the rules that Kafka has between them.
#pragma once

#include "core/config/values.hpp"

namespace millrace {

/// Reads the listeners into `config`, and checks all keys that name one.
void read_listeners(Values& values, BrokerConfig& config);

/// Every other rule between keys. REQUIRES: each value by itself is one that its key may have.
void check_together(Values& values);

}  // namespace millrace
