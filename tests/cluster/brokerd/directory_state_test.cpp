// What the doctor finds in a directory that a broker has left in each way.
#include "core/storage/directory_state.hpp"

#include "core/storage/directory_names.hpp"
#include "tests/support/batches.hpp"
#include "tests/support/broker_test.hpp"

#include <filesystem>
#include <fstream>
#include <set>

namespace millrace {
namespace {

namespace fs = std::filesystem;

class DirectoryStateTest : public BrokerTest {
protected:
    /// A life of the broker with a batch in it; `during(path)` runs before it stops.
    template <class During>
    void live(During during) {
        with_client([this, &during](Client& client) -> Task<> {
            const MetadataRequest metadata = metadata_of("t");
            (void)co_await client.ask<MetadataResponse>(metadata, 9);
            const Bytes batch = make_batch();
            const ProduceRequest produce = produce_to("t", 0, batch, -1);
            const auto response = co_await client.ask<ProduceResponse>(produce, 9);
            EXPECT_EQ(response->topics[0].partitions[0].error_code, 0);
            during(folder_ + "/data");
        });
    }

    DirectoryState state_of(const std::string& name) {
        take_new_shards(1);
        std::optional<DirectoryState> found;
        const auto look = [this, &name, &found]() -> Task<> {
            const auto state = co_await look_at_directory(*world_, folder_ + "/" + name);
            EXPECT_TRUE(state);
            found = *state;
        };
        run(look());
        return *found;
    }

    static std::set<std::string> names_in(const std::string& path) {
        std::set<std::string> names;
        for (const auto& each : fs::recursive_directory_iterator(path)) names.insert(each.path());
        return names;
    }
};

TEST_P(DirectoryStateTest, NoneIsNewAndAStoppedOneIsClean) {
    EXPECT_EQ(state_of("data"), DirectoryState::kNew);
    take_new_shards(1);
    live([](const std::string&) {});
    const auto before = names_in(folder_ + "/data");
    EXPECT_EQ(state_of("data"), DirectoryState::kClean);
    EXPECT_EQ(names_in(folder_ + "/data"), before);
}

TEST_P(DirectoryStateTest, ACopyOfARunningOneIsUncleanUntilSomebodyElseHadIt) {
    live([this](const std::string& path) {
        fs::copy(path, folder_ + "/copy", fs::copy_options::recursive);
    });
    EXPECT_EQ(state_of("copy"), DirectoryState::kUnclean);
    // As a Java broker leaves it, once somebody took the folder away that keeps it out.
    fs::remove(folder_ + "/copy/" + std::string(kUncleanName));
    std::ofstream(folder_ + "/copy/" + std::string(kMarkerName)) << "";
    EXPECT_EQ(state_of("copy"), DirectoryState::kWrittenSince);
}

TEST_P(DirectoryStateTest, WithoutJournalAndMarkerItIsLeftByKafka) {
    fs::create_directories(folder_ + "/kafka/t-0");
    EXPECT_EQ(state_of("kafka"), DirectoryState::kUncleanKafka);
}

INSTANTIATE_TEST_SUITE_P(Shards, DirectoryStateTest, testing::Values(1));

}  // namespace
}  // namespace millrace
