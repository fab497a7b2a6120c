#include "tests/escape/whole_set/exceptions.hh"

#include <initializer_list>

namespace caisson::testing {
namespace {

struct Group {
    const char* reason;
    std::initializer_list<const char*> ids;
};

const Group kClosedOutside[] = {
    {"a kernel without modules",
     {"kernel.init_module",
      "kernel.finit_module",
      "kernel.delete_module",
      "proc.read_modules",
      "proc.write_modprobe"}},
    {"a kernel without kexec", {"kernel.kexec_load", "kernel.kexec_file_load"}},
    {"a kernel without X86_X32_ABI",
     {"ns.unshare_user_x32", "process.x32_calls", "net.vsock_x32", "net.packet_x32"}},
    {"a kernel without X86_IOPL_IOPERM", {"kernel.iopl", "kernel.ioperm"}},
    {"a kernel without DEVMEM, DEVPORT, X86_MSR, PROC_KCORE",
     {"dev.mem", "dev.port", "dev.cpu_msr", "proc.read_kcore"}},
    {"a kernel without the family",
     {"net.alg",
      "net.alg_socketcall_i386",
      "net.alg_i386",
      "net.key",
      "net.rds",
      "net.tipc",
      "net.can",
      "net.rxrpc",
      "net.kcm",
      "net.smc",
      "net.smc_of_inet",
      "net.qipcrtr",
      "net.bluetooth",
      "net.mctp",
      "net.sctp"}},
    {"a kernel without the netlink protocol",
     {"netlink.iscsi", "netlink.scsi", "netlink.rdma", "netlink.crypto"}},
    {"a kernel without MAGIC_SYSRQ", {"proc.write_sysrq", "proc.write_sysrq_trigger"}},
    {"a kernel without SCHEDSTATS and SCHED_DEBUG",
     {"proc.read_schedstat", "proc.read_sched_debug"}},
    {"a machine without SCSI and ACPI sleep", {"proc.write_scsi", "proc.write_acpi_wakeup"}},
    {"a kernel without UEVENT_HELPER", {"sys.uevent_helper"}},
    {"a kernel without FS_VERITY", {"file.enable_verity"}},
    {"a kernel without PM_SLEEP", {"cap.block_suspend"}},
    {"binfmt_misc is not mounted", {"proc.write_binfmt_register"}},
    {"no range of physical memory has an entry", {"proc.read_mtrr"}},
    {"the processor, or the host's choice, leaves nothing to control", {"id.indirect_branch"}},
    {"net.ipv4.ping_group_range of the host is empty", {"net.ping"}},
    {"every mount of the host is private already", {"proc.propagation"}},
    {"outside there is no root to be outside of", {"root.live_in_chroot", "root.start_outside"}},
    {"no launcher makes a socket of its output", {"inherited.output_socket"}},
    {"the session that runs CI has lower limits",
     {"limit.locked_memory", "limit.open_files", "limit.file_size", "limit.processes"}},
    {"the root of a container has no CAP_SYS_RESOURCE",
     {"ns.reopen_user_namespaces", "limit.raise_hard", "limit.lower_oom_score"}},
};

const Group kOpenInside[] = {
    {"how much memory and how many processors there are: JVMs, linkers and test runners ask",
     {"kernel.ask_for_load"}},
    {"/proc/<pid>/net is the process's own directory, on which nothing can be mounted",
     {"proc.read_network_counters"}},
    {"how much room there is: dpkg, df and databases ask", {"file.ask_for_room"}},
};

template<std::size_t count>
std::map<std::string, std::string> by_id(const Group (&groups)[count])
{
    std::map<std::string, std::string> reasons;
    for (const Group& group : groups)
        for (const char* id : group.ids)
            reasons.emplace(id, group.reason);
    return reasons;
}

} // namespace

const std::map<std::string, std::string>& closed_outside()
{
    static const std::map<std::string, std::string> kReasons = by_id(kClosedOutside);
    return kReasons;
}

const std::map<std::string, std::string>& open_inside()
{
    static const std::map<std::string, std::string> kReasons = by_id(kOpenInside);
    return kReasons;
}

} // namespace caisson::testing
