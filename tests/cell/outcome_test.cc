// How steps end, and what the chamber says about it.
#include "sandbox/base/error.hh"
#include "tests/cell/cell_fixture.hh"

#include <chrono>
#include <csignal>
#include <thread>

namespace caisson::sandbox::testing {
namespace {

using namespace std::chrono_literals;

class Outcomes : public CellTest {};

TEST_F(Outcomes, ExitsWithItsOwnCode)
{
    EXPECT_TRUE(run(plan({"true"})).outcome.ok());

    const Outcome outcome = run(script("exit 42")).outcome;

    EXPECT_EQ(outcome.kind, Outcome::Kind::kExited);
    EXPECT_EQ(outcome.code, 42);
    EXPECT_GT(outcome.wall, 0us);
    EXPECT_GT(outcome.peak_memory_bytes, 100'000U);
}

TEST_F(Outcomes, TellsTheSignalThatEndedIt)
{
    const Outcome outcome = run(script("kill -SEGV $$")).outcome;

    EXPECT_EQ(outcome.kind, Outcome::Kind::kSignalled);
    EXPECT_EQ(outcome.code, SIGSEGV);
}

TEST_F(Outcomes, KeepsTheTwoStreamsApart)
{
    const Ended ended = run(script("echo out; echo err >&2"));

    EXPECT_EQ(ended.output, "out\n");
    EXPECT_EQ(ended.errors, "err\n");
}

TEST_F(Outcomes, LetsScriptsOpenTheirStreamsAnew)
{
    for (const char* user : {"", "builder"}) {
        Plan plan = script("echo out >/dev/stdout; echo err >/dev/stderr");
        plan.user = user;

        const Ended ended = run(plan);

        EXPECT_EQ(ended.output, "out\n") << user;
        EXPECT_EQ(ended.errors, "err\n") << user;
    }
}

TEST_F(Outcomes, TellsAMissingCommandFromOneThatCannotRun)
{
    const Outcome missing = run(plan({"no-such-program"})).outcome;
    const Outcome missing_path = run(plan({"/bin/no-such-program"})).outcome;
    const Outcome directory = run(plan({"/bin"})).outcome;

    EXPECT_EQ(missing.kind, Outcome::Kind::kNotFound);
    EXPECT_EQ(missing.code, 127);
    EXPECT_EQ(missing.detail, "\"no-such-program\": not found in PATH");
    EXPECT_EQ(missing_path.kind, Outcome::Kind::kNotFound);
    EXPECT_EQ(missing_path.code, 127);
    EXPECT_EQ(directory.kind, Outcome::Kind::kNotFound);
    EXPECT_EQ(directory.code, 126);
}

TEST_F(Outcomes, SaysWhenAnInterpreterIsMissing)
{
    make_tree_of("interpreter", {{"bin/script", "#!/no/such/shell\n"}});
    Plan wanted = plan({"script"});
    wanted.lowers = {"interpreter", "base"};

    const Outcome outcome = run(wanted).outcome;

    EXPECT_EQ(outcome.code, 127);
    EXPECT_EQ(outcome.detail, "\"script\": its interpreter is not there");
}

TEST_F(Outcomes, EndsAStepThatIgnoresEverySignalAfterItsTime)
{
    Plan wanted = script("trap '' TERM INT HUP; while true; do sleep 1; done");
    wanted.limits.step_time = 300ms;

    const Outcome outcome = run(wanted).outcome;

    EXPECT_EQ(outcome.kind, Outcome::Kind::kTimedOut);
    EXPECT_GE(outcome.wall, 300ms);
    EXPECT_LT(outcome.wall, 10s);
}

TEST_F(Outcomes, StopsWhenAskedWithTheReasonThatWasGiven)
{
    for (const auto reason : {Outcome::Kind::kInterrupted, Outcome::Kind::kTooMuchOutput}) {
        const Ended ended =
            run_and(script("echo started; sleep 60"), [&](const Chamber::Running& running) {
                std::this_thread::sleep_for(50ms);
                chamber().stop(running.request, reason);
            });

        EXPECT_EQ(ended.outcome.kind, reason);
    }
}

TEST_F(Outcomes, TakesDaemonsAlong)
{
    const auto started = std::chrono::steady_clock::now();

    // the pipe closes only when its last writer is gone: run() would wait a minute for the daemon
    const Ended ended = run(script("setsid nohup sleep 60 & echo $!"));

    EXPECT_TRUE(ended.outcome.ok());
    EXPECT_LT(std::chrono::steady_clock::now() - started, 30s);
}

TEST_F(Outcomes, RunsSideBySideEachInASlotOfItsOwn)
{
    PipeReaders readers;
    std::vector<Chamber::Running> running;
    for (int index = 0; index < 8; ++index)
        running.push_back(chamber().run(script("sleep 0.2; exit 7"), filter(), readers.pipes()));

    for (Chamber::Running& one : running)
        EXPECT_EQ(one.outcome.get().code, 7);
}

TEST_F(Outcomes, NamesTheSetUpStepThatFailed)
{
    Plan wanted = plan({"true"});
    wanted.working_directory = "/no/such/directory";

    try {
        (void)run(wanted);
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(),
                     "start cell: enter working directory: \"/no/such/directory\": No such file or "
                     "directory");
        EXPECT_EQ(error.kind(), ErrorKind::kInput);
    }
}

TEST_F(Outcomes, RefusesAFilterThatIsNone)
{
    const UniqueFd nonsense = make_sealed_memfd("filter", "nonsense!");
    PipeReaders readers;

    auto running = chamber().run(plan({"true"}), nonsense.get(), readers.pipes());

    EXPECT_THROW((void)running.outcome.get(), Error);
}

TEST_F(Outcomes, RefusesAFileInPlaceOfAPipe)
{
    const UniqueFd file = make_sealed_memfd("log", "");

    auto running =
        chamber().run(plan({"true"}), filter(), {.output = file.get(), .errors = file.get()});

    EXPECT_THROW((void)running.outcome.get(), Error);
}

TEST_F(Outcomes, RefusesAFileAsStandardInput)
{
    const UniqueFd file = make_sealed_memfd("input", "");
    PipeReaders readers;
    StepPipes pipes = readers.pipes();
    pipes.input = file.get();

    auto running = chamber().run(plan({"true"}), filter(), pipes);

    EXPECT_THROW((void)running.outcome.get(), Error);
}

} // namespace
} // namespace caisson::sandbox::testing
