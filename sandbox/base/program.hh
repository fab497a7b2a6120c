#pragma once

#include "sandbox/base/unique_fd.hh"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace caisson {

/// How one program is started. Nothing is inherited that is not named here: the environment is
/// `environment`, and every descriptor but 0, 1, 2 and those of `descriptors` is closed.
struct ProgramOptions {
    std::filesystem::path path; ///< absolute; no search through PATH
    std::vector<std::string> arguments;
    std::vector<std::string> environment;         ///< "NAME=value"
    std::vector<std::pair<int, int>> descriptors; ///< {number in the program, descriptor of ours}
    int standard_input = -1;                      ///< borrowed; -1 is /dev/null
    int standard_output = -1;                     ///< borrowed; -1 is /dev/null
    int standard_error = 2;                       ///< borrowed; -1 is /dev/null
    bool confined = false;     ///< starts under no_new_privs and leaves no core dump
    int landlock_ruleset = -1; ///< borrowed; of a confined program: it starts under it
};

/// A running program (Boost.Process). Owns it: a Program that goes away unfinished is killed and
/// reaped.
class Program {
public:
    /// Starts it, or throws an Error that names the path.
    static Program start(const ProgramOptions& options);
    Program(Program&&) noexcept;
    Program& operator=(Program&&) noexcept;
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program();

    [[nodiscard]] pid_t pid() const;
    /// Waits for its end: its exit status, or 128 + the signal that ended it.
    int wait();
    void kill() noexcept;

private:
    struct State;
    explicit Program(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

/// How a program that was waited for ended.
struct ProgramEnd {
    int status = 0; ///< its exit status, or 128 + the signal that ended it
    std::string output;
    std::string complaint; ///< the last line that it wrote to standard error
};

/// Starts a program and waits for its end; more than `limit` bytes of output, or more than
/// `time_limit` (zero: none), and it is killed: an Error.
[[nodiscard]] ProgramEnd
run_to_end(ProgramOptions options, std::size_t limit, std::chrono::milliseconds time_limit = {});

/// Starts a program, waits, and returns its standard output (at most `limit` bytes). A non-zero end
/// is an Error that quotes the last line it wrote to standard error.
[[nodiscard]] std::string run_program(ProgramOptions options, std::size_t limit = 1U << 20);

/// The directory of the running executable: our programs lie side by side.
[[nodiscard]] std::filesystem::path own_directory();

} // namespace caisson
