#include "sandbox/chamber/capability_attribute.hh"

#include <cstdint>
#include <cstring>
#include <endian.h>
#include <linux/capability.h>

namespace caisson::sandbox {

std::string without_namespace(std::string value)
{
    // struct vfs_ns_cap_data, little-endian: magic and flags, two pairs of sets, the root's id
    std::uint32_t magic = 0;
    if (value.size() != XATTR_CAPS_SZ_3) return value;
    std::memcpy(&magic, value.data(), sizeof magic);
    magic = le32toh(magic);
    if ((magic & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_3) return value;
    magic =
        htole32((magic & ~static_cast<std::uint32_t>(VFS_CAP_REVISION_MASK)) | VFS_CAP_REVISION_2);
    std::memcpy(value.data(), &magic, sizeof magic);
    value.resize(XATTR_CAPS_SZ_2);
    return value;
}

} // namespace caisson::sandbox
