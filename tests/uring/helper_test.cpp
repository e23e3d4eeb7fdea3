// The helper thread: what it carries out, for any number of worlds, and how both sides end.
#include "uring/helper.hpp"

#include "core/runtime/file.hpp"
#include "core/runtime/gate.hpp"
#include "core/runtime/stream.hpp"
#include "tests/support/on_ring.hpp"

#include <sched.h>
#include <thread>
#include <unistd.h>

namespace millrace {
namespace {

class Helper : public OnRing {};

Task<> list(World& world, std::string path, std::vector<FolderEntry>& entries) {
    auto listed = co_await list_folder(world, std::move(path));
    EXPECT_TRUE(listed);
    if (listed) entries = std::move(*listed);
}

TEST_F(Helper, AFolderIsListedByTheHelperAndNotByTheLoop) {
    std::filesystem::create_directory(folder_ + "/seen_by_the_loop");
    std::vector<FolderEntry> entries;
    // A thread with a working directory of its own tells who follows a relative path.
    std::thread loop([this, &entries] {
        const auto world = RingWorld::open(RingFeatures::all()).value();
        ASSERT_EQ(unshare(CLONE_FS), 0);
        ASSERT_EQ(chdir(folder_.c_str()), 0);
        spawn(*world, stop_after(*world, list(*world, ".", entries)));
        world->run();
    });
    loop.join();
    const std::vector<FolderEntry> those_of_the_loop{{"seen_by_the_loop", true}};
    EXPECT_NE(entries, those_of_the_loop);
}

Task<> cut_and_grow(World& world, std::string path, int rounds) {
    auto file = co_await File::open(world, std::move(path), OpenMode::kCreateNew);
    for (int i = 1; i <= rounds; ++i) {
        const auto wanted = static_cast<std::uint64_t>(i) * 1000;
        EXPECT_TRUE(co_await file->truncate(wanted));
        const auto size = co_await file->size();
        EXPECT_EQ(*size, wanted);
        EXPECT_TRUE(co_await file->write_small_at(wanted - 3, as_bytes("end")));
        std::string end(3, ' ');
        EXPECT_TRUE(co_await file->read_at(wanted - 3, std::as_writable_bytes(std::span(end))));
        EXPECT_EQ(end, "end");
    }
    EXPECT_TRUE(co_await file->close());
}

Task<> do_much(World& world, std::string folder) {
    Gate gate(world);
    for (int i = 0; i < 20; ++i) {
        gate.spawn(cut_and_grow(world, folder + "/" + std::to_string(i), 20));
    }
    co_await gate.close();
}

TEST_F(Helper, ServesSeveralWorldsAtOnce) {
    std::vector<std::thread> loops;
    for (int i = 0; i < 4; ++i) {
        const std::string folder = folder_ + "/" + std::to_string(i);
        std::filesystem::create_directory(folder);
        loops.emplace_back([folder] {
            const auto world = RingWorld::open(RingFeatures::all()).value();
            spawn(*world, stop_after(*world, do_much(*world, folder)));
            world->run();
        });
    }
    for (std::thread& each : loops) each.join();
    for (int i = 0; i < 4; ++i) {
        const std::string last = folder_ + "/" + std::to_string(i) + "/19";
        EXPECT_EQ(std::filesystem::file_size(last), 20'000u);
    }
}

TEST_F(Helper, ANameIsLookedUpBeforeItIsConnectedTo) {
    const auto scenario = [](World& world) -> Task<> {
        auto acceptor = co_await Acceptor::listen(world, "localhost", 0);
        EXPECT_TRUE(acceptor);
        auto out = co_await Stream::connect(world, "localhost", acceptor->port());
        EXPECT_TRUE(out);
        auto in = co_await acceptor->accept();
        const std::string text = "hello";
        iovec slice{const_cast<char*>(text.data()), text.size()};
        EXPECT_TRUE(co_await out->send_all(std::span(&slice, 1)));
        Bytes received(5);
        EXPECT_EQ(*co_await in->receive_some(received), 5u);
        EXPECT_EQ(as_text(received), text);
        co_await out->close();
        co_await in->close();
        co_await acceptor->close();
        const auto nowhere = co_await Stream::connect(world, "no-such-host.invalid", 1);
        EXPECT_EQ(nowhere.error(), system_error(EHOSTUNREACH));
    };
    run(scenario(*world_));
}

class Wish final : public Operation {
public:
    explicit Wish(const IoRequest& wanted) : Operation(wanted, [](Runnable&, bool) {}) {}
};

TEST_F(Helper, APortThatGoesWaitsForWhatIsAway) {
    std::vector<FilesystemSpace> spaces(50);
    std::vector<std::unique_ptr<Wish>> wishes;
    {
        const auto port = HelperPort::open().value();
        for (FilesystemSpace& each : spaces) {
            const IoRequest wish{.kind = IoKind::kSpace, .data = &each, .path = folder_.c_str()};
            wishes.push_back(std::make_unique<Wish>(wish));
            port->send(*wishes.back());
        }
    }
    for (const FilesystemSpace& each : spaces) EXPECT_GT(each.total, 0u);
}

}  // namespace
}  // namespace millrace
