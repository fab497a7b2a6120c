// What lies around: the store's disk, and switches of the host that other walls answer for.
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/chamber/overlay.hh"
#include "sandbox/host/check.hh"
#include "sandbox/host/checks.hh"
#include "sandbox/sys/path.hh"

#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

constexpr const char* kOtherPlace =
    "set CAISSON_STORE to a directory on ext4, xfs or btrfs, such as a mounted volume";

struct KnownKind {
    std::uint32_t magic;
    const char* name;
};
constexpr std::uint32_t kXfs = 0x58465342;
constexpr std::uint32_t kZfs = 0x2fc12fc1;
constexpr std::uint32_t kFuse = 0x65735546;
constexpr KnownKind kKinds[] = {{EXT4_SUPER_MAGIC, "ext4"},
                                {kXfs, "xfs"},
                                {BTRFS_SUPER_MAGIC, "btrfs"},
                                {F2FS_SUPER_MAGIC, "f2fs"},
                                {kZfs, "zfs"},
                                {TMPFS_MAGIC, "tmpfs"},
                                {OVERLAYFS_SUPER_MAGIC, "overlayfs"},
                                {NFS_SUPER_MAGIC, "nfs"},
                                {kFuse, "fuse"}};

std::string kind_of(int directory)
{
    struct statfs status = {};
    if (::fstatfs(directory, &status) != 0) throw SysError(errno, "fstatfs");
    const auto magic = static_cast<std::uint32_t>(status.f_type);
    for (const KnownKind& kind : kKinds)
        if (kind.magic == magic) return kind.name;
    return "a file system of kind " + std::to_string(magic);
}

/// A switch of the host without its line end; nothing where this kernel does not have it.
std::optional<std::string> setting(const std::string& name)
{
    const UniqueFd file(::open(("/proc/sys/" + name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    std::string value = read_all(file.get(), 1U << 12, name);
    while (value.ends_with('\n'))
        value.pop_back();
    return value;
}

} // namespace

Finding check_store_kind(const HostView& host)
{
    const std::string kind = kind_of(host.trees);
    if (kind == "overlayfs")
        return {Finding::Status::kDegraded,
                "overlayfs: trees are kept in memory, and only layers are cached",
                kOtherPlace};
    if (kind == "nfs" || kind == "fuse")
        return {Finding::Status::kDegraded,
                kind + ": slow, and ids and attributes may not be kept",
                kOtherPlace};
    return {.detail = kind};
}

Finding check_store_attributes(const HostView& host)
{
    if (lies_on_overlay(host.trees)) return {.detail = "trees are kept in memory"};
    const std::string name = "check." + std::to_string(::getpid());
    const auto file = sys::create_file(host.trees, name, 0600);
    if (!file) return {Finding::Status::kMissing, sys::quoted(name) + " is there already", ""};
    const int result = ::fsetxattr(file->get(), "user.caisson.check", "x", 1, 0);
    const int number = errno;
    sys::unlinkat(host.trees, name, 0);
    if (result == 0) return {};
    return {Finding::Status::kMissing, error_text(number), kOtherPlace};
}

Finding check_store_space(const HostView& host)
{
    constexpr std::uint64_t kGibibyte = 1ULL << 30;
    constexpr std::uint64_t kFewBytes = 2 * kGibibyte;
    constexpr std::uint64_t kFewFiles = 100'000;
    struct statvfs status = {};
    if (::fstatvfs(host.trees, &status) != 0) throw SysError(errno, "fstatvfs");
    const std::uint64_t bytes = status.f_bavail * status.f_frsize;
    // btrfs has no number of inodes, and says 0 of 0
    const bool counted = status.f_files != 0;
    std::string detail = std::to_string(bytes / kGibibyte) + " GiB free";
    if (counted) detail += ", " + std::to_string(status.f_favail) + " files";
    const bool few = bytes < kFewBytes || (counted && status.f_favail < kFewFiles);
    if (!few) return {.detail = detail};
    return {Finding::Status::kDegraded, detail, "make room, or set CAISSON_STORE"};
}

Finding check_core_pattern(const HostView&)
{
    const std::string pattern = setting("kernel/core_pattern").value_or("");
    if (pattern.starts_with('@')) // coredump_socket: the limit is not looked at
        return {Finding::Status::kDegraded,
                "dumps go to a socket: " + pattern,
                "sysctl kernel.core_pattern=core"};
    return {.detail = (pattern.starts_with('|') ? "dumps go to a program: " : "dumps are files: ") +
                      pattern};
}

Finding check_tracing(const HostView&)
{
    const auto scope = setting("kernel/yama/ptrace_scope");
    if (scope && *scope != "0") return {.detail = "kernel.yama.ptrace_scope is " + *scope};
    return {Finding::Status::kDegraded,
            scope ? "kernel.yama.ptrace_scope is 0" : "this kernel has no Yama",
            scope
                ? "sysctl kernel.yama.ptrace_scope=1"
                : "keep the signing key with another user: the signer, at least, cannot be traced"};
}

Finding check_rings(const HostView&)
{
    const auto off = setting("kernel/io_uring_disabled");
    return {.detail = off ? "kernel.io_uring_disabled is " + *off : "this kernel has no switch"};
}

Finding check_programs_in_kernel(const HostView&)
{
    const auto off = setting("kernel/unprivileged_bpf_disabled");
    if (off && *off == "0")
        return {Finding::Status::kDegraded,
                "kernel.unprivileged_bpf_disabled is 0",
                "sysctl kernel.unprivileged_bpf_disabled=2"};
    return {.detail = off ? "kernel.unprivileged_bpf_disabled is " + *off : "none"};
}

} // namespace caisson::sandbox
