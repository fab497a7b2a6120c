#include "runner/job/relay.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <vector>

namespace caisson::runner {
namespace {

using Kind = sandbox::Outcome::Kind;

void never(Kind)
{
    FAIL() << "no limit was reached";
}

TEST(Relay, EndsACommandThatPrintsTooMuchOnceAndPassesOnWhatIsAllowed)
{
    auto [read_end, write_end] = make_pipe();
    std::vector<Kind> stops;
    Relay relay({.output = write_end.get(), .errors = write_end.get(), .limit = 10});
    write_all(relay.pipes().output, std::string(100, 'x'));
    write_all(relay.pipes().errors, std::string(100, 'x'));

    relay.start([&](Kind reason) { stops.push_back(reason); });
    relay.finish();
    write_end.reset();

    EXPECT_EQ(read_all(read_end.get(), 1000, "output"), std::string(10, 'x'));
    EXPECT_EQ(stops, std::vector<Kind>{Kind::kTooMuchOutput});
}

TEST(Relay, TellsThatTheOutputCouldNotBeWritten)
{
    const UniqueFd full = open_file("/dev/full", O_WRONLY);
    Relay relay({.output = full.get(), .errors = full.get(), .limit = 1000});
    write_all(relay.pipes().output, "x");
    relay.start(never);

    try {
        relay.finish();
        FAIL() << "nothing was thrown";
    } catch (const SysError& error) {
        EXPECT_EQ(error.number(), ENOSPC);
    }
}

TEST(Relay, LetsGoOfTheCommandsOutputWhenItsReaderIsGone)
{
    (void)::signal(SIGPIPE, SIG_IGN);
    auto [read_end, write_end] = make_pipe();
    Relay relay({.output = write_end.get(), .errors = write_end.get(), .limit = 1U << 20U});
    const UniqueFd command(::fcntl(relay.pipes().output, F_DUPFD_CLOEXEC, 0));
    write_all(command.get(), "x");
    read_end.reset();

    relay.start(never);
    relay.finish();

    EXPECT_EQ(::write(command.get(), "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);
}

TEST(Relay, EndsTheCommandsInputWithTheCallers)
{
    auto [input, write_end] = make_pipe();
    const UniqueFd null = open_file("/dev/null", O_WRONLY);
    write_all(write_end.get(), "all of it");
    write_end.reset();
    Relay relay({.input = input.get(), .output = null.get(), .errors = null.get(), .limit = 10});
    const UniqueFd command(::fcntl(relay.pipes().input, F_DUPFD_CLOEXEC, 0));
    const UniqueFd output(::fcntl(relay.pipes().output, F_DUPFD_CLOEXEC, 0));

    relay.start(never);

    EXPECT_EQ(read_all(command.get(), 100, "input"), "all of it");
}

} // namespace
} // namespace caisson::runner
