// What a request costs between its bytes and its fields.
#include "protocol/message/fetch.hpp"
#include "protocol/message/produce.hpp"
#include "tests/support/requests.hpp"

#include <benchmark/benchmark.h>

namespace millrace {
namespace {

constexpr std::int16_t kProduceVersion = 9;
constexpr std::int16_t kFetchVersion = 12;

/// Partitions with a batch of 1 KiB each.
ProduceRequest produce_to_many(std::int64_t partitions, ByteView batch) {
    ProduceRequest request = produce_to("topic", 0, batch, 1);
    for (std::int32_t i = 1; i < partitions; ++i) {
        auto& more = request.topics[0].partitions.emplace_back();
        more.index = i;
        more.records = batch;
    }
    return request;
}

void measure_decode_produce_request(benchmark::State& state) {
    const Bytes batch(1 << 10);
    Writer writer;
    produce_to_many(state.range(0), batch).encode(writer, kProduceVersion);
    const Bytes bytes = writer.to_bytes();
    for (auto _ : state) {
        Reader reader(bytes);
        const auto request = ProduceRequest::decode(reader, kProduceVersion);
        benchmark::DoNotOptimize(request);
    }
}
BENCHMARK(measure_decode_produce_request)->Name("decode_produce_request")->Arg(1)->Arg(16);

void measure_encode_produce_response(benchmark::State& state) {
    ProduceResponse response;
    auto& topic = response.topics.emplace_back();
    topic.name = "topic";
    topic.partitions.resize(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        Writer writer;
        response.encode(writer, kProduceVersion);
        benchmark::DoNotOptimize(writer);
    }
}
BENCHMARK(measure_encode_produce_response)->Name("encode_produce_response")->Arg(1)->Arg(16);

void measure_decode_fetch_request(benchmark::State& state) {
    FetchRequest request = fetch_from("topic", 0, 500);
    for (std::int32_t i = 1; i < state.range(0); ++i) {
        request.topics[0].partitions.push_back(request.topics[0].partitions[0]);
    }
    Writer writer;
    request.encode(writer, kFetchVersion);
    const Bytes bytes = writer.to_bytes();
    for (auto _ : state) {
        Reader reader(bytes);
        const auto decoded = FetchRequest::decode(reader, kFetchVersion);
        benchmark::DoNotOptimize(decoded);
    }
}
BENCHMARK(measure_decode_fetch_request)->Name("decode_fetch_request")->Arg(1)->Arg(16);

}  // namespace
}  // namespace millrace
