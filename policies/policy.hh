#pragma once

#include "policies/limits.hh"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::policies {

/// The value of "format" in a policy file.
inline constexpr std::string_view kPolicyFormat = "policy@v1";

/// One system call of a group, with the reason that it is there.
struct SyscallEntry {
    struct Argument {
        unsigned index = 0;
        std::string compare; ///< "==", "!=", "<", "<=", ">", ">=", "&==": (argument & mask) ==
                             ///< value; in as many bits as the kernel reads of that argument
        std::uint64_t value = 0;
        std::uint64_t mask = ~0ULL;
    };
    std::string name;
    std::string action = "allow";    ///< "allow" or "errno"
    int error = 0;                   ///< for "errno"
    std::vector<Argument> arguments; ///< all must hold
    std::string why;
};

/// A named set of system calls: policies/syscalls/<name>.json.
struct SyscallGroup {
    std::string name;
    std::string why;
    std::vector<SyscallEntry> calls;
};

/// How far a build trusts the kernel to keep what it shares with others read-only.
struct PolicySandbox {
    /// After each step, every tree that it could read is hashed again, through the page cache, and
    /// compared with what it was before any step ran on it: CVE-2022-0847, CVE-2026-31431 and their
    /// kind write to files that may only be read.
    bool verify_lowers = false;
    /// Builds share unpacked base images only with builds of the same domain: other inodes, and so
    /// another page cache. Empty: the domain of all that name none.
    std::string trust_domain;
};

/// What a build may do. Read once, narrowed by the request, never widened.
struct Policy {
    std::string name;
    std::string description;
    PolicyLimits limits;
    std::vector<std::string> capabilities;   ///< at most the eleven of the default profile
    std::vector<std::string> syscall_groups; ///< names, in order
    std::vector<SyscallGroup> groups;        ///< the same, resolved
    std::string landlock;                    ///< "required" or "if-available"
    std::string network;                     ///< "none": loopback only
    PolicySandbox sandbox;
    std::vector<std::string> base_images; ///< globs over references a FROM may name; scratch and
                                          ///< stages are always allowed
    bool plain_http_loopback = false;     ///< registries on loopback may be spoken to without TLS
    /// All that decides, groups resolved, sorted keys, no spaces: what the statement binds. Texts
    /// for people (description, why) are not in it.
    std::string canonical_json;
};

/// Loads a policy by the name of a profile that comes with caisson, or from a file (anything with a
/// `/` or ending in .json). An unknown key, a wrong type or a value out of range is an Error of
/// kind kUsage: `policy "p.json": line 12: unknown key "limts" (hint: did you mean "limits"?)`.
[[nodiscard]] Policy load_policy(std::string_view name_or_path);
/// The same from memory; `origin` is named in errors.
[[nodiscard]] Policy parse_policy(std::string_view text, std::string_view origin);
/// The names of the profiles that come with caisson.
[[nodiscard]] std::vector<std::string> profile_names();

/// Whether a FROM may name this reference. `scratch` and stages need no leave and are not asked
/// about.
[[nodiscard]] bool allows_base_image(const Policy& policy, std::string_view reference);

} // namespace caisson::policies
