#pragma once

#include "runner/progress/progress.hh"
#include "sandbox/base/unique_fd.hh"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <thread>

namespace caisson::runner {

/// Reads what a step prints, line by line, on a thread of its own, until both pipes end.
class StepOutput {
public:
    /// `too_much` is called once, when more than `limit` bytes have come.
    StepOutput(Progress& progress,
               std::size_t step,
               std::uint64_t limit,
               std::function<void()> too_much);
    ~StepOutput();
    StepOutput(const StepOutput&) = delete;
    StepOutput& operator=(const StepOutput&) = delete;

    /// The write ends, for the cell; close them with release() once it has them.
    [[nodiscard]] int output() const noexcept { return output_.get(); }
    [[nodiscard]] int errors() const noexcept { return errors_.get(); }
    void release();
    /// Starts reading. `stop_on_limit` may be set until then.
    void start();
    /// Waits for the end and returns the last lines, for the error message and the cache.
    [[nodiscard]] std::string finish();

private:
    struct Stream {
        UniqueFd pipe;
        std::string partial;
    };
    void pump();
    void take(Stream& stream, std::string_view bytes);
    void line(std::string_view text);

    Progress& progress_;
    std::size_t step_;
    std::uint64_t left_;
    std::function<void()> too_much_;
    std::chrono::steady_clock::time_point started_;
    UniqueFd output_;
    UniqueFd errors_;
    Stream streams_[2];
    std::deque<std::string> tail_;
    std::thread thread_;
};

} // namespace caisson::runner
