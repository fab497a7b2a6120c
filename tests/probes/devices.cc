// Device nodes: those of the host that are there, and those that one makes.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

Finding make_node(mode_t kind, unsigned device, bool opened)
{
    const std::string directory = make_scratch_directory();
    if (directory.empty()) return absent_because("there is no directory for a node");
    const std::string node = directory + "/node";
    const long made = call(SYS_mknod, node.c_str(), kind | 0600, device);
    Finding found = judge(made, "mknod");
    if (made == 0 && opened)
        found = judge(call(SYS_openat, AT_FDCWD, node.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK),
                      "open of a new node");
    return found;
}

unsigned number(unsigned major, unsigned minor)
{
    return static_cast<unsigned>(::makedev(major, minor));
}

/// Whatever node of /dev is a disk.
Finding open_disk()
{
    DIR* const entries = ::opendir("/dev");
    if (entries == nullptr) return absent_because("/dev cannot be listed");
    Finding found = absent_because("no node in /dev is a disk");
    while (const dirent* entry = ::readdir(entries)) { // NOLINT(concurrency-mt-unsafe): one thread
        const std::string path = std::string("/dev/") + entry->d_name;
        struct stat node = {};
        if (::lstat(path.c_str(), &node) != 0 || !S_ISBLK(node.st_mode)) continue;
        found = open_to_read(path.c_str());
        if (found.result == Result::kOpen) break;
    }
    ::closedir(entries);
    return found;
}

/// Nodes beside the eight that a build needs.
Finding find_other_nodes()
{
    DIR* const entries = ::opendir("/dev");
    if (entries == nullptr) return absent_because("/dev cannot be listed");
    std::string others;
    while (const dirent* entry = ::readdir(entries)) { // NOLINT(concurrency-mt-unsafe): one thread
        const std::string name = entry->d_name;
        struct stat node = {};
        if (::lstat(("/dev/" + name).c_str(), &node) != 0) continue;
        if (!S_ISCHR(node.st_mode) && !S_ISBLK(node.st_mode)) continue;
        bool is_usual = false;
        for (const char* usual :
             {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console"})
            is_usual = is_usual || name == usual;
        if (!is_usual) others += " " + name;
    }
    ::closedir(entries);
    if (others.empty()) return refused_because("/dev has the usual nodes only");
    return open_because("/dev has%.150s", others.c_str());
}

/// Where the instance of terminals is the host's, somebody's terminal is in it.
Finding find_host_terminal()
{
    DIR* const entries = ::opendir("/dev/pts");
    if (entries == nullptr) return absent_because("/dev/pts is not there");
    std::string others;
    while (const dirent* entry = ::readdir(entries)) { // NOLINT(concurrency-mt-unsafe): one thread
        const std::string name = entry->d_name;
        if (name.find_first_not_of("0123456789") == std::string::npos) others += " " + name;
    }
    ::closedir(entries);
    if (others.empty()) return refused_because("no terminal is there");
    return open_because("/dev/pts has%.100s", others.c_str());
}

constexpr unsigned kMemory = 1;
constexpr unsigned kPort = 4;

constexpr Attempt kAttempts[] = {
    {"dev.disk", Severity::kMust, kCheap, "the host's disk", open_disk},
    {"dev.mem",
     Severity::kMust,
     kCheap,
     "physical memory",
     [] { return open_to_read("/dev/mem"); }},
    {"dev.port", Severity::kMust, kCheap, "I/O ports", [] { return open_to_read("/dev/port"); }},
    {"dev.kmsg",
     Severity::kMust,
     kCheap,
     "the kernel's log, to read and to write",
     [] { return open_to_read("/dev/kmsg"); }},
    {"dev.kvm",
     Severity::kShould,
     kCheap,
     "virtual machines: a million lines of kernel code",
     [] { return open_to_read("/dev/kvm"); }},
    {"dev.fuse",
     Severity::kShould,
     kCheap,
     "file systems that hang whoever looks at them",
     [] { return open_to_read("/dev/fuse"); }},
    {"dev.tun",
     Severity::kShould,
     kCheap,
     "a network interface",
     [] { return open_to_read("/dev/net/tun"); }},
    {"dev.loop_control",
     Severity::kMust,
     kCheap,
     "block devices out of files",
     [] { return open_to_read("/dev/loop-control"); }},
    {"dev.loop",
     Severity::kMust,
     kCheap,
     "the host's mounted images",
     [] { return open_to_read("/dev/loop0"); }},
    {"dev.btrfs_control",
     Severity::kShould,
     kCheap,
     "scan devices",
     [] { return open_to_read("/dev/btrfs-control"); }},
    {"dev.vsock",
     Severity::kShould,
     kCheap,
     "the hypervisor's number",
     [] { return open_to_read("/dev/vsock"); }},
    {"dev.userfaultfd",
     Severity::kShould,
     kCheap,
     "userfaultfd without its system call",
     [] { return open_to_read("/dev/userfaultfd"); }},
    {"dev.cpu_msr",
     Severity::kMust,
     kCheap,
     "the processor's registers",
     [] { return open_to_read("/dev/cpu/0/msr"); }},
    {"dev.cpu_dma_latency",
     Severity::kShould,
     kCheap,
     "keeps the host's processors awake",
     [] { return open_to_read("/dev/cpu_dma_latency"); }},
    {"dev.hwrng",
     Severity::kShould,
     kCheap,
     "the host's source of random numbers",
     [] { return open_to_read("/dev/hwrng"); }},
    {"dev.virtual_console",
     Severity::kMust,
     kCheap,
     "what the host's screen shows",
     [] { return open_to_read("/dev/vcs"); }},
    {"dev.console",
     Severity::kMust,
     kCheap,
     "the host's console (CVE-2025-52565)",
     [] { return open_to_write("/dev/console"); }},
    {"dev.tty0",
     Severity::kMust,
     kCheap,
     "the screen somebody sits at",
     [] { return open_to_write("/dev/tty0"); }},
    {"dev.autofs",
     Severity::kShould,
     kCheap,
     "the automounter",
     [] { return open_to_read("/dev/autofs"); }},
    {"dev.other_nodes",
     Severity::kShould,
     kCheap,
     "drivers of the host that nobody thought of",
     find_other_nodes},
    {"dev.host_terminals",
     Severity::kMust,
     kCheap,
     "somebody's terminal in /dev/pts",
     find_host_terminal},
    {"dev.mknod_null",
     Severity::kShould,
     0,
     "CAP_MKNOD: any node can be made",
     [] { return make_node(S_IFCHR, number(kMemory, 3), false); }},
    {"dev.mknod_and_open",
     Severity::kMust,
     0,
     "a node that one made opens: the mount lacks nodev",
     [] { return make_node(S_IFCHR, number(kMemory, 3), true); }},
    {"dev.mknod_mem",
     Severity::kMust,
     0,
     "a node of physical memory",
     [] { return make_node(S_IFCHR, number(kMemory, 1), false); }},
    {"dev.mknod_port",
     Severity::kMust,
     0,
     "a node of a serial line",
     [] { return make_node(S_IFCHR, number(kPort, 64), false); }},
    {"dev.mknod_disk",
     Severity::kMust,
     0,
     "a node of a disk",
     [] { return make_node(S_IFBLK, number(7, 0), false); }},
    {"dev.mknod_whiteout",
     Severity::kShould,
     0,
     "a whiteout: a file of a lower layer disappears for later steps",
     [] { return make_node(S_IFCHR, 0, false); }},
};

} // namespace

std::span<const Attempt> device_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes
