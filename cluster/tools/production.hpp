// One run of `millrace produce`: what it has read, and where it goes.
#pragma once

#include "cluster/tools/produce_tool.hpp"
#include "cluster/tools/progress.hpp"
#include "cluster/tools/record_splitter.hpp"

namespace millrace {

/// Lives on one shard, for one run.
class Production {
public:
    Production(Cluster& cluster, const ProduceOptions& options, const Terminal& terminal,
               std::int32_t partitions);

    Task<Outcome<>> run();

private:
    /// Of a regular file, from where it stands; 0 for anything else.
    Task<std::int64_t> size_of(std::int32_t handle);
    Task<Outcome<>> send_files();
    Task<Outcome<>> send_input();
    Task<Outcome<>> send_file(const std::string& path);
    /// `name` is what a failure to read calls it.
    Task<Outcome<>> send_all_of(std::int32_t handle, const std::string& name);
    void take_record(std::string_view record);
    Task<Outcome<>> flush();
    Task<Outcome<>> end();
    std::string as_json() const;

    Cluster& cluster_;
    const ProduceOptions& options_;
    const Terminal& terminal_;
    RecordSender sender_;
    Partitioner partitioner_;
    Progress progress_;
    std::int64_t read_{};
    std::int64_t total_{};  // bytes of the file that is read; 0: not known
};

}  // namespace millrace
