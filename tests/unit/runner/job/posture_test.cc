#include "runner/job/posture.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>

namespace caisson::runner {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

/// The default policy with these system calls: "syscalls" or "seccomp".
policies::Policy policy_with(const char* key, const nlohmann::json& value)
{
    nlohmann::json policy = {{"format", "policy@v1"},
                             {"name", "test"},
                             {"description", "for a test"},
                             {"limits", nlohmann::json::parse(R"({
            "memory_bytes": 1073741824, "swap_bytes": 0, "huge_page_bytes": 0, "processes": 100,
            "cpu_percent": 100, "cpu_seconds": 100, "disk_bytes": 1073741824, "disk_files": 1000,
            "file_size_bytes": 1073741824, "open_files": 1024, "output_bytes": 1048576,
            "step_seconds": 60, "build_seconds": 60})")},
                             {"capabilities", nlohmann::json::array()},
                             {"landlock", "if-available"},
                             {"network", "none"},
                             {"base_images", {"*"}},
                             {"plain_http_loopback", false}};
    policy[key] = value;
    return policies::parse_policy(policy.dump(), "test.json", [](const std::string&) {
        return std::string(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []})");
    });
}

policies::Policy usual_policy()
{
    return policies::load_policy("default");
}

ProbeAttempt attempt(const char* id, const char* severity, const char* result)
{
    return {.id = id, .severity = severity, .result = result, .detail = "what was seen"};
}

const ProbeAttempt kControl = attempt("control.process", "control", "open");

TEST(Posture, CountsWhatIsRefusedAndWhatIsNotThere)
{
    const policies::Policy policy = usual_policy();

    const Posture posture = Judge(policy).posture_of({kControl,
                                                      attempt("net.alg", "must", "refused"),
                                                      attempt("net.rds", "should", "absent"),
                                                      attempt("proc.read_stat", "should", "open")});

    EXPECT_EQ(posture.attempts, 3U);
    EXPECT_EQ(posture.refused, 1U);
    EXPECT_EQ(posture.absent, 1U);
    EXPECT_THAT(posture.open, ElementsAre("proc.read_stat"));
    EXPECT_THAT(posture.given, IsEmpty());
    EXPECT_THAT(posture.broken, IsEmpty());
}

TEST(Posture, IsBrokenByAnAttemptThatMattersAndSucceeds)
{
    const policies::Policy policy = usual_policy();

    const Posture posture =
        Judge(policy).posture_of({kControl, attempt("net.vsock", "must", "open")});

    EXPECT_THAT(posture.broken, ElementsAre("net.vsock: what was seen"));
}

TEST(Posture, GivesWhatThePolicyAcceptsByName)
{
    const policies::Policy policy = policy_with(
        "seccomp", {{"profile", "all.json"}, {"i_accept_sockets_to_the_hypervisor", true}});

    const Posture posture =
        Judge(policy).posture_of({kControl, attempt("net.vsock", "must", "open")});

    EXPECT_THAT(posture.broken, IsEmpty());
    EXPECT_THAT(posture.open, ElementsAre("net.vsock"));
    EXPECT_THAT(posture.given,
                ElementsAre(Pair("net.vsock", "i_accept_sockets_to_the_hypervisor")));
}

TEST(Posture, GivesNothingElseWithIt)
{
    const policies::Policy policy = policy_with(
        "seccomp", {{"profile", "all.json"}, {"i_accept_sockets_to_the_hypervisor", true}});

    const Posture posture =
        Judge(policy).posture_of({kControl,
                                  attempt("net.vsock_x32", "must", "open"),
                                  attempt("key.session_keyring", "must", "open")});

    EXPECT_THAT(posture.broken,
                ElementsAre("net.vsock_x32: what was seen", "key.session_keyring: what was seen"));
    EXPECT_THAT(posture.given, IsEmpty());
}

TEST(Posture, IsBrokenWhereAControlFailsThatThePolicyAllows)
{
    const policies::Policy policy = usual_policy();

    const Posture posture =
        Judge(policy).posture_of({kControl,
                                  attempt("net.alg", "must", "refused"),
                                  attempt("control.loopback", "control", "refused")});

    EXPECT_THAT(posture.broken, ElementsAre("control.loopback: what was seen"));
}

TEST(Posture, LetsAPolicyForbidWhatAControlNeeds)
{
    const policies::Policy policy =
        policy_with("syscalls", {"process", "files", "memory", "paths"});

    const Posture posture =
        Judge(policy).posture_of({kControl,
                                  attempt("net.alg", "must", "refused"),
                                  attempt("control.pair", "control", "refused"),
                                  attempt("control.low_port", "control", "refused")});

    EXPECT_THAT(posture.broken, IsEmpty());
}

TEST(Posture, NamesTheCallsThatTheSetAloneIsAllowed)
{
    const policies::Policy strict = policy_with("syscalls", {"files", "signals"});
    const std::vector<ProbeAttempt> found = {kControl, attempt("net.alg", "must", "refused")};

    EXPECT_THAT(Judge(usual_policy()).posture_of(found).calls_beside, IsEmpty());
    EXPECT_THAT(Judge(strict).posture_of(found).calls_beside,
                AllOf(Contains("clone"), Contains("mmap"), Not(Contains("openat"))));
}

TEST(Posture, IsBrokenWhereAControlFailsThatTheSetIsAllowed)
{
    const policies::Policy strict = policy_with("syscalls", {"time"});

    const Posture posture =
        Judge(strict).posture_of({attempt("net.alg", "must", "refused"),
                                  attempt("control.status", "control", "open"),
                                  attempt("control.process", "control", "refused")});

    EXPECT_THAT(posture.broken, ElementsAre("control.process: what was seen"));
}

TEST(Posture, IsBrokenWhereNothingShowsThatTheSetCanSee)
{
    const policies::Policy policy = usual_policy();
    const Judge judge(policy);

    EXPECT_THAT(judge.posture_of({attempt("net.alg", "must", "refused")}).broken,
                ElementsAre(HasSubstr("no control succeeded")));
    EXPECT_THAT(judge.posture_of({kControl}).broken, ElementsAre("nothing was attempted"));
}

} // namespace
} // namespace caisson::runner
