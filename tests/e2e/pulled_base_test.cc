// A base image from a registry, as builds meet it from day to day.

#include "tests/e2e/real_registry.hh"
#include "tests/support/require.hh"
#include "tests/support/workspace.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace caisson::testing {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PulledBase : public ::testing::Test {
protected:
    Workspace work;
    std::optional<RealRegistry> registry;
    std::string base;

    void SetUp() override
    {
        CAISSON_REQUIRE(RealRegistry::installed(), "docker-registry or openssl is not installed");
        registry.emplace(RealRegistry::Options{});
        base = registry->address() + "/base:1";
        const json rules = {{"registries", {{registry->address(), {{"plainHttp", true}}}}}};
        std::filesystem::create_directories(work.path("home/.config/caisson"));
        write_file_atomically(work.path("home/.config/caisson/registries.json"), rules.dump());
    }

    /// Pushes a base that holds `content`; its digest.
    std::string push_base(const std::string& content)
    {
        work.use_store("pusher");
        work.write("content", content);
        const Ran made = work.build("FROM scratch\nCOPY content /\n", {"-t", base});
        EXPECT_EQ(made.exit, 0) << made.err;
        const Ran pushed = work.caisson({"image", "push", base});
        EXPECT_EQ(pushed.exit, 0) << pushed.err;
        work.use_store("store");
        return pushed.out.substr(pushed.out.find('@') + 1, 71);
    }
    [[nodiscard]] Ran build(std::vector<std::string> options = {}) const
    {
        return work.build("FROM " + base + "\nLABEL a=b\n", std::move(options));
    }
};

TEST_F(PulledBase, IsKeptUntilItIsAskedForAgain)
{
    const std::string first = push_base("one");
    const Ran pulled = build();
    ASSERT_EQ(pulled.exit, 0) << pulled.err;
    EXPECT_THAT(pulled.err, HasSubstr("base " + base + ": " + first));

    const std::string second = push_base("two");
    ASSERT_NE(first, second);
    const Ran kept = build();
    EXPECT_THAT(kept.err, AllOf(HasSubstr(first), Not(HasSubstr(second))));

    const Ran moved = build({"--pull"});
    ASSERT_EQ(moved.exit, 0) << moved.err;
    EXPECT_THAT(moved.err,
                AllOf(HasSubstr("has moved: it was " + first), HasSubstr("it is " + second)));
    EXPECT_THAT(build({"--pull"}).err, AllOf(HasSubstr(second), Not(HasSubstr("moved"))));
}

TEST_F(PulledBase, NeedsNoRegistryTheSecondTimeAndIsRecordedAlike)
{
    push_base("one");
    const std::vector<std::string> proof = {"--provenance", work.path("proof").native()};
    ASSERT_EQ(build(proof).exit, 0);
    const Ran first = work.caisson({"inspect", work.path("proof").native()});
    registry.reset();
    const Ran offline = build(proof);
    ASSERT_EQ(offline.exit, 0) << offline.err;
    const Ran second = work.caisson({"inspect", work.path("proof").native()});
    const auto materials = [](const Ran& ran) {
        const std::size_t at = ran.out.find("pkg:docker/");
        return ran.out.substr(at, ran.out.find('\n', at) - at);
    };
    EXPECT_THAT(materials(first), HasSubstr("pkg:docker/base@1?digest="));
    EXPECT_EQ(materials(first), materials(second));
    EXPECT_EQ(build({"--pull"}).exit, 6);
}

TEST_F(PulledBase, ComesByItsOwnVerbToo)
{
    const std::string digest = push_base("one");
    const Ran pulled = work.caisson({"image", "pull", base});
    EXPECT_EQ(pulled.out, digest + "\n") << pulled.err;
    EXPECT_THAT(work.caisson({"image", "list"}).out, HasSubstr(base));
    EXPECT_EQ(work.caisson({"image", "pull", registry->address() + "/absent"}).exit, 6);
}

} // namespace
} // namespace caisson::testing
