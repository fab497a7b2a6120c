// Cells of linux/386 images: what their programs may do goes on working, what they may not stays
// shut by every way there is. Each attack is first made outside, by the same program, where it
// succeeds.
#include "policies/policy.hh"
#include "runner/job/compile_filter.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/program.hh"
#include "tests/cell/cell_fixture.hh"
#include "tests/cell/processes.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <iterator>
#include <map>
#include <thread>
#include <unistd.h>

namespace caisson::sandbox::testing {
namespace {

#if defined(__x86_64__)

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* kVsock = "40"; // AF_VSOCK, which the kernel of any virtual machine has

class I386 : public CellTest {
protected:
    static fs::path program() { return checkout::build() / "tests/caisson-i386"; }

    static void SetUpTestSuite()
    {
        set_up_chamber({.i386 = true});
        if (!fs::exists(program())) return;
        make_tree_of("i386", {{"bin/i386", read_file(program(), 1U << 24)}});
        i386_filter =
            runner::filter_of_policy(policies::load_policy("default"), Architecture::kI386);
    }

    static void TearDownTestSuite()
    {
        i386_filter = {};
        CellTest::TearDownTestSuite();
    }

    void SetUp() override
    {
        CellTest::SetUp();
        CAISSON_REQUIRE(fs::exists(program()), "no 32-bit libc: gcc-multilib is not installed");
    }

    static Plan plan_of(std::vector<std::string> words)
    {
        words.insert(words.begin(), "/bin/i386");
        Plan wanted = plan(std::move(words));
        wanted.lowers = {"i386", "base"};
        wanted.architecture = Architecture::kI386;
        return wanted;
    }

    static Ended run(const Plan& plan)
    {
        return run_and(plan, [](const Chamber::Running&) {});
    }

    template<class Meddle>
    static Ended run_and(const Plan& plan, Meddle&& meddle)
    {
        PipeReaders readers;
        auto running = chamber().run(plan, i386_filter.program.get(), readers.pipes());
        meddle(running);
        Ended ended;
        ended.outcome = running.outcome.get();
        readers.finish(ended);
        return ended;
    }

    static std::string inside(std::vector<std::string> words)
    {
        const Ended ended = run(plan_of(std::move(words)));
        return ended.output + ended.errors;
    }

    static std::string outside(std::vector<std::string> words)
    {
        auto [read_end, write_end] = make_pipe();
        Program started = Program::start(
            {.path = program(), .arguments = std::move(words), .standard_output = write_end.get()});
        write_end.reset();
        std::string text = read_all(read_end.get(), 1U << 16, "its output");
        started.wait();
        return text;
    }

    /// Succeeds outside, and gives `error` inside.
    static void expect_refused(const std::vector<std::string>& words, int error)
    {
        std::string line;
        for (const std::string& word : words)
            line += word + " ";
        EXPECT_TRUE(outside(words).starts_with("ok")) << line << ": it proves nothing";
        EXPECT_EQ(inside(words), std::to_string(error) + "\n") << line;
    }

