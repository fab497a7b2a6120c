// `caisson explain`: a plan with its reasons, and nothing of it done.
#include "sandbox/base/base64.hh"
#include "tests/support/workspace.hh"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Explain : public ::testing::Test {
protected:
    [[nodiscard]] json explain_build(const std::string& dockerfile,
                                     std::vector<std::string> options = {}) const
    {
        work.write("Dockerfile", dockerfile);
        options.insert(options.begin(), {"explain", "build", "--json"});
        options.push_back(work.context().native());
        const Ran ran = work.caisson(options);
        EXPECT_EQ(ran.exit, 0) << ran.err;
        return json::parse(ran.out);
    }

    /// What a Sigstore bundle's statement holds of the steps.
    static json evidence_of(const fs::path& bundle)
    {
        const json whole = json::parse(read_file(bundle, 1U << 24U));
        const json statement =
            json::parse(*base64_decode(whole.at("dsseEnvelope").at("payload").get<std::string>()));
        return statement.at("predicate").at("runDetails").at("metadata").at("caisson_evidence");
    }

    Workspace work;
};

TEST_F(Explain, ShowsEachStepOfTheTargetAsTheBuildThenRunsIt)
{
    work.add_busybox();
    const std::string dockerfile = "FROM scratch AS tools\nCOPY busybox /bin/busybox\n"
                                   "RUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n"
                                   "ENV A=1\nUSER 7\nWORKDIR /tmp\nRUN echo $A\n"
                                   "FROM scratch AS not-needed\nRUN [\"/never\"]\n"
                                   "FROM tools\nRUN <<EOF\n#!/bin/sh\necho hi\nEOF\n";

    const json explained = explain_build(dockerfile, {"--build-arg", "X=1"});

    EXPECT_EQ(explained.at("format"), "caisson-explain@v1");
    ASSERT_EQ(explained.at("steps").size(), 3U);
    const json& echo = explained.at("steps").at(1);
    EXPECT_EQ(echo.at("where"), "Dockerfile:7");
    EXPECT_EQ(echo.at("argv"), json({"/bin/sh", "-c", "echo $A"}));
    EXPECT_EQ(echo.at("user"), "7");
    EXPECT_EQ(echo.at("workingDirectory"), "/tmp");
    EXPECT_THAT(echo.at("environment").get<std::vector<std::string>>(), ::testing::Contains("A=1"));
    EXPECT_EQ(explained.at("steps").at(2).at("files").at(0).at("path"), "/dev/pipes/EOF");

    // the statement of the build that follows names the same plans, in the same order
    const std::string proof = work.path("provenance.json").native();
    ASSERT_EQ(work.build(dockerfile, {"--build-arg", "X=1", "--provenance", proof}).exit, 0);
    const json evidence = evidence_of(proof);
    json plans = json::array();
    for (const json& step : evidence.at("steps"))
        if (step.contains("plan")) plans.push_back(step.at("plan"));
    json explained_plans = json::array();
    for (const json& step : explained.at("steps"))
        explained_plans.push_back(step.at("plan"));
    EXPECT_EQ(explained_plans, plans);
}

TEST_F(Explain, RunsAndKeepsNothing)
{
    (void)explain_build("FROM scratch\nRUN [\"/no/such/program\"]\n");

    EXPECT_TRUE(fs::is_empty(work.store() / "trees"));
    EXPECT_THAT(work.caisson({"image", "list"}).out, Not(HasSubstr("sha256")));
}

TEST_F(Explain, SaysWhichBaseIsNotHere)
{
    const json explained = explain_build("FROM registry.invalid/nothing:1\nRUN true\n");

    EXPECT_TRUE(explained.at("bases").at("registry.invalid/nothing:1").is_null());
    EXPECT_EQ(explained.at("steps").size(), 1U);
}

TEST_F(Explain, GivesEveryCallAndStepAReason)
{
    const json explained = explain_build("FROM scratch\n");

    for (const json& step : explained.at("setup"))
        EXPECT_FALSE(step.at("why").get<std::string>().empty());
    for (const char* list : {"floor", "groups"})
        for (const json& group : explained.at("seccomp").at(list)) {
            EXPECT_FALSE(group.at("why").get<std::string>().empty());
            for (const json& call : group.at("calls"))
                EXPECT_FALSE(call.at("why").get<std::string>().empty()) << call;
        }
    EXPECT_EQ(explained.at("ids").at("users").at("count"), 65536);
    EXPECT_EQ(explained.at("network"), "none");
    EXPECT_THAT(explained.at("capabilities").get<std::vector<std::string>>(),
                ::testing::Contains("CAP_CHOWN"));
    EXPECT_EQ(explained.at("limits").at("step_seconds"), 3600);
}

