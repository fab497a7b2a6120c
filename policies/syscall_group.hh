#pragma once

#include "policies/json_cursor.hh"
#include "policies/syscall_entry.hh"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::policies {

/// Reads one file of policies/syscalls; `origin` is named in errors, which are of kind kUsage. Its
/// entries are asked in order, and the first that holds answers: a refusal of all the rest stands
/// last. An entry that is never asked is an error.
[[nodiscard]] SyscallGroup parse_syscall_group(std::string_view text, std::string_view origin);

/// The same from a value of another document, which may have `more_keys` beside a group's.
[[nodiscard]] SyscallGroup read_syscall_group(const JsonCursor& cursor,
                                              std::initializer_list<std::string_view> more_keys);

/// The entries alone.
[[nodiscard]] std::vector<SyscallEntry> read_syscall_entries(const JsonCursor& cursor);

/// The names of the groups that come with caisson, sorted.
[[nodiscard]] std::vector<std::string_view> syscall_group_names();

/// The group of that name, which must be one of syscall_group_names().
[[nodiscard]] SyscallGroup syscall_group(std::string_view name);

/// Whether one call of that name can meet both entries. Entries of two groups never may: the order
/// in which a policy names its groups means nothing.
[[nodiscard]] bool overlap(const SyscallEntry& left, const SyscallEntry& right);

} // namespace caisson::policies
