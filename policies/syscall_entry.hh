#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace caisson::policies {

/// What one system call is answered, with the reason.
struct SyscallEntry {
    struct Argument {
        unsigned index = 0;
        /// "==", "!=", "<", "<=", ">", ">=", or of what the mask leaves: "&==", "&!="; in as many
        /// bits as the kernel reads of that argument.
        std::string compare;
        std::uint64_t value = 0;
        std::uint64_t mask = ~0ULL;
    };
    std::string name;
    /// "allow", "errno"; from a profile (policies/seccomp_profile.hh) also "trap", "kill-thread",
    /// "kill-process".
    std::string action = "allow";
    int error = 0;                   ///< for "errno"
    std::vector<Argument> arguments; ///< all must hold
    std::string why;
};

/// A named set of system calls: policies/syscalls/<name>.json.
struct SyscallGroup {
    std::string name;
    std::string why;
    std::vector<SyscallEntry> calls;
    std::vector<SyscallEntry> i386_calls; ///< of programs of linux/386 images (policies/i386.hh)
};

} // namespace caisson::policies
