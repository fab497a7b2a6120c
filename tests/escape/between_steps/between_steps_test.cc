// The story: two builds, or two branches of one, run at the same time and talk: over loopback, over
// an abstract socket (Nix CVE-2025-46416: a builder passes a descriptor to one without a sandbox),
// over /dev/shm, a System V segment, a file in /tmp, or a process that stays behind for the next
// step.
//
// The attacker: a stage that leaves all of these, and one beside it that looks for them for two
// seconds. The assertion: it finds none, while outside it finds each.
#include "tests/escape/outside.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Leaves something by each way, and stays for `seconds`.
std::string leave(const std::string& name, const std::string& port, int seconds)
{
    return "echo found-memory > /dev/shm/" + name + "; echo found-file > /tmp/" + name +
           "; (nc -l -p " + port +
           " -s 127.0.0.1 >/dev/null 2>&1 &); "
           "(setsid sh -c 'echo $$ >/tmp/" +
           name + ".pid; exec sleep 31" + port + "' &); sleep " + std::to_string(seconds);
}

/// Prints found-… for each that is there within two seconds.
std::string look(const std::string& name, const std::string& port)
{
    return "i=0; while [ $i -lt 20 ]; do cat /dev/shm/" + name + " /tmp/" + name +
           " 2>/dev/null; nc -z 127.0.0.1 " + port +
           " 2>/dev/null && echo found-loopback; "
           "grep -qa 'slee[p].31" +
           port +
           "' /proc/[0-9]*/cmdline 2>/dev/null && echo found-process; sleep 0.1; i=$((i+1)); done; "
           "true";
}

std::string busybox(const std::string& line)
{
    // busybox's own nc, sleep and grep outside as well
    return "PATH=/escape-no-such:$PATH; nc() { busybox nc \"$@\"; }; " + line;
}

TEST(EscapeBetweenSteps, IsPossibleOutside)
{
    const std::string name = "caisson-between-" + std::to_string(::getpid());

    const Ran both = shell(busybox("(" + leave(name, "47113", 2) + ") & " + look(name, "47113") +
                                   "; wait; kill -9 $(cat /tmp/" + name + ".pid); rm -f /dev/shm/" +
                                   name + " /tmp/" + name + " /tmp/" + name + ".pid"));

    for (const char* found : {"found-memory", "found-file", "found-process"})
        EXPECT_THAT(both.out, HasSubstr(found)) << "it proves nothing: " << both.err;
}

TEST(EscapeBetweenSteps, LeavesNothingToABranchBesideItOrToTheNextStep)
{
    const Workspace work;
    work.add_busybox();
    const std::string root = Workspace::busybox_root();

    const Ran built =
        work.build("FROM scratch AS left\n" + root.substr(root.find('\n') + 1) +
                       "RUN mkdir -p /tmp && " + leave("x", "47114", 3) + "; echo done > /one\n" +
                       "FROM scratch AS looks\n" + root.substr(root.find('\n') + 1) +
                       "RUN mkdir -p /tmp && (" + look("x", "47114") + ") > /two\n" +
                       // the next step after the first: in the same tree, not among its processes
                       "FROM left AS next\nRUN (" + look("y", "47114") +
                       "; ls /dev/shm; cat /proc/sysvipc/shm | wc -l) > /three\n"
                       "FROM scratch\nCOPY --from=left /one /\nCOPY --from=looks /two /\nCOPY "
                       "--from=next /three /\n",
                   {"-o", "type=local,dest=" + work.path("out").native()});

    ASSERT_EQ(built.exit, 0) << built.err;
    EXPECT_THAT(shell("cat '" + work.path("out").native() + "/two'").out, Not(HasSubstr("found")));
    EXPECT_EQ(shell("cat '" + work.path("out").native() + "/three'").out, "1\n");
}

} // namespace
} // namespace caisson::testing
