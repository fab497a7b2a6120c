#pragma once

#include "policies/syscall_entry.hh"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::policies {

/// "4.8" of a profile, and of a release such as "6.18.44-generic".
struct KernelVersion {
    unsigned version = 0;
    unsigned revision = 0;
    auto operator<=>(const KernelVersion&) const = default;
};

/// A seccomp profile in the JSON form that Docker takes, which is OCI runtime-spec's (config-linux,
/// Seccomp) with conditions on the host.
struct SeccompProfile {
    struct Answer {
        std::string action; ///< as SyscallEntry::action
        int error = 0;      ///< for "errno"
    };
    /// All lists that are not empty must be met.
    struct Conditions {
        std::vector<std::string> capabilities;
        std::vector<std::string> architectures; ///< as Docker names them: "amd64", "x32", "x86"
        std::optional<KernelVersion> least_kernel;
    };
    struct Entry {
        std::vector<std::string> names;
        Answer answer;
        std::vector<SyscallEntry::Argument> arguments;
        Conditions includes; ///< the entry counts where all of these hold
        Conditions excludes; ///< and none of these
    };
    Answer otherwise;
    std::vector<Entry> entries;
    bool covers_i386 = false; ///< names SCMP_ARCH_X86 among its architectures
};

/// Reads a profile; `origin` is named in errors, which are of kind kUsage: an unknown key, an
/// action that needs a tracer or a supervisor of the author's. Flags are read and not used: they
/// change no answer. SCMP_ACT_LOG allows, as it does in the kernel, without a line in the host's
/// log that a step could flood.
[[nodiscard]] SeccompProfile parse_seccomp_profile(std::string_view text, std::string_view origin);

/// What the conditions of a profile are asked about.
struct ProfileHost {
    std::string architecture; ///< "amd64": of the kernel, whatever the image's
    KernelVersion kernel;
    std::vector<std::string> capabilities; ///< what a step keeps
};

/// The profile's answers on that host, one call an entry, to be asked in order. Where several
/// entries hold for one call the strictest comes first: killing, trapping, an error, leave. (Docker
/// leaves it to libseccomp, which drops an entry with conditions beside one without, silently.) As
/// in runc, an entry that tests one argument twice means either, not both.
[[nodiscard]] std::vector<SyscallEntry> resolve_profile(const SeccompProfile& profile,
                                                        const ProfileHost& host);

/// "6.18.44" is {6, 18}; what does not start so is an Error of kind kHost.
[[nodiscard]] KernelVersion kernel_version(std::string_view release);

} // namespace caisson::policies