    static runner::Filter i386_filter;
};

runner::Filter I386::i386_filter;

TEST_F(I386, RunsProgramsOfItsImageAsOnTheirMachine)
{
    EXPECT_EQ(inside({"machine"}), "ok i686\n");
}

TEST_F(I386, LetsItsProgramsTalk)
{
    EXPECT_EQ(inside({"loopback"}), "ok 0\n");
    EXPECT_EQ(inside({"abstract"}), "ok 0\n");
    EXPECT_EQ(inside({"pair"}), "ok 0\n");
    EXPECT_EQ(inside({"socket", "16", "3", "0"}).substr(0, 3), "ok "); // NETLINK_ROUTE
}

TEST_F(I386, MakesSocketsAsTheUserWhoAsks)
{
    Plan wanted = plan_of({"pair"});
    wanted.user = "builder";

    EXPECT_EQ(run(wanted).output, "ok 0\n");
}

TEST_F(I386, ShutsVsockByEveryWay)
{
    expect_refused({"socket", kVsock, "1", "0"}, EAFNOSUPPORT);
    expect_refused({"direct", kVsock, "1", "0"}, EAFNOSUPPORT);
    expect_refused({"64-bit", kVsock, "1"}, EPERM);
    expect_refused({"ring"}, ENOSYS);
}

TEST_F(I386, ShutsWhatTheNativeFilterShuts)
{
    // outside: not in every kernel
    EXPECT_EQ(inside({"socket", "38", "5", "0"}), std::to_string(EAFNOSUPPORT) + "\n"); // ALG
    EXPECT_EQ(inside({"socket", "63", "1", "0"}), std::to_string(EAFNOSUPPORT) + "\n");
    expect_refused({"socket", "16", "3", "15"}, EPROTONOSUPPORT); // KOBJECT_UEVENT
    expect_refused({"old-mmap"}, ENOSYS);
    EXPECT_EQ(inside({"option", "6", "31"}), std::to_string(ENOPROTOOPT) + "\n"); // TCP_ULP
    EXPECT_NE(outside({"option", "6", "31"}), std::to_string(ENOPROTOOPT) + "\n");
}

TEST_F(I386, DecidesOnWhatItReadOnce)
{
    EXPECT_EQ(outside({"race", kVsock, "20"}), "wrong: the race was won\n") << "it proves nothing";
    EXPECT_EQ(inside({"race", kVsock, "20"}), "ok 0\n");
}

TEST_F(I386, SetsOptionsInTheirOwnLayout)
{
    EXPECT_EQ(inside({"time-out"}), "ok 5\n");
    EXPECT_EQ(inside({"threads"}), "ok 0\n");
    for (const char* odd : {"option-of-file", "option-of-nothing"})
        EXPECT_EQ(inside({odd}), outside({odd})) << odd;
}

TEST_F(I386, FailsAsTheKernelDoes)
{
    const std::vector<std::string> deeds[] = {{"subcall", "1", "1"},
                                              {"subcall", "8", "0"},
                                              {"subcall", "14", "4096"},
                                              {"subcall", "0", "0"},
                                              {"subcall", "21", "0"},
                                              {"read-only"},
                                              {"full"}};
    for (const auto& words : deeds)
        EXPECT_EQ(inside(words), outside(words)) << words[0] << words.back();
}

TEST_F(I386, SurvivesSignalsAmidACall)
{
    EXPECT_EQ(inside({"interrupted"}), "ok 0\n");
}

TEST_F(I386, GivesNativeProgramsNothing)
{
    // busybox of this machine: it becomes one, and dies at its first call
    const Ended ended = run(plan_of({"start", "/bin/true"}));

    EXPECT_FALSE(ended.outcome.ok());
}

TEST_F(I386, SaysWhereThereIsNoProgram)
{
    Plan wanted = plan_of({});
    wanted.argv = {"nothing"};
    EXPECT_EQ(run(wanted).outcome.kind, Outcome::Kind::kNotFound);
    wanted = plan_of({});
    wanted.argv = {"/etc/passwd"};
    EXPECT_EQ(run(wanted).outcome.kind, Outcome::Kind::kNotFound);
}

// --- the supervisor ---

constexpr const char* kItsCapabilities = "00000000000800c0"; // SETGID, SETUID, SYS_PTRACE

/// Those of our chamber: nobody else below us has these capabilities.
std::vector<pid_t> supervisors()
{
    std::vector<pid_t> found = processes_below_us();
    std::erase_if(found,
                  [](pid_t process) { return status_of(process, "CapEff") != kItsCapabilities; });
    return found;
}

TEST_F(I386, EndsTheSupervisorWithTheCell)
{
    ASSERT_TRUE(supervisors().empty());
    std::size_t during = 0;
    (void)run_and(plan_of({"wait"}), [&](const Chamber::Running& running) {
        for (int turn = 0; turn < 500 && during == 0; ++turn) {
            std::this_thread::sleep_for(10ms);
            during = supervisors().size();
        }
        chamber().stop(running.request);
    });

    EXPECT_EQ(during, 1U);
    EXPECT_TRUE(supervisors().empty());
}

/// The supervisor of the one cell that runs, once it holds the channel, /proc and, last, the
/// listener. Only root may look into its /proc.
pid_t await_listening_supervisor()
{
    for (int turn = 0; turn < 1000; ++turn, std::this_thread::sleep_for(10ms))
        for (const pid_t process : supervisors()) {
            const fs::path place = "/proc/" + std::to_string(process) + "/fd";
            if (std::distance(fs::directory_iterator(place), fs::directory_iterator()) == 3)
                return process;
        }
    throw Error(ErrorKind::kInternal, "no supervisor listens");
}

TEST_F(I386, KeepsTheSupervisorBehindWallsOfItsOwn)
{
    if (::geteuid() != 0) GTEST_SKIP() << "only root may look into its /proc";
    std::map<std::string, std::string> status;
    std::string root;
    (void)run_and(plan_of({"wait"}), [&](const Chamber::Running& running) {
        const pid_t process = await_listening_supervisor();
        for (const char* field : {"Seccomp", "NoNewPrivs", "CapBnd", "Groups"})
            status[field] = status_of(process, field);
        for (const auto& entry :
             fs::directory_iterator("/proc/" + std::to_string(process) + "/root"))
            root += entry.path().filename();
        chamber().stop(running.request);
    });

    EXPECT_EQ(status["Seccomp"], "2");
    EXPECT_EQ(status["NoNewPrivs"], "1");
    EXPECT_EQ(status["CapBnd"], kItsCapabilities);
    EXPECT_EQ(status["Groups"].find_first_of("0123456789"), std::string::npos);
    EXPECT_EQ(root, "");
}

TEST_F(I386, RefusesWhenItsSupervisorIsGone)
{
    if (::geteuid() != 0) GTEST_SKIP() << "the supervisor is another user's";
    const Ended ended =
        run_and(plan_of({"late-socket", "1", "1", "0"}),
                [](const Chamber::Running&) { ::kill(await_listening_supervisor(), SIGKILL); });

    EXPECT_EQ(ended.output, std::to_string(ENOSYS) + "\n");
}

#endif

} // namespace
} // namespace caisson::sandbox::testing
