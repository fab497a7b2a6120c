// Hosts that cannot give the isolation: exit 5, and what to do.
#include "sandbox/base/error.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"
#include "tests/support/workspace.hh"

#include <cerrno>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

namespace caisson::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Host, OfAUserWithoutSubordinateIdsIsToldWhatToDo)
{
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become a user without subordinate ids";
    Workspace work;
    work.write("a", "1");
    work.write("Dockerfile", "FROM scratch\nCOPY a /\n");
    std::filesystem::create_directory(work.path("home"));
    ASSERT_EQ(::chown(work.path("home").c_str(), 54321, 54321), 0);
    std::filesystem::permissions(work.path(), static_cast<std::filesystem::perms>(0755));
    const std::string home = work.path("home");

    const Ran built = run("/usr/bin/setpriv",
                          {"--reuid",
                           "54321",
                           "--regid",
                           "54321",
                           "--clear-groups",
                           checkout::bin() / "caisson",
                           "build",
                           work.context()},
                          {"HOME=" + home, "PATH=/usr/bin:/bin"});

    EXPECT_EQ(built.exit, 5) << built.err;
    EXPECT_THAT(built.err, HasSubstr("subordinate"));
    EXPECT_THAT(built.err, HasSubstr("hint: "));
}

/// Runs a command in a user namespace in which no other can be made. Root has all ids in it, a user
/// their own, so that the switch is all that is wrong.
Ran run_without_namespaces(const std::vector<std::string>& command,
                           const std::vector<std::string>& environment)
{
    const std::string bare = "echo 0 >/proc/sys/user/max_user_namespaces && exec \"$@\"";
    std::vector<std::string> arguments = {
        "--user", "--map-current-user", "--keep-caps", "/bin/sh", "-c", bare, "-"};
    std::string program = "/usr/bin/unshare";
    if (::geteuid() == 0) {
        // newuidmap gives root no more than a user: the map is written by hand, from outside
        const std::string map_all =
            "unshare --user --keep-caps /bin/sh -c 'read go; " + bare +
            "' - \"$@\" <&3 & "
            "while [ \"$(readlink /proc/$!/ns/user)\" = \"$(readlink /proc/self/ns/user)\" ]; do "
            ":; done; "
            "echo 0 0 4294967295 >/proc/$!/uid_map; echo 0 0 4294967295 >/proc/$!/gid_map; "
            "echo go >&4; wait $!";
        const std::string with_pipe =
            "d=$(mktemp -d); mkfifo $d/f; exec 3<>$d/f 4>$d/f; rm -r $d; " + map_all;
        arguments = {"-c", with_pipe, "-"};
        program = "/bin/sh";
    }
    arguments.insert(arguments.end(), command.begin(), command.end());
    return run(program, arguments, environment);
}

TEST(Host, WithoutUserNamespacesIsTold)
{
    const Workspace work;
    CAISSON_REQUIRE(run_without_namespaces({"/bin/true"}, work.environment()).exit == 0,
                    "no user namespace can be made here");
    work.write("a", "1");
    work.write("Dockerfile", "FROM scratch\nCOPY a /\n");

    const Ran built = run_without_namespaces(
        {checkout::bin() / "caisson", "build", "-t", "never:1", work.context()},
        work.environment());

    EXPECT_EQ(built.exit, 5) << built.err;
    EXPECT_THAT(built.err, AllOf(HasSubstr("user namespaces are off"), HasSubstr("hint: ")));
}

nlohmann::json check_of(const nlohmann::json& report, const std::string& id)
{
    for (const nlohmann::json& check : report.at("checks"))
        if (check.at("id") == id) return check;
    return {{"status", "not there"}, {"hint", ""}};
}

TEST(HostCheck, SaysThatABuildIsPossibleWhereOneIs)
{
    const Workspace work;
    ASSERT_EQ(work.build("FROM scratch\n").exit, 0);

    const Ran page = work.caisson({"host", "check"});
    const nlohmann::json report =
        nlohmann::json::parse(work.caisson({"host", "check", "--json"}).out);

    EXPECT_EQ(page.exit, 0) << page.out << page.err;
    EXPECT_THAT(page.out, HasSubstr("\nbuilds are possible here\n"));
    EXPECT_EQ(report.at("format"), "caisson-host-check@v1");
    EXPECT_EQ(report.at("possible"), true);
    EXPECT_NE(check_of(report, "cell").at("status"), "missing") << report;
    EXPECT_EQ(check_of(report, "ids.subordinate").at("status"), "ok");
    EXPECT_TRUE(processes_of(work).empty());
    for (const auto& tree : std::filesystem::directory_iterator(work.store() / "trees"))
        EXPECT_THAT(tree.path().filename().native(), ::testing::Not(HasSubstr("check")));
}

TEST(HostCheck, SaysWhatIsMissingAndHowToMendIt)
{
    const Workspace work;
    CAISSON_REQUIRE(run_without_namespaces({"/bin/true"}, work.environment()).exit == 0,
                    "no user namespace can be made here");

    const Ran page =
        run_without_namespaces({checkout::bin() / "caisson", "host", "check"}, work.environment());
    const Ran object = run_without_namespaces(
        {checkout::bin() / "caisson", "host", "check", "--json"}, work.environment());

    EXPECT_EQ(page.exit, 5) << page.out << page.err;
    EXPECT_THAT(page.out,
                AllOf(HasSubstr("missing   namespaces.user"),
                      HasSubstr("user.max_user_namespaces"),
                      HasSubstr("no build is possible here")));
    EXPECT_EQ(object.exit, 5);
    const nlohmann::json report = nlohmann::json::parse(object.out);
    EXPECT_EQ(report.at("possible"), false);
    EXPECT_EQ(check_of(report, "namespaces.user").at("status"), "missing");
    EXPECT_EQ(check_of(report, "cell").at("status"), "not there");
}

TEST(HostCheck, GoesOnWhereTheStoreCannotBeHad)
{
    Workspace work;
    work.use_store("not-a-store");
    std::filesystem::create_directory(work.store());
    std::ofstream(work.store() / "somebody's") << "file";

    const Ran ran = work.caisson({"host", "check", "--json"});

    EXPECT_EQ(ran.exit, 5) << ran.err;
    const nlohmann::json report = nlohmann::json::parse(ran.out);
    EXPECT_EQ(check_of(report, "store.place").at("status"), "missing");
    EXPECT_THAT(check_of(report, "store.place").at("hint").get<std::string>(),
                HasSubstr("CAISSON_STORE"));
    EXPECT_EQ(check_of(report, "namespaces.user").at("status"), "ok");
}

TEST(HostCheck, RefusesWhatItDoesNotKnow)
{
    const Workspace work;
    EXPECT_EQ(work.caisson({"host"}).exit, 2);
    EXPECT_EQ(work.caisson({"host", "mend"}).exit, 2);
    EXPECT_EQ(work.caisson({"host", "check", "--jsn"}).exit, 2);
}

} // namespace
} // namespace caisson::testing
