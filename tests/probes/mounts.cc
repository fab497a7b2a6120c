// Mounts by mount(2) and umount2(2): what is laid over the host's things comes off, or something of
// the host comes in.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <array>
#include <cstdio>
#include <cstring>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

/// Mounts `type` on a directory of our own, out of sight.
Finding mount_new(const char* type, const char* data = nullptr)
{
    mount_out_of_sight();
    const std::string point = make_scratch_directory();
    if (point.empty()) return absent_because("there is no directory to mount on");
    const long answer = call(SYS_mount, "none", point.c_str(), type, 0, data);
    if (answer == 0) call(SYS_umount2, point.c_str(), MNT_DETACH);
    return judge(answer, type);
}

template<unsigned long flags>
Finding change(const char* target, const char* what)
{
    mount_out_of_sight();
    return judge(call(SYS_mount, nullptr, target, nullptr, flags, nullptr), what);
}

Finding bind_proc_elsewhere()
{
    mount_out_of_sight();
    const std::string point = make_scratch_directory();
    if (point.empty()) return absent_because("there is no directory to mount on");
    const long answer = call(SYS_mount, "/proc", point.c_str(), nullptr, MS_BIND | MS_REC, nullptr);
    if (answer == 0) call(SYS_umount2, point.c_str(), MNT_DETACH);
    return judge(answer, "mount(MS_BIND)");
}

Finding mount_overlay()
{
    const std::string point = make_scratch_directory();
    if (point.empty()) return absent_because("there is no directory to mount on");
    mount_out_of_sight();
    const std::string options = "lowerdir=/etc:" + point;
    const long answer = call(SYS_mount, "none", point.c_str(), "overlay", 0, options.c_str());
    if (answer == 0) call(SYS_umount2, point.c_str(), MNT_DETACH);
    return judge(answer, "mount(overlay)");
}

/// The block device under the sandbox's own root, or the first one that the kernel names.
Finding mount_block_device()
{
    mount_out_of_sight();
    const std::string point = make_scratch_directory();
    if (point.empty()) return absent_because("there is no directory to mount on");
    const std::string device = point + "/device";
    std::array<char, 64> name = {};
    unsigned major = 0;
    unsigned minor = 0;
    const std::string table = content_of("/proc/partitions");
    const std::size_t line = table.find("\n\n");
    Finding found = absent_because("no block device is known");
    if (line != std::string::npos &&
        std::sscanf(table.c_str() + line, " %u %u %*u %63s", &major, &minor, name.data()) == 3) {
        const long made = call(SYS_mknod, device.c_str(), S_IFBLK | 0600, (major << 8U) | minor);
        const long answer =
            made < 0 ? made
                     : call(SYS_mount, device.c_str(), point.c_str(), "ext4", MS_RDONLY, nullptr);
        // EBUSY: the host has it, writable
        found = made < 0 ? judge(made, "mknod") : judge_asking(answer, "mount of a block device");
        if (answer == 0) call(SYS_umount2, point.c_str(), MNT_DETACH);
    }
    return found;
}

/// The deepest mount below /proc or /sys that hides something.
std::string find_mask()
{
    const std::string table = content_of("/proc/self/mounts");
    std::string found;
    std::size_t at = 0;
    while (at < table.size()) {
        const std::size_t end = std::min(table.find('\n', at), table.size());
        std::array<char, 512> point = {};
        if (std::sscanf(table.c_str() + at, "%*s %511s", point.data()) == 1 &&
            (std::strncmp(point.data(), "/proc/", 6) == 0 ||
             std::strncmp(point.data(), "/sys/firmware", 13) == 0))
            found = point.data();
        at = end + 1;
    }
    return found;
}

Finding take_mask_off()
{
    mount_out_of_sight();
    std::string mask = find_mask();
    if (mask.empty()) { // none here: can one be laid, and taken off again?
        mask = "/proc/version";
        const long laid = call(SYS_mount, "/dev/null", mask.c_str(), nullptr, MS_BIND, nullptr);
        if (laid < 0) return judge(laid, "mount(MS_BIND)");
    }
    return judge(call(SYS_umount2, mask.c_str(), MNT_DETACH), ("umount of " + mask).c_str());
}

Finding take_root_off()
{
    mount_out_of_sight();
    return judge(call(SYS_umount2, "/", MNT_DETACH), "umount of /");
}

Finding pivot()
{
    mount_out_of_sight();
    const std::string point = make_scratch_directory();
    if (point.empty()) return absent_because("there is no directory to mount on");
    const long laid = call(SYS_mount, "none", point.c_str(), "tmpfs", 0, nullptr);
    Finding found = judge(laid, "mount");
    if (laid == 0) {
        found = judge(call(SYS_pivot_root, point.c_str(), point.c_str()), "pivot_root");
        call(SYS_umount2, "/", MNT_DETACH);
        call(SYS_umount2, point.c_str(), MNT_DETACH);
    } else if (laid == -EPERM) {
        found = judge_asking(call(SYS_pivot_root, ".", "."), "pivot_root");
    }
    return found;
}

