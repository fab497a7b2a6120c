// The self-test at the start of a build, and of `caisson host check`: what it finds is in the
// statement, and a wall that does not hold stops the build.
#include "tests/e2e/self_test_fixture.hh"
#include "tests/support/paths.hh"
#include "tests/support/probe.hh"
#include "tests/support/require.hh"
#include "tests/support/workspace.hh"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace caisson::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

TEST_F(SelfTest, IsInTheStatement)
{
    const Ran built = build();

    ASSERT_EQ(built.exit, 0) << built.err;
    const json found = recorded();
    EXPECT_GT(found.at("attempts").get<unsigned>(), 400U);
    EXPECT_GT(found.at("refused").get<unsigned>(), 200U);
    EXPECT_EQ(found.at("attempts").get<std::size_t>(),
              found.at("refused").get<std::size_t>() + found.at("absent").get<std::size_t>() +
                  found.at("open").size());
    // those that SECURITY.md explains
    EXPECT_THAT(found.at("open").get<std::vector<std::string>>(),
                UnorderedElementsAre(
                    "proc.read_network_counters", "kernel.ask_for_load", "file.ask_for_room"));
    EXPECT_EQ(found.at("given"), json::object());
    EXPECT_EQ(found.at("callsBeside"), json::array());
    EXPECT_EQ(found.at("origin"), "run");
    EXPECT_TRUE(processes_of(work).empty());
}

TEST_F(SelfTest, IsMadeOnceAndThenRemembered)
{
    ASSERT_EQ(build().exit, 0);
    const json first = recorded();

    ASSERT_EQ(build().exit, 0);
    json second = recorded();

    EXPECT_EQ(second.at("origin"), "cache");
    second["origin"] = "run";
    EXPECT_EQ(second, first);
}

TEST_F(SelfTest, IsMadeAgainForAnotherPolicyAndWithoutACache)
{
    ASSERT_EQ(build().exit, 0);

    ASSERT_EQ(build({"--policy", "hermetic"}).exit, 0);
    EXPECT_EQ(recorded().at("origin"), "run");
    ASSERT_EQ(build({"--no-cache"}).exit, 0);
    EXPECT_EQ(recorded().at("origin"), "run");
    ASSERT_EQ(build().exit, 0);
    EXPECT_EQ(recorded().at("origin"), "cache");
}

TEST_F(SelfTest, IsMadeAgainWhereTheMemoryIsDamagedOrOfAnotherBoot)
{
    ASSERT_EQ(build().exit, 0);
    const json good = json::parse(read_file(memory(), 1U << 20));
    const std::string key = good.at("found").items().begin().key();
    const auto with = [&](const char* member, const json& value) {
        json bad = good;
        bad["found"][key][member] = value;
        return bad.dump();
    };
    json of_another_boot = good;
    of_another_boot["boot"] = "00000000-0000-0000-0000-000000000000\n";

    for (const std::string& damage : {std::string(),
                                      std::string("{\"boot\""),
                                      std::string("[1]"),
                                      std::string(1U << 19, ' '),
                                      of_another_boot.dump(),
                                      with("attempts", 1),
                                      with("open", {1}),
                                      with("refused", -1),
                                      with("given", "x"),
                                      with("callsBeside", "x")}) {
        write_file(memory(), damage);
        ASSERT_EQ(build().exit, 0) << damage;
        EXPECT_EQ(recorded().at("origin"), "run") << damage.substr(0, 200);
        ASSERT_EQ(build().exit, 0);
        EXPECT_EQ(recorded().at("origin"), "cache") << "it was not mended";
    }
}

TEST_F(SelfTest, MakesItsRootAgainWhereThatIsDamaged)
{
    ASSERT_EQ(build().exit, 0);
    for (const char* damage : {"", "{", "{\"program\": 1}"}) {
        write_file(work.store() / "self-test.json", damage);
        ASSERT_EQ(build({"--no-cache"}).exit, 0) << damage;
    }
    // the tree it was unpacked to, too
    ASSERT_EQ(work.caisson({"store", "prune", "--all"}).exit, 0);
    ASSERT_EQ(build({"--no-cache"}).exit, 0);
}

TEST_F(SelfTest, HoldsNothingAgainstACallerThatIsPreferred)
{
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be preferred";
    work.write("Dockerfile", "FROM scratch\nCOPY a /\n");

    const Ran built = run("/usr/bin/nice",
                          {"-n", "-20", checkout::bin() / "caisson", "build", work.context()},
                          work.environment());

    EXPECT_EQ(built.exit, 0) << built.err;
}

TEST_F(SelfTest, StopsTheBuildWhereTheProgramIsMissing)
{
    const Ran built = build_with(programs_without("caisson-probe"));

    EXPECT_EQ(built.exit, 5) << built.err;
    EXPECT_THAT(built.err, AllOf(HasSubstr("caisson-probe\" is missing"), HasSubstr("hint: ")));
    EXPECT_FALSE(fs::exists(memory()));
}

