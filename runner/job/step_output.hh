#pragma once

#include "runner/job/cell_run.hh"
#include "runner/progress/progress.hh"
#include "sandbox/base/unique_fd.hh"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

namespace caisson::runner {

/// Reads what a step prints, on a thread of its own, until both pipes end. The first 2 MiB are
/// shown line by line; what comes after counts against the limit and is kept only as far as the
/// last lines go.
class StepOutput : public StepStreams {
public:
    /// More than `limit` bytes end the step.
    StepOutput(Progress& progress, std::size_t step, std::uint64_t limit);
    ~StepOutput() override;

    [[nodiscard]] sandbox::StepPipes pipes() const override
    {
        return {.output = output_.get(), .errors = errors_.get()};
    }
    void start(std::function<void(sandbox::Outcome::Kind)> stop) override;
    /// Waits for the end and returns the last lines, for the error message and the cache.
    [[nodiscard]] std::string finish();

private:
    struct Stream {
        UniqueFd pipe;
        std::string partial;
    };
    void pump();
    void take(Stream& stream, std::string_view bytes);
    void show(Stream& stream, std::string_view bytes);
    void line(std::string_view text);
    [[nodiscard]] std::string last_lines() const;

    Progress& progress_;
    std::size_t step_;
    std::uint64_t left_;
    std::function<void(sandbox::Outcome::Kind)> stop_; ///< called once at most
    std::chrono::steady_clock::time_point started_;
    UniqueFd output_;
    UniqueFd errors_;
    Stream streams_[2];
    std::uint64_t shown_left_; ///< bytes that are still shown
    std::string tail_;         ///< the last bytes of both streams
    std::thread thread_;
};

} // namespace caisson::runner