Finding write_release_agent()
{
    mount_out_of_sight();
    const std::string point = make_scratch_directory();
    if (point.empty()) return absent_because("there is no directory to mount on");
    Finding found = absent_because("no hierarchy of cgroup v1 can be mounted");
    for (const char* controller : {"memory", "rdma", "devices", "misc", "pids"}) {
        const long answer = call(SYS_mount, "none", point.c_str(), "cgroup", 0, controller);
        if (answer < 0) {
            found = judge(answer, "mount(cgroup)");
            continue;
        }
        found = open_to_write((point + "/release_agent").c_str());
        call(SYS_umount2, point.c_str(), MNT_DETACH);
        break;
    }
    return found;
}

constexpr Attempt kAttempts[] = {
    {"mount.tmpfs",
     Severity::kMust,
     0,
     "any mount lays a file of the step's over one that a later program trusts",
     [] { return mount_new("tmpfs"); }},
    {"mount.proc",
     Severity::kMust,
     0,
     "a second /proc, without the masks",
     [] { return mount_new("proc"); }},
    {"mount.sysfs", Severity::kMust, 0, "the host's devices", [] { return mount_new("sysfs"); }},
    {"mount.cgroup2",
     Severity::kMust,
     0,
     "the host's cgroups: its limits can be lifted",
     [] { return mount_new("cgroup2"); }},
    {"mount.cgroup_release_agent",
     Severity::kMust,
     0,
     "a program that the host's kernel starts as root (CVE-2022-0492)",
     write_release_agent},
    {"mount.devtmpfs",
     Severity::kMust,
     0,
     "every device node of the host",
     [] { return mount_new("devtmpfs"); }},
    {"mount.devpts",
     Severity::kShould,
     0,
     "another instance of terminals",
     [] { return mount_new("devpts", "newinstance"); }},
    {"mount.mqueue", Severity::kShould, 0, "message queues", [] { return mount_new("mqueue"); }},
    {"mount.debugfs",
     Severity::kMust,
     0,
     "the kernel's innards, writable",
     [] { return mount_new("debugfs"); }},
    {"mount.tracefs",
     Severity::kMust,
     0,
     "probes on any function of the kernel",
     [] { return mount_new("tracefs"); }},
    {"mount.securityfs",
     Severity::kMust,
     0,
     "the security modules' switches",
     [] { return mount_new("securityfs"); }},
    {"mount.bpf",
     Severity::kMust,
     0,
     "other people's BPF objects",
     [] { return mount_new("bpf"); }},
    {"mount.binfmt_misc",
     Severity::kMust,
     0,
     "an interpreter that runs for every program of that kind, on the host too",
     [] { return mount_new("binfmt_misc"); }},
    {"mount.hugetlbfs",
     Severity::kShould,
     0,
     "memory that no limit counts",
     [] { return mount_new("hugetlbfs"); }},
    {"mount.ramfs",
     Severity::kShould,
     0,
     "memory without a limit on its size",
     [] { return mount_new("ramfs"); }},
    {"mount.overlay",
     Severity::kMust,
     0,
     "copy-up with somebody else's rights (CVE-2021-3493, CVE-2023-0386)",
     mount_overlay},
    {"mount.block_device",
     Severity::kMust,
     0,
     "the host's disk, file system images of the step's own making",
     mount_block_device},
    {"mount.bind_proc",
     Severity::kMust,
     0,
     "/proc in a place where no mask lies",
     bind_proc_elsewhere},
    {"mount.remount_proc_writable",
     Severity::kMust,
     0,
     "/proc/sys for writing",
     [] { return change<MS_REMOUNT | MS_BIND>("/proc", "mount(MS_REMOUNT | MS_BIND)"); }},
    {"mount.remount_root_suid",
     Severity::kMust,
     0,
     "nosuid and nodev come off",
     [] { return change<MS_REMOUNT | MS_BIND>("/", "mount(MS_REMOUNT | MS_BIND)"); }},
    {"mount.make_shared",
     Severity::kShould,
     0,
     "mounts spread to whoever copies this namespace",
     [] { return change<MS_SHARED | MS_REC>("/", "mount(MS_SHARED)"); }},
    {"mount.make_slave",
     Severity::kShould,
     0,
     "change how mounts spread",
     [] { return change<MS_SLAVE | MS_REC>("/", "mount(MS_SLAVE)"); }},
    {"mount.take_mask_off", Severity::kMust, 0, "what a mask on /proc hides", take_mask_off},
    {"mount.take_root_off", Severity::kMust, 0, "what lies below the root", take_root_off},
    {"mount.pivot_root", Severity::kMust, 0, "another root", pivot},
};

} // namespace

std::span<const Attempt> mount_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes
