#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

namespace caisson::runner {

/// Hands chunks of bytes from one thread to another, in order, a few at most at a time: what is
/// read faster than it is worked on waits. Either end may stop, for good.
class ChunkQueue {
public:
    explicit ChunkQueue(std::size_t most)
        : most_(most)
    {}

    /// Waits for room. False where the taker has stopped: nobody wants more.
    bool put(std::string chunk)
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopped_ || chunks_.size() < most_; });
        if (stopped_) return false;
        chunks_.push_back(std::move(chunk));
        changed_.notify_all();
        return true;
    }
    /// No more will come.
    void finish()
    {
        const std::lock_guard lock(mutex_);
        finished_ = true;
        changed_.notify_all();
    }
    /// Waits for the next; nothing after the last.
    [[nodiscard]] std::optional<std::string> take()
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopped_ || finished_ || !chunks_.empty(); });
        if (stopped_ || chunks_.empty()) return std::nullopt;
        std::string chunk = std::move(chunks_.front());
        chunks_.pop_front();
        changed_.notify_all();
        return chunk;
    }
    /// Nobody puts or takes any more: one end has failed.
    void stop()
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        changed_.notify_all();
    }

private:
    const std::size_t most_;
    std::mutex mutex_; ///< guards what follows
    std::condition_variable changed_;
    std::deque<std::string> chunks_;
    bool finished_ = false;
    bool stopped_ = false;
};

} // namespace caisson::runner
