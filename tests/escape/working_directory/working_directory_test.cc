// The story: CVE-2024-21626, "Leaky Vessels". The runner has a directory of the host open while it
// starts the step, and a WORKDIR of /proc/self/fd/N makes it the working directory: `..` then leads
// over the host.
//
// The attacker: a Dockerfile that tries every N, started by a launcher that left `/` open as 71.
// The assertion: no step starts anywhere but in its own root.
#include "tests/escape/outside.hh"
#include "tests/support/paths.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(EscapeByWorkingDirectory, NoDescriptorIsOne)
{
    const Workspace work;
    const Outside outside(work);
    work.add_busybox();
    const std::string way = "/proc/self/fd/71" + outside.path("secret").native();
    const Ran bare = run(checkout::probe(), {"--bait", "--", "/bin/cat", way});
    ASSERT_THAT(bare.out, HasSubstr(Outside::kSecret)) << "it proves nothing: " << bare.err;
    const std::string up = "../../../../../../../.." + outside.path("secret").native();

    for (int fd = 3; fd < 20; ++fd) {
        const int number = fd == 19 ? 71 : fd;
        for (const char* process : {"self", "1", "self/task/1"}) {
            work.write("Dockerfile",
                       Workspace::busybox_root() + "WORKDIR /proc/" + process + "/fd/" +
                           std::to_string(number) + "\nRUN cat ." +
                           outside.path("secret").native() + " " + up + "; pwd\n");
            const Ran built = run(checkout::probe(),
                                  {"--bait",
                                   "--",
                                   checkout::bin() / "caisson",
                                   "build",
                                   "--progress",
                                   "plain",
                                   work.context()},
                                  work.environment());
            EXPECT_THAT(built.err + built.out, Not(HasSubstr(Outside::kSecret)))
                << process << " " << number;
        }
    }
}

} // namespace
} // namespace caisson::testing
