#include "runner/job/holders.hh"
#include "sandbox/base/error.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

using policies::Enforcement;
using sandbox::Holder;
using ::testing::HasSubstr;

const sandbox::LimitHolders kHost = {{"memory_bytes", Holder::kWatcher},
                                     {"processes", Holder::kRlimit},
                                     {"swap_bytes", Holder::kNobody},
                                     {"cpu_percent", Holder::kHost}};

std::string complaint(const std::map<std::string, Enforcement>& enforce)
{
    policies::PolicyLimits limits;
    limits.enforce = enforce;
    try {
        require_holders(limits, kHost);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kHost);
        return error.what();
    }
    return "accepted";
}

TEST(Holders, SufficeWhereThePolicyAsksForNoMore)
{
    EXPECT_EQ(complaint({}), "accepted");
    EXPECT_EQ(complaint({{"memory_bytes", Enforcement::kRequired},
                         {"processes", Enforcement::kKernelRequired},
                         {"cpu_percent", Enforcement::kKernelRequired}}),
              "accepted");
}

TEST(Holders, StopTheBuildWhereThePolicyAsksForMore)
{
    const std::string text = complaint({{"memory_bytes", Enforcement::kKernelRequired},
                                        {"swap_bytes", Enforcement::kRequired},
                                        {"build_memory_bytes", Enforcement::kRequired},
                                        {"processes", Enforcement::kRequired}});

    EXPECT_THAT(text, HasSubstr("limits.memory_bytes (held by a watcher)"));
    EXPECT_THAT(text, HasSubstr("limits.swap_bytes (held by nobody)"));
    EXPECT_THAT(text, HasSubstr("limits.build_memory_bytes (held by nobody)")); // not spoken of
    EXPECT_THAT(text, HasSubstr("hint: start caisson in a cgroup"));
    EXPECT_THAT(text, ::testing::Not(HasSubstr("limits.processes")));
}

TEST(Holders, AreToldInOneLine)
{
    EXPECT_EQ(holder_text(holder_words(kHost)),
              "held by host: cpu_percent; by nobody: swap_bytes; by rlimit: processes; by watcher: "
              "memory_bytes");
}

} // namespace
} // namespace caisson::runner
