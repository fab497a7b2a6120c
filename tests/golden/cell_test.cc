// What a reviewer should see change: the set-up order with its reasons, a plan.
#include "sandbox/cell/setup.hh"
#include "sandbox/plan_json.hh"
#include "tests/support/golden.hh"

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

} // namespace
} // namespace caisson::sandbox
