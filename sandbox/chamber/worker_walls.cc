// The walls of a worker: what is left to a process that reads hostile archives. Order: capabilities
// first (a bounding set needs CAP_SETPCAP), no_new_privs (Landlock and seccomp refuse without it),
// then Landlock, and the filter last, since it forbids every call above.
#include "sandbox/chamber/worker_walls.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/unique_fd.hh"

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
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <vector>

namespace caisson::sandbox {
namespace {

[[noreturn]] void refuse(int number, const char* wall)
{
    throw Error(ErrorKind::kHost, std::string(wall) + ": " + error_text(number));
}

// --- capabilities ---

/// chown; write and read what a mode forbids; chmod and utimes of what others own; keep setgid
/// bits; security.capability. No MKNOD: whiteouts are made by overlayfs itself.
constexpr std::array kKept = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETFCAP};

void cut_capabilities()
{
    std::uint64_t kept = 0;
    for (const int capability : kKept)
        kept |= std::uint64_t{1} << static_cast<unsigned>(capability);
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
        refuse(errno, "clear ambient capabilities");
    for (int capability = 0; capability < 64 && ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
         ++capability)
        if ((kept >> static_cast<unsigned>(capability) & 1U) == 0 &&
            ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
            refuse(errno, "drop a bounding capability");
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> sets = {};
    for (unsigned word = 0; word < sets.size(); ++word)
        sets[word].effective = sets[word].permitted =
            static_cast<std::uint32_t>(kept >> (32 * word));
    if (::syscall(SYS_capset, &header, sets.data()) != 0) refuse(errno, "capset");
}

// --- Landlock ---

// Rights and scopes that the headers of Debian 12 (Linux 6.1) do not name yet
constexpr std::uint64_t kTruncate = 1ULL << 14;    // ABI 3
constexpr std::uint64_t kIoctlDevice = 1ULL << 15; // ABI 5
constexpr std::uint64_t kScopeAll = 3;             // ABI 6: abstract sockets, signals

struct RulesetAttributes { // struct landlock_ruleset_attr of ABI 6
    std::uint64_t files = 0;
    std::uint64_t network = 0;
    std::uint64_t scoped = 0;
};

/// What a tree's files may be used for: read, written, made, moved, removed; never executed, no
/// device or socket made.
constexpr std::uint64_t kUsed = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
                                LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER | kTruncate;

/// Below ABI 2 every link across directories would be refused, and layers hold such links: there
/// pivot_root alone is the wall.
void restrict_files()
{
    const long abi =
        ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 0 && errno != ENOSYS && errno != EOPNOTSUPP) refuse(errno, "landlock");
    if (abi < 2) return;
    RulesetAttributes handled;
    handled.files = (LANDLOCK_ACCESS_FS_REFER << 1U) - 1; // all rights up to ABI 2
    if (abi >= 3) handled.files |= kTruncate;
    if (abi >= 5) handled.files |= kIoctlDevice;
    if (abi >= 6) handled.scoped = kScopeAll;
    const std::size_t size = abi >= 6 ? sizeof handled : sizeof handled.files;
    const UniqueFd ruleset(
        static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, size, 0)));
    if (!ruleset) refuse(errno, "landlock_create_ruleset");
    const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root) refuse(errno, "open the root directory");
    landlock_path_beneath_attr rule = {};
    rule.allowed_access = kUsed & handled.files;
    rule.parent_fd = root.get();
    if (::syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        refuse(errno, "landlock_add_rule");
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
        refuse(errno, "landlock_restrict_self");
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
    const sock_fprog whole = {static_cast<unsigned short>(program.size()), program.data()};
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) != 0) refuse(errno, "seccomp");
}

} // namespace

void raise_worker_walls()
{
    cut_capabilities();
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) refuse(errno, "set no_new_privs");
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) refuse(errno, "clear the dumpable flag");
    restrict_files();
    filter_calls();
}

} // namespace caisson::sandbox
