// The story: CVE-2019-5736. A step's program is a script whose interpreter is /proc/self/exe: the
// runner's own binary, executed inside. Or the step opens /proc/PID/exe of the runner's process
// and, once that has ended, writes: the next build, of anybody, then runs the attacker's code as
// the runner.
//
// The attacker: a step that tries both. The assertion: our programs are the same bytes afterwards,
// and the step got no descriptor of them to write to.
#include "tests/escape/outside.hh"
#include "tests/support/paths.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

/// Holds /proc/PID/exe open until the program has ended, then writes to it.
constexpr const char* kOverwrite =
    "for p in /proc/[0-9]*/exe; do case $(readlink $p 2>/dev/null) in *VICTIM*) "
    "exec 9<$p; for i in $(seq 1000); do if (echo overwritten > /proc/self/fd/9) 2>/dev/null; then "
    "echo written; break 2; fi; usleep 5000 2>/dev/null || sleep 0.01; done;; esac; done";

std::string overwrite(const std::string& victim)
{
    std::string line = kOverwrite;
    return line.replace(line.find("VICTIM"), 6, victim);
}

std::string digest_of_programs()
{
    return shell("cd '" + checkout::bin().native() +
                 "' && sha256sum caisson caisson-chamber caisson-signer")
        .out;
}

TEST(EscapeByRunnersBinary, IsOverwrittenOutside)
{
    const Workspace work;
    const fs::path victim = work.path("victim-program");
    fs::copy_file("/bin/sleep", victim);
    Program running = Program::start({.path = victim, .arguments = {"3"}});

    const Ran attack = shell(overwrite("victim-program"));

    running.wait();
    EXPECT_THAT(attack.out, HasSubstr("written")) << attack.err;
    EXPECT_EQ(read_file(victim, 1U << 20U), "overwritten\n");
}

TEST(EscapeByRunnersBinary, StaysAsItIs)
{
    const Workspace work;
    work.add_busybox();
    work.write("self", "#!/proc/self/exe\n", 0755);
    work.write("attack", overwrite("caisson") + "\n" + overwrite("unreachable") + "\n", 0755);
    const std::string before = digest_of_programs();

    const Ran by_interpreter = work.build(
        Workspace::busybox_root() + "COPY self /self\nRUN [\"/self\"]\n", {"--progress", "plain"});
    const Ran by_descriptor = work.build(
        Workspace::busybox_root() +
            "COPY attack self /\nRUN sh /attack & for i in 1 2 3; do /self; done; wait\n",
        {"--progress", "plain"});

    EXPECT_NE(by_interpreter.exit, 0);
    EXPECT_THAT(by_descriptor.err, Not(HasSubstr("written")));
    EXPECT_EQ(digest_of_programs(), before);
}

} // namespace
} // namespace caisson::testing
