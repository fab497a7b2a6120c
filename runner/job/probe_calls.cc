#include "runner/job/probe_calls.hh"

#include "runner/job/compile_filter.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/seccomp/evaluate.hh"
#include "sandbox/seccomp/syscall_table.hh"

#include <algorithm>
#include <asm/prctl.h>
#include <csignal>
#include <linux/prctl.h>
#include <optional>
#include <sched.h>

namespace caisson::runner {
namespace {

struct Call {
    const char* name;
    const char* why;
    struct Argument {
        unsigned index;
        std::uint64_t value;
    };
    std::optional<Argument> only = std::nullopt; ///< it is allowed no more than this
};

/// fork(2) of glibc.
constexpr std::uint64_t kFork = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;

const Call kCalls[] = {
    {"execve", "become the program"},
    {"brk", "memory; the thread pointer of a static program lies there"},
    {"mmap", "memory, and what the children leave in it"},
    {"munmap", "give it back"},
    {"mprotect", "relocations of a static program, read-only from then on"},
    {"arch_prctl", "the thread pointer", Call::Argument{0, ARCH_SET_FS}},
    {"set_tid_address", "the number of the thread"},
    {"clone", "a child, in which attempts are made", Call::Argument{0, kFork}},
    {"wait4", "how it ended"},
    {"rt_sigprocmask", "its end is waited for"},
    {"rt_sigtimedwait", "and so is its time"},
    {"setpgid", "what it leaves running"},
    {"kill", "is ended"},
    {"prctl", "and reaped", Call::Argument{0, PR_SET_CHILD_SUBREAPER}},
    {"prctl", "or dies with its parent", Call::Argument{0, PR_SET_PDEATHSIG}},
    {"exit_group", "the end"},
    {"openat", "what can be opened"},
    {"newfstatat", "whether that is a mask"},
    {"read", "and what it says"},
    {"write", "the findings"},
    {"close", "descriptors"},
    {"prlimit64", "which limits there are, and none is set", Call::Argument{2, 0}},
};

bool allows(const std::vector<sock_filter>& program, const Call& call)
{
    const auto number = sandbox::syscall_number(sandbox::Architecture::kNative, call.name);
    if (!number) return true; // nobody can make it here
    seccomp_data asked = {.nr = static_cast<int>(*number), .arch = kNativeArchitecture};
    if (call.only) asked.args[call.only->index] = call.only->value;
    return sandbox::evaluate_seccomp(program, asked) == SECCOMP_RET_ALLOW;
}

policies::SyscallEntry entry_of(const Call& call)
{
    policies::SyscallEntry entry{.name = call.name, .why = call.why};
    if (call.only)
        entry.arguments.push_back(
            {.index = call.only->index, .compare = "==", .value = call.only->value});
    return entry;
}

} // namespace

std::vector<policies::SyscallEntry> calls_beside(const policies::Policy& policy)
{
    const std::vector<sock_filter> program = program_of(policy);
    std::vector<policies::SyscallEntry> entries;
    for (const Call& call : kCalls)
        if (!allows(program, call)) entries.push_back(entry_of(call));
    return entries;
}

std::vector<std::string> names_beside(const policies::Policy& policy)
{
    std::vector<std::string> names;
    for (const policies::SyscallEntry& entry : calls_beside(policy))
        if (names.empty() || names.back() != entry.name) names.push_back(entry.name);
    return names;
}

} // namespace caisson::runner
