#include "sandbox/sys/identity.hh"

#include "sandbox/base/error.hh"

#include <cerrno>
#include <grp.h>
#include <linux/keyctl.h>
#include <linux/securebits.h>
#include <string>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson::sandbox::sys {

void setgroups(const std::vector<gid_t>& groups)
{
    if (::setgroups(groups.size(), groups.data()) != 0) throw SysError(errno, "setgroups");
}

void setresgid(gid_t group)
{
    if (::setresgid(group, group, group) != 0)
        throw SysError(errno, "setresgid " + std::to_string(group));
}

void setresuid(uid_t user)
{
    if (::setresuid(user, user, user) != 0)
        throw SysError(errno, "setresuid " + std::to_string(user));
}

void join_new_session_keyring()
{
    if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0 && errno != ENOSYS)
        throw SysError(errno, "keyctl(KEYCTL_JOIN_SESSION_KEYRING)");
}

void set_effective_user(uid_t user)
{
    if (::seteuid(user) != 0) throw SysError(errno, "seteuid " + std::to_string(user));
}

void set_effective_group(gid_t group)
{
    if (::setegid(group) != 0) throw SysError(errno, "setegid " + std::to_string(group));
}

void keep_capabilities_over_ids()
{
    if (::prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) != 0)
        throw SysError(errno, "prctl(PR_SET_SECUREBITS)");
}

} // namespace caisson::sandbox::sys
