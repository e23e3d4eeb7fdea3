// The seam on the real kernel: files, sockets and timers, once with all features and once with each
// of them switched off.
#include "uring/ring_world.hpp"

#include "core/base/aligned_bytes.hpp"
#include "core/runtime/file.hpp"
#include "core/runtime/gate.hpp"
#include "core/runtime/stream.hpp"
#include "core/runtime/timer.hpp"
#include "tests/support/on_real_world.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gtest/gtest.h>
#include <linux/capability.h>

#include <filesystem>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace millrace {
namespace {

class RingWorldTest : public testing::TestWithParam<RingFeature>, protected InFolder {
protected:
    RingWorldTest() {
        RingFeatures allowed = RingFeatures::all();
        allowed.remove(GetParam());
        world_ = RingWorld::open(allowed).value();
    }

    void run(Task<> task) { run_to_end(*world_, std::move(task)); }

    std::unique_ptr<RingWorld> world_;
};

TEST_P(RingWorldTest, AFileGivesBackWhatWasWritten) {
    const auto scenario = [](World& world, std::string path) -> Task<> {
        auto file = co_await File::open(world, path, OpenMode::kCreateNew);
        EXPECT_TRUE(file);
        const std::string text = "sequential";
        EXPECT_TRUE(co_await file->write_at(3, as_bytes(text)));
        EXPECT_TRUE(co_await file->sync(SyncScope::kData));
        const auto size = co_await file->size();
        EXPECT_EQ(*size, 13u);
        Bytes back(10);
        EXPECT_TRUE(co_await file->read_at(3, back));
        EXPECT_EQ(as_text(back), text);
        const auto beyond = co_await file->read_at(4, back);
        EXPECT_EQ(beyond.error(), make_error_code(Errc::kEndOfStream));
        EXPECT_TRUE(co_await file->close());
    };
    run(scenario(*world_, folder_ + "/a"));
}

TEST_P(RingWorldTest, RegisteredMemoryIsWrittenAsAnyOther) {
    const bool registers = world_->features().has(RingFeature::kFixedBuffers);
    EXPECT_NE(registers, GetParam() == RingFeature::kFixedBuffers);
    const auto scenario = [registers](World& world, std::string path) -> Task<> {
        const AlignedBytes memory(3 * kBlockBytes);
        const auto index = world.register_memory(memory.bytes());
        EXPECT_EQ(*index, registers ? 0 : kUnregistered);
        auto file = co_await File::open(world, path, OpenMode::kCreateNew);
        const ByteView part = ByteView(memory.bytes()).subspan(kBlockBytes, 2 * kBlockBytes);
        std::fill_n(memory.data(), memory.size(), std::byte{7});
        EXPECT_TRUE(co_await file->write_whole_at(kBlockBytes, part, true, *index));
        Bytes back(2 * kBlockBytes);
        EXPECT_TRUE(co_await file->read_at(kBlockBytes, back));
        EXPECT_TRUE(std::equal(back.begin(), back.end(), part.begin()));
        EXPECT_TRUE(co_await file->close());
        if (registers) world.unregister_memory(*index);
    };
    run(scenario(*world_, folder_ + "/a"));
}

TEST_P(RingWorldTest, MoreMemoriesThanThereArePlacesAreRefusedOnce) {
    const AlignedBytes memory(kBlockBytes);
    std::vector<std::int32_t> indexes;
    for (;;) {
        const auto index = world_->register_memory(memory.bytes());
        if (!index || *index == kUnregistered) break;
        indexes.push_back(*index);
    }
    const auto again = world_->register_memory(memory.bytes());
    EXPECT_EQ(again.value(), kUnregistered);
    EXPECT_EQ(indexes.size(), world_->features().has(RingFeature::kFixedBuffers) ? 64u : 0u);
    for (const std::int32_t each : indexes) world_->unregister_memory(each);
}

TEST_P(RingWorldTest, NamesAreMadeListedReplacedAndRemoved) {
    const auto scenario = [](World& world, std::string folder) -> Task<> {
        EXPECT_TRUE(co_await make_folder(world, folder + "/sub"));
        EXPECT_TRUE(co_await replace_file(world, folder + "/file", "one"));
        EXPECT_TRUE(co_await replace_file(world, folder + "/file", "two"));
        const auto content = co_await read_small_file(world, folder + "/file", 100);
        EXPECT_EQ(*content, "two");
        const auto too_large = co_await read_small_file(world, folder + "/file", 2);
        EXPECT_EQ(too_large.error(), make_error_code(Errc::kTooLarge));
        const auto entries = co_await list_folder(world, folder);
        const std::vector<FolderEntry> expected{{"file", false}, {"sub", true}};
        EXPECT_EQ(*entries, expected);
        EXPECT_TRUE(co_await remove_file(world, folder + "/file"));
        EXPECT_TRUE(co_await remove_folder(world, folder + "/sub"));
        const auto missing = co_await read_small_file(world, folder + "/file", 100);
        EXPECT_EQ(missing.error(), system_error(ENOENT));
    };
    run(scenario(*world_, folder_));
}

TEST_P(RingWorldTest, ASecondLockOfAFileIsRefused) {
    const auto scenario = [](World& world, std::string path) -> Task<> {
        auto first = co_await File::open(world, path, OpenMode::kCreate);
        auto second = co_await File::open(world, path, OpenMode::kCreate);
        EXPECT_TRUE(co_await first->lock());
        const auto refused = co_await second->lock();
        EXPECT_EQ(refused.error(), make_error_code(Errc::kDirectoryInUse));
        (void)co_await first->close();
        EXPECT_TRUE(co_await second->lock());
        (void)co_await second->close();
    };
    run(scenario(*world_, folder_ + "/.lock"));
}

Task<> echo(World& world, Acceptor& acceptor) {
    auto stream = co_await acceptor.accept();
    Bytes buffer(64 << 10);
    for (;;) {
        const auto count = co_await stream->receive_some(buffer);
        if (!count) break;
        iovec slice{buffer.data(), *count};
        if (!co_await stream->send_all(std::span(&slice, 1))) break;
    }
    co_await stream->close();
    (void)world;
}

TEST_P(RingWorldTest, AStreamCarriesManySlicesInOrder) {
    const auto scenario = [](World& world) -> Task<> {
        auto acceptor = co_await Acceptor::listen(world, "127.0.0.1", 0);
        EXPECT_NE(acceptor->port(), 0);
        Gate gate(world);
        gate.spawn(echo(world, *acceptor));
        auto stream = co_await Stream::connect(world, "127.0.0.1", acceptor->port());
        EXPECT_TRUE(stream);

        std::string sent;
        for (int i = 0; i < 3000; ++i) sent += std::to_string(i) + ",";
        std::vector<iovec> slices;
        for (char& each : sent) slices.push_back({&each, 1});
        EXPECT_TRUE(co_await stream->send_all(slices));

        Bytes received(sent.size());
        std::size_t total = 0;
        while (total < received.size()) {
            const auto count = co_await stream->receive_some(MutableBytes(received).subspan(total));
            if (!count) break;
            total += *count;
        }
        EXPECT_EQ(as_text(received), sent);
        co_await stream->close();
        co_await gate.close();
        co_await acceptor->close();
    };
    run(scenario(*world_));
}

Task<> receive_number(Stream& stream, int expected, Received& kept) {
    auto received = co_await stream.receive();
    EXPECT_TRUE(received);
    if (!received) co_return;
    std::byte number[sizeof(int)]{};
    EXPECT_EQ(received->take_out(number), sizeof number);
    EXPECT_EQ(load_be<std::int32_t>(number), expected);
    EXPECT_TRUE(received->left().empty());
    kept = std::move(*received);
}

Task<> send_number(Stream& stream, std::int32_t number) {
    std::byte bytes[sizeof number];
    store_be(bytes, number);
    iovec slice{bytes, sizeof bytes};
    EXPECT_TRUE(co_await stream.send_all(std::span(&slice, 1)));
}

TEST_P(RingWorldTest, MoreReceivesThanThereIsProvidedMemoryAllGetTheirBytes) {
    EXPECT_NE(world_->provides_memory(), GetParam() == RingFeature::kProvidedBuffers);
    const auto scenario = [](World& world) -> Task<> {
        constexpr int kStreams = 300;
        std::vector<Stream> near_ends;
        std::vector<Stream> far_ends;
        for (int i = 0; i < kStreams; ++i) {
            int ends[2];
            EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
            near_ends.emplace_back(world, ends[0]);
            far_ends.emplace_back(world, ends[1]);
        }
        for (int round = 0; round < 3; ++round) {
            // All of it is held until the round is over, and then goes back.
            std::vector<Received> kept(kStreams);
            Gate gate(world);
            for (int i = 0; i < kStreams; ++i) {
                const auto place = static_cast<std::size_t>(i);
                gate.spawn(receive_number(near_ends[place], round + i, kept[place]));
            }
            for (int i = 0; i < kStreams; ++i) {
                co_await send_number(far_ends[static_cast<std::size_t>(i)], round + i);
            }
            co_await gate.close();
        }
        for (Stream& each : far_ends) co_await each.close();
        for (Stream& each : near_ends) {
            const auto ended = co_await each.receive();
            EXPECT_EQ(ended.error(), make_error_code(Errc::kEndOfStream));
            co_await each.close();
        }
    };
    run(scenario(*world_));
}

TEST_P(RingWorldTest, ShuttingAnAcceptorDownEndsItsAccept) {
    const auto accept_fails = [](Acceptor& acceptor) -> Task<> {
        const auto stream = co_await acceptor.accept();
        EXPECT_FALSE(stream);
    };
    const auto scenario = [accept_fails](World& world) -> Task<> {
        auto acceptor = co_await Acceptor::listen(world, "", 0);
        Gate gate(world);
        gate.spawn(accept_fails(*acceptor));
        co_await sleep_for(world, std::chrono::milliseconds(5));
        co_await acceptor->shut_down();
        co_await gate.close();
        co_await acceptor->close();
    };
    run(scenario(*world_));
}

/// An operation of nobody's, to be looked at.
class Wish final : public Operation {
public:
    explicit Wish(const IoRequest& wanted) : Operation(wanted, &Wish::act) {}

