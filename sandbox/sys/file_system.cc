#include "sandbox/sys/file_system.hh"

#include "sandbox/base/error.hh"
#include "sandbox/sys/mount.hh"

#include <cerrno>

namespace caisson::sandbox::sys {

UniqueFd make_file_system(const char* type,
                          std::initializer_list<std::pair<const char*, std::string>> options,
                          unsigned attributes)
{
    const UniqueFd context = fsopen(type);
    for (const auto& [key, value] : options)
        fsconfig_string(context.get(), key, value);
    if (!try_fsconfig_create(context.get()))
        throw SysError(EINVAL, std::string("fsconfig create \"") + type + "\"");
    return fsmount(context.get(), attributes);
}

} // namespace caisson::sandbox::sys
