// Limits: those that are missing, and those that one can raise.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <string>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

Finding exceeds(int resource, rlim64_t most, const char* name)
{
    rlimit64 limit = {};
    const long asked = call(SYS_prlimit64, 0, resource, nullptr, &limit);
    if (asked < 0) return judge(asked, "prlimit64");
    if (limit.rlim_max == RLIM64_INFINITY) return open_because("%s has no hard limit", name);
    const auto hard = static_cast<unsigned long long>(limit.rlim_max);
    if (limit.rlim_max > most) return open_because("%s may be %llu", name, hard);
    return refused_because("%s may be %llu", name, hard);
}

/// With a `|` core_pattern the kernel runs the host's handler as root unless the limit is exactly 1
/// (fs/coredump.c): above it there is a dump, and at 0 the handler runs all the same.
Finding dump_core()
{
    rlimit64 limit = {};
    // who cannot ask may have any limit
    if (const long asked = call(SYS_prlimit64, 0, RLIMIT_CORE, nullptr, &limit); asked < 0)
        return open_because("the core limit is not shown: %s",
                            ::strerrorname_np(static_cast<int>(-asked)));
    if (limit.rlim_max > 1 || limit.rlim_cur != 1)
        return open_because("the core limit is %lld, and may be %lld",
                            static_cast<long long>(limit.rlim_cur),
                            static_cast<long long>(limit.rlim_max));
    const rlimit64 none = {.rlim_cur = 0, .rlim_max = 1};
    call(SYS_prlimit64, 0, RLIMIT_CORE, &none, nullptr);
    call(SYS_setrlimit, RLIMIT_CORE, &none);
    call(SYS_prlimit64, 0, RLIMIT_CORE, nullptr, &limit);
    if (limit.rlim_cur == 0) return open_because("the core limit can be made 0");
    return refused_because("the core limit stays 1");
}

/// CAP_SYS_RESOURCE. The limit on message queues is finite nearly everywhere.
Finding raise_hard_limit()
{
    rlimit64 limit = {};
    call(SYS_prlimit64, 0, RLIMIT_MSGQUEUE, nullptr, &limit);
    if (limit.rlim_max == RLIM64_INFINITY) return absent_because("there is no limit to raise");
    limit.rlim_max += 1;
    return judge(call(SYS_prlimit64, 0, RLIMIT_MSGQUEUE, &limit, nullptr), "prlimit64");
}

Finding be_preferred()
{
    const long before = 20 - call(SYS_getpriority, PRIO_PROCESS, 0);
    // what is below the least is taken for it (setpriority(2)), and so would change nothing
    if (before <= -20) return absent_because("nothing is before it");
    const long answer = call(SYS_setpriority, PRIO_PROCESS, 0, before - 1);
    return judge(answer, "setpriority");
}

template<int policy>
Finding be_scheduled()
{
    const sched_param parameter = {.sched_priority = 1};
    return judge(call(SYS_sched_setscheduler, 0, policy, &parameter), "sched_setscheduler");
}

Finding have_deadline()
{
    struct {
        std::uint32_t size = 48;
        std::uint32_t policy = 6; // SCHED_DEADLINE
        std::uint64_t flags = 0;
        std::int32_t nice = 0;
        std::uint32_t priority = 0;
        std::uint64_t runtime = 1'000'000, deadline = 100'000'000, period = 100'000'000;
    } wanted;
    return judge(call(SYS_sched_setattr, 0, &wanted, 0), "sched_setattr");
}

Finding read_before_others()
{
    constexpr int kProcess = 1;
    constexpr int kRealTime = 1 << 13;
    return judge(call(SYS_ioprio_set, kProcess, 0, kRealTime), "ioprio_set");
}

int own_score()
{
    return std::atoi(content_of("/proc/self/oom_score_adj").c_str());
}

/// Processes that began with as much right to memory as the host's own.
Finding survive_host()
{
    const std::string text = content_of("/proc/self/oom_score_adj");
    if (text.empty()) return absent_because("/proc/self/oom_score_adj cannot be read");
    if (own_score() <= 0) return open_because("oom_score_adj is %d", own_score());
    return refused_because("oom_score_adj is %d", own_score());
}

template<int wanted>
Finding survive_longer()
{
    if (wanted == 0 && own_score() <= 0) return open_because("oom_score_adj is %d", own_score());
    const long file = call(SYS_openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return judge(file, "/proc/self/oom_score_adj");
    const std::string text = std::to_string(wanted);
    return judge(call(SYS_write, file, text.c_str(), text.size()), "a lower oom_score_adj");
}

Finding make_message_queue()
{
    const std::string name = "caisson-probe-" + std::to_string(::getpid());
    const long queue = call(SYS_mq_open, name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600, nullptr);
    if (queue >= 0) call(SYS_mq_unlink, name.c_str());
    return judge(queue, "mq_open");
}

constexpr Attempt kAttempts[] = {
    {"limit.core",
     Severity::kShould,
     kCheap,
     "the host's dump handler, as root, on memory of the step's making (CVE-2025-4598)",
     dump_core},
    {"limit.raise_hard", Severity::kMust, kCheap, "CAP_SYS_RESOURCE: any limit", raise_hard_limit},
    {"limit.nice", Severity::kMust, kCheap, "CAP_SYS_NICE: before the host's own", be_preferred},
    {"limit.real_time",
     Severity::kMust,
     kCheap,
     "CAP_SYS_NICE: a processor for oneself",
     be_scheduled<SCHED_FIFO>},
    {"limit.round_robin", Severity::kMust, kCheap, "the same", be_scheduled<SCHED_RR>},
    {"limit.deadline", Severity::kMust, kCheap, "the same by a deadline", have_deadline},
    {"limit.io_real_time",
     Severity::kShould,
     kCheap,
     "the disk before everybody else",
     read_before_others},
    {"limit.locked_memory",
     Severity::kShould,
     kCheap,
     "memory that cannot be reclaimed",
     [] { return exceeds(RLIMIT_MEMLOCK, 64U << 20U, "locked memory"); }},
    {"limit.pending_signals",
     Severity::kShould,
     kCheap,
     "kernel memory in queued signals",
     [] { return exceeds(RLIMIT_SIGPENDING, 16384, "queued signals"); }},
    {"limit.message_queues",
     Severity::kShould,
     kCheap,
     "kernel memory in message queues",
     make_message_queue},
    {"limit.processes",
     Severity::kShould,
     kCheap,
     "a fork bomb",
     [] { return exceeds(RLIMIT_NPROC, 32768, "processes"); }},
    {"limit.file_size",
     Severity::kShould,
     kCheap,
     "one file that fills the disk",
     [] { return exceeds(RLIMIT_FSIZE, 1ULL << 40U, "a file's size"); }},
    {"limit.open_files",
     Severity::kShould,
     kCheap,
     "kernel memory in open files",
     [] { return exceeds(RLIMIT_NOFILE, 524288, "open files"); }},
    {"limit.oom_score",
     Severity::kShould,
     kCheap,
     "when memory runs short the host's processes die first",
     survive_host},
    {"limit.reset_oom_score",
     Severity::kShould,
     kCheap,
     "the same, once the score was raised",
     survive_longer<0>},
    {"limit.lower_oom_score",
     Severity::kMust,
     kCheap,
     "CAP_SYS_RESOURCE: the host's processes die before the step",
     survive_longer<-1>},
};

} // namespace

std::span<const Attempt> limit_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes
