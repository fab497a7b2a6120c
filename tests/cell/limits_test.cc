// What a step cannot take, held by cgroups where this host gives us some, and by the watcher where
// it does not. Each hog tells how far it got: that is the overshoot.
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"
#include "tests/cell/cell_fixture.hh"
#include "tests/support/paths.hh"
#include "tests/support/probe.hh"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <set>
#include <sstream>
#include <thread>
#include <unistd.h>

namespace caisson::sandbox::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::uint64_t kMebibyte = 1U << 20;
constexpr std::uint64_t kGibibyte = 1U << 30;

// docs/limits.md promises no less
constexpr std::uint64_t kMemoryOvershoot = 256 * kMebibyte;
constexpr std::uint64_t kDiskOvershoot = 512 * kMebibyte;
constexpr std::uint64_t kFilesOvershoot = 20'000;

enum class With { kCgroups, kWatcher };

class LimitsOf : public CellTest, public ::testing::WithParamInterface<With> {
protected:
    void SetUp() override
    {
        CellTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        trees_ = open_file(store() / "trees", O_RDONLY | O_DIRECTORY);
        own_ = Chamber::start({.program = checkout::bin() / "caisson-chamber",
                               .trees = trees_.get(),
                               .ids = SubordinateIds::of_invoker(),
                               .cgroups = GetParam() == With::kCgroups});
        if (GetParam() == With::kCgroups && own_->holders().at("memory_bytes") == Holder::kWatcher)
            GTEST_SKIP() << "this host gives this user no cgroups";
    }

    /// How a hog ended, and how far it says it got.
    struct Fed {
        Outcome outcome;
        std::uint64_t got = 0;
        std::string said;
    };
    Fed feed(const std::string& kind, std::uint64_t amount, const Limits& limits)
    {
        Plan wanted = plan({"hog", kind, std::to_string(amount)});
        wanted.limits = limits;
        return run_here(wanted);
    }

    Fed run_here(const Plan& wanted)
    {
        PipeReaders readers;
        Chamber::Running running = own_->run(wanted, filter(), readers.pipes());
        Fed fed{.outcome = own_->wait(running)};
        Ended ended;
        readers.finish(ended);
        fed.said = ended.output + ended.errors;
        std::istringstream lines(ended.output);
        for (std::string line; std::getline(lines, line);)
            fed.got = std::max<std::uint64_t>(fed.got, std::strtoull(line.c_str(), nullptr, 10));
        return fed;
    }

    static Limits limits()
    {
        Limits limits;
        limits.step_time = 60s;
        return limits;
    }

    [[nodiscard]] Chamber& own() { return *own_; }

private:
    UniqueFd trees_;
    std::unique_ptr<Chamber> own_;
};

TEST_P(LimitsOf, EndAStepThatTakesTooMuchMemory)
{
    for (const char* kind : {"memory", "memfd", "page-tables"}) {
        Limits wanted = limits();
        wanted.memory_bytes = 256 * kMebibyte;

        const Fed fed = feed(kind, 2 * kGibibyte, wanted);

        EXPECT_EQ(fed.outcome.kind, Outcome::Kind::kOutOfMemory) << kind << fed.said;
        EXPECT_EQ(fed.outcome.limit, "memory_bytes") << kind;
        EXPECT_EQ(fed.outcome.allowed, wanted.memory_bytes) << kind;
        EXPECT_LE(fed.got, wanted.memory_bytes + kMemoryOvershoot) << kind;
        RecordProperty(std::string("got_") + kind, std::to_string(fed.got / kMebibyte));
    }
}

TEST_P(LimitsOf, CountAPageOnceHoweverManyShareIt)
{
    Limits wanted = limits();
    wanted.memory_bytes = 400 * kMebibyte;

    const Fed fed = feed("shared-memory", 300 * kMebibyte, wanted);

    EXPECT_TRUE(fed.outcome.ok()) << fed.said << fed.outcome.limit;
}

TEST_P(LimitsOf, BoundAllStepsAtOnceTogether)
{
    Limits wanted = limits();
    wanted.memory_bytes = 400 * kMebibyte;
    wanted.build_memory_bytes = 500 * kMebibyte;
    const UniqueFd trees = open_file(store() / "trees", O_RDONLY | O_DIRECTORY);
    const auto chamber = Chamber::start({.program = checkout::bin() / "caisson-chamber",
                                         .trees = trees.get(),
                                         .ids = SubordinateIds::of_invoker(),
                                         .limits = wanted,
                                         .cgroups = GetParam() == With::kCgroups});
    PipeReaders readers;
    std::vector<Chamber::Running> running;
    for (int step = 0; step < 2; ++step) {
        Plan hog = script("hog memory 367001600; sleep 1");
        hog.limits = wanted;
        running.push_back(chamber->run(hog, filter(), readers.pipes()));
    }

    std::set<std::string> limits_hit;
    for (Chamber::Running& one : running)
        limits_hit.insert(chamber->wait(one).limit);

    EXPECT_TRUE(limits_hit.contains("build_memory_bytes"));
}

