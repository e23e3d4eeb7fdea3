// A value that most of its owners never need: it takes a pointer's room until it is written to.
#pragma once

#include <memory>

namespace millrace {

/// Reads as a T that was just made as long as there is none. Whatever isn't const makes one.
template <class T>
class Seldom {
public:
    const T& operator*() const { return value_ ? *value_ : none(); }
    const T* operator->() const { return &**this; }
    T& operator*() {
        if (!value_) value_ = std::make_unique<T>();
        return *value_;
    }
    T* operator->() { return &**this; }

    bool is_there() const { return value_ != nullptr; }
    void reset() { value_.reset(); }

private:
    static const T& none() {
        static const T made{};
        return made;
    }

    std::unique_ptr<T> value_;
};

}  // namespace millrace
