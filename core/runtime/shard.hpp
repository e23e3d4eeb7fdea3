// The shards of one process: their worlds by number, and the mail between them.
#pragma once

#include "core/base/assert.hpp"
#include "core/runtime/world.hpp"

#include <memory>
#include <vector>

namespace millrace {

/// Made before any of the worlds runs, and gone after all of them have ended. Each member says on
/// which shard it may be called; numbers run from 0 without a gap.
class Shards final : public Peers {
public:
    explicit Shards(std::vector<World*> worlds)
        : worlds_(std::move(worlds)), posts_(worlds_.size()) {
        for (Post& post : posts_) {
            post.out = std::make_unique<Mailbox[]>(worlds_.size());
            post.touched.assign(worlds_.size(), false);
        }
        for (ShardNumber each = 0; each < count(); ++each) worlds_[each]->join(*this, each);
    }
    Shards(const Shards&) = delete;
    Shards& operator=(const Shards&) = delete;

    ShardNumber count() const override { return static_cast<ShardNumber>(worlds_.size()); }
    World& world(ShardNumber shard) const override { return *worlds_.at(shard); }

    /// On shard `from`. The receiver sees it at once if it is awake, else after post().
    void send(ShardNumber from, ShardNumber to, Message& message) override {
        expect(from != to, "a shard sends mail to itself");
        Post& post = posts_[from];
        post.out[to].send(message);
        if (post.touched[to]) return;
        post.touched[to] = true;
        post.receivers.push_back(to);
    }

    /// On shard `to`: runs the messages that have arrived; true when there were any.
    bool deliver(ShardNumber to) override {
        bool any = false;
        for (Post& post : posts_) {
            Mailbox& box = post.out[to];
            // No more than were there at first: a sender that goes on can't hold the loop up.
            for (std::uint32_t left = Mailbox::kPlaces; left > 0; --left) {
                Message* const message = box.take();
                if (message == nullptr) break;
                any = true;
                message->arrive();
            }
        }
        return any;
    }

    /// On shard `from`, once a turn: wakes the sleepers among the receivers. False while a mailbox
    /// is full, so that some mail is still here.
    bool post(ShardNumber from) override {
        Post& post = posts_[from];
        std::size_t kept = 0;
        for (const ShardNumber to : post.receivers) {
            const bool flushed = post.out[to].flush();
            if (posts_[to].asleep.take()) worlds_[from]->wake(*worlds_[to]);
            if (flushed) {
                post.touched[to] = false;
            } else {
                post.receivers[kept++] = to;
            }
        }
        post.receivers.resize(kept);
        return kept == 0;
    }

    /// On shard `self`: true when it may sleep now, since nothing has come.
    bool fall_asleep(ShardNumber self) override {
        posts_[self].asleep.set();
        for (Post& post : posts_) {
            if (post.out[self].empty()) continue;
            posts_[self].asleep.clear();
            return false;
        }
        return true;
    }

    void wake_up(ShardNumber self) override { posts_[self].asleep.clear(); }

    /// All shards end at once: what is under way between them is forgotten.
    void forget_mail() {
        for (Post& post : posts_) {
            for (ShardNumber to = 0; to < count(); ++to) post.out[to].clear();
        }
    }

private:
    /// What one shard sends, by receiver.
    struct Post {
        std::unique_ptr<Mailbox[]> out;
        std::vector<ShardNumber> receivers;  // since the last post()
        std::vector<bool> touched;           // which of them are listed
        SleepFlag asleep;                    // the shard itself
    };

    const std::vector<World*> worlds_;
    std::vector<Post> posts_;
};

}  // namespace millrace
