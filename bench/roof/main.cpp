// millrace_roof: takes the load generator's appends as no broker could take them faster: receives a
// request, takes its checksum, writes it to one file, answers. It keeps nothing, serves no reader
// and believes everything, so what it reaches is the roof of this machine, not of a design.
#include "bench/roof/roof_server.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>

int main(int argc, char** argv) {
    using millrace::bench::RoofServer;
    RoofServer::Options options;
    CLI::App app("The least that a server of appends can do. Runs until it is told to end.");
    app.add_option("--port", options.port, "on loopback")->required()->check(CLI::Range(1, 65535));
    app.add_option("--partitions", options.partitions, "that every topic has")
        ->check(CLI::Range(1, 100'000));
    app.add_option("--file", options.file,
                   "each group of requests is on stable storage in it before they are answered;"
                   " without, they are answered at once");
    CLI11_PARSE(app, argc, argv);
    try {
        RoofServer(options).run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "millrace_roof: %s\n", error.what());
    }
    return 1;
}
