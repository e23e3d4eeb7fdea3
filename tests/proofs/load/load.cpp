#include "tests/proofs/load/load.hpp"

#include "protocol/message/produce.hpp"
#include "tests/proofs/load/records.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <thread>
#include <unistd.h>

namespace millrace::load {
namespace {

constexpr std::int16_t kProduceVersion = 9;

ProduceRequest request_for(const std::string& topic, std::size_t partition, ByteView batch) {
    ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 30'000;
    auto& wanted = request.topics.emplace_back();
    wanted.name = topic;
    wanted.partitions.emplace_back().index = static_cast<std::int32_t>(partition);
    wanted.partitions.back().records = batch;
    return request;
}

bool is_acknowledged(const std::optional<ProduceResponse>& response) {
    return response && response->topics.size() == 1 && response->topics[0].partitions.size() == 1 &&
           response->topics[0].partitions[0].error_code == 0;
}

/// One connection's share of the load. The batch is made once: its content costs the client
/// nothing.
class Lane {
public:
    Lane(const Shape& shape, std::size_t index, std::size_t partitions)
        : shape_(shape),
          partitions_(partitions),
          next_partition_(index),
          left_(shape.requests / shape.connections),
          batch_(make_numbered_batch(0, 0, shape.batch_records, shape.record_bytes)) {}

    Measured measured;

    void run(std::uint16_t port) {
        if (!connection_.open(port)) return;
        begun_ = now_ns();
        measured.latency_us.reserve(left_);
        while ((left_ > 0 || !due_.empty()) && send_what_is_due() && take_answers()) {
        }
        measured.seconds = static_cast<double>(now_ns() - begun_) * 1e-9;
        measured.errors += left_ + due_.size();
    }

private:
    std::int64_t due_time() const {
        if (shape_.rate <= 0) return now_ns();
        const double period = static_cast<double>(shape_.connections) / shape_.rate;
        return begun_ + static_cast<std::int64_t>(static_cast<double>(sent_) * period * 1e9);
    }

    bool send_what_is_due() {
        while (left_ > 0 && due_.size() < shape_.window) {
            const std::int64_t due = due_time();
            if (due > now_ns()) break;
            const ProduceRequest request =
                request_for(shape_.topic, next_partition_++ % partitions_, batch_);
            due_.push_back(due);
            --left_;
            if (!connection_.send(encode_request(request, kProduceVersion, ++sent_))) return false;
        }
        return true;
    }

    bool take_answers() {
        std::int64_t wait_us = 1'000'000;
        if (left_ > 0 && due_.size() < shape_.window)
            wait_us = std::clamp<std::int64_t>((due_time() - now_ns()) / 1000, 0, wait_us);
        for (;;) {
            const Received received = connection_.receive(frame_, wait_us);
            if (received != Received::kFrame) return received == Received::kNothing;
            wait_us = 0;
            if (due_.empty()) return false;
            measured.latency_us.push_back((now_ns() - due_.front()) / 1000);
            due_.pop_front();
            ++measured.requests;
            if (!is_acknowledged(decode_response<ProduceResponse>(frame_, kProduceVersion)))
                ++measured.errors;
        }
    }

    const Shape& shape_;
    const std::size_t partitions_;
    std::size_t next_partition_;
    std::uint64_t left_;
    const Bytes batch_;
    Connection connection_;
    std::deque<std::int64_t> due_;
    Bytes frame_;
    std::int64_t begun_{};
    std::int32_t sent_{};
};

}  // namespace

std::int64_t Measured::percentile(double share) const {
    if (latency_us.empty()) return -1;
    const auto at = static_cast<std::size_t>(share * static_cast<double>(latency_us.size() - 1));
    return latency_us[at];
}

Measured run_load(std::uint16_t port, const Shape& shape) {
    Measured sum;
    Connection connection;
    const std::size_t partitions =
        connection.open(port) ? make_topic(connection, shape.topic) : std::size_t{0};
    if (partitions == 0) {
        sum.errors = shape.requests;
        return sum;
    }
    std::vector<std::unique_ptr<Lane>> lanes;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < shape.connections; ++i)
        lanes.push_back(std::make_unique<Lane>(shape, i, partitions));
    for (const auto& lane : lanes) threads.emplace_back([&lane, port] { lane->run(port); });
    for (std::thread& thread : threads) thread.join();
    for (const auto& lane : lanes) {
        sum.requests += lane->measured.requests;
        sum.errors += lane->measured.errors;
        sum.seconds = std::max(sum.seconds, lane->measured.seconds);
        sum.latency_us.insert(sum.latency_us.end(), lane->measured.latency_us.begin(),
                              lane->measured.latency_us.end());
    }
    std::sort(sum.latency_us.begin(), sum.latency_us.end());
    return sum;
}

std::int64_t first_acknowledged(std::uint16_t port, const std::string& topic) {
    const Bytes batch = make_numbered_batch(0, 0, 1, 100);
    const ProduceRequest request = request_for(topic, 0, batch);
    for (int attempt = 0; attempt < 60'000; ++attempt) {
        Connection connection;
        if (connection.open(port) && make_topic(connection, topic) > 0 &&
            is_acknowledged(connection.ask<ProduceResponse>(request, kProduceVersion)))
            return now_ns();
        ::usleep(1000);
    }
    return 0;
}

}  // namespace millrace::load