    bool done{};

private:
    static void act(Runnable& self, bool) { static_cast<Wish&>(self).done = true; }
};

Task<> wait_until_done(World& world, Wish& wish) {
    while (!wish.done) co_await sleep_for(world, std::chrono::microseconds(100));
}

/// Submits what nobody will ever serve, and cancels it.
Task<> submit_and_cancel(World& world, IoRequest request) {
    Wish wish(request);
    world.submit(wish);
    co_await sleep_for(world, std::chrono::milliseconds(1));
    EXPECT_FALSE(wish.done);
    world.cancel(wish);
    co_await wait_until_done(world, wish);
    EXPECT_EQ(wish.result, -ECANCELED);
}

TEST_P(RingWorldTest, ACancelledRequestEndsAsCancelled) {
    const auto scenario = [](World& world) -> Task<> {
        std::uint16_t port = 0;
        const auto door =
            co_await perform(world, {.kind = IoKind::kListen, .data = &port, .path = "127.0.0.1"});
        const auto handle = static_cast<std::int32_t>(*door);
        co_await submit_and_cancel(world, {.kind = IoKind::kAccept, .handle = handle});

        auto stream = co_await Stream::connect(world, "127.0.0.1", port);
        const auto accepted = co_await perform(world, {.kind = IoKind::kAccept, .handle = handle});
        std::byte byte{};
        Stream peer(world, static_cast<std::int32_t>(*accepted));
        co_await submit_and_cancel(world, {.kind = IoKind::kReceive,
                                           .handle = static_cast<std::int32_t>(*accepted),
                                           .data = &byte,
                                           .size = 1});
        int pipe_ends[2];
        EXPECT_EQ(pipe(pipe_ends), 0);
        co_await submit_and_cancel(
            world, {.kind = IoKind::kReadAt, .handle = pipe_ends[0], .data = &byte, .size = 1});
        for (const int each : pipe_ends) ::close(each);
        co_await peer.close();
        co_await stream->close();
        (void)co_await perform(world, {.kind = IoKind::kClose, .handle = handle});
    };
    run(scenario(*world_));
}

TEST_P(RingWorldTest, CancellingWhatIsDoneOrWithTheHelperDoesNoHarm) {
    const auto scenario = [](World& world, std::string folder) -> Task<> {
        Wish made({.kind = IoKind::kMakeFolder, .path = folder.c_str()});
        world.submit(made);
        co_await wait_until_done(world, made);
        world.cancel(made);
        FilesystemSpace space;
        Wish asked({.kind = IoKind::kSpace, .data = &space, .path = folder.c_str()});
        world.submit(asked);
        world.cancel(asked);
        co_await wait_until_done(world, asked);
        EXPECT_EQ(made.result, 0);
        EXPECT_EQ(asked.result, 0);
        EXPECT_GT(space.total, 0u);
        EXPECT_TRUE(co_await remove_folder(world, folder));
    };
    run(scenario(*world_, folder_ + "/sub"));
}

Task<> note_end_of_turn(World& world, bool& ended) {
    (void)co_await end_of_turn(world);
    ended = true;
}

/// Always ready again, until somebody has `ended`; ten seconds of that are for ever.
Task<> be_ready_until(World& world, const bool& ended) {
    const Time deadline = world.now() + std::chrono::seconds(10);
    World* const there = &world;
    while (!ended && world.now() < deadline) {
        (void)co_await park([there](Parked& parked) { parked.resume(*there, {}); });
    }
}

TEST_P(RingWorldTest, ATurnEndsThoughThereIsMoreThanItHasTimeFor) {
    bool ended = false;
    spawn(*world_, note_end_of_turn(*world_, ended));
    run(be_ready_until(*world_, ended));
    EXPECT_TRUE(ended);
}

Task<> receive_until_cancelled(World& world, std::int32_t handle, Error& end) {
    Stream stream(world, handle);
    Bytes buffer(10);
    const auto count = co_await stream.receive_some(buffer);
    end = count.error();
    // A cancelled coroutine awaits nothing more unless it says so.
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    co_await stream.close();
}

TEST_P(RingWorldTest, ACancellationSlotReachesTheRequest) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    Error end;
    boost::asio::cancellation_signal signal;
    bool ended = false;
    boost::asio::co_spawn(
        Executor(*world_), receive_until_cancelled(*world_, ends[0], end),
        boost::asio::bind_cancellation_slot(signal.slot(), [&ended](std::exception_ptr failure) {
            EXPECT_FALSE(failure);
            ended = true;
        }));
    const auto scenario = [](World& world, boost::asio::cancellation_signal& cancel,
                             const bool& done) -> Task<> {
        co_await sleep_for(world, std::chrono::milliseconds(1));
        cancel.emit(boost::asio::cancellation_type::terminal);
        while (!done) co_await sleep_for(world, std::chrono::microseconds(100));
    };
    run(scenario(*world_, signal, ended));
    EXPECT_EQ(end, system_error(ECANCELED));
    ::close(ends[1]);
}

