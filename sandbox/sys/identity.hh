#pragma once

#include <sys/types.h>
#include <vector>

/// Whose process this is. One call a function; SysError where it is refused.
namespace caisson::sandbox::sys {

void setgroups(const std::vector<gid_t>& groups);
/// Sets all three group ids.
void setresgid(gid_t group);
/// Sets all three user ids. Clears the parent death signal and makes the process non-dumpable.
void setresuid(uid_t user);
/// Leaves the session keyring that was inherited for a new one (keyrings(7)). Does nothing where
/// the kernel has no keys.
void join_new_session_keyring();
/// seteuid(2): sets the effective user id alone; the kernel drops the effective capabilities when
/// it leaves 0 and gives them back when it returns.
void set_effective_user(uid_t user);
/// setegid(2).
void set_effective_group(gid_t group);
/// SECBIT_NO_SETUID_FIXUP: capabilities stay whatever the user ids become. Needs CAP_SETPCAP.
void keep_capabilities_over_ids();

} // namespace caisson::sandbox::sys
