// /dev: a tmpfs with six nodes of the host, a pts of its own, shared memory, and the usual links.
#include "sandbox/cell/describe.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/chamber/layout.hh"
#include "sandbox/sys/file_system.hh"
#include "sandbox/sys/mount.hh"
#include "sandbox/sys/path.hh"

namespace caisson::sandbox {
namespace {

constexpr unsigned kClosed = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

constexpr const char* kSizeOfDevices = "1m";
constexpr const char* kSizeOfSharedMemory = "64m";
// A file without a byte counts for no size: without these there may be as many as half the host's
// pages, each a kilobyte of the kernel's memory (Documentation/filesystems/tmpfs.rst).
constexpr const char* kFilesOfDevices = "1024";
constexpr const char* kFilesOfSharedMemory = "16384";
/// Of terminals there are 4096 for all instances together (kernel.pty.max, fs/devpts/inode.c): a
/// cell that may take them leaves the host's sshd and other cells none.
constexpr const char* kMostTerminals = "256";

constexpr std::pair<const char*, const char*> kLinks[] = {
    {"fd", "/proc/self/fd"},
    {"stdin", "/proc/self/fd/0"},
    {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"},
    {"ptmx", "pts/ptmx"}, // of this instance, never the host's
};

void bind_node(int devices, const std::string& name)
{
    // by descriptor from the chamber's own mount of the node (CVE-2025-52565: a path can be
    // swapped)
    (void)sys::create_file(devices, name, 0666);
    const std::string source = kDevicesPath + ("/" + name);
    const UniqueFd node =
        sys::open_tree(AT_FDCWD, source.c_str(), OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
    sys::move_mount(node.get(), "", devices, name.c_str(), MOVE_MOUNT_F_EMPTY_PATH);
}

void mount_terminals(int devices)
{
    constexpr const char* kTtyGroup = "5"; // in every distribution
    const UniqueFd terminals = sys::make_file_system(
        "devpts",
        {{"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", kTtyGroup}, {"max", kMostTerminals}},
        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    sys::mkdirat(devices, "pts", 0755);
    sys::move_mount(terminals.get(), "", devices, "pts", MOVE_MOUNT_F_EMPTY_PATH);
}

void mount_shared_memory(int devices)
{
    const UniqueFd memory = sys::make_file_system(
        "tmpfs",
        {{"size", kSizeOfSharedMemory}, {"nr_inodes", kFilesOfSharedMemory}, {"mode", "1777"}},
        kClosed);
    sys::mkdirat(devices, "shm", 0755);
    sys::move_mount(memory.get(), "", devices, "shm", MOVE_MOUNT_F_EMPTY_PATH);
}

} // namespace

void mount_devices(CellSetup&)
{
    const UniqueFd devices = sys::make_file_system(
        "tmpfs",
        {{"size", kSizeOfDevices}, {"nr_inodes", kFilesOfDevices}, {"mode", "0755"}},
        kClosed);
    sys::move_mount(devices.get(), "", AT_FDCWD, kWaitingDevicesPath, MOVE_MOUNT_F_EMPTY_PATH);
    for (const char* name : kDeviceNames)
        bind_node(devices.get(), name);
    mount_terminals(devices.get());
    mount_shared_memory(devices.get());
    for (const auto& [name, target] : kLinks)
        sys::symlinkat(target, devices.get(), name);
}

std::vector<MountNote> note_devices()
{
    std::vector<MountNote> notes = {{"/dev",
                                     "tmpfs",
                                     std::string("rw,nosuid,nodev,noexec,size=") + kSizeOfDevices +
                                         ",nr_inodes=" + kFilesOfDevices,
                                     "the usual links, and what follows"}};
    for (const char* name : kDeviceNames)
        notes.push_back({std::string("/dev/") + name,
                         "bind",
                         "rw,nosuid,noexec",
                         "the host's node, by descriptor: a path can be swapped (CVE-2025-52565)"});
    notes.push_back({"/dev/pts",
                     "devpts",
                     std::string("rw,nosuid,noexec,max=") + kMostTerminals,
                     "terminals of its own, never the host's: test suites, script, expect"});
    notes.push_back({"/dev/shm",
                     "tmpfs",
                     std::string("rw,nosuid,nodev,noexec,size=") + kSizeOfSharedMemory +
                         ",nr_inodes=" + kFilesOfSharedMemory,
                     "POSIX shared memory and semaphores"});
    return notes;
}

} // namespace caisson::sandbox
