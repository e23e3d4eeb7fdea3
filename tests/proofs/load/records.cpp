#include "tests/proofs/load/records.hpp"

#include "core/base/prng.hpp"
#include "tests/support/batches.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace millrace::load {
namespace {

constexpr std::size_t kValueHeaderBytes = 16;

std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

std::uint64_t seed_of(std::uint32_t partition, std::uint64_t number) {
    return mixed(number * 0x9e3779b97f4a7c15 + partition + 1);
}

void append_record(Bytes& out, std::int32_t delta, std::uint32_t partition, std::uint64_t number,
                   std::size_t size) {
    Bytes front;
    front.push_back(std::byte{0});
    write_varlong(front, 0);
    write_varlong(front, delta);
    write_varlong(front, -1);
    write_varlong(front, static_cast<std::int64_t>(size));
    write_varlong(out, static_cast<std::int64_t>(front.size() + size + 1));
    append_bytes(out, front);
    append_value(out, partition, number, size);
    write_varlong(out, 0);
}

/// The value of the record at `position`, which moves behind it; empty when it is no record of
/// ours.
ByteView next_value(ByteView records, std::size_t& position, std::int32_t delta) {
    const auto size = read_varint(records, position);
    if (!size || *size < 0 || static_cast<std::size_t>(*size) > records.size() - position)
        return {};
    const ByteView record = records.subspan(position, static_cast<std::size_t>(*size));
    position += record.size();
    std::size_t at = 1;
    const auto timestamp = read_varlong(record, at);
    const auto offset = read_varint(record, at);
    const auto key = read_varint(record, at);
    const auto length = read_varint(record, at);
    if (!timestamp || !offset || *offset != delta || !key || *key != -1 || !length) return {};
    if (*length < 0 || static_cast<std::size_t>(*length) + 1 != record.size() - at) return {};
    return record.subspan(at, static_cast<std::size_t>(*length));
}

}  // namespace

std::size_t value_size(std::uint32_t partition, std::uint64_t number) {
    const double share = static_cast<double>(seed_of(partition, number) >> 11) * 0x1p-53;
    const double ratio = static_cast<double>(kValueBytesMax) / kValueBytesMin;
    const auto size = static_cast<std::size_t>(kValueBytesMin * std::pow(ratio, share));
    return std::clamp(size, kValueBytesMin, kValueBytesMax);
}

void append_value(Bytes& out, std::uint32_t partition, std::uint64_t number, std::size_t size) {
    const std::size_t at = out.size();
    out.resize(at + size);
    std::byte* const value = out.data() + at;
    store_be(value, partition);
    store_be(value + 4, static_cast<std::uint32_t>(size));
    store_be(value + 8, number);
    std::uint64_t state = seed_of(partition, number);
    for (std::size_t filled = kValueHeaderBytes; filled < size; filled += 8) {
        state += 0x9e3779b97f4a7c15;
        const std::uint64_t next = mixed(state);
        std::memcpy(value + filled, &next, std::min<std::size_t>(8, size - filled));
    }
}

Bytes make_numbered_batch(std::uint32_t partition, std::uint64_t first, std::int32_t count,
                          std::optional<std::size_t> fixed_size) {
    Bytes batch = make_batch({.records = 0});
    for (std::int32_t i = 0; i < count; ++i) {
        const std::uint64_t number = first + static_cast<std::uint64_t>(i);
        append_record(batch, i, partition, number,
                      fixed_size.value_or(value_size(partition, number)));
    }
    store_be(&batch[8], static_cast<std::int32_t>(batch.size() - kBatchOverheadBytes));
    store_be(&batch[23], count - 1);
    store_be(&batch[35], load_be<std::int64_t>(&batch[27]));
    store_be(&batch[57], count);
    seal(batch);
    return batch;
}

std::optional<NumberedBatch> check_numbered_batch(ByteView bytes, std::uint32_t partition) {
    const auto batch = parse_batch(bytes);
    if (!batch || !batch->crc_holds()) return std::nullopt;
    NumberedBatch found{batch->base_offset().value, 0, batch->record_count(),
                        batch->size_in_bytes()};
    const ByteView records = batch->records();
    std::size_t position = 0;
    Bytes wanted;
    for (std::int32_t i = 0; i < found.count; ++i) {
        const ByteView value = next_value(records, position, i);
        if (value.size() < kValueHeaderBytes) return std::nullopt;
        const auto number = load_be<std::uint64_t>(value.data() + 8);
        if (i == 0) found.first = number;
        if (number != found.first + static_cast<std::uint64_t>(i)) return std::nullopt;
        wanted.clear();
        append_value(wanted, partition, number, value_size(partition, number));
        if (!std::equal(value.begin(), value.end(), wanted.begin(), wanted.end()))
            return std::nullopt;
    }
    if (found.count < 1 || position != records.size()) return std::nullopt;
    return found;
}

}  // namespace millrace::load
