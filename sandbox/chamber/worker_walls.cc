// The walls of a worker: what is left to a process that reads hostile archives. Order: capabilities
// first (a bounding set needs CAP_SETPCAP), no_new_privs (Landlock and seccomp refuse without it),
// then Landlock, and the filter last, since it forbids every call above.
#include "sandbox/chamber/worker_walls.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/landlock.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/sys/capability.hh"
#include "sandbox/sys/process.hh"

#include <array>
#include <cstdint>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/syscall.h>

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
    LANDLOCK_ACCESS_FS_REFER | kLandlockFsTruncate;

/// Below ABI 2 every link across directories would be refused, and layers hold such links: there
/// pivot_root alone is the wall.
void restrict_files(int root)
{
    const int abi = landlock_abi();
    if (abi < 2) return;
    const std::uint64_t rights = landlock_file_rights(abi);
    const UniqueFd ruleset =
        landlock_create_ruleset({.handled_access_fs = rights, .scoped = landlock_scopes(abi)}, abi);
    landlock_allow_beneath(ruleset.get(), root, kUsed & rights);
    landlock_restrict_self(ruleset.get());
}

// --- system calls ---

/// All that reading an archive and a tree takes. No socket, no process, no signal, no mount, no
/// executable memory.
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

/// What reading an open archive takes.
constexpr std::array kReadersCalls = {
    // its descriptors
    SYS_read,
    SYS_write,
    SYS_lseek,
    SYS_close,
    // malloc and its locks
    SYS_brk,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_futex,
    // the end, in order or by way of abort(3)
    SYS_exit_group,
    SYS_rt_sigprocmask,
    SYS_rt_sigaction,
    SYS_getpid,
    SYS_gettid,
    SYS_tgkill,
};

} // namespace

void raise_worker_walls()
{
    with_kind(ErrorKind::kHost, [] {
        cut_capabilities();
        sys::set_no_new_privileges();
        sys::set_dumpable(false);
        const UniqueFd root = open_file("/", O_PATH | O_DIRECTORY);
        restrict_files(root.get());
        seccomp_set_filter(filter_that_allows(kAllowed));
    });
}

void raise_writer_walls(int destination)
{
    with_kind(ErrorKind::kHost, [&] {
        sys::set_no_new_privileges();
        sys::set_dumpable(false);
        restrict_files(destination);
        seccomp_set_filter(filter_that_allows(kAllowed));
    });
}

void raise_reader_walls()
{
    with_kind(ErrorKind::kHost, [] {
        // the bounding set stays: without CAP_SETPCAP it cannot be cut, and nothing is executed
        sys::capset(0);
        sys::set_no_new_privileges();
        sys::set_dumpable(false);
        landlock_deny_everything();
        seccomp_set_filter(filter_that_allows(kReadersCalls));
    });
}

} // namespace caisson::sandbox
