// Mounts by the calls of Linux 5.2 and later, which a filter written for mount(2) does not know.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <string>
#include <sys/syscall.h>

#ifndef SYS_statmount
#define SYS_statmount 457
#define SYS_listmount 458
#endif
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

namespace caisson::probes {
namespace {

constexpr unsigned kOpenTreeClone = 1;
constexpr unsigned kEmptyPath = 0x1000;
constexpr unsigned kRecursive = 0x8000;

Finding open_context(const char* type)
{
    return judge(call(SYS_fsopen, type, 0), "fsopen");
}

/// CVE-2022-0185: an option of a legacy file system that overruns its page; here it does not.
Finding configure_context()
{
    const long context = call(SYS_fsopen, "tmpfs", 0);
    if (context < 0) return judge(context, "fsopen");
    constexpr unsigned kSetString = 1;
    return judge(call(SYS_fsconfig, context, kSetString, "size", "4096", 0), "fsconfig");
}

Finding make_detached(const char* type)
{
    const long context = call(SYS_fsopen, type, 0);
    if (context < 0) return judge(context, "fsopen");
    constexpr unsigned kCreate = 6;
    const long made = call(SYS_fsconfig, context, kCreate, nullptr, nullptr, 0);
    if (made < 0) return judge(made, "fsconfig");
    return judge(call(SYS_fsmount, context, 0, 0), "fsmount");
}

Finding pick_mounted()
{
    return judge(call(SYS_fspick, AT_FDCWD, "/", 0), "fspick");
}

Finding clone_tree(const char* path)
{
    return judge(call(SYS_open_tree, AT_FDCWD, path, kOpenTreeClone | kRecursive | O_CLOEXEC),
                 "open_tree(OPEN_TREE_CLONE)");
}

/// A clone of / whose mounts are as writable as they were before: the masks stay behind.
Finding clone_tree_with_attributes()
{
    struct Attributes {
        std::uint64_t set, clear, propagation, user_namespace;
    } attributes = {.set = 0, .clear = MOUNT_ATTR_RDONLY, .propagation = 0, .user_namespace = 0};
    return judge(call(SYS_open_tree_attr,
                      AT_FDCWD,
                      "/",
                      kOpenTreeClone | O_CLOEXEC,
                      &attributes,
                      sizeof attributes),
                 "open_tree_attr");
}

Finding move_tree()
{
    mount_out_of_sight();
    const std::string point = make_scratch_directory();
    if (point.empty()) return absent_because("there is no directory to mount on");
    const long tree = call(SYS_open_tree, AT_FDCWD, "/proc", kOpenTreeClone | O_CLOEXEC);
    // without a tree: the call itself, on descriptors that it must refuse
    constexpr unsigned kFromEmptyPath = 4;
    const Finding found =
        tree >= 0
            ? judge(call(SYS_move_mount, tree, "", AT_FDCWD, point.c_str(), kFromEmptyPath),
                    "move_mount")
            : judge_asking(call(SYS_move_mount, AT_FDCWD, "/proc", AT_FDCWD, "/", 0), "move_mount");
    return found;
}

template<std::uint64_t cleared>
Finding clear_attribute()
{
    mount_out_of_sight();
    struct Attributes {
        std::uint64_t set, clear, propagation, user_namespace;
    } attributes = {.set = 0, .clear = cleared, .propagation = 0, .user_namespace = 0};
    return judge(
        call(SYS_mount_setattr, AT_FDCWD, "/proc", kRecursive, &attributes, sizeof attributes),
        "mount_setattr");
}

struct MountQuery { // struct mnt_id_req of linux/mount.h, which Debian 12's headers lack
    std::uint32_t size, spare;
    std::uint64_t mount, parameter;
};

constexpr std::uint64_t kRootMount = ~0ULL; // LSMT_ROOT

Finding list_mounts()
{
    MountQuery query = {.size = sizeof query, .spare = 0, .mount = kRootMount, .parameter = 0};
    std::uint64_t mounts[64] = {};
    return judge(call(SYS_listmount, &query, mounts, 64, 0), "listmount");
}

Finding ask_for_mount()
{
    MountQuery query = {.size = sizeof query, .spare = 0, .mount = kRootMount, .parameter = 0};
    std::uint64_t mounts[64] = {};
    const long count = call(SYS_listmount, &query, mounts, 64, 0);
    query.mount = count > 0 ? mounts[0] : 1;
    constexpr std::uint64_t kBasic = 2; // STATMOUNT_MNT_BASIC
    query.parameter = kBasic;
    std::uint64_t answer[512] = {};
    const long answered = call(SYS_statmount, &query, answer, sizeof answer, 0);
    return answered == -ENOENT ? open_because("statmount looks for the mount")
                               : judge(answered, "statmount");
}

constexpr Attempt kAttempts[] = {
    {"mount.fsopen_tmpfs",
     Severity::kShould,
     kCheap,
     "the code that parses file systems' options (CVE-2022-0185)",
     [] { return open_context("tmpfs"); }},
    {"mount.fsopen_ext4",
     Severity::kShould,
     kCheap,
     "the same of a file system on a disk",
     [] { return open_context("ext4"); }},
    {"mount.fsconfig", Severity::kShould, kCheap, "one option", configure_context},
    {"mount.fsmount_tmpfs",
     Severity::kMust,
     kCheap,
     "a file system of the step's own, which is attached nowhere",
     [] { return make_detached("tmpfs"); }},
    {"mount.fsmount_proc",
     Severity::kMust,
     kCheap,
     "/proc without masks, which is attached nowhere",
     [] { return make_detached("proc"); }},
    {"mount.fsmount_sysfs",
     Severity::kMust,
     kCheap,
     "the same of /sys",
     [] { return make_detached("sysfs"); }},
    {"mount.fspick", Severity::kMust, kCheap, "reconfigure what is mounted", pick_mounted},
    {"mount.open_tree_root",
     Severity::kMust,
     kCheap,
     "a copy of the tree, in which masks can be taken off",
     [] { return clone_tree("/"); }},
    {"mount.open_tree_proc",
     Severity::kMust,
     kCheap,
     "a copy of /proc alone, without what lies on it",
     [] { return clone_tree("/proc"); }},
    {"mount.open_tree_attr",
     Severity::kMust,
     kCheap,
     "a copy whose read-only mounts are writable (Linux 6.15)",
     clone_tree_with_attributes},
    {"mount.move_mount", Severity::kMust, 0, "move a mount off what it covers", move_tree},
    {"mount.setattr_writable",
     Severity::kMust,
     0,
     "read-only comes off by mount_setattr",
     clear_attribute<MOUNT_ATTR_RDONLY>},
    {"mount.setattr_suid",
     Severity::kMust,
     0,
     "nosuid comes off by mount_setattr",
     clear_attribute<MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV>},
    {"mount.listmount",
     Severity::kShould,
     kCheap,
     "the mounts of a namespace, without /proc (Linux 6.8)",
     list_mounts},
    {"mount.statmount", Severity::kShould, kCheap, "their sources", ask_for_mount},
};

} // namespace

std::span<const Attempt> mount_call_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes
