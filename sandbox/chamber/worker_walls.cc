// The walls of a worker: what is left to a process that reads hostile archives. Order: capabilities
// first (a bounding set needs CAP_SETPCAP), no_new_privs (Landlock and seccomp refuse without it),
// then Landlock, and the filter last, since it forbids every call above.
#include "sandbox/chamber/worker_walls.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/sys/capability.hh"
#include "sandbox/sys/kernel_abi.hh"
#include "sandbox/sys/landlock.hh"
#include "sandbox/sys/process.hh"
#include "sandbox/sys/seccomp.hh"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <string>
#include <sys/syscall.h>
#include <vector>

namespace caisson::sandbox {
namespace {

// --- capabilities ---

/// chown; write and read what a mode forbids; chmod and utimes of what others own; keep setgid
/// bits; security.capability. No MKNOD: whiteouts are made by overlayfs itself.
constexpr std::array kKept = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETFCAP};

void cut_capabilities()
{
    sys::CapabilitySet kept = 0;
    for (const int capability : kKept)
        kept |= sys::CapabilitySet{1} << static_cast<unsigned>(capability);
    sys::drop_bounding(kept);
    sys::capset(kept);
}

// --- Landlock ---

/// What a tree's files may be used for: read, written, made, moved, removed; never executed, no
/// device or socket made.
constexpr std::uint64_t kUsed =
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM |
    LANDLOCK_ACCESS_FS_REFER | sys::kLandlockFsTruncate;

/// Below ABI 2 every link across directories would be refused, and layers hold such links: there
/// pivot_root alone is the wall.
void restrict_files()
{
    const int abi = sys::landlock_abi();
    if (abi < 2) return;
    const std::uint64_t rights = sys::landlock_file_rights(abi);
    const UniqueFd ruleset = sys::landlock_create_ruleset(
        {.handled_access_fs = rights, .scoped = sys::landlock_scopes(abi)}, abi);
    const UniqueFd root = open_file("/", O_PATH | O_DIRECTORY);
    sys::landlock_allow_beneath(ruleset.get(), root.get(), kUsed & rights);
    sys::landlock_restrict_self(ruleset.get());
}

// --- system calls ---

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "no worker filter for this architecture"
#endif

/// All that reading an archive and a tree takes. No socket, no process, no signal, no mount, no
/// memory that is both written and executed (mmap's executable pages are left to no_new_privs and
/// Landlock: nothing in the tree may be executed).
constexpr std::array kAllowed = {
    // descriptors (a pipe to itself is how UBSan asks whether memory is readable)
    SYS_pipe2,
    SYS_read,
    SYS_write,
    SYS_pread64,
    SYS_pwrite64,
    SYS_readv,
    SYS_writev,
    SYS_lseek,
    SYS_close,
    SYS_close_range,
    SYS_fcntl,
    SYS_dup,
    SYS_dup3,
    SYS_ppoll,
    SYS_pselect6,
    SYS_sendfile,
    SYS_splice,
    SYS_copy_file_range,
    SYS_fstat,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_fadvise64,
    // files by name
    SYS_openat,
    SYS_openat2,
    SYS_newfstatat,
    SYS_statx,
    SYS_readlinkat,
    SYS_getdents64,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_symlinkat,
    SYS_linkat,
    SYS_unlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_utimensat,
    SYS_umask,
    SYS_fchdir,
    SYS_fgetxattr,
    SYS_flistxattr,
    SYS_fsetxattr,
    SYS_fremovexattr,
    SYS_fstatfs,
    // memory and the end of a process
    SYS_brk,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_madvise,
    SYS_futex,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_getpid,
    SYS_gettid,
    SYS_clock_gettime,
    SYS_getrandom,
    SYS_sched_yield,
    SYS_exit,
    SYS_exit_group,
#if defined(__x86_64__)
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_poll,
    SYS_select,
    SYS_dup2,
#endif
};

/// EPERM for the rest, death for a foreign architecture: its numbers mean other calls. The x32
/// numbers of x86-64 are not in the list.
void filter_calls()
{
    std::vector<sock_filter> program;
    const auto add = [&](int code, std::uint32_t value, std::size_t if_true, std::size_t if_false) {
        program.push_back({static_cast<std::uint16_t>(code),
                           static_cast<std::uint8_t>(if_true),
                           static_cast<std::uint8_t>(if_false),
                           value});
    };
    static_assert(kAllowed.size() < 255, "jumps of a BPF program are one byte");
    add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch), 0, 0);
    add(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
    add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr), 0, 0);
    for (std::size_t index = 0; index < kAllowed.size(); ++index)
        add(BPF_JMP | BPF_JEQ | BPF_K,
            static_cast<std::uint32_t>(kAllowed[index]),
            kAllowed.size() - index,
            0);
    add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    sys::seccomp_set_filter(program);
}

} // namespace

void raise_worker_walls()
{
    with_kind(ErrorKind::kHost, [] {
        cut_capabilities();
        sys::set_no_new_privileges();
        sys::set_dumpable(false);
        restrict_files();
        filter_calls();
    });
}

} // namespace caisson::sandbox
