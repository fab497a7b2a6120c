#pragma once

#include "sandbox/architecture.hh"

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caisson::sandbox {

/// One argument test of a rule, in as many bits as the kernel reads of that argument
/// (sandbox/seccomp/syscall_arguments.hh): a value may be written in 64 bits or in those, and what
/// the kernel throws away of an argument cannot get past the test (CVE-2019-10063).
struct ArgumentTest {
    unsigned index = 0; ///< 0 to 5
    enum class Compare {
        kEqual,
        kNotEqual,
        kLess,
        kLessOrEqual,
        kGreater,
        kGreaterOrEqual,
        kMaskedEqual,   ///< (argument & mask) == value
        kMaskedNotEqual ///< (argument & mask) != value
    };
    Compare compare = Compare::kEqual;
    std::uint64_t value = 0;
    std::uint64_t mask = ~0ULL; ///< for kMasked…
};

/// What a filter answers to one system call that meets all `tests`.
struct SeccompRule {
    std::string name;
    enum class Action {
        kAllow,
        kErrno,
        kTrap, ///< SIGSYS, which the program may catch
        kKillThread,
        kKill,  ///< the whole process
        kNotify ///< a supervisor answers (cell/socketcall.hh)
    };
    Action action = Action::kAllow;
    int error = 0;                   ///< for kErrno
    std::vector<ArgumentTest> tests; ///< more than one may look at the same argument
};

/// What an architecture's calls are answered. Of the rules for a call, the first that holds
/// decides; where none does, `otherwise`. Numbers that no kernel known to us has, x32 calls among
/// them, answer ENOSYS, so that a newer libc falls back.
struct SeccompTable {
    std::vector<SeccompRule> rules;
    SeccompRule::Action otherwise = SeccompRule::Action::kErrno;
    int default_error = EPERM; ///< where `otherwise` is kErrno
};

/// A filter as data: what native calls are answered. Calls of another architecture kill.
struct SeccompFilter : SeccompTable {
    std::optional<SeccompTable> i386; ///< without it they are of another architecture as well
};

} // namespace caisson::sandbox
