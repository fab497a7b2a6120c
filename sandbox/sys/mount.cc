#include "sandbox/sys/mount.hh"

#include "sandbox/base/error.hh"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/syscall.h>

namespace caisson::sandbox::sys {
namespace {

/// What the kernel wrote into the context's log, a line a read (fsopen(2)); "e " marks an error.
std::string reasons_of(int context)
{
    std::string text;
    std::array<char, 512> line = {};
    for (;;) {
        const ssize_t size = ::read(context, line.data(), line.size());
        if (size <= 0) return text;
        std::string one(line.data(), static_cast<std::size_t>(size));
        while (!one.empty() && one.back() == '\n')
            one.pop_back();
        if (one.size() > 2 && one[1] == ' ') one.erase(0, 2);
        text += text.empty() ? one : "; " + one;
    }
}

std::string with_name(const char* call, const char* name)
{
    return std::string(call) + " \"" + name + "\"";
}

/// The error number is taken first: making the text may change errno.
[[noreturn]] void fail(int number, const char* call, const char* name)
{
    throw SysError(number, with_name(call, name));
}

[[noreturn]] void fail_with_reasons(int number, const char* call, const char* name, int context)
{
    const std::string reasons = reasons_of(context);
    throw SysError(number, with_name(call, name) + (reasons.empty() ? "" : " (" + reasons + ")"));
}

} // namespace

void mount(
    const char* source, const char* target, const char* type, unsigned long flags, const char* data)
{
    if (::mount(source, target, type, flags, data) != 0) fail(errno, "mount", target);
}

bool bind_if_there(const char* source, const char* target)
{
    if (::mount(source, target, nullptr, MS_BIND, nullptr) == 0) return true;
    if (errno != ENOENT) fail(errno, "mount", target);
    return false;
}

void umount2(const char* target, int flags)
{
    if (::umount2(target, flags) != 0) fail(errno, "umount2", target);
}

void pivot_root(const char* new_root, const char* put_old)
{
    if (::syscall(SYS_pivot_root, new_root, put_old) != 0) fail(errno, "pivot_root", new_root);
}

UniqueFd open_tree(int directory, const char* path, unsigned flags)
{
    const long fd = ::syscall(SYS_open_tree, directory, path, flags | OPEN_TREE_CLOEXEC);
    if (fd < 0) fail(errno, "open_tree", path);
    return UniqueFd(static_cast<int>(fd));
}

void move_mount(int from, const char* from_path, int to, const char* to_path, unsigned flags)
{
    if (::syscall(SYS_move_mount, from, from_path, to, to_path, flags) != 0)
        fail(errno, "move_mount", to_path);
}

void mount_setattr(int directory,
                   const char* path,
                   unsigned flags,
                   std::uint64_t set,
                   std::uint64_t clear,
                   std::uint64_t propagation)
{
    struct mount_attr attributes = {};
    attributes.attr_set = set;
    attributes.attr_clr = clear;
    attributes.propagation = propagation;
    if (::syscall(SYS_mount_setattr, directory, path, flags, &attributes, sizeof attributes) != 0)
        fail(errno, "mount_setattr", path);
}

bool try_map_mount_ids(int mount, int user_namespace)
{
    struct mount_attr attributes = {};
    attributes.attr_set = MOUNT_ATTR_IDMAP;
    attributes.userns_fd = static_cast<std::uint64_t>(user_namespace);
    constexpr unsigned kWhole = AT_EMPTY_PATH | AT_RECURSIVE;
    if (::syscall(SYS_mount_setattr, mount, "", kWhole, &attributes, sizeof attributes) == 0)
        return true;
    const int number = errno;
    if (number == EINVAL || number == EPERM) return false;
    fail(number, "mount_setattr", "MOUNT_ATTR_IDMAP");
}

UniqueFd fsopen(const char* type)
{
    const long fd = ::syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
    if (fd < 0) fail(errno, "fsopen", type);
    return UniqueFd(static_cast<int>(fd));
}

void fsconfig_string(int context, const char* key, const std::string& value)
{
    if (::syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value.c_str(), 0) != 0)
        fail_with_reasons(errno, "fsconfig", key, context);
}

bool try_fsconfig_string(int context, const char* key, const std::string& value)
{
    if (::syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value.c_str(), 0) == 0)
        return true;
    const int number = errno;
    if (number == EINVAL) return false;
    fail_with_reasons(number, "fsconfig", key, context);
}

void fsconfig_flag(int context, const char* key)
{
    if (::syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, key, nullptr, 0) != 0)
        fail_with_reasons(errno, "fsconfig", key, context);
}

bool try_fsconfig_create(int context)
{
    if (::syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0)
        return true;
    const int number = errno;
    if (number == EINVAL) return false;
    fail_with_reasons(number, "fsconfig", "create", context);
}

UniqueFd fsmount(int context, unsigned attributes)
{
    const long fd = ::syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
    if (fd < 0) fail_with_reasons(errno, "fsmount", "", context);
    return UniqueFd(static_cast<int>(fd));
}

} // namespace caisson::sandbox::sys
