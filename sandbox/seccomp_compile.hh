#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace caisson::sandbox {

/// One argument test of a rule: (argument & mask) == value, compared in 32 or 64 bits as the kernel
/// reads it.
struct ArgumentTest {
    unsigned index = 0; ///< 0 to 5
    enum class Compare {
        kEqual,
        kNotEqual,
        kLess,
        kLessOrEqual,
        kGreater,
        kGreaterOrEqual,
        kMaskedEqual
    };
    Compare compare = Compare::kEqual;
    std::uint64_t value = 0;
    std::uint64_t mask = ~0ULL; ///< for kMaskedEqual
};

/// One system call that gets `action` when all tests hold.
struct SeccompRule {
    std::string name;
    enum class Action { kAllow, kErrno, kKill };
    Action action = Action::kAllow;
    int error = 0; ///< for kErrno
    std::vector<ArgumentTest> tests;
};

/// A filter as data. What no rule names: `default_error`; numbers above the newest known call:
/// ENOSYS, so that a newer libc falls back. Any architecture but the native one kills; x32 calls
/// answer ENOSYS.
struct SeccompFilter {
    std::vector<SeccompRule> rules;
    int default_error = 1; // EPERM
};

/// Compiles to a BPF program (struct sock_filter, as they lie in memory). Takes some 10 ms: keep
/// the result. An unknown system call name is an Error of kind kUsage unless this kernel's
/// architecture lacks it.
[[nodiscard]] std::string compile_seccomp(const SeccompFilter& filter);
/// The program as text, one instruction a line, for golden tests and `caisson explain`.
[[nodiscard]] std::string disassemble_seccomp(const std::string& program);

} // namespace caisson::sandbox
