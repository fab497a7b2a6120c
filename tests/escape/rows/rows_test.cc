// The stories: one for each kind of hole that sandboxes of builds had, of 2014 to 2026; the holes
// are named in each line. The attackers: those attempts of tests/probes that go this way. The
// assertion: they succeed outside, but for what the kernel lacks, and none does in a step of a real
// build.
#include "tests/escape/probed_build.hh"
#include "tests/escape/whole_set/exceptions.hh"

#include <gtest/gtest.h>
#include <unistd.h>

namespace caisson::testing {
namespace {

struct Row {
    const char* name;
    const char* holes;
    std::vector<std::string> attempts;
    bool for_a_user =
        true; ///< whether a user without any privilege succeeds with one of them outside
};

std::ostream& operator<<(std::ostream& stream, const Row& row)
{
    return stream << row.name << " (" << row.holes << ")";
}

constexpr bool kOnlyRoot = false;

const Row kRows[] = {
    // --- identity and namespaces
    {"HostUserZero",
     "CVE-2019-5736, CVE-2022-0492, core_pattern",
     {"id.host_root", "proc.write_core_pattern", "proc.write_poweroff_cmd", "ns.host_user"}},
    {"SupplementaryGroups",
     "CVE-2022-2989, CVE-2022-2990, CVE-2022-2995, CVE-2018-7169",
     {"inherited.groups"},
     kOnlyRoot},
    {"NestedUserNamespaces",
     "CVE-2022-0185, CVE-2024-1086, CVE-2026-43284, CVE-2026-43500, CVE-2026-46300",
     {"ns.unshare_user",
      "ns.clone_user",
      "ns.clone3_user",
      "ns.clone_user_high_bits",
      "ns.clone_user_i386",
      "ns.user_then_nf_tables",
      "ns.user_then_mount",
      "ns.reopen_user_namespaces"}},
    {"OtherNamespaces",
     "the host's cgroup path in 12 of 14 peers",
     {"ns.host_*", "ns.join_*", "ns.unshare_*", "proc.cgroup_path", "host.list_sockets"}},
    {"Propagation", "docker's and BuildKit's slave of /", {"mount.make_*"}, kOnlyRoot},
    {"ClimbOutOfChroot",
     "unshare -R, buildah's chroot isolation",
     {"root.climb_out_of_chroot", "root.through_init_*", "root.see_host_file"}},
    // --- files
    {"LeakedDescriptors",
     "CVE-2024-21626, CVE-2016-9962",
     {"root.leaked_directory", "inherited.any_descriptor", "inherited.socket"}},
    {"MasksComeOff",
     "CVE-2025-31133, CVE-2025-52565, CVE-2025-52881",
     {"mount.take_mask_off", "mount.bind_proc", "mount.remount_*", "mount.setattr_*"},
     kOnlyRoot},
    {"NewMountCalls", "runc#2881", {"mount.open_tree*", "mount.fsmount_*"}, kOnlyRoot},
    {"ProcShowsTheHost",
     "keystrokes in /proc/interrupts, CVE-2017-5967, bwrap#631, CVE-2020-8694",
     {"proc.read_interrupts",
      "proc.read_softirqs",
      "proc.read_cmdline",
      "proc.read_diskstats",
      "proc.read_timer_list",
      "proc.read_keys",
      "proc.host_paths",
      "sys.*"}},
    {"ProcDrivesTheHost", "CVE-2019-16884, CVE-2025-52881", {"proc.write_*"}},
    {"Devices", "CVE-2025-52565, CVE-2026-41579, CVE-2026-47766", {"dev.*"}},
    {"SetuidByMount",
     "CVE-2023-0386, CVE-2021-3493, CVE-2023-2640, CVE-2023-32629",
     {"gain.*", "file.mount_with_*", "file.trusted_attribute", "mount.overlay"}},
    {"FileHandles", "shocker", {"root.open_by_handle", "root.ask_for_*"}},
    {"RunnersBinary", "CVE-2019-5736", {"init.exe_write", "init.exe", "init.mem_write"}},
    // --- calls, capabilities, surface
    {"NoNewPrivileges", "CVE-2026-46333", {"inherited.gain_by_execution"}},
    {"Capabilities",
     "CVE-2022-24769, CVE-2025-27612, CVE-2020-14386",
     {"id.permitted", "id.bounding", "id.inheritable", "id.ambient", "id.raise_*", "cap.*"}},
    {"Socketcall",
     "open in every peer in 2026 (docs#24960)",
     {"net.*_socketcall_i386", "net.*_i386"}},
    {"OtherWaysIn", "CVE-2019-10063's kind", {"net.*_x32", "net.*_ring", "net.*_high_bits"}},
    {"Families",
     "CVE-2026-31431, CVE-2026-43500, CVE-2021-43267, CVE-2021-3609, CVE-2017-7308",
     {"net.vsock", "net.alg", "net.packet_raw", "net.xdp", "net.inet_raw", "net.mptcp"}},
    {"NetlinkProtocols",
     "CVE-2024-1086, CVE-2026-43284",
     {"netlink.netfilter", "netlink.xfrm", "netlink.generic", "netlink.sock_diag"}},
    {"SocketOptions",
     "CVE-2026-46300, CVE-2021-22555, CVE-2023-0461",
     {"sockopt.ulp_*", "sockopt.*policy*", "sockopt.replace_*", "sockopt.attach_*"}},
    {"IoUring", "dozens of holes, and it passes below a filter", {"ring.*"}},
    {"KernelKeys", "CVE-2016-0728", {"key.*"}},
    {"AdministratorsCalls",
     "CVE-2021-3490, CVE-2013-2094, CVE-2016-4997",
     {"kernel.*", "memory.*", "process.*"}},
    {"Terminals", "CVE-2017-5226, CVE-2019-10063, CVE-2023-1523, CVE-2023-28100", {"tty.*"}},
    {"LogAsOutput", "bwrap#555, stdout opened again", {"inherited.output_*"}},
    {"FileRequests", "FIFREEZE, chattr +i in a shared layer", {"file.*"}},
    // --- resources and lifetime
    {"CoreDumps", "CVE-2025-4598", {"limit.core"}},
    {"FirstToBeKilled", "oom_score_adj 0 in all peers", {"limit.*oom_score"}},
    {"RaisedLimits", "CAP_SYS_RESOURCE, CAP_SYS_NICE", {"limit.*"}},
    {"InitIsReadOrTraced", "bwrap#725, #503, #367", {"init.*"}},
    {"LeakedEnvironment", "bwrap#725", {"inherited.variable", "inherited.arguments_of_*"}},
    // --- network
    {"HostsNetwork", "CVE-2020-15257, CVE-2025-46416, CVE-2021-21284", {"host.*"}},
};

std::vector<std::string> only(const Row& row)
{
    std::vector<std::string> options;
    for (const std::string& pattern : row.attempts)
        options.insert(options.end(), {"--only", pattern});
    return options;
}

class EscapeRow : public ::testing::TestWithParam<Row> {};

TEST_P(EscapeRow, IsClosed)
{
    const Row& row = GetParam();
    const std::vector<ProbeLine> outside = probe_outside(only(row));
    std::size_t open = 0;
    for (const ProbeLine& line : outside) {
        open += line.is_open() ? 1U : 0U;
        if (::geteuid() != 0 || line.result == "absent" || closed_outside().contains(line.id))
            continue;
        EXPECT_TRUE(line.is_open()) << "it proves nothing: " << describe({line});
    }
    if (row.for_a_user || ::geteuid() == 0) {
        EXPECT_GT(open, 0U) << "they prove nothing:\n" << describe(outside);
    }
    const Workspace work;

    const ProbedBuild probed = probe_in_build(work, only(row));

    ASSERT_EQ(probed.build.exit, 0) << probed.build.err;
    EXPECT_EQ(probed.lines.size(), outside.size());
    for (const ProbeLine& line : probed.lines)
        EXPECT_FALSE(line.is_hole() && !open_inside().contains(line.id)) << describe({line});
}

std::string name_of(const ::testing::TestParamInfo<Row>& row)
{
    return row.param.name;
}

INSTANTIATE_TEST_SUITE_P(All, EscapeRow, ::testing::ValuesIn(kRows), name_of);

} // namespace
} // namespace caisson::testing
