#include "runner/registry/credentials.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace caisson::runner {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class CredentialsTest : public ::testing::Test {
protected:
    TempDirectory place{fs::temp_directory_path(), "caisson-logins-test-"};
    std::vector<std::string> asked; ///< "helper server"

    [[nodiscard]] std::optional<Credential> find(const std::string& file, const std::string& name)
    {
        write_file_atomically(place.path() / "config.json", file);
        const Credentials credentials({place.path() / "absent.json", place.path() / "config.json"},
                                      [&](const std::string& helper, const std::string& server) {
                                          asked.push_back(helper + " " + server);
                                          return std::optional(
                                              Credential{.user = "helped", .secret = "s"});
                                      });
        return credentials.find(name);
    }
    [[nodiscard]] std::string user(const std::string& file, const std::string& name)
    {
        const auto found = find(file, name);
        return found ? found->user : "";
    }
};

// "me:pass:word"
constexpr const char* kMine = R"({"auth": "bWU6cGFzczp3b3Jk"})";

TEST_F(CredentialsTest, AreThoseOfDockerLogin)
{
    const std::string file =
        std::string(R"({"auths": {"registry.example.org:5000": )") + kMine + "}}";
    const auto found = find(file, "registry.example.org:5000/team/app");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->user, "me");
    EXPECT_EQ(found->secret, "pass:word");
    EXPECT_FALSE(find(file, "registry.example.org/team/app")) << "another port is another registry";
    EXPECT_FALSE(find(file, "example.org/team/app"));
}

TEST_F(CredentialsTest, OfDockerHubHaveItsOldName)
{
    const std::string file =
        std::string(R"({"auths": {"https://index.docker.io/v1/": )") + kMine + "}}";
    EXPECT_EQ(user(file, "docker.io/library/debian"), "me");
    EXPECT_EQ(user(file, "quay.example.org/library/debian"), "");
}

TEST_F(CredentialsTest, AreTheMostExactOfPodmans)
{
    const std::string file = std::string(R"({"auths": {"a.example.org/team": )") + kMine +
                             R"(, "a.example.org": {"username": "all", "password": "x"}}})";
    EXPECT_EQ(user(file, "a.example.org/team/app"), "me");
    EXPECT_EQ(user(file, "a.example.org/teams/app"), "all");
}

TEST_F(CredentialsTest, MayBeATokenToTrade)
{
    const auto found =
        find(R"({"auths": {"a": {"auth": "bWU6eA==", "identitytoken": "t"}}})", "a/b");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->identity_token, "t");
    EXPECT_EQ(found->user, "");
}

TEST_F(CredentialsTest, AreAskedOfTheHelperThatTheFileNames)
{
    const std::string file = std::string(R"({"auths": {"b": )") + kMine +
                             R"(, "c": {}}, "credHelpers": {"a": "cloud"}, "credsStore": "ring"})";
    EXPECT_EQ(user(file, "a/app"), "helped");
    EXPECT_EQ(user(file, "b/app"), "me");
    EXPECT_EQ(user(file, "c/app"), "helped");
    EXPECT_EQ(user(file, "docker.io/library/x"), "helped");
    EXPECT_THAT(asked,
                ::testing::ElementsAre("cloud a", "ring c", "ring https://index.docker.io/v1/"));
}

TEST_F(CredentialsTest, ThatCannotBeReadAreNotPassedOver)
{
    for (const char* file : {"{", R"({"auths": []})", R"({"auths": {"a": {"auth": "bWU="}}})"}) {
        try {
            (void)find(file, "a/b");
            ADD_FAILURE() << file;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::kInput);
            EXPECT_THAT(error.what(), HasSubstr("config.json"));
        }
    }
}

/// A helper that is a program, in a PATH of the test's own.
class CredentialHelperTest : public CredentialsTest {
protected:
    std::string old_path = std::getenv("PATH");

    void SetUp() override { ::setenv("PATH", (place.path().native() + ":" + old_path).c_str(), 1); }
    void TearDown() override { ::setenv("PATH", old_path.c_str(), 1); }
    void helper(const std::string& script) const
    {
        write_file_atomically(
            place.path() / "docker-credential-test", "#!/bin/sh\n" + script, 0755);
    }
    [[nodiscard]] static std::string failure(const std::string& name = "test")
    {
        try {
            (void)ask_credential_helper(name, "a");
        } catch (const Error& error) {
            return error.what();
        }
        return {};
    }
};

TEST_F(CredentialHelperTest, IsAskedForTheServer)
{
    helper(
        R"(read server; echo "{\"ServerURL\": \"$server\", \"Username\": \"$1\", \"Secret\": \"$server!\"}")");
    const auto found = ask_credential_helper("test", "a.example.org");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->user, "get");
    EXPECT_EQ(found->secret, "a.example.org!");
    helper(R"(echo '{"Username": "<token>", "Secret": "t"}')");
    EXPECT_EQ(ask_credential_helper("test", "a")->identity_token, "t");
}

TEST_F(CredentialHelperTest, MayHaveNothing)
{
    helper("echo credentials not found in native keychain; exit 1");
    EXPECT_FALSE(ask_credential_helper("test", "a"));
}

TEST_F(CredentialHelperTest, IsHeardWhenItFails)
{
    helper("echo the ring is locked >&2; exit 3");
    EXPECT_THAT(failure(), HasSubstr("status 3: the ring is locked"));
    helper("echo no JSON");
    EXPECT_THAT(failure(), HasSubstr("not valid JSON"));
    helper("head -c 100000 /dev/zero | tr '\\0' '\\n' >&2; echo at last >&2; exit 3");
    EXPECT_THAT(failure(), HasSubstr("status 3: at last"));
    helper("cat /dev/zero | head -c 1000000");
    EXPECT_THAT(failure(), HasSubstr("says too much"));
    EXPECT_THAT(failure("absent"), HasSubstr("\"docker-credential-absent\" is not in PATH"));
    EXPECT_THAT(failure("../test"), HasSubstr("no name of a helper"));
}

TEST_F(CredentialHelperTest, SeesOnlyTheEnvironmentThatItNeeds)
{
    ::setenv("CI_DEPLOY_TOKEN", "hush", 1);
    ::setenv("AWS_PROFILE", "build", 1);
    helper(R"(echo "{\"Username\": \"u$CI_DEPLOY_TOKEN\", \"Secret\": \"$AWS_PROFILE\"}")");
    const auto found = ask_credential_helper("test", "a");
    ::unsetenv("CI_DEPLOY_TOKEN");
    ::unsetenv("AWS_PROFILE");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->user, "u");
    EXPECT_EQ(found->secret, "build");
}

TEST_F(CredentialHelperTest, GainsNothingAndWritesNowhereElse)
{
    const TempDirectory elsewhere("/var/tmp", "caisson-helper-test-");
    const std::string file = elsewhere.path() / "written";
    const std::string script =
        "grep -q 'NoNewPrivs:.1' /proc/self/status && nnp=1; (echo x >" + file +
        ") 2>/dev/null && wrote=1; echo \"{\\\"Username\\\": \\\"n$nnp\\\", \\\"Secret\\\": "
        "\\\"w$wrote\\\"}\"";
    // outside the wall it is written
    helper(script);
    ASSERT_EQ(std::system((place.path().native() + "/docker-credential-test >/dev/null").c_str()),
              0);
    ASSERT_TRUE(fs::exists(file));
    fs::remove(file);

    const auto found = ask_credential_helper("test", "a");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->user, "n1");
    EXPECT_EQ(found->secret, "w");
    EXPECT_FALSE(fs::exists(file));
}

} // namespace
} // namespace caisson::runner
