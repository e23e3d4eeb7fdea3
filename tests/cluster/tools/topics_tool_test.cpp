#include "tests/cluster/tools/tool_test.hpp"

namespace millrace {
namespace {

class TopicsTool : public ToolTest {};

TEST_P(TopicsTool, AllOfThemWithALineForEach) {
    with_tools([](Tools& tools) -> Task<> {
        TopicsOptions wish;
        const Ran none = co_await tools.run(wish);
        EXPECT_EQ(none.said, "no topics yet\n");
        co_await tools.fill("orders", "a\n");
        co_await tools.fill("invoices", "");
        tools.set_columns(50);
        const Ran some = co_await tools.run(wish);
        EXPECT_TRUE(some.is_fine());
        EXPECT_EQ(some.said,
                  "TOPIC     PARTITIONS  REPLICAS  STATE\n"
                  "invoices           2         1  ok\n"
                  "orders             2         1  ok\n");
    });
}

TEST_P(TopicsTool, ThePartitionsOfThoseThatAreNamed) {
    with_tools([](Tools& tools) -> Task<> {
        co_await tools.fill("orders", "a\nb\nc\n");
        TopicsOptions wish;
        wish.names = {"orders", "orders"};
        const Ran ran = co_await tools.run(wish);
        EXPECT_EQ(ran.said,
                  "TOPIC   PARTITION  LEADER  BEGIN  END  OFFSETS  REPLICAS  IN SYNC\n"
                  "orders          0       0      0    3        3  0         0\n"
                  "orders          1       0      0    0        0  0         0\n");
        wish.json = true;
        const Ran json = co_await tools.run(wish);
        EXPECT_NE(json.said.find(R"({"partition":0,"leader":0,"begin":0,"end":3,)"
                                 R"("replicas":[0],"in_sync":[0]})"),
                  std::string::npos)
            << json.said;
    });
}

TEST_P(TopicsTool, AMistypedNameIsAnsweredWithTheNearest) {
    with_tools([](Tools& tools) -> Task<> {
        co_await tools.fill("orders", "");
        TopicsOptions wish;
        wish.names = {"oders"};
        const Ran ran = co_await tools.run(wish);
        EXPECT_EQ(ran.exit, ToolExit::kRefused);
        EXPECT_EQ(ran.said, "");
        EXPECT_EQ(ran.complained, "millrace: there is no topic 'oders'; did you mean 'orders'?\n");
        wish.json = true;
        const Ran json = co_await tools.run(wish);
        EXPECT_EQ(json.complained,
                  R"({"error":"there is no topic 'oders'; did you mean 'orders'?"})"
                  "\n");
        wish.names.clear();
        const Ran all = co_await tools.run(wish);
        EXPECT_EQ(all.said.find("oders"), std::string::npos) << "a question makes no topic";
    });
}

TEST_P(TopicsTool, NobodyThereIsAnExitCodeOfItsOwn) {
    with_tools([](Tools& tools) -> Task<> {
        tools.set_port(1);
        const TopicsOptions wish;
        const Ran ran = co_await tools.run(wish);
        EXPECT_EQ(ran.exit, ToolExit::kUnreachable);
        EXPECT_TRUE(ran.complained.starts_with("millrace: broker 127.0.0.1:1: ")) << ran.complained;
    });
}

INSTANTIATE_TEST_SUITE_P(Shards, TopicsTool, testing::Values(1, 2));

}  // namespace
}  // namespace millrace
