// What a step cannot do. Each attempt is first made outside, where it succeeds: a wall that is
// tested by an attempt that fails everywhere is not tested.
#include "sandbox/base/error.hh"
#include "sandbox/features.hh"
#include "sandbox/seccomp/compile.hh"
#include "tests/cell/cell_fixture.hh"
#include "tests/cell/processes.hh"
#include "tests/support/probe.hh"
#include "tests/support/require.hh"

#include <chrono>
#include <map>
#include <set>
#include <thread>
#include <unistd.h>

namespace caisson::sandbox::testing {
namespace {

class Walls : public CellTest {
protected:
    static void expect_refused(const std::string& attempt)
    {
        SCOPED_TRACE(attempt);
        EXPECT_TRUE(succeeds_outside(attempt)) << "it proves nothing";
        EXPECT_FALSE(succeeds_inside(attempt));
    }
};

/// Attempts that only root makes with success outside.
class RootsWalls : public Walls {
protected:
    void SetUp() override
    {
        Walls::SetUp();
        if (::geteuid() != 0) GTEST_SKIP() << "outside, only root succeeds with these";
    }
};

TEST_F(Walls, RefuseANestedUserNamespace)
{
    expect_refused("ns.unshare_user");
}

TEST_F(Walls, KeepInitOutOfReach)
{
    CAISSON_REQUIRE(probe_features().landlock_abi >= 6, "this kernel's Landlock has no scopes");
    // that it has the step's user id is the filter's to make good (policies/floor.json, init)
    const std::set<std::string> by_the_filter = {"init.limit",
                                                 "init.set_affinity",
                                                 "init.set_priority",
                                                 "init.set_scheduler",
                                                 "init.set_io_priority"};
    std::map<std::string, bool> outside;
    for (const auto& line : caisson::testing::probe_outside({"--only", "init.*"}))
        outside[line.id] = line.is_open();
    for (const char* user : {"root", "builder"}) {
        Plan wanted = plan({"probe", "--only", "init.*"});
        wanted.user = user;
        const Ended ended = run(wanted);
        const auto lines = caisson::testing::parse_probe_lines(ended.output);
        EXPECT_EQ(lines.size(), outside.size());
        for (const auto& line : lines) {
            SCOPED_TRACE(std::string(user) + ": " + line.id + " " + line.detail);
            // an ordinary user fails at some of them outside as well
            EXPECT_TRUE(outside[line.id] || ::geteuid() != 0) << "it proves nothing";
            EXPECT_FALSE(line.is_open() && !by_the_filter.contains(line.id));
        }
    }
}

// The step's own filter allows everything here: this is the chamber's, which no cell can leave.
TEST_F(Walls, KeepTheKernelsMachineryFromAllBelowTheChamber)
{
    for (const char* attempt :
         {"net.vsock", "net.vsock_high_bits", "net.vsock_ring", "ring.set_up", "ring.open"})
        expect_refused(attempt);
}

TEST_F(Walls, StandAroundTheChamberAndInitToo)
{
    std::size_t chambers = 0;
    std::size_t inits = 0;
    (void)run_and(script("sleep 300"), [&](const Chamber::Running& running) {
        for (int turn = 0; turn < 500 && (chambers == 0 || inits == 0); ++turn) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            chambers = inits = 0;
            for (const pid_t process : processes_below_us()) {
                const PidDepth depth = pid_depth_of(process);
                if (depth.innermost != 1 || status_of(process, "NoNewPrivs") != "1") continue;
                // each namespace is one deeper than ours; a cell that is made ahead is not there
                // yet
                const std::string filters = status_of(process, "Seccomp_filters");
                const bool is_chamber = depth.depth - pid_depth_of(::getpid()).depth == 1;
                if (is_chamber && filters == "1") ++chambers;
                if (!is_chamber && filters == "2") ++inits;
            }
        }
        chamber().stop(running.request);
    });

