#pragma once

#include "runner/job/cell_run.hh"
#include "sandbox/base/unique_fd.hh"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>

namespace caisson::runner {

/// Copies a cell's streams to and from the caller's, byte for byte, on a thread of its own; the
/// cell itself never holds the caller's terminal, file or socket. What goes to a terminal is
/// escaped line by line (escape_output): a command must not act on it.
class Relay : public StepStreams {
public:
    struct Options {
        int input = -1;          ///< borrowed; -1: the cell reads /dev/null
        int output = 1;          ///< borrowed
        int errors = 2;          ///< borrowed
        std::uint64_t limit = 0; ///< more than so many bytes of output end the command
    };
    explicit Relay(const Options& options);
    ~Relay() override;

    [[nodiscard]] sandbox::StepPipes pipes() const override;
    void start(std::function<void(sandbox::Outcome::Kind)> stop) override;
    /// Waits for the end of both outputs. One that could not be written, for another reason than
    /// that its reader went away, is an Error.
    void finish();

private:
    /// One output on its way out.
    struct Stream {
        UniqueFd pipe;   ///< our end of the cell's
        int target = -1; ///< the caller's
        bool escaped = false;
        std::string partial; ///< of an escaped one: a line that has not ended
    };

    void pump();
    void take(Stream& stream);
    void put(Stream& stream, std::string_view bytes);
    void end(Stream& stream);
    void read_input();
    void feed();

    Stream streams_[2];
    std::uint64_t left_;
    UniqueFd cell_output_;
    UniqueFd cell_errors_;
    UniqueFd cell_input_;
    int input_;                                        ///< the caller's; -1 once it ended
    UniqueFd to_cell_;                                 ///< our end of the cell's standard input
    std::string waiting_;                              ///< read, and not yet taken by the cell
    std::function<void(sandbox::Outcome::Kind)> stop_; ///< called once at most
    std::optional<int> failure_;                       ///< error number of a write
    std::thread thread_;
};

/// Standard input as a cell may have it: 0, or -1 where it is a terminal, which is never read for a
/// command that may not hold it, or is closed.
[[nodiscard]] int input_for_cell();

} // namespace caisson::runner
