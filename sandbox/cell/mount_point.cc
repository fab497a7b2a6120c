#include "sandbox/cell/mount_point.hh"

#include "sandbox/base/error.hh"
#include "sandbox/sys/path.hh"

namespace caisson::sandbox {

UniqueFd open_mount_point(int root, const std::string& name)
{
    sys::mkdirat(root, name, 0755);
    const auto entry = sys::fstatat(root, name);
    if (!entry || !S_ISDIR(entry->st_mode))
        throw Error(ErrorKind::kInput,
                    "\"/" + name + "\" of the image is no directory",
                    "an image whose /" + name + " is a link or a file cannot run steps");
    return sys::openat2(
        root, name, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | RESOLVE_NO_XDEV);
}

} // namespace caisson::sandbox
