// /proc: a fresh instance, of which only what a build needs can be seen and nothing can be written.
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/cell/describe.hh"
#include "sandbox/cell/figures.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/chamber/layout.hh"
#include "sandbox/sys/file_system.hh"
#include "sandbox/sys/mount.hh"
#include "sandbox/sys/path.hh"
#include "sandbox/sys/process.hh"

#include <algorithm>
#include <linux/magic.h>
#include <string_view>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

namespace caisson::sandbox {
namespace {

/// What a build reads, beside the processes' own entries. All else tells of the host or drives it,
/// and every kernel brings something new: so what is not named here is covered.
constexpr std::string_view kShown[] = {
    "cpuinfo", // compilers' -march=native, test runners
    "sys",
    "sysvipc", // of the cell's IPC namespace
    "version",
};
/// Below sys: counters of the whole machine, what names it, its drivers' settings, the programs
/// that its kernel starts.
constexpr const char* kHiddenSettings[] = {
    "sys/fs/aio-nr",
    "sys/fs/dentry-state",
    "sys/fs/file-nr",
    "sys/fs/inode-nr",
    "sys/fs/inode-state",
    "sys/kernel/core_pattern",
    "sys/kernel/hotplug",
    "sys/kernel/modprobe",
    "sys/kernel/poweroff_cmd",
    "sys/kernel/pty/nr",
    "sys/kernel/random/boot_id",
    "sys/kernel/tainted",
};
constexpr const char* kHiddenDirectories[] = {"sys/dev", "sys/fs/quota", "sys/sunrpc"};

bool is_shown(const sys::DirectoryEntry& entry)
{
    if (entry.type == DT_LNK) return true; // self, net, mounts: into the processes' own entries
    if (entry.name.find_first_not_of("0123456789") == std::string::npos) return true;
    return std::find(std::begin(kShown), std::end(kShown), entry.name) != std::end(kShown);
}

bool is_figure(const sys::DirectoryEntry& entry)
{
    return std::find(std::begin(kFigures), std::end(kFigures), entry.name) != std::end(kFigures);
}

void write_value(int procfs, const std::string& name, std::string_view value)
{
    const UniqueFd file = sys::openat2(procfs, name, O_WRONLY, RESOLVE_BENEATH | RESOLVE_NO_XDEV);
    write_all(file.get(), value);
}

/// Binds `source` over an entry of the working directory. By path, for once: one call in place of
/// four counts when there are fifty of them a cell. Nobody can swap anything: the names are the
/// kernel's, and nobody else is in this mount namespace.
void cover(const std::string& name, const char* source)
{
    sys::mount(source, name.c_str(), nullptr, MS_BIND, nullptr);
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
    const int procfs = setup.procfs.get();
    sys::move_mount(procfs, "", AT_FDCWD, kWaitingProcfsPath, MOVE_MOUNT_F_EMPTY_PATH);

    const std::string null = kDevicesPath + std::string("/null");
    require_null_device(sys::openat2(AT_FDCWD, null, O_PATH, RESOLVE_NO_SYMLINKS).get());
    const UniqueFd root = sys::openat2(procfs, ".", O_RDONLY | O_DIRECTORY, RESOLVE_BENEATH);
    sys::fchdir(root.get());
    for (const sys::DirectoryEntry& entry : sys::read_directory(root.get()))
        if (!is_shown(entry) && !is_figure(entry))
            cover(entry.name, entry.type == DT_DIR ? kEmptyPath : null.c_str());
    // not every kernel has them; whether it does is not asked first, for each look costs as much
    for (const char* name : kHiddenSettings)
        (void)sys::bind_if_there(null.c_str(), name);
    for (const char* name : kHiddenDirectories)
        (void)sys::bind_if_there(kEmptyPath, name);
    for (const char* name : kFigures)
        cover(name, (kScratchPath + ("/" + std::string(name))).c_str());

    // No build writes to it: a process's own files there are its oom_score_adj, the clock of its
    // children, and names that prctl(2) sets too.
    sys::mount_setattr(procfs, "", AT_EMPTY_PATH | AT_RECURSIVE, MOUNT_ATTR_RDONLY);
    sys::chdir("/");
}

std::vector<MountNote> note_procfs()
{
    std::vector<MountNote> notes = {
        {"/proc",
         "proc",
         "ro,nosuid,nodev,noexec,hidepid=ptraceable",
         "the cell's own processes; all else that is not named below is "
         "covered, and nothing can be written"}};
    for (const char* name : kFigures)
        notes.push_back({std::string("/proc/") + name,
                         "bind",
                         "ro,nosuid,nodev,noexec",
                         "the cell's own figures: the kernel's tell of the whole machine"});
    constexpr const char* kWhy = "covered: it counts, names or tells how to drive the host";
    for (const char* name : kHiddenSettings)
        notes.push_back({std::string("/proc/") + name, "bind", "ro,nosuid,noexec", kWhy});
    for (const char* name : kHiddenDirectories)
        notes.push_back({std::string("/proc/") + name, "bind", "ro,nosuid,nodev,noexec", kWhy});
    return notes;
}

std::vector<std::string> note_shown_of_procfs()
{
    return {std::begin(kShown), std::end(kShown)};
}

} // namespace caisson::sandbox
