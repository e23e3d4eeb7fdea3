// The values of a broker's properties, by the table of its keys, and what is found wrong with them.
#pragma once

#include "core/config/config.hpp"
#include "core/config/key.hpp"
#include "core/config/listeners.hpp"
#include "core/config/properties.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// Borrows the properties, and the reading that it adds problems and warnings to. A name that it is
/// asked for is in the table.
class Values {
public:
    Values(const Properties& properties, ConfigReading& reading)
        : properties_(properties), reading_(reading) {}

    bool is_given(std::string_view name) const { return properties_.contains(name); }

    /// Given or by default.
    std::string_view text(std::string_view name) const;
    bool flag(std::string_view name) const;

    /// Zero for a value that check_all() has refused.
    template <class Int = std::int64_t>
    Int integer(std::string_view name) const {
        return static_cast<Int>(parse_integer(text(name)).value_or(0));
    }

    /// Which of a key's allowed words it has.
    std::size_t choice(std::string_view name) const;
    bool is_first_choice(std::string_view name) const { return choice(name) == 0; }

    /// Those that are well-formed; the others are problems.
    std::vector<Endpoint> endpoints(std::string_view name);

    /// A value that Kafka refuses too, and what would be right.
    void problem(std::string_view name, std::string_view value, std::string_view allowed);
    void problem(std::string_view name, std::string_view allowed) {
        problem(name, text(name), allowed);
    }
    /// A value that asks for what isn't built here, and what to do.
    void refuse(std::string_view name, std::string_view value, std::string_view remedy);

    /// Nothing so far that Kafka would refuse.
    bool fine() const { return reading_.problems.size() == reading_.refusals; }

    /// Type, range and words of everything that is given; names what has no effect.
    void check_all();

private:
    void check(const KeyDescription& key, std::string_view value);
    void note_unknown(std::string_view name);
    void note_harmless(std::string_view name);

    const Properties& properties_;
    ConfigReading& reading_;
};

}  // namespace millrace
