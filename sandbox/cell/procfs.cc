// /proc: a fresh instance, of which only what a build needs can be seen and nothing but a process's
// own entries can be written.
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/cell/mount_point.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/chamber/layout.hh"
#include "sandbox/sys/file_system.hh"
#include "sandbox/sys/mount.hh"
#include "sandbox/sys/path.hh"

#include <linux/magic.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

namespace caisson::sandbox {
namespace {

/// What tells of the host or drives it. Not every kernel has every one.
constexpr const char* kHiddenFiles[] = {
    "cmdline",
    "diskstats",
    "interrupts",
    "iomem",
    "kallsyms",
    "kcore",
    "key-users",
    "keys",
    "kmsg",
    "latency_stats",
    "pagetypeinfo",
    "partitions",
    "sched_debug",
    "slabinfo",
    "softirqs",
    "sysrq-trigger",
    "timer_list",
    "vmallocinfo",
};
constexpr const char* kHiddenDirectories[] = {"acpi", "bus", "fs", "irq", "scsi"};
/// Builds read it (nproc, page sizes, limits); nobody writes it.
constexpr const char* kReadOnly = "sys";

void write_value(int procfs, const std::string& name, std::string_view value)
{
    const UniqueFd file = sys::openat2(procfs, name, O_WRONLY, RESOLVE_BENEATH | RESOLVE_NO_XDEV);
    write_all(file.get(), value);
}

/// Clones the mount `source` over `name`, where the kernel has that entry.
void cover(int procfs, const char* name, int source)
{
    if (!sys::fstatat(procfs, name)) return;
    const UniqueFd clone = sys::open_tree(source, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
    sys::move_mount(clone.get(), "", procfs, name, MOVE_MOUNT_F_EMPTY_PATH);
}

void require_null_device(int fd)
{
    // CVE-2025-31133: a mask that is not the real /dev/null shows what it should hide
    const struct stat entry = sys::fstat(fd);
    if (!S_ISCHR(entry.st_mode) || entry.st_rdev != ::makedev(1, 3))
        throw Error(ErrorKind::kHost, "the chamber's /dev/null is not the null device");
}

} // namespace

void open_procfs(CellSetup& setup)
{
    // other users' processes and our init stay out of sight; Linux 5.8
    setup.procfs = sys::make_file_system("proc",
                                         {{"hidepid", "ptraceable"}},
                                         MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    // CVE-2019-16884: what is written to below must be the kernel's own
    struct statfs kind = {};
    if (::fstatfs(setup.procfs.get(), &kind) != 0 || kind.f_type != PROC_SUPER_MAGIC)
        throw Error(ErrorKind::kHost, "the fresh procfs is none");
}

void be_killed_first(CellSetup& setup)
{
    write_value(setup.procfs.get(), "self/oom_score_adj", "500");
}

void forbid_user_namespaces(CellSetup& setup)
{
    write_value(setup.procfs.get(), "sys/user/max_user_namespaces", "0");
}

void mount_procfs(CellSetup& setup)
{
    const UniqueFd point = open_mount_point(setup.root.get(), "proc");
    const int procfs = setup.procfs.get();
    sys::move_mount(procfs, "", point.get(), "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);

    const UniqueFd null =
        sys::openat2(AT_FDCWD, kDevicesPath + std::string("/null"), O_PATH, RESOLVE_NO_SYMLINKS);
    require_null_device(null.get());
    for (const char* name : kHiddenFiles)
        cover(procfs, name, null.get());
    const UniqueFd empty =
        sys::openat2(AT_FDCWD, kEmptyPath, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    for (const char* name : kHiddenDirectories)
        cover(procfs, name, empty.get());

    const UniqueFd read_only = sys::open_tree(procfs, kReadOnly, OPEN_TREE_CLONE);
    sys::mount_setattr(read_only.get(), "", AT_EMPTY_PATH, MOUNT_ATTR_RDONLY);
    sys::move_mount(read_only.get(), "", procfs, kReadOnly, MOVE_MOUNT_F_EMPTY_PATH);
}

} // namespace caisson::sandbox
