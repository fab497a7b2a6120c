// What a reviewer should see change: the set-up order with its reasons, a plan, a compiled filter.
#include "sandbox/cell/setup.hh"
#include "sandbox/plan_json.hh"
#include "sandbox/seccomp_compile.hh"
#include "tests/support/golden.hh"

#include <cerrno>
#include <nlohmann/json.hpp>

namespace caisson::sandbox {
namespace {

TEST(CellSetup, StandsInItsOrderWithItsReasons)
{
    std::string text;
    for (const Step& step : cell_setup())
        text += std::string(step.name) + ": " + step.why_here + "\n";

    caisson::testing::expect_golden("cell_setup.txt", text);
}

TEST(Plan, IsWrittenWithEveryMember)
{
    Plan plan;
    plan.name = "RUN make (Dockerfile:7)";
    plan.lowers = {"chain-b", "chain-a"};
    plan.upper = "step-1";
    plan.argv = {"/bin/sh", "-c", "make"};
    plan.environment = {"PATH=/usr/bin:/bin"};
    plan.user = "builder";
    plan.capabilities = {"CAP_CHOWN"};
    plan.files = {{.path = "/etc/hosts", .content = "127.0.0.1 localhost\n"}};
    plan.seccomp_digest = "sha256:0";

    caisson::testing::expect_golden("plan.json", to_json(plan).dump(2) + "\n");
}

#if defined(__x86_64__)
TEST(SeccompFilter, CompilesToTheSameProgram)
{
    using Compare = ArgumentTest::Compare;
    SeccompFilter filter;
    for (const char* name : {"read", "write", "exit_group", "fchmodat2"})
        filter.rules.push_back({.name = name});
    filter.rules.push_back(
        {.name = "clone3", .action = SeccompRule::Action::kErrno, .error = ENOSYS});
    filter.rules.push_back({.name = "kexec_load", .action = SeccompRule::Action::kKill});
    // a family of AF_UNIX, and no namespace flag of clone
    filter.rules.push_back({.name = "socket", .tests = {{.index = 0, .value = 1}}});
    filter.rules.push_back(
        {.name = "clone",
         .tests = {
             {.index = 0, .compare = Compare::kMaskedEqual, .value = 0, .mask = 0x7e020000}}});

    caisson::testing::expect_golden("filter.x86_64.txt",
                                    disassemble_seccomp(compile_seccomp(filter)));
}
#endif

} // namespace
} // namespace caisson::sandbox