TEST_F(SelfTest, StopsTheBuildWhereTheProgramDoesNotDoItsWork)
{
    const fs::path programs = programs_without("caisson-probe");
    // a static program that knows no such name
    fs::copy_file("/bin/busybox", programs / "caisson-probe");

    const Ran built = build_with(programs);

    EXPECT_EQ(built.exit, 5) << built.err;
    EXPECT_THAT(built.err, AllOf(HasSubstr("did not come to its end"), HasSubstr("hint: ")));
    EXPECT_FALSE(fs::exists(memory()));
}

/// The chamber whose cells load no filter (tests/e2e/unfiltered.cc): one wall is down, and the
/// chamber's own filter does not make up for all of it.
class WithoutAFilter : public SelfTest {
protected:
    void SetUp() override
    {
        SelfTest::SetUp();
        const auto outside = probe_outside({"--only", kAttempt});
        CAISSON_REQUIRE(outside.size() == 1 && outside[0].is_open(),
                        "this kernel has no upper layers of TCP");
        programs = programs_without("caisson-chamber");
        fs::copy_file(checkout::build() / "tests/unfiltered/caisson-chamber",
                      programs / "caisson-chamber");
    }

    static constexpr const char* kAttempt = "sockopt.ulp_espintcp";
    fs::path programs;
};

TEST_F(WithoutAFilter, NoBuildIsMade)
{
    for (int build = 0; build < 2; ++build) { // what failed is not remembered
        const Ran built = build_with(programs);

        EXPECT_EQ(built.exit, 5) << built.err;
        EXPECT_THAT(built.err,
                    AllOf(HasSubstr("self-test: the walls of a cell do not hold here: "),
                          HasSubstr(std::string(kAttempt) + ": "),
                          HasSubstr("hint: caisson host check --self-test")));
    }
    EXPECT_FALSE(fs::exists(memory()));
    EXPECT_THAT(work.caisson({"image", "list"}).out, Not(HasSubstr("app")));
    EXPECT_TRUE(processes_of(work).empty());
}

TEST_F(WithoutAFilter, WhatOtherProgramsFoundDoesNotCount)
{
    ASSERT_EQ(build().exit, 0);
    ASSERT_TRUE(fs::exists(memory()));

    EXPECT_EQ(build_with(programs).exit, 5);
    // nor is what these find held against the others
    EXPECT_EQ(build().exit, 0);
}

TEST_F(WithoutAFilter, HostCheckSaysThatNoBuildIsPossible)
{
    const auto check = [&](std::vector<std::string> options) {
        options.insert(options.begin(), {"host", "check", "--self-test"});
        return run(programs / "caisson", options, work.environment());
    };

    const Ran page = check({});
    const Ran object = check({"--json"});

    EXPECT_EQ(page.exit, 5) << page.err;
    EXPECT_THAT(page.out,
                AllOf(HasSubstr("missing   cell.walls"),
                      HasSubstr("\nbroken    must      sockopt.ulp_espintcp "),
                      HasSubstr("\nno build is possible here\n")));
    EXPECT_EQ(object.exit, 5);
    const json report = json::parse(object.out);
    EXPECT_EQ(report.at("possible"), false);
    EXPECT_EQ(check_of(report, "cell").at("status"), "ok");
    EXPECT_EQ(check_of(report, "cell.walls").at("status"), "missing");
}

TEST_F(SelfTest, IsMadeWholeByHostCheck)
{
    const Ran page = work.caisson({"host", "check", "--self-test"});
    const json report = json::parse(work.caisson({"host", "check", "--self-test", "--json"}).out);

    EXPECT_EQ(page.exit, 0) << page.out << page.err;
    EXPECT_THAT(page.out,
                AllOf(HasSubstr("ok        cell.walls"),
                      HasSubstr("\nsurface   should    kernel.ask_for_load "),
                      HasSubstr("\nbuilds are possible here\n"),
                      Not(HasSubstr("\nbroken"))));
    EXPECT_EQ(report.at("possible"), true);
    EXPECT_EQ(report.at("selfTest").at("policy"), "default");
    const auto outside = probe_outside({});
    EXPECT_EQ(report.at("selfTest").at("attempts").size(), outside.size());
    for (const json& attempt : report.at("selfTest").at("attempts"))
        EXPECT_NE(attempt.at("judgement"), "broken") << attempt;
    EXPECT_TRUE(processes_of(work).empty());
}

TEST_F(SelfTest, IsNotMadeByHostCheckUnlessAsked)
{
    const json report = json::parse(work.caisson({"host", "check", "--json"}).out);

    EXPECT_FALSE(report.contains("selfTest"));
    EXPECT_EQ(check_of(report, "cell.walls").at("status"), "not there");
    EXPECT_EQ(work.caisson({"host", "check", "--policy", "default"}).exit, 2);
    EXPECT_EQ(work.caisson({"host", "check", "--self-test", "--policy", "./nowhere.json"}).exit, 6);
}

} // namespace
} // namespace caisson::testing