TEST_P(RingWorldTest, SleepersWakeInTheOrderOfTheirDeadlines) {
    std::string order;
    const auto sleeper = [](World& world, std::string& out, char name, int ms) -> Task<> {
        co_await sleep_for(world, std::chrono::milliseconds(ms));
        out += name;
    };
    const auto scenario = [sleeper](World& world, std::string& out) -> Task<> {
        Gate gate(world);
        gate.spawn(sleeper(world, out, 'c', 15));
        gate.spawn(sleeper(world, out, 'a', 5));
        gate.spawn(sleeper(world, out, 'b', 10));
        co_await gate.close();
    };
    run(scenario(*world_, order));
    EXPECT_EQ(order, "abc");
}

INSTANTIATE_TEST_SUITE_P(Without, RingWorldTest, testing::ValuesIn(kRingFeatures),
                         [](const auto& test) { return std::string(name_of(test.param)); });

/// Runs `act` on a thread of its own that may lock `bytes` of memory.
void with_locked_memory(rlim_t bytes, const std::function<void()>& act) {
    rlimit before{};
    getrlimit(RLIMIT_MEMLOCK, &before);
    const rlimit limit{bytes, before.rlim_max};
    setrlimit(RLIMIT_MEMLOCK, &limit);
    std::thread thread([&act] {
        // Root's capabilities would lift the limit.
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        __user_cap_data_struct none[2]{};
        ASSERT_EQ(syscall(SYS_capset, &header, none), 0);
        act();
    });
    thread.join();
    setrlimit(RLIMIT_MEMLOCK, &before);
}

TEST(RingMemory, IsRefusedOnceOverTheLimitOfLockedMemory) {
    with_locked_memory(2 << 20, [] {
        const auto world = RingWorld::open(RingFeatures::all()).value();
        const AlignedBytes large(4 << 20);
        const auto refused = world->register_memory(large.bytes());
        EXPECT_FALSE(refused);
        EXPECT_EQ(refused.error(), system_error(ENOMEM));
        const auto again = world->register_memory(large.bytes());
        EXPECT_EQ(again.value(), kUnregistered);
    });
}

TEST(RingRefusal, TellsWhatToDo) {
    EXPECT_NE(explain_refusal(system_error(EPERM)).find("kernel.io_uring_disabled=0"),
              std::string::npos);
}

}  // namespace
}  // namespace millrace