TEST_P(LimitsOf, EndAStepThatFillsTheDisk)
{
    for (const char* kind : {"disk", "nameless-disk", "deep-disk"}) {
        Limits wanted = limits();
        wanted.disk_bytes = 256 * kMebibyte;

        const Fed fed = feed(kind, 4 * kGibibyte, wanted);

        EXPECT_EQ(fed.outcome.kind, Outcome::Kind::kTooMuchDisk) << kind << fed.said;
        EXPECT_EQ(fed.outcome.limit, "disk_bytes") << kind;
        EXPECT_LE(fed.got, wanted.disk_bytes + kDiskOvershoot) << kind;
        RecordProperty(std::string("got_") + kind, std::to_string(fed.got / kMebibyte));
    }
}

TEST_P(LimitsOf, EndAStepThatMakesTooManyFiles)
{
    Limits wanted = limits();
    wanted.disk_files = 5000;

    const Fed fed = feed("files", 2'000'000, wanted);

    EXPECT_EQ(fed.outcome.kind, Outcome::Kind::kTooManyFiles) << fed.said;
    EXPECT_LE(fed.got, wanted.disk_files + kFilesOvershoot);
    RecordProperty("got", std::to_string(fed.got));
}

TEST_P(LimitsOf, LeaveAStepAloneThatStaysBelow)
{
    Limits wanted = limits();
    wanted.memory_bytes = 300 * kMebibyte;
    wanted.disk_bytes = 300 * kMebibyte;
    wanted.disk_files = 2000;

    for (const auto& [kind, amount] :
         std::initializer_list<std::pair<const char*, std::uint64_t>>{{"memory", 128 * kMebibyte},
                                                                      {"memfd", 128 * kMebibyte},
                                                                      {"disk", 256 * kMebibyte},
                                                                      {"files", 1500}}) {
        const Fed fed = feed(kind, amount, wanted);
        EXPECT_TRUE(fed.outcome.ok()) << kind << fed.outcome.limit << fed.said;
    }
}