    EXPECT_EQ(chambers, 1U);
    EXPECT_EQ(inits, 1U);
}

TEST_F(Walls, HideWhatTellsOfTheHost)
{
    for (const char* attempt : {"proc.read_interrupts",
                                "proc.read_cmdline",
                                "proc.read_diskstats",
                                "proc.read_kallsyms",
                                "proc.read_softirqs",
                                "proc.read_buddyinfo",
                                "proc.read_vmstat",
                                "proc.read_cgroups",
                                "proc.read_core_pattern",
                                "proc.read_boot_id",
                                "proc.read_file_nr",
                                "sys.present",
                                "root.see_host_file"})
        expect_refused(attempt);
}

TEST_F(Walls, LetNothingInProcBeWritten)
{
    for (const char* attempt : {"limit.reset_oom_score", "proc.write_timens_offsets"})
        expect_refused(attempt);
}

TEST_F(RootsWalls, HideWhatDrivesTheHost)
{
    for (const char* attempt : {"proc.read_keys",
                                "proc.read_iomem",
                                "proc.read_slabinfo",
                                "proc.read_vmallocinfo",
                                "proc.write_core_pattern",
                                "proc.write_drop_caches"})
        expect_refused(attempt);
}

TEST_F(RootsWalls, RefuseMountsDevicesAndNames)
{
    for (const char* attempt :
         {"mount.tmpfs", "dev.mknod_disk", "name.host", "ns.join_net", "limit.nice"})
        expect_refused(attempt);
}

TEST_F(RootsWalls, HaveNothingAboveTheRoot)
{
    expect_refused("root.climb_out_of_chroot");
}

TEST_F(Walls, CutOffAbstractSockets)
{
    expect_refused("host.abstract_socket");
}

TEST_F(Walls, BoundTheProcessesOfOneCellWhateverItsUsers)
{
    Plan wanted = script("i=0; while [ $i -lt 200 ]; do sleep 5 & i=$((i+1)); done; "
                         "ls -d /proc/[0-9]* | wc -l");
    wanted.limits.processes = 50;

    const Ended ended = run(wanted);

    // the shell gives up when fork fails
    EXPECT_FALSE(ended.outcome.ok());
    EXPECT_NE(ended.errors.find("can't fork"), std::string::npos) << ended.errors;
}

TEST_F(Walls, BoundAFilesSize)
{
    Plan wanted = script("dd if=/dev/zero of=/large bs=4096 count=1000 2>/dev/null; "
                         "stat -c %s /large");
    wanted.limits.file_size_bytes = 8192;

    EXPECT_EQ(run(wanted).output, "8192\n");
}

TEST_F(Walls, BoundTheProcessorTimeOfOneProcess)
{
    Plan wanted = script("while true; do :; done");
    wanted.limits.cpu_time = std::chrono::seconds(1);

    const Outcome outcome = run(wanted).outcome;

    EXPECT_EQ(outcome.kind, Outcome::Kind::kTooMuchCpu);
    EXPECT_EQ(outcome.limit, "cpu_seconds");
    EXPECT_LT(outcome.cpu, std::chrono::seconds(4));
    // who sends itself the signal has used nothing up
    EXPECT_EQ(run(script("kill -XCPU $$")).outcome.kind, Outcome::Kind::kSignalled);
}

TEST_F(Walls, BoundAddressesOnlyWhereThePlanAsks)
{
    const std::string line = "grep 'address space' /proc/self/limits | tr -s ' '";
    Plan wanted = script(line);
    wanted.limits.address_space_bytes = 1ULL << 30;

    EXPECT_EQ(run(wanted).output, "Max address space 1073741824 1073741824 bytes \n");
    EXPECT_EQ(run(script(line)).output, "Max address space unlimited unlimited bytes \n");
}

TEST_F(Walls, BoundOpenFiles)
{
    Plan wanted = script("grep 'open files' /proc/self/limits | tr -s ' '");
    wanted.limits.open_files = 64;

    EXPECT_EQ(run(wanted).output, "Max open files 64 64 files \n");
}

TEST_F(Walls, AnswerAsTheFilterSays)
{
    // a filter that knows little: what busybox needs, and mkdir with an error of its own
    SeccompFilter filter;
    for (const char* name : {"read",
                             "write",
                             "open",
                             "openat",
                             "close",
                             "stat",
                             "fstat",
                             "lstat",
                             "mmap",
                             "mprotect",
                             "munmap",
                             "brk",
                             "rt_sigaction",
                             "rt_sigprocmask",
                             "ioctl",
                             "access",
                             "execve",
                             "arch_prctl",
                             "exit",
                             "exit_group",
                             "set_tid_address",
                             "set_robust_list",
                             "rseq",
                             "prlimit64",
                             "readlink",
                             "getrandom",
                             "newfstatat",
                             "getpid",
                             "getppid",
                             "geteuid",
                             "getuid",
                             "fcntl",
                             "prctl"})
        filter.rules.push_back({.name = name});
    filter.rules.push_back(
        {.name = "mkdir", .action = SeccompRule::Action::kErrno, .error = 95 /* EOPNOTSUPP */});
    const UniqueFd program = make_sealed_memfd("filter", compile_seccomp(filter));
    PipeReaders readers;

    auto running =
        chamber().run(plan({"busybox", "mkdir", "/made"}), program.get(), readers.pipes());
    Ended ended;
    ended.outcome = running.outcome.get();
    readers.finish(ended);

    EXPECT_FALSE(ended.outcome.ok());
    EXPECT_NE(ended.errors.find("not supported"), std::string::npos) << ended.errors;
}

TEST_F(Walls, RefuseAnImageWhoseMountPointsLeadElsewhere)
{
    for (const char* point : {"dev", "proc"})
        for (const char* kind : {"->/tmp", "->../../../../tmp", "a file"}) {
            const std::string id = std::string("trap-") + point + std::to_string(kind[2]);
            make_tree_of(id, {{point, kind}, {"tmp/keep", ""}});
            Plan wanted = plan({"true"});
            wanted.lowers = {id};

            try {
                (void)run(wanted);
                ADD_FAILURE() << point << " " << kind << ": nothing was thrown";
            } catch (const Error& error) {
                EXPECT_NE(std::string(error.what()).find("is no directory"), std::string::npos)
                    << error.what();
                EXPECT_EQ(error.kind(), ErrorKind::kInput);
            }
        }
}

TEST_F(Walls, RefuseHostileUserFilesWithoutHanging)
{
    make_tree_of("users", {{"etc/passwd", std::string(2U << 20, 'x')}});
    Plan wanted = plan({"true"});
    wanted.lowers = {"users", "base"};

    EXPECT_THROW((void)run(wanted), Error);
}

} // namespace
} // namespace caisson::sandbox::testing
