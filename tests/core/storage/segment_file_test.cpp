// What a segment's file asks of the disk.
#include "core/storage/segment_file.hpp"

#include "tests/core/runtime/fake_world.hpp"

#include <gmock/gmock.h>
#include <numeric>

namespace millrace {
namespace {

using testing::ElementsAre;
using Write = std::pair<std::uint64_t, std::uint64_t>;  // where, how much

/// A disk that does what it is asked and notes what is written.
class SegmentFileTest : public testing::Test {
protected:
    static constexpr std::uint64_t kFileBytes = 10 * kBlockBytes + 100;

    Task<> open_and_grow() {
        const auto opened = co_await file_.open(OpenMode::kReadWrite);
        EXPECT_TRUE(opened);
        const auto grown = co_await file_.grow(100 * kBlockBytes, false);
        EXPECT_TRUE(grown);
    }

    Task<> write(std::uint64_t block, std::vector<std::size_t> slices, bool with_rest) {
        std::vector<iovec> blocks;
        for (const std::size_t count : slices)
            blocks.push_back({memory_.bytes().data(), count * kBlockBytes});
        const ByteView rest = memory_.bytes().first(with_rest ? kBlockBytes : 0);
        const auto written = co_await file_.write(block * kBlockBytes, std::move(blocks), rest);
        EXPECT_TRUE(written);
    }

    Task<> grow_to(std::uint64_t size) {
        const auto opened = co_await file_.open(OpenMode::kReadWrite);
        EXPECT_TRUE(opened);
        while (file_.room_end() < size) {
            const auto grown = co_await file_.grow(file_.room_end() + 1, true);
            EXPECT_TRUE(grown);
            if (!grown) co_return;
            rooms_.push_back(file_.room_end() >> 10);
        }
    }

    Task<> close() {
        const auto closed = co_await file_.close();
        EXPECT_TRUE(closed);
    }

    void run(Task<> task) {
        spawn(world_, std::move(task));
        world_.run();
        while (!world_.submitted.empty())
            world_.complete(answer(world_.submitted.front()->request));
    }

    std::int32_t answer(const IoRequest& request) {
        if (request.kind == IoKind::kOpen) return 3;
        if (request.kind == IoKind::kFileStatus)
            static_cast<FileStatus*>(request.data)->size = size_;
        if (request.kind != IoKind::kWriteAt) return 0;
        const std::span slices(static_cast<const iovec*>(request.data), request.size);
        const std::size_t size =
            std::accumulate(slices.begin(), slices.end(), std::size_t{},
                            [](std::size_t sum, const iovec& each) { return sum + each.iov_len; });
        written_.push_back({request.offset / kBlockBytes, size / kBlockBytes});
        return static_cast<std::int32_t>(size);
    }

    void TearDown() override { run(close()); }

    FakeWorld world_;
    AlignedBytes memory_{16 * kBlockBytes};
    SegmentFile file_{world_, "file", SegmentEngine::kDirectIo, 40 << 20};
    std::uint64_t size_{kFileBytes};
    std::vector<Write> written_;
    std::vector<std::uint64_t> rooms_;  // KiB
};

TEST_F(SegmentFileTest, ABlockThatHadDataIsWrittenByItself) {
    run(open_and_grow());
    run(write(10, {4}, true));
    EXPECT_THAT(written_, ElementsAre(Write{10, 1}, Write{11, 4})) << "the file ended in block 10";
    written_.clear();
    run(write(14, {1, 2}, false));
    EXPECT_THAT(written_, ElementsAre(Write{14, 1}, Write{15, 2})) << "where the last write ended";
    written_.clear();
    run(write(17, {2}, true));
    EXPECT_THAT(written_, ElementsAre(Write{17, 3})) << "none of it had data";
    written_.clear();
    run(write(19, {}, true));
    EXPECT_THAT(written_, ElementsAre(Write{19, 1})) << "all of it had";
}

TEST_F(SegmentFileTest, GrowsFourfoldThenTwofoldAndNeverBeyondASegment) {
    size_ = 0;
    run(grow_to(40 << 20));
    EXPECT_THAT(rooms_, ElementsAre(64, 256, 1024, 2048, 4096, 8192, 16384, 32768, 40960));
}

}  // namespace
}  // namespace millrace
