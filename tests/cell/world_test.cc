// What a step finds around itself.
#include "sandbox/base/error.hh"
#include "sandbox/features.hh"
#include "tests/cell/cell_fixture.hh"

#include <algorithm>
#include <fcntl.h>
#include <sched.h>
#include <sys/sysinfo.h>
#include <unistd.h>

namespace caisson::sandbox::testing {
namespace {

class World : public CellTest {
protected:
    static std::string output_of(const std::string& line) { return run(script(line)).output; }
    static std::string status_field(const std::string& field)
    {
        return output_of("grep " + field + ": /proc/self/status");
    }
};

TEST_F(World, HasExactlyTheDeclaredEnvironment)
{
    ::setenv("CAISSON_LEAK", "yes", 1);
    Plan wanted = plan({"env"});
    wanted.environment = {"PATH=/bin", "LANG=C", "EMPTY="};

    EXPECT_EQ(run(wanted).output,
              "PATH=/bin\nLANG=C\nEMPTY=\nHOME=/root\n"); // HOME: of the user, added
    wanted.environment.push_back("HOME=/elsewhere");
    EXPECT_EQ(run(wanted).output, "PATH=/bin\nLANG=C\nEMPTY=\nHOME=/elsewhere\n");
}

TEST_F(World, HasThreeDescriptors)
{
    const UniqueFd leaked(::open("/", O_RDONLY)); // NOLINT(android-cloexec-open): the leak

    // 3 is ls reading the directory
    EXPECT_EQ(output_of("ls /proc/self/fd"), "0\n1\n2\n3\n");
    EXPECT_EQ(output_of("readlink /proc/self/fd/0"), "/dev/null\n");
    EXPECT_EQ(output_of("readlink /proc/self/fd/1 | head -c 5"), "pipe:");
}

TEST_F(World, ReadsItsInputFromAPipeThatItCannotWriteTo)
{
    const auto [read_end, write_end] = make_pipe();
    write_all(write_end.get(), "first\nsecond\n");
    PipeReaders readers;
    StepPipes pipes = readers.pipes();
    pipes.input = read_end.get();

    auto running = chamber().run(
        script("read line; echo got $line; head -n 1 /dev/stdin; echo back >/dev/stdin"),
        filter(),
        pipes);
    Ended ended;
    ended.outcome = running.outcome.get();
    readers.finish(ended);

    EXPECT_EQ(ended.output, "got first\nsecond\n");
    EXPECT_NE(ended.errors.find("Permission denied"), std::string::npos) << ended.errors;
    EXPECT_NE(ended.outcome.code, 0);
}

TEST_F(World, MapsNoIdOfTheHostsRoot)
{
    // as the cell sees it: its parent's ids, one to one
    EXPECT_EQ(output_of("cat /proc/self/uid_map | tr -s ' '"), " 0 0 65536\n");
    EXPECT_EQ(output_of("id -u; id -g"), "0\n0\n");
    EXPECT_EQ(output_of("id -G"), "0 29\n");
}

TEST_F(World, KeepsTheDeclaredCapabilitiesAndNoOthers)
{
    // chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service,
    // sys_chroot, setfcap
    const std::string kept = "00000000800405fb";
    EXPECT_EQ(status_field("CapPrm"), "CapPrm:\t" + kept + "\n");
    EXPECT_EQ(status_field("CapEff"), "CapEff:\t" + kept + "\n");
    EXPECT_EQ(status_field("CapBnd"), "CapBnd:\t" + kept + "\n");
    EXPECT_EQ(status_field("CapInh"), "CapInh:\t0000000000000000\n");
    EXPECT_EQ(status_field("CapAmb"), "CapAmb:\t0000000000000000\n");
}

TEST_F(World, LeavesAnOrdinaryUserNoCapability)
{
    Plan wanted =
        script("grep -E 'Cap(Prm|Eff|Inh|Amb)' /proc/self/status | grep -vc 0000000000000000");
    wanted.user = "builder";

    EXPECT_EQ(run(wanted).output, "0\n");
}

TEST_F(World, CanGainNothingAndIsFiltered)
{
    EXPECT_EQ(status_field("NoNewPrivs"), "NoNewPrivs:\t1\n");
    EXPECT_EQ(status_field("Seccomp"), "Seccomp:\t2\n");
    EXPECT_EQ(status_field("Seccomp_filters"), "Seccomp_filters:\t2\n");
}

TEST_F(World, ReportsTheLandlockThatHolds)
{
    EXPECT_EQ(run(plan({"true"})).outcome.landlock_abi, std::min(6, probe_features().landlock_abi));
}

TEST_F(World, ShowsOfProcWhatABuildReadsAndNothingThatANewKernelBrings)
{
    const std::string shown = output_of("cd /proc; for name in [a-z]*; do if [ -d $name ]; then "
                                        "[ -z \"$(ls $name)\" ] || echo $name; else "
                                        "[ -z \"$(head -c 1 $name)\" ] || echo $name; fi; done");

    EXPECT_EQ(shown,
              "cpuinfo\nloadavg\nmeminfo\nmounts\nnet\nself\nstat\nsys\n"
              "sysvipc\nthread-self\nuptime\nversion\n");
}

TEST_F(World, HasFiguresOfItsOwnInProc)
{
    cpu_set_t usable = {};
    ASSERT_EQ(::sched_getaffinity(0, sizeof usable, &usable), 0);
    Plan wanted = script("cat /proc/loadavg /proc/uptime; grep -E '^Mem|^Swap[TF]' /proc/meminfo; "
                         "grep -c ^cpu /proc/stat; cut -d ' ' -f 2- /proc/stat | head -1");
    wanted.limits.memory_bytes = 128UL << 20U;
    wanted.limits.swap_bytes = 0;

    EXPECT_EQ(run(wanted).output,
              "0.00 0.00 0.00 1/1 1\n0.00 0.00\n"
              "MemTotal: 131072 kB\nMemFree: 131072 kB\nMemAvailable: 131072 kB\n"
              "SwapTotal: 0 kB\nSwapFree: 0 kB\n" +
                  std::to_string(CPU_COUNT(&usable) + 1) + "\n 0 0 0 0 0 0 0 0 0 0\n");
}

TEST_F(World, IsToldOfNoMoreMemoryThanTheMachineHas)
{
    struct sysinfo machine = {};
    ASSERT_EQ(::sysinfo(&machine), 0);
    Plan wanted = script("grep MemTotal /proc/meminfo");
    wanted.limits.memory_bytes = 1UL << 50U;

    EXPECT_EQ(run(wanted).output,
              "MemTotal: " + std::to_string(machine.totalram * machine.mem_unit / 1024) + " kB\n");
}

TEST_F(World, LooksUpItsUserInTheTree)
{
    const auto ids = [](const std::string& user) {
        Plan wanted = script("echo $(id -u):$(id -g) $(id -G)");
        wanted.user = user;
        return run(wanted).output;
    };
    EXPECT_EQ(ids("builder"), "1000:1000 1000 29\n");
    EXPECT_EQ(ids("1000"), "1000:1000 1000 29\n");
    EXPECT_EQ(ids("builder:audio"), "1000:29 29\n");
    EXPECT_EQ(ids("7:8"), "7:8 8\n");
    EXPECT_EQ(ids("7"), "7:0 0\n");
    EXPECT_THROW((void)ids("nobody-here"), Error);
    EXPECT_THROW((void)ids("65536"), Error);
}

TEST_F(World, TakesNothingFromTheInvokersShell)
{
    // the fixture's runner has a umask of 077
    EXPECT_EQ(output_of("umask; stat -c %a /dev /dev/shm"), "0022\n755\n1777\n");
    EXPECT_EQ(output_of("cat /proc/self/oom_score_adj"), "500\n");
}

TEST_F(World, SeesNoPathOfTheHostInItsMounts)
{
    const std::string mounts = output_of("cat /proc/self/mountinfo");
    EXPECT_EQ(mounts.find(store()), std::string::npos) << mounts;
    EXPECT_EQ(mounts.find("shared:"), std::string::npos) << mounts;
    EXPECT_EQ(mounts.find("master:"), std::string::npos) << mounts;
}

TEST_F(World, HasItsNameAndALoopbackOfItsOwn)
{
    EXPECT_EQ(output_of("hostname"), "caisson\n");
    EXPECT_EQ(output_of("ls /sys 2>&1 | wc -l; grep -c : /proc/net/dev"), "1\n1\n");
    EXPECT_TRUE(succeeds_inside("control.loopback"));
    EXPECT_TRUE(succeeds_inside("control.low_port"));
}

TEST_F(World, HasSixDevicesAndTerminalsOfItsOwn)
{
    EXPECT_EQ(
        output_of("ls /dev"),
        "fd\nfull\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n");
    EXPECT_EQ(output_of("ls /dev/pts /dev/shm"), "/dev/pts:\nptmx\n\n/dev/shm:\n");
    EXPECT_EQ(output_of("head -c 3 /dev/zero | wc -c; echo x >/dev/full || echo full"),
              "3\nfull\n");
    EXPECT_TRUE(succeeds_inside("control.terminal"));
}

TEST_F(World, StartsInItsWorkingDirectory)
{
    Plan wanted = plan({"pwd"});
    wanted.working_directory = "/tmp";
    EXPECT_EQ(run(wanted).output, "/tmp\n");
}

TEST_F(World, WritesToItsOwnTreeOnly)
{
    Plan first = script("echo mine >/made && rm /etc/hosts && cat /made");
    EXPECT_EQ(run(first).output, "mine\n");
    EXPECT_EQ(output_of("cat /made 2>/dev/null; cat /etc/hosts"), "the image's own\n");

    Plan second = script("cat /made; ls /etc");
    second.lowers = {first.upper, "base"};
    EXPECT_EQ(run(second).output, "mine\ngroup\npasswd\n");
}

/// Cargo, npm and apt do it; `mv` would hide a refusal by copying.
TEST_F(World, LinksAndRenamesFromOneDirectoryToAnother)
{
    EXPECT_EQ(output_of("mkdir /a /b && echo x >/a/file && ln /a/file /b/link && cat /b/link"),
              "x\n");
    EXPECT_EQ(output_of("ln /etc/hosts /tmp/hosts && cat /tmp/hosts"), "the image's own\n");
    EXPECT_TRUE(succeeds_inside("control.rename"));
}

TEST_F(World, FindsThePlansFilesAndLeavesThemInNoLayer)
{
    Plan first = script("cat /etc/hosts; /dev/caisson/script; cat /etc/resolv.conf");
    first.files = {
        {.path = "/etc/hosts", .content = "127.0.0.1 localhost\n"},
        {.path = "/dev/caisson/script", .content = "#!/bin/sh\necho ran\n", .mode = 0755},
        {.path = "/etc/resolv.conf", .content = "not in this image\n"}};

    const Ended ended = run(first);

    EXPECT_EQ(ended.output, "127.0.0.1 localhost\nran\n");
    Plan second = script("cat /etc/hosts; ls /etc /dev/caisson 2>/dev/null");
    second.lowers = {first.upper, "base"};
    EXPECT_EQ(run(second).output, "the image's own\n/etc:\ngroup\nhosts\npasswd\n");
}

TEST_F(World, RunsOnAnEmptyImage)
{
    make_tree_of("alone", {{"bin/busybox", read_file("/bin/busybox", 1U << 24)}});
    Plan wanted = plan({"/bin/busybox", "ls", "/"});
    wanted.lowers = {"alone"};
    EXPECT_EQ(run(wanted).output, "bin\ndev\nproc\n");
}

} // namespace
} // namespace caisson::sandbox::testing