TEST_P(LimitsOf, EndAStepThatBurnsTooMuchTime)
{
    for (const char* kind : {"cpu", "unseen-cpu"}) {
        Limits wanted = limits();
        wanted.cpu_time = 1s;

        // no process of it comes near the limit
        const Fed fed = feed(kind, kind == std::string("cpu") ? 1800 : 20'000, wanted);

        EXPECT_EQ(fed.outcome.kind, Outcome::Kind::kTooMuchCpu) << kind << fed.said;
        EXPECT_EQ(fed.outcome.limit, "cpu_seconds") << kind;
        EXPECT_LT(fed.outcome.wall, 20s) << kind;
    }
}

TEST_P(LimitsOf, EndAStepThatForksWithoutEnd)
{
    for (const char* kind : {"processes", "threads"}) {
        Limits wanted = limits();
        wanted.processes = 64;

        const Fed fed = feed(kind, 1000, wanted);

        EXPECT_EQ(fed.outcome.kind, Outcome::Kind::kTooManyProcesses) << kind << fed.said;
        EXPECT_EQ(fed.outcome.allowed, 64U) << kind;
        EXPECT_LT(fed.outcome.wall, 20s) << kind;
    }
}

/// What tests/probes/exhaustion.cc attempts, the one limit that is made small for it, and how it
/// then ends.
struct Exhaustion {
    const char* attempt;
    void (*make_small)(Limits& limits);
    std::optional<Outcome::Kind> verdict; ///< none: it is refused, and the step goes on
};
constexpr auto kLittleMemory = [](Limits& limits) { limits.memory_bytes = 128 * kMebibyte; };
constexpr auto kNothing = [](Limits&) {}; // every cell has a tmpfs of its own there, of one size
constexpr Exhaustion kExhaustions[] = {
    {"exhaust.memory", kLittleMemory, Outcome::Kind::kOutOfMemory},
    {"exhaust.memory_of_file", kLittleMemory, Outcome::Kind::kOutOfMemory},
    {"exhaust.segments", kLittleMemory, Outcome::Kind::kOutOfMemory},
    {"exhaust.shared_memory", kNothing, std::nullopt},
    {"exhaust.device_directory", kNothing, std::nullopt},
    {"exhaust.disk",
     [](Limits& limits) { limits.disk_bytes = 256 * kMebibyte; },
     Outcome::Kind::kTooMuchDisk},
    {"exhaust.inodes",
     [](Limits& limits) { limits.disk_files = 1000; },
     Outcome::Kind::kTooManyFiles},
    {"exhaust.processes",
     [](Limits& limits) { limits.processes = 500; },
     Outcome::Kind::kTooManyProcesses},
};

/// The same attempt with nothing around it but namespaces, so that it ends with them, and a /dev
/// that a user may write to.
std::vector<caisson::testing::ProbeLine> exhaust_outside(const char* attempt)
{
    const std::string prepare = "mount -t tmpfs -o size=1g tmpfs /dev && mkdir /dev/shm && "
                                "exec \"$0\" --little --only \"$1\"";
    return caisson::testing::parse_probe_lines(run_program({.path = "/usr/bin/unshare",
                                                            .arguments = {"--user",
                                                                          "--map-root-user",
                                                                          "--mount",
                                                                          "--ipc",
                                                                          "--pid",
                                                                          "--fork",
                                                                          "--kill-child",
                                                                          "/bin/sh",
                                                                          "-c",
                                                                          prepare,
                                                                          checkout::probe(),
                                                                          attempt}},
                                                           1U << 16));
}

TEST_P(LimitsOf, EndEveryAttemptToUseTheHostUp)
{
    const std::string list = run_program(
        {.path = checkout::probe(), .arguments = {"--list", "--only", "exhaust.*"}}, 1U << 16);
    ASSERT_EQ(std::count(list.begin(), list.end(), '\n'), std::ssize(kExhaustions));
    for (const auto& [attempt, make_small, verdict] : kExhaustions) {
        SCOPED_TRACE(attempt);
        const auto outside = exhaust_outside(attempt);
        ASSERT_TRUE(outside.size() == 1 && outside[0].is_open())
            << caisson::testing::describe(outside);

        Plan wanted = plan({"probe", "--little", "--only", attempt});
        wanted.limits = limits();
        make_small(wanted.limits);
        const Fed fed = run_here(wanted);

        if (verdict && fed.outcome.kind == *verdict) continue;
        // a watcher that comes too late to see processes has not let any more be made
        EXPECT_TRUE(!verdict ||
                    (verdict == Outcome::Kind::kTooManyProcesses && GetParam() == With::kWatcher));
        EXPECT_TRUE(fed.outcome.ok()) << fed.outcome.limit << fed.said;
        const auto lines = caisson::testing::parse_probe_lines(fed.said);
        ASSERT_EQ(lines.size(), 1U) << fed.said;
        EXPECT_EQ(lines[0].result, "refused") << fed.said;
    }
}

/// What ends them is the limit: a step that may have it gets it.
TEST_P(LimitsOf, GiveAnAttemptWhatTheyAllow)
{
    for (const char* attempt : {"exhaust.memory",
                                "exhaust.memory_of_file",
                                "exhaust.segments",
                                "exhaust.disk",
                                "exhaust.inodes",
                                "exhaust.processes"}) {
        Plan wanted = plan({"probe", "--little", "--only", attempt});
        wanted.limits = limits();
        wanted.limits.processes = 6000;
        const Fed fed = run_here(wanted);

        ASSERT_TRUE(fed.outcome.ok()) << attempt << fed.outcome.limit << fed.said;
        const auto lines = caisson::testing::parse_probe_lines(fed.said);
        EXPECT_TRUE(lines.size() == 1 && lines[0].is_open()) << fed.said;
    }
}

TEST_P(LimitsOf, AreThoseOfEachPlan)
{
    Limits little = limits();
    little.memory_bytes = 64 * kMebibyte;
    Limits more = limits();
    more.memory_bytes = 512 * kMebibyte;

    EXPECT_EQ(feed("memory", kGibibyte, little).outcome.allowed, little.memory_bytes);
    EXPECT_TRUE(feed("memory", 128 * kMebibyte, more).outcome.ok());
    EXPECT_EQ(feed("memory", kGibibyte, little).outcome.allowed, little.memory_bytes);
}

TEST_P(LimitsOf, LeaveNoGroupOfTheHostInSight)
{
    const Fed fed = run_here(script("cut -d: -f3 /proc/self/cgroup | sort -u; ls /sys"));

    EXPECT_TRUE(fed.said.starts_with("/\nls")) << fed.said;
}

INSTANTIATE_TEST_SUITE_P(Held,
                         LimitsOf,
                         ::testing::Values(With::kCgroups, With::kWatcher),
                         [](const auto& with) {
                             return with.param == With::kCgroups ? "ByCgroups" : "ByTheWatcher";
                         });

} // namespace
} // namespace caisson::sandbox::testing
