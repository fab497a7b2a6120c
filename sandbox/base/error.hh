#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace caisson {

/// Whose move it is after an error; the command line turns each into an exit code
/// (runner/cli/exit_code.hh).
enum class ErrorKind {
    kInternal,   ///< a bug in caisson: 70
    kStep,       ///< a step failed or hit a limit: 1
    kUsage,      ///< command line, Dockerfile or policy file is wrong: 2
    kRefused,    ///< the policy or a gate said no: 3
    kUnverified, ///< a signature, digest or rebuild did not hold: 4
    kHost,       ///< this host cannot give the isolation asked for: 5
    kInput,      ///< input missing, changed or damaged: 6
    kInterrupted ///< the user stopped it: 130
};

/// What ends a run. Reads `outermost context: …: why (hint: …)`: lower case, no full stop, quoted
/// paths. A result that the caller is expected to branch on is a value, never an Error.
class Error : public std::exception {
public:
    Error(ErrorKind kind, std::string why, std::string hint = {});

    /// Prepends what was being done. Called on the way up, so the outermost comes first.
    void add_context(std::string_view doing);

    [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
    void set_kind(ErrorKind kind) noexcept { kind_ = kind; }
    /// The trail and the reason, without the hint.
    [[nodiscard]] const std::string& message() const noexcept { return message_; }
    [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
    void set_hint(std::string hint);
    [[nodiscard]] const char* what() const noexcept override { return whole_.c_str(); }

private:
    void compose();

    ErrorKind kind_;
    std::string message_;
    std::string hint_;
    std::string whole_;
};

/// A refused system call. Takes the error number as an argument, never from the ambient errno:
/// building `call` may itself change errno. What a user can mend (no space, no such file, not
/// permitted) is ErrorKind::kInput, anything else kInternal.
class SysError : public Error {
public:
    SysError(int number, const std::string& call, std::string hint = {});
    [[nodiscard]] int number() const noexcept { return number_; }

private:
    int number_;
};

/// The text of an error number; safe in threads.
[[nodiscard]] std::string error_text(int number);

/// Runs `step`; if it fails, the error says that it failed while `doing`.
template<class Step>
decltype(auto) in_context(std::string_view doing, Step&& step)
try {
    return std::forward<Step>(step)();
} catch (Error& error) {
    error.add_context(doing);
    throw;
}

/// Runs `step`; if it fails, the error is of that kind: a refused call means something else where
/// it is a wall.
template<class Step>
decltype(auto) with_kind(ErrorKind kind, Step&& step)
try {
    return std::forward<Step>(step)();
} catch (Error& error) {
    error.set_kind(kind);
    throw;
}

} // namespace caisson