TEST_F(Explain, ShowsTheOtherFilterOfStepsOnI386Images)
{
    const json explained =
        explain_build("FROM --platform=linux/386 scratch AS old\nRUN [\"/old\"]\nFROM scratch\n"
                      "COPY --from=old / /\nRUN [\"/new\"]\n");

    EXPECT_EQ(explained.at("steps").at(0).at("seccomp"), explained.at("seccompI386").at("digest"));
    EXPECT_EQ(explained.at("steps").at(1).at("seccomp"), explained.at("seccomp").at("digest"));
    EXPECT_NE(explained.at("seccomp").at("digest"), explained.at("seccompI386").at("digest"));
}

TEST_F(Explain, FollowsThePolicy)
{
    const json usual = explain_build("FROM scratch\n");
    const json hermetic = explain_build("FROM scratch\n", {"--policy", "hermetic"});

    EXPECT_EQ(hermetic.at("policy").at("name"), "hermetic");
    EXPECT_NE(hermetic.at("policy").at("digest"), usual.at("policy").at("digest"));
}

TEST_F(Explain, ShowsARunAsItIsThenRun)
{
    const std::vector<std::string> options = {
        "run", "--json", "--timeout", "5s", "--user", "7", "--bind", "/usr/share:/shown"};
    std::vector<std::string> explain = {"explain"};
    explain.insert(explain.end(), options.begin(), options.end());
    explain.insert(explain.end(), {"--", "id", "-u"});
    std::vector<std::string> run = options;
    run.insert(run.end(), {"--", "id", "-u"});

    const json explained = json::parse(work.caisson(explain).out);
    const Ran ran = work.caisson(run);

    ASSERT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.err, "7\n");
    const json& step = explained.at("steps").at(0);
    EXPECT_EQ(step.at("argv"), json({"id", "-u"}));
    EXPECT_EQ(step.at("user"), "7");
    EXPECT_EQ(step.at("stepTimeMs"), 5000);
    EXPECT_EQ(step.at("binds").back(),
              json({{"source", "/usr/share"}, {"destination", "/shown"}, {"writable", false}}));
    EXPECT_EQ(explained.at("seccomp").at("digest"), json::parse(ran.out).at("seccomp"));
    EXPECT_EQ(explained.at("root").at("kind"), "host-programs");
}

TEST_F(Explain, IsAPageForPeopleUnlessAskedForJson)
{
    work.write("Dockerfile", "FROM scratch\nRUN [\"/bin/\xc2\x9b\", \"\\u001b\"]\n");

    const Ran page = work.caisson({"explain", "build", work.context().native()});

    EXPECT_EQ(page.exit, 0) << page.err;
    EXPECT_THAT(page.out,
                AllOf(HasSubstr("set-up, in this order\n"),
                      HasSubstr("filter system calls and execute"),
                      HasSubstr("clone3: ENOSYS"),
                      HasSubstr("RLIMIT_CORE 1"),
                      HasSubstr("Dockerfile:2 RUN")));
    EXPECT_THAT(page.out, Not(HasSubstr("\033")));
    EXPECT_THAT(page.out, Not(HasSubstr("\xc2\x9b")));
}

TEST_F(Explain, RefusesWhatBuildAndRunRefuse)
{
    EXPECT_EQ(work.caisson({"explain"}).exit, 2);
    EXPECT_EQ(work.caisson({"explain", "image"}).exit, 2);
    EXPECT_EQ(work.caisson({"explain", "run", "--json"}).exit, 2);
    EXPECT_EQ(work.caisson({"explain", "run", "--bind", "x", "--", "true"}).exit, 2);
    EXPECT_EQ(work.caisson({"explain", "build", "--jsn", work.context().native()}).exit, 2);
    EXPECT_EQ(work.caisson({"explain", "run", "--rootfs", "/no/such", "--", "true"}).exit, 6);
    work.write("Dockerfile", "FROM scratch\nRNU true\n");
    const Ran syntax = work.caisson({"explain", "build", work.context().native()});
    EXPECT_EQ(syntax.exit, 2);
    EXPECT_THAT(syntax.err, HasSubstr("Dockerfile:2"));
}

} // namespace
} // namespace caisson::testing
