// The command line of the proofs' client. `promises` is led by commands on standard input, one
// answer line each; the other verbs do one thing and print one line.
#include "tests/proofs/load/kept_promises.hpp"
#include "tests/proofs/load/load.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>

namespace millrace::load {
namespace {

constexpr const char* kUsage =
    "usage: millrace_load promises TOPIC SEED        commands: prepare PORT, verify PORT, "
    "verify-all "
    "PORT,\n"
    "                                                produce PORT RATE CONNECTIONS\n"
    "       millrace_load first PORT TOPIC           the moment of the first acknowledged record\n"
    "       millrace_load produce PORT [name=value]  topic connections window batch bytes rate "
    "requests\n";

void answer(const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
}

std::string told(const Verdict& verdict) {
    if (!verdict.violation.empty()) return "violation " + verdict.violation;
    return fmt::format("verified records={} acknowledged={} repeats={}", verdict.records,
                       verdict.acknowledged, verdict.repeats);
}

std::string told(const Life& life) {
    return fmt::format(
        "produced sent={} acknowledged={} retried={} errors={} seconds={:.3f}", life.sent,
        life.acknowledged, life.retried, life.errors,
        static_cast<double>(std::max<std::int64_t>(life.last_ack_ns - life.begun_ns, 0)) * 1e-9);
}

int keep_promises(const std::string& topic, std::uint64_t seed) {
    KeptPromises promises(topic, seed);
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        std::string verb;
        std::uint16_t port = 0;
        double rate = 0;
        std::size_t connections = 0;
        words >> verb >> port >> rate >> connections;
        if (verb == "prepare") {
            answer(promises.prepare(port) ? "prepared" : "violation the topic isn't as it was");
        } else if (verb == "verify" || verb == "verify-all") {
            answer(told(promises.verify(port, verb == "verify-all")));
        } else if (verb == "produce" && connections > 0) {
            answer(told(promises.produce(port, rate, connections)));
        } else {
            answer("violation no such command: " + line);
        }
    }
    return 0;
}

int produce(std::uint16_t port, int count, char** settings) {
    Shape shape;
    for (int i = 0; i < count; ++i) {
        const std::string setting = settings[i];
        const auto equals = setting.find('=');
        const std::string name = setting.substr(0, equals);
        const std::string value = equals == std::string::npos ? "" : setting.substr(equals + 1);
        const auto number = std::strtoull(value.c_str(), nullptr, 10);
        if (name == "topic") shape.topic = value;
        if (name == "connections") shape.connections = number;
        if (name == "window") shape.window = number;
        if (name == "batch") shape.batch_records = static_cast<std::int32_t>(number);
        if (name == "bytes") shape.record_bytes = number;
        if (name == "rate") shape.rate = static_cast<double>(number);
        if (name == "requests") shape.requests = number;
    }
    const Measured measured = run_load(port, shape);
    answer(
        fmt::format("measured requests={} errors={} seconds={:.3f} p50_us={} p99_us={} p999_us={}",
                    measured.requests, measured.errors, measured.seconds, measured.percentile(0.5),
                    measured.percentile(0.99), measured.percentile(0.999)));
    return measured.errors == 0 ? 0 : 1;
}

int run(int count, char** values) {
    const std::string verb = count > 1 ? values[1] : "";
    const auto number = [values](int at) { return std::strtoull(values[at], nullptr, 10); };
    if (verb == "promises" && count == 4) return keep_promises(values[2], number(3));
    if (verb == "first" && count == 4) {
        const auto moment = first_acknowledged(static_cast<std::uint16_t>(number(2)), values[3]);
        answer(fmt::format("first ns={}", moment));
        return moment > 0 ? 0 : 1;
    }
    if (verb == "produce" && count >= 3)
        return produce(static_cast<std::uint16_t>(number(2)), count - 3, values + 3);
    std::fputs(kUsage, stderr);
    return 2;
}

}  // namespace
}  // namespace millrace::load

int main(int count, char** values) { return millrace::load::run(count, values); }
