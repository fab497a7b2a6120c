#pragma once

#include "policies/policy.hh"

#include <string>
#include <string_view>
#include <vector>

namespace caisson::policies {

/// Reads one file of policies/syscalls; `origin` is named in errors, which are of kind kUsage.
[[nodiscard]] SyscallGroup parse_syscall_group(std::string_view text, std::string_view origin);

/// The names of the groups that come with caisson, sorted.
[[nodiscard]] std::vector<std::string_view> syscall_group_names();

/// The group of that name, which must be one of syscall_group_names().
[[nodiscard]] SyscallGroup syscall_group(std::string_view name);

/// Whether one call of that name can meet both entries. Two entries of a policy never may: a filter
/// compiler is free in which of two matching rules it lets win (libseccomp drops a rule with
/// conditions beside one without, silently).
[[nodiscard]] bool overlap(const SyscallEntry& left, const SyscallEntry& right);

} // namespace caisson::policies
