// System calls for administrators and for nobody: each is a subsystem behind one number.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/fanotify.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

Finding make_map()
{
    bpf_attr wanted = {};
    wanted.map_type = BPF_MAP_TYPE_ARRAY;
    wanted.key_size = 4;
    wanted.value_size = 4;
    wanted.max_entries = 1;
    return judge(call(SYS_bpf, BPF_MAP_CREATE, &wanted, sizeof wanted), "bpf(BPF_MAP_CREATE)");
}

Finding load_program()
{
    const std::array<bpf_insn, 2> code = {{
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
        {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
    }};
    bpf_attr wanted = {};
    wanted.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
    wanted.insn_cnt = code.size();
    wanted.insns = reinterpret_cast<std::uint64_t>(code.data());
    wanted.license = reinterpret_cast<std::uint64_t>("GPL");
    return judge(call(SYS_bpf, BPF_PROG_LOAD, &wanted, sizeof wanted), "bpf(BPF_PROG_LOAD)");
}

Finding next_program()
{
    bpf_attr wanted = {};
    return judge_asking(call(SYS_bpf, BPF_PROG_GET_NEXT_ID, &wanted, sizeof wanted),
                        "bpf(BPF_PROG_GET_NEXT_ID)");
}

Finding measure(std::uint32_t type, std::uint64_t event, bool kernel)
{
    perf_event_attr wanted = {};
    wanted.type = type;
    wanted.size = sizeof wanted;
    wanted.config = event;
    wanted.exclude_kernel = kernel ? 0 : 1;
    wanted.exclude_hv = 1;
    return judge(call(SYS_perf_event_open, &wanted, 0, -1, -1, 0), "perf_event_open");
}

/// A whole processor's events, whoever runs on it.
Finding measure_processor()
{
    perf_event_attr wanted = {};
    wanted.type = PERF_TYPE_SOFTWARE;
    wanted.size = sizeof wanted;
    wanted.config = PERF_COUNT_SW_CONTEXT_SWITCHES;
    return judge(call(SYS_perf_event_open, &wanted, -1, 0, -1, 0), "perf_event_open");
}

Finding load_kernel()
{
    // a flag that there is not: EINVAL comes behind CAP_SYS_BOOT
    constexpr unsigned long kNoSuchFlag = 0x80000000;
    return judge_asking(call(SYS_kexec_load, 0, 0, nullptr, kNoSuchFlag), "kexec_load");
}

Finding load_kernel_file()
{
    constexpr unsigned long kNoSuchFlag = 0x80000000;
    return judge_asking(call(SYS_kexec_file_load, -1, -1, 0, nullptr, kNoSuchFlag),
                        "kexec_file_load");
}

Finding load_module()
{
    return judge_asking(call(SYS_init_module, nullptr, 0, ""), "init_module");
}

Finding load_module_file()
{
    return judge_asking(call(SYS_finit_module, -1, "", 0), "finit_module");
}

Finding remove_module()
{
    return judge_asking(call(SYS_delete_module, "caisson_no_such_module", O_NONBLOCK),
                        "delete_module");
}

Finding restart()
{
    // a wrong magic number: EINVAL comes behind CAP_SYS_BOOT
    return judge_asking(call(SYS_reboot, 0, 0, 0, 0), "reboot");
}

Finding swap_on()
{
    return judge_asking(call(SYS_swapon, "/no/such/file", 0), "swapon");
}

Finding swap_off()
{
    return judge_asking(call(SYS_swapoff, "/no/such/file"), "swapoff");
}

Finding keep_accounts()
{
    return judge_asking(call(SYS_acct, "/no/such/file"), "acct");
}

Finding ask_for_quota()
{
    constexpr unsigned kSync = 0x800001U << 8U; // Q_SYNC: for root alone where a device is named
    return judge_asking(call(SYS_quotactl, kSync, nullptr, 0, nullptr), "quotactl");
}

Finding ask_for_quota_by_descriptor()
{
    const int root = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    constexpr unsigned kGetFormat = 0x800004U << 8U;
    std::uint32_t format = 0;
    return judge_asking(call(SYS_quotactl_fd, root, kGetFormat, 0, &format), "quotactl_fd");
}

Finding read_log()
{
    constexpr int kReadAll = 3;
    std::array<char, 256> text = {};
    return judge(call(SYS_syslog, kReadAll, text.data(), text.size()), "syslog(READ_ALL)");
}

Finding ask_log_size()
{
    constexpr int kSizeOfBuffer = 10;
    return judge(call(SYS_syslog, kSizeOfBuffer, nullptr, 0), "syslog(SIZE_BUFFER)");
}

Finding watch_files()
{
    return judge(call(SYS_fanotify_init, FAN_CLASS_NOTIF, O_RDONLY), "fanotify_init");
}

Finding watch_files_by_handle()
{
    constexpr unsigned kReportFid = 0x200;
    return judge(call(SYS_fanotify_init, FAN_CLASS_NOTIF | kReportFid, O_RDONLY),
                 "fanotify_init(FAN_REPORT_FID)");
}

Finding take_all_ports()
{
    constexpr int kAll = 3;
    return judge(call(SYS_iopl, kAll), "iopl");
}

Finding take_port()
{
    constexpr unsigned kPostCode = 0x80;
    return judge(call(SYS_ioperm, kPostCode, 1, 1), "ioperm");
}

Finding name_file_system()
{
    constexpr int kCount = 3;
    return judge(call(SYS_sysfs, kCount), "sysfs");
}

Finding ask_ustat()
{
    std::array<char, 64> answer = {};
    return judge_asking(call(SYS_ustat, 0, answer.data()), "ustat");
}

Finding list_security_modules()
{
    constexpr long kListModules = 461; // lsm_list_modules, Linux 6.8
    std::array<std::uint64_t, 16> ids = {};
    std::uint32_t size = sizeof ids;
    return judge(call(kListModules, ids.data(), &size, 0), "lsm_list_modules");
}

Finding map_nonlinearly()
{
    return judge_asking(call(SYS_remap_file_pages, 0, 0, 0, 0, 0), "remap_file_pages");
}

Finding give_pages_to_pipe()
{
    std::array<int, 2> ends = {-1, -1};
    if (call(SYS_pipe2, ends.data(), O_CLOEXEC | O_NONBLOCK) < 0) return absent_because("no pipe");
    static std::array<char, 16> text = {};
    struct {
        void* base;
        std::size_t length;
    } piece = {.base = text.data(), .length = text.size()};
    return judge(call(SYS_vmsplice, ends[1], &piece, 1, 0), "vmsplice");
}

/// The kernel loads the module for whoever asks, before it looks at who that is (net/socket.c,
/// br_ioctl_call).
Finding ask_for_bridges()
{
    constexpr unsigned kGetBridges = 0x8940; // SIOCGIFBR
    const long socket = call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return judge(socket, "socket");
    std::array<unsigned long, 3> version = {};
    return judge_asking(call(SYS_ioctl, socket, kGetBridges, version.data()), "ioctl(SIOCGIFBR)");
}

/// Of all such events there are 65,536 (fs.aio-max-nr), for the whole machine.
Finding take_events()
{
    std::uintptr_t context = 0;
    const long answer = call(SYS_io_setup, 1, &context);
    if (answer == 0) call(SYS_io_destroy, context);
    return judge(answer, "io_setup");
}

/// In no namespace: the whole machine's load, memory, and how many processes it has.
Finding ask_for_load()
{
    struct sysinfo machine = {};
    const long answer = call(SYS_sysinfo, &machine);
    if (answer < 0) return judge(answer, "sysinfo");
    if (machine.procs <= 8 && machine.loads[0] == 0)
        return refused_because("sysinfo(2) says that nothing runs");
    return open_because("sysinfo: %d processes, up %ld s", int{machine.procs}, machine.uptime);
}

constexpr Attempt kAttempts[] = {
    {"kernel.bpf_map", Severity::kMust, kCheap, "BPF (CVE-2021-3490, CVE-2022-23222)", make_map},
    {"kernel.bpf_program", Severity::kMust, kCheap, "BPF: its verifier", load_program},
    {"kernel.bpf_ids", Severity::kMust, kCheap, "BPF: other people's programs", next_program},
    {"kernel.perf_software",
     Severity::kShould,
     kCheap,
     "perf (CVE-2013-2094, CVE-2023-2235)",
     [] { return measure(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, false); }},
    {"kernel.perf_kernel",
     Severity::kMust,
     kCheap,
     "CAP_PERFMON: the kernel's own events",
     [] { return measure(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, true); }},
    {"kernel.perf_processor",
     Severity::kMust,
     kCheap,
     "CAP_PERFMON: what others do on a processor",
     measure_processor},
    {"kernel.kexec_load", Severity::kMust, kCheap, "another kernel", load_kernel},
    {"kernel.kexec_file_load", Severity::kMust, kCheap, "another kernel", load_kernel_file},
    {"kernel.init_module", Severity::kMust, kCheap, "code in the kernel", load_module},
    {"kernel.finit_module", Severity::kMust, kCheap, "code in the kernel", load_module_file},
    {"kernel.delete_module", Severity::kMust, kCheap, "code out of the kernel", remove_module},
    {"kernel.reboot", Severity::kMust, kCheap, "CAP_SYS_BOOT", restart},
    {"kernel.swapon", Severity::kMust, kCheap, "memory of others in a file", swap_on},
    {"kernel.swapoff", Severity::kMust, kCheap, "no more swap for the host", swap_off},
    {"kernel.acct", Severity::kMust, kCheap, "CAP_SYS_PACCT: who runs what", keep_accounts},
    {"kernel.quotactl", Severity::kShould, kCheap, "quotas", ask_for_quota},
    {"kernel.quotactl_fd", Severity::kShould, kCheap, "quotas", ask_for_quota_by_descriptor},
    {"kernel.syslog_read", Severity::kMust, kCheap, "CAP_SYSLOG: the kernel's log", read_log},
    {"kernel.syslog_size", Severity::kShould, kCheap, "the same call", ask_log_size},
    {"kernel.fanotify", Severity::kMust, kCheap, "what anybody does with a mount", watch_files},
    {"kernel.fanotify_by_handle",
     Severity::kShould,
     kCheap,
     "fanotify for everybody (Linux 5.13)",
     watch_files_by_handle},
    {"kernel.iopl", Severity::kMust, kCheap, "CAP_SYS_RAWIO: every port", take_all_ports},
    {"kernel.ioperm", Severity::kMust, kCheap, "CAP_SYS_RAWIO: a port", take_port},
    {"kernel.sysfs", Severity::kShould, kCheap, "a call of 1991", name_file_system},
    {"kernel.ustat", Severity::kShould, kCheap, "another", ask_ustat},
    {"kernel.list_security_modules",
     Severity::kShould,
     kCheap,
     "which security modules there are",
     list_security_modules},
    {"kernel.remap_file_pages",
     Severity::kShould,
     kCheap,
     "a call that is emulated, and wrong at times",
     map_nonlinearly},
    {"kernel.vmsplice",
     Severity::kShould,
     kCheap,
     "pages of the caller's in a pipe (CVE-2008-0600, CVE-2022-0847's neighbour)",
     give_pages_to_pipe},
    {"kernel.ask_for_load",
     Severity::kShould,
     kCheap,
     "how busy the machine is, since when it runs",
     ask_for_load},
    {"kernel.ask_for_bridges",
     Severity::kShould,
     kCheap,
     "the host loads a module",
     ask_for_bridges},
    {"kernel.take_events",
     Severity::kShould,
     kCheap,
     "the machine's asynchronous reads, of which there is a fixed number for all",
     take_events},
};

} // namespace

std::span<const Attempt> kernel_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes
