#include "core/storage/journal.hpp"

#include "core/base/assert.hpp"
#include "core/runtime/timer.hpp"
#include "core/storage/ballast.hpp"

#include <algorithm>
#include <limits>

namespace millrace {
namespace {

std::size_t frame_bytes(const JournalOptions& options) {
    return std::min<std::uint64_t>(kFrameBytesMax,
                                   round_down(options.file_bytes() / 4, kJournalBlock));
}

}  // namespace

Journal::Journal(World& world, Logger& logger, JournalOptions options, const Past& past,
                 std::function<Task<>()> make_room)
    : world_(world),
      logger_(logger),
      options_(std::move(options)),
      journal_id_(past.journal_id != 0 ? past.journal_id : world.random() | 1),
      life_(past.life + 1),
      files_(world, options_),
      frames_(world, journal_id_, frame_bytes(options_)),
      next_(past.end),
      written_(past.end),
      stable_(past.end),
      make_room_(std::move(make_room)),
      gathered_(world),
      frame_waiters_(world),
      controls_done_(world),
      stable_waiters_(world),
      gate_(world) {
    for (const auto& [number, header] : past.files) files_.adopt(number, header);
}

void Journal::register_frame_memory() {
    const auto registered = frames_.register_memory();
    if (registered) return;
    logger_.warn(
        "the memory of journal frames is not registered, which costs processor time; "
        "raise the locked-memory limit (ulimit -l)",
        {{"log_dir", options_.folder}, {"reason", registered.error().message()}});
}

Task<Result<std::unique_ptr<Journal>>> Journal::open(World& world, Logger& logger,
                                                     JournalOptions options, Past past,
                                                     std::function<Task<>()> make_room) {
    std::unique_ptr<Journal> journal(
        new Journal(world, logger, std::move(options), past, std::move(make_room)));
    journal->register_frame_memory();
    const auto begun = co_await journal->begin_life(past.end, past.replay_from);
    if (!begun) {
        (void)co_await journal->files_.close();
        co_return begun.error();
    }
    co_return journal;
}

Task<Result<void>> Journal::begin_life(Lsn former_end, Lsn replay_from) {
    bool unused = files_.spares() > 0;
    if (!unused && options_.frugal) files_.release_before(replay_from);
    if (files_.spares() == 0) {
        unused = true;
        const auto prepared = co_await prepare_file();
        if (!prepared && !is_full(prepared.error())) co_return prepared;
        if (!prepared) {
            // A file of a former life will do, when the disk has no room for another.
            files_.release_before(replay_from);
            unused = false;
        }
        if (files_.spares() == 0) co_return prepared;
    }
    if (options_.flush && options_.direct && unused) {
        const auto probed = co_await probe_device();
        if (!probed) co_return probed;
    }
    const JournalFileHeader header{journal_id_, 0, next_, life_, former_end, 0};
    const auto begun = co_await files_.begin_next(header);
    if (!begun) co_return begun.error();
    co_return Result<void>();
}

Task<Result<void>> Journal::probe_device() {
    const auto probe = co_await files_.probe();
    if (!probe) co_return probe.error();
    const auto us = [](Duration time) { return time.count() / 1'000; };
    const std::string way = probe->prefers_durable_write() ? "durable writes" : "write and sync";
    logger_.info("how journal frames become durable",
                 {{"log_dir", options_.folder},
                  {"way", way},
                  {"durable_write_us", us(probe->durable_write)},
                  {"write_and_sync_us", us(probe->write_and_sync)}});
    co_return Result<void>();
}

void Journal::enqueue(JournalMember& member) {
    if (failed_) return;
    note_append();
    if (member.queued_) return;
    member.queued_ = true;
    queue_.push_back(&member);
    kick();
}

FrameBuilder* Journal::open_frame() {
    return failed_ || !queue_.empty() ? nullptr : &frames_.open().builder;
}

void Journal::added(JournalMember& member) {
    note_append();
    frames_.note(member);
    kick();
}

void Journal::note_append() {
    gathered_.wake_through(static_cast<std::int64_t>(++appends_waiting_));
}

void Journal::kick() {
    if (writing_ || failed_ || gate_.closed()) return;
    writing_ = true;
    gate_.spawn(write_frames());
}

/// What isn't an append never does.
bool Journal::waits_for_more() const {
    const bool only_appends = has_appends() && controls_.empty() && !has_to_sync();
    return only_appends && appends_waiting_ < gathering_.wanted() &&
           world_.now() < gathering_.until();
}

void Journal::stop_gathering() { gathered_.wake_through(std::numeric_limits<std::int64_t>::max()); }

Task<> Journal::write_frames() {
    // All that a turn brings shares a frame.
    (void)co_await end_of_turn(world_);
    while (!failed_) {
        if (waits_for_more()) {
            const auto wanted = static_cast<std::int64_t>(gathering_.wanted());
            (void)co_await gathered_.wait(wanted, gathering_.until());
        }
        const auto wrote = co_await write_next_frame();
        if (!wrote) fail(wrote.error());
        if (!wrote || *wrote == Step::kNothingToDo) break;
    }
    writing_ = false;
}

/// One frame or one sync.
Task<Result<Journal::Step>> Journal::write_next_frame() {
    const bool control = build_control_frame();
    if (control || build_append_frame()) {
        const auto written = co_await write_frame(control);
        if (!written) co_return written.error();
        co_return Step::kWrote;
    }
    if (!has_to_sync()) co_return Step::kNothingToDo;
    const Lsn end = written_;
    const auto synced = co_await files_.sync();
    if (!synced) co_return synced.error();
    stable_ = end;
    stable_waiters_.wake_through(static_cast<std::int64_t>(stable_));
    co_return Step::kWrote;
}

bool Journal::build_control_frame() {
    if (controls_.empty()) return false;
    FrameBuilder& frame = frames_.other().builder;
    frame.begin();
    Control& first = *controls_.front();
    first.added_all = !first.add(frame);
    return !frame.empty();
}

bool Journal::build_append_frame() {
    if (!has_appends()) return false;
    if (!has_room_for_appends()) {
        // One that frees nothing only fills up the current file, while a spare is on its way.
        if (files_.in_use() > 1 || !preparing_) ask_for_checkpoint();
        return false;
    }
    gathering_.on_begun(appends_waiting_, world_.now());
    appends_in_frame_ = std::exchange(appends_waiting_, 0);
    add_queued();
    if (frames_.open().builder.empty()) return false;
    frames_.open_next();
    return true;
}

void Journal::add_queued() {
    inside_batch_ = false;
    while (!queue_.empty()) {
        JournalMember& first = *queue_.front();
        const auto added = first.add_to(frames_.open().builder);
        frames_.note(first);
        inside_batch_ = added == JournalMember::Added::kPiece;
        if (added != JournalMember::Added::kAll) break;
        queue_.pop_front();
        first.queued_ = false;
    }
}

std::size_t Journal::spares_wanted() const {
    // A reserve over half of the journal would leave no room for appends; a checkpoint that needs
    // more makes files beyond the row.
    const std::size_t reserved = reserve_bytes_ / (options_.file_bytes() - kJournalHeaderBytes) + 2;
    return std::min(reserved, options_.files_max() / 2);
}

bool Journal::has_room_for_appends() const {
    // The reserve holds the rest of a large batch: no checkpoint can begin before its end.
    return inside_batch_ || files_.room() >= frames_.frame_bytes() ||
           files_.spares() >= spares_wanted();
}

Duration Journal::pause() const {
    const auto file = static_cast<std::int64_t>(options_.file_bytes());
    // The last of the spares may be begun, and is then filled up.
    const auto files = static_cast<std::int64_t>(options_.files_max() - spares_wanted() + 1);
    const std::int64_t most = files * file;
    const std::int64_t begin = most / 4 * 3;
    const std::int64_t used = static_cast<std::int64_t>(files_.in_use()) * file -
                              static_cast<std::int64_t>(files_.room());
    if (used <= begin) return {};
    return kPauseMax * (std::min(used, most) - begin) / (most - begin);
}

/// The one that isn't open.
Task<Result<void>> Journal::write_frame(bool control) {
    // Placed before anything is awaited: a checkpoint that begins meanwhile lies behind it.
    const Lsn begin = next_;
    const ByteView frame = frames_.other().builder.seal(begin, life_, stable_);
    next_ += frame.size();
    const Lsn end = next_;
    if (files_.room() < frame.size()) {
        const auto moved = co_await next_file(begin);
        if (!moved) co_return moved;
    }
    const bool durable = control || options_.flush;
    const Time begun = world_.now();
    const auto written = co_await files_.write(frame, durable, frames_.other().memory);
    if (!written) co_return written;
    const std::size_t answered = control ? 0 : appends_in_frame_;
    gathering_.on_written(answered, frame.size(), begun, world_.now(), appends_waiting_);
    count_frame(frame.size());
    after_frame(end, durable);
    co_return Result<void>();
}

Task<Result<void>> Journal::next_file(Lsn start) {
    if (files_.spares() == 0) {
        const auto prepared = co_await prepare_file();
        if (!prepared) co_return prepared;
    }
    const JournalFileHeader header{journal_id_, 0, start, life_, 0, 0};
    const auto origin = co_await files_.begin_next(header);
    if (!origin) co_return origin.error();
    if (*origin == FileOrigin::kUsedInThisLife)
        logger_.info("journal file used again", {{"log_dir", options_.folder}});
    keep_spare();
    co_return Result<void>();
}

void Journal::count_frame(std::size_t size) {
    ShardMetrics& metrics = world_.metrics();
    metrics.journal_frames.add();
    metrics.journal_bytes.add(size);
    metrics.journal_frame_bytes.record(static_cast<std::int64_t>(size));
    const std::size_t logs = frames_.other().members.size();
    if (logs > 0) metrics.journal_frame_logs.record(static_cast<std::int64_t>(logs));
}

void Journal::after_frame(Lsn end, bool durable) {
    written_ = end;
    if (durable) {
        stable_ = end;
        stable_waiters_.wake_through(static_cast<std::int64_t>(stable_));
    }
    const std::vector<JournalMember*> members = std::exchange(frames_.other().members, {});
    for (JournalMember* const member : members) member->on_journaled();
    while (!controls_.empty() && controls_.front()->added_all) {
        controls_done_.wake_through(controls_.front()->ticket);
        controls_.pop_front();
    }
    frame_waiters_.wake_through(++frames_written_);
    if (files_.in_use() * 4 > options_.files_max()) ask_for_checkpoint();
}

void Journal::ask_for_checkpoint() {
    if (checkpoint_asked_) return;
    checkpoint_asked_ = true;
    if (checkpoint_wanted_) checkpoint_wanted_();
}

Task<Result<void>> Journal::make_stable(Lsn lsn) {
    if (stable_ >= lsn) co_return Result<void>();
    if (failed_) co_return Errc::kStorageFailed;
    wanted_stable_ = std::max(wanted_stable_, lsn);
    stop_gathering();
    kick();
    co_return co_await stable_waiters_.wait(static_cast<std::int64_t>(lsn), kNever);
}

Task<Result<void>> Journal::write_control(std::function<bool(FrameBuilder&)> add) {
    if (failed_) co_return Errc::kStorageFailed;
    Control control{std::move(add), false, ++tickets_};
    controls_.push_back(&control);
    stop_gathering();
    kick();
    co_return co_await controls_done_.wait(control.ticket, kNever);
}

void Journal::reserve(std::uint64_t bytes) {
    reserve_bytes_ = bytes;
    keep_spare();
}

void Journal::set_frugal(bool frugal) {
    frugal_ = frugal;
    if (!frugal) keep_spare();
}

void Journal::release_before(Lsn lsn) {
    files_.release_before(lsn);
    checkpoint_asked_ = false;
    kick();
}

/// One that the journal can't do without.
Task<Result<void>> Journal::prepare_file() {
    const auto prepared = co_await files_.prepare();
    if (prepared || !is_full(prepared.error())) co_return prepared;
    co_await make_room_();
    co_return co_await files_.prepare();
}

void Journal::keep_spare() {
    const bool enough = files_.spares() >= spares_wanted();
    if (enough || preparing_ || !files_.can_grow() || gate_.closed()) return;
    preparing_ = true;
    gate_.spawn(prepare_spares());
}

Task<> Journal::prepare_spares() {
    const auto removed = co_await files_.remove_unfit();
    if (!removed) {
        logger_.warn("cannot remove a journal file of another size",
                     {{"log_dir", options_.folder}, {"reason", removed.error().message()}});
    }
    while (files_.spares() < spares_wanted() && files_.can_grow() && !gate_.closed()) {
        // A checkpoint frees files of a longer row; of one this short, appends would never have
        // room.
        const bool needed = files_.count() <= spares_wanted();
        if (frugal_ && !(needed && has_appends())) break;
        Result<void> prepared;
        if (needed) {
            prepared = co_await prepare_file();
        } else {
            prepared = co_await files_.prepare();
        }
        if (prepared) continue;
        logger_.warn("cannot make a spare journal file",
                     {{"log_dir", options_.folder}, {"reason", prepared.error().message()}});
        break;
    }
    preparing_ = false;
    kick();
}

void Journal::fail(const Error& error) {
    failed_ = true;
    logger_.error("a log directory is out of service: its journal cannot be written",
                  {{"log_dir", options_.folder}, {"reason", error.message()}});
    queue_.clear();
    frames_.clear();
    controls_.clear();
    frame_waiters_.fail_all(Errc::kStorageFailed);
    controls_done_.fail_all(Errc::kStorageFailed);
    stable_waiters_.fail_all(Errc::kStorageFailed);
    if (failed_callback_) failed_callback_(error);
}

Task<Result<void>> Journal::close() {
    files_.hurry();
    co_await gate_.close();
    const auto closed = co_await files_.close();
    if (failed_) co_return Errc::kStorageFailed;
    co_return closed;
}

}  // namespace millrace
