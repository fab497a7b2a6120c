#pragma once

#include "policies/limits.hh"
#include "policies/seccomp_profile.hh"
#include "policies/syscall_entry.hh"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::policies {

/// The value of "format" in a policy file.
inline constexpr std::string_view kPolicyFormat = "policy@v1";

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

/// System calls by a profile of Docker's or of OCI's form. What lies below the floor
/// (policies/floor.hh) stays refused whatever it says, but for what is accepted by name.
struct PolicySeccomp {
    SeccompProfile profile;
    std::vector<std::string> accepted; ///< parts of the floor, by their "i_accept_…" keys, sorted
};

/// What a build may do. Read once, narrowed by the request, never widened.
struct Policy {
    std::string name;
    std::string description;
    PolicyLimits limits;
    std::vector<std::string> capabilities;   ///< at most the eleven of the default profile
    std::vector<std::string> syscall_groups; ///< names, in order; empty where `seccomp` is given
    std::vector<SyscallGroup> groups;        ///< the same, resolved
    std::optional<PolicySeccomp> seccomp;    ///< in place of groups
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
/// Reads a file that a policy names beside itself.
using ReadBeside = std::function<std::string(const std::string& path)>;
/// The same from memory; `origin` is named in errors. Without `read_beside` a policy that names
/// another file is an Error.
[[nodiscard]] Policy
parse_policy(std::string_view text, std::string_view origin, const ReadBeside& read_beside = {});
/// The names of the profiles that come with caisson.
[[nodiscard]] std::vector<std::string> profile_names();

/// Whether a FROM may name this reference. `scratch` and stages need no leave and are not asked
/// about.
[[nodiscard]] bool allows_base_image(const Policy& policy, std::string_view reference);

} // namespace caisson::policies
