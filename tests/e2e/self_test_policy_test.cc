// The self-test under policies that give more than the default one, or less.
#include "tests/e2e/self_test_fixture.hh"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSubsetOf;

/// The default policy with a profile that allows every call, above the floor.
json policy_of_all_calls(const json& accepted)
{
    json policy = usual_policy();
    policy.erase("syscalls");
    policy["seccomp"] = accepted;
    policy["seccomp"]["profile"] = "all.json";
    return policy;
}

TEST_F(SelfTest, NamesWhatThePolicyGivesByALongName)
{
    const fs::path policy = work.path("policy.json");
    write_file(work.path("all.json"), R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []})");
    write_file(policy, policy_of_all_calls({{"i_accept_keyrings_of_the_host", true}}).dump());

    const Ran built = build({"--policy", policy});
    const Ran checked =
        work.caisson({"host", "check", "--self-test", "--policy", policy, "--json"});

    ASSERT_EQ(built.exit, 0) << built.err;
    EXPECT_THAT(recorded().at("open").get<std::vector<std::string>>(),
                Contains("key.session_keyring"));
    EXPECT_EQ(recorded().at("given").at("key.session_keyring"), "i_accept_keyrings_of_the_host");
    EXPECT_FALSE(recorded().at("given").contains("net.vsock"));
    EXPECT_EQ(checked.exit, 0) << checked.err;
    const json walls = check_of(json::parse(checked.out), "cell.walls");
    EXPECT_EQ(walls.at("status"), "degraded");
    EXPECT_THAT(walls.at("detail").get<std::string>(),
                HasSubstr("key.session_keyring by i_accept_keyrings_of_the_host"));
}

TEST_F(SelfTest, AsksNothingOfAPolicyThatIsStricter)
{
    json policy = usual_policy();
    policy["syscalls"] = {"process", "files", "memory", "paths"};
    policy["capabilities"] = json::array();
    policy["limits"]["processes"] = 1;
    policy["limits"]["open_files"] = 64;
    policy["limits"]["file_size_bytes"] = 1 << 20;
    policy["limits"]["address_space_bytes"] = 16 << 20;
    policy["limits"]["disk_files"] = 1;
    policy["limits"]["step_seconds"] = 1;
    write_file(work.path("policy.json"), policy.dump());

    const Ran built = build({"--policy", work.path("policy.json")});

    EXPECT_EQ(built.exit, 0) << built.err;
}

/// Whether a group is missing that the set itself needs something of.
bool forbids_what_the_set_needs(const std::vector<std::string>& groups)
{
    const auto is_missing = [&](const char* needed) {
        return std::find(groups.begin(), groups.end(), needed) == groups.end();
    };
    return is_missing("process") || is_missing("memory") || is_missing("files") ||
           is_missing("paths") || is_missing("signals");
}

TEST_F(SelfTest, IsMadeWhereThePolicyForbidsWhatTheSetItselfNeeds)
{
    const std::vector<std::string> groups = usual_policy()["syscalls"];
    std::vector<std::vector<std::string>> strict = {{"time"}};
    for (const std::string& group : groups) {
        strict.push_back(groups);
        std::erase(strict.back(), group);
    }

    for (const std::vector<std::string>& allowed : strict) {
        SCOPED_TRACE(json(allowed).dump());
        json policy = usual_policy();
        policy["syscalls"] = allowed;
        write_file(work.path("policy.json"), policy.dump());
        const Ran built = build({"--policy", work.path("policy.json")});

        ASSERT_EQ(built.exit, 0) << built.err;
        // what is stricter opens nothing
        EXPECT_THAT(
            recorded().at("open").get<std::vector<std::string>>(),
            IsSubsetOf({"proc.read_network_counters", "kernel.ask_for_load", "file.ask_for_room"}));
        const bool is_told = !recorded().at("callsBeside").empty();
        EXPECT_EQ(is_told, forbids_what_the_set_needs(allowed));
    }
}

/// The whole set has attempts that first make a wall of their own, to get past it.
TEST_F(SelfTest, IsMadeWholeWhereThePolicyForbidsWhatTheSetItselfNeeds)
{
    for (const std::vector<std::string>& allowed :
         {std::vector<std::string>{"time"},
          {"signals", "ids", "files", "paths", "memory", "threads", "sockets", "ipc", "system"}}) {
        json policy = usual_policy();
        policy["syscalls"] = allowed;
        write_file(work.path("policy.json"), policy.dump());
        const json report = json::parse(work.caisson({"host",
                                                      "check",
                                                      "--self-test",
                                                      "--policy",
                                                      work.path("policy.json"),
                                                      "--json"})
                                            .out);

        EXPECT_EQ(check_of(report, "cell.walls").at("status"), "ok")
            << check_of(report, "cell.walls");
        EXPECT_THAT(report.at("selfTest").at("callsBeside").get<std::vector<std::string>>(),
                    Contains("clone"));
    }
}

} // namespace
} // namespace caisson::testing
