#include "tests/support/guest.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"
#include "tests/support/cpio.hh"
#include "tests/support/paths.hh"

#include <charconv>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <sstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEmulator = "/usr/bin/qemu-system-x86_64";
constexpr const char* kBusybox = "/bin/busybox";
constexpr std::size_t kLargestProgram = 256U << 20;
constexpr std::string_view kExit = "guest ended: ";

// pivot_root(2) does not work on the kernel's first root, so everything moves to another
constexpr const char* kFirstInit = R"(#!/bin/busybox sh
/bin/busybox mkdir /new
/bin/busybox mount -t tmpfs -o size=90% new /new
/bin/busybox cp /bin/busybox /new/busybox
for name in /*; do
  case $name in /init|/new|/dev|/proc|/sys) ;; *) /new/busybox cp -a "$name" /new/ && /new/busybox rm -rf "$name" ;; esac
done
cd /new
exec ./busybox switch_root /new /sbin/init
)";

constexpr const char* kInit = R"(#!/bin/busybox sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root
mkdir -p /proc /sys /dev /tmp /root /run
chmod 1777 /tmp
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
insmod /guest/overlay.ko
sh /guest/script </dev/null 2>&1
echo "guest ended: $?"
poweroff -f
)";

fs::path of_guest(const char* name)
{
    return checkout::build() / "guest" / name;
}

/// What the dynamic loader would load for `program`; none for a static one.
std::vector<fs::path> libraries_of(const fs::path& program)
{
    const UniqueFd memory = open_file("/dev/null", O_WRONLY);
    std::vector<fs::path> libraries;
    auto [read_end, write_end] = make_pipe();
    Program ldd = Program::start({.path = "/usr/bin/ldd",
                                  .arguments = {program},
                                  .environment = {"PATH=/usr/bin:/bin"},
                                  .standard_output = write_end.get(),
                                  .standard_error = memory.get()});
    write_end.reset();
    std::istringstream lines(read_all(read_end.get(), 1U << 20, "ldd"));
    ldd.wait(); // "not a dynamic executable" is a failure, too
    for (std::string word; lines >> word;)
        if (word.front() == '/') libraries.emplace_back(word);
    return libraries;
}

void add_program(CpioArchive& archive, const fs::path& path)
{
    if (archive.has(path)) return;
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) throw SysError(errno, "stat \"" + path.native() + "\"");
    archive.add_file(path, read_file(path, kLargestProgram), status.st_mode & 07777);
}

std::string initial_files(const Guest& guest)
{
    CpioArchive archive;
    archive.add_file("/init", kFirstInit, 0755);
    archive.add_file("/sbin/init", kInit, 0755);
    add_program(archive, kBusybox);
    archive.add_file("/guest/overlay.ko", read_file(of_guest("overlay.ko"), 1U << 24), 0644);
    archive.add_file("/guest/script", guest.script, 0755);
    archive.add_file("/etc/passwd",
                     "root:x:0:0::/root:/bin/sh\nbuilder:x:1000:1000::/tmp:/bin/sh\n"
                     "caisson:x:990:990::/:/bin/false\n",
                     0644);
    archive.add_file("/etc/group", "root:x:0:\nbuilder:x:1000:\ncaisson:x:990:\n", 0644);
    for (const char* file : {"/etc/subuid", "/etc/subgid"})
        archive.add_file(file, "builder:100000:65536\ncaisson:200000:65536\n", 0644);
    for (const auto& [path, content] : guest.files)
        archive.add_file(path, content, 0755);
    for (const fs::path& program : guest.programs) {
        add_program(archive, program);
        for (const fs::path& library : libraries_of(program))
            add_program(archive, library);
    }
    // last: a program of the host's own stands in place of busybox's
    for (const char* tool :
         {"sh",     "mkdir",    "mount", "umount", "chmod", "chown", "cat",  "echo", "sleep",
          "insmod", "poweroff", "cp",    "rm",     "ls",    "id",    "grep", "kill", "ps",
          "su",     "setsid",   "rmdir", "test",   "sed",   "cut",   "sort", "wc"})
        if (const std::string path = std::string("/bin/") + tool; !archive.has(path))
            archive.add_link(path, "busybox");
    return std::move(archive).finish();
}

int exit_of(const std::string& console)
{
    const std::size_t at = console.rfind(kExit);
    int code = -1;
    if (at != std::string::npos)
        std::from_chars(console.data() + at + kExit.size(), console.data() + console.size(), code);
    return code;
}

} // namespace

std::string why_no_guest()
{
#if defined(__x86_64__)
    if (!fs::exists(kEmulator)) return "qemu-system-x86 is not installed";
    for (const char* file : {"vmlinuz", "overlay.ko"})
        if (!fs::exists(of_guest(file)))
            return "there is no kernel for guests: tests/support/make_guest_kernel fetches one";
    if (!fs::exists(kBusybox)) return "busybox-static is not installed";
    return {};
#else
    return "guests are x86-64 only";
#endif
}

GuestRan run_guest(const Guest& guest)
{
    const TempDirectory directory(fs::temp_directory_path(), "caisson-guest-");
    const fs::path initrd = directory.path() / "initrd";
    write_file_atomically(initrd, initial_files(guest));
    const fs::path console = directory.path() / "console";
    const UniqueFd output = open_file(console, O_RDWR | O_CREAT, 0600);
    Program emulator = Program::start(
        {.path = kEmulator,
         .arguments = {"-accel",
                       "tcg",
                       "-machine",
                       "pc",
                       "-m",
                       std::to_string(guest.memory_mebibytes),
                       "-smp",
                       "1",
                       "-display",
                       "none",
                       "-monitor",
                       "none",
                       "-serial",
                       "stdio",
                       "-nic",
                       "none",
                       "-no-reboot",
                       "-kernel",
                       of_guest("vmlinuz"),
                       "-initrd",
                       initrd,
                       "-append",
                       "console=ttyS0 quiet panic=-1 " + guest.kernel_arguments},
         .environment = {"PATH=/usr/bin:/bin", "TMPDIR=" + directory.path().native()},
         .standard_output = output.get(),
         .standard_error = output.get()});
    // a watch that ends it: the program itself is waited for
    std::atomic<bool> ended = false;
    std::thread watch([&] {
        const auto deadline = std::chrono::steady_clock::now() + guest.time;
        while (!ended && std::chrono::steady_clock::now() < deadline)
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        if (!ended) ::kill(emulator.pid(), SIGKILL);
    });
    emulator.wait();
    ended = true;
    watch.join();
    GuestRan ran{.console = read_file(console, 64U << 20)};
    std::erase(ran.console, '\r');
    ran.exit = exit_of(ran.console);
    return ran;
}

} // namespace caisson::testing
