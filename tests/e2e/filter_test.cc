// Whose programs a step may run, and under whose profile, from the Dockerfile to the statement.
#include "sandbox/base/base64.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"
#include "tests/support/workspace.hh"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

// --- linux/386 ---

class I386Build : public ::testing::Test {
protected:
    void SetUp() override
    {
        const fs::path program = checkout::build() / "tests/caisson-i386";
        CAISSON_REQUIRE(fs::exists(program), "no 32-bit libc: gcc-multilib is not installed");
        fs::create_directories(work.context());
        fs::copy_file(program, work.context() / "i386");
        work.add_busybox();
    }

    [[nodiscard]] static json read_json(const fs::path& file)
    {
        return json::parse(read_file(file, 1U << 24));
    }

    /// The configuration of the image in a layout.
    [[nodiscard]] json config_of(const std::string& layout) const
    {
        const auto blob = [&](const json& descriptor) {
            const std::string digest = descriptor["digest"];
            return read_json(work.path(layout) / "blobs/sha256" / digest.substr(7));
        };
        const json index = read_json(work.path(layout) / "index.json");
        return blob(blob(index["manifests"][0])["config"]);
    }

    /// The predicate of the statement that was signed.
    [[nodiscard]] json predicate_of(const std::string& file) const
    {
        const std::string payload = read_json(work.path(file))["dsseEnvelope"]["payload"];
        return json::parse(base64_decode(payload).value())["predicate"];
    }

    static constexpr const char* kRoot = "FROM --platform=linux/386 scratch\nCOPY i386 /bin/i386\n";
    Workspace work;
};

TEST_F(I386Build, RunsProgramsOfThePlatformThatFromNames)
{
    const Ran built = work.build(std::string(kRoot) +
                                     R"(RUN ["/bin/i386", "machine"]
RUN ["/bin/i386", "loopback"]
RUN ["/bin/i386", "socket", "40", "1", "0"]
)",
                                 {"--output",
                                  "type=oci,tar=false,dest=" + work.path("out").native(),
                                  "--provenance",
                                  work.path("p.json")});

    ASSERT_EQ(built.exit, 0) << built.err;
    EXPECT_THAT(built.err, HasSubstr("ok i686\n"));
    EXPECT_THAT(built.err, HasSubstr("ok 0\n"));
    EXPECT_THAT(built.err, HasSubstr(" 97\n")); // EAFNOSUPPORT
    EXPECT_EQ(config_of("out")["architecture"], "386");
    const json predicate = predicate_of("p.json");
    EXPECT_EQ(predicate["buildDefinition"]["externalParameters"]["platform"], "linux/386");
    EXPECT_THAT(predicate["runDetails"]["builder"].dump(), HasSubstr("seccomp-i386"));
}

TEST_F(I386Build, TakesThePlatformFromTheBaseImage)
{
    ASSERT_EQ(work.build(kRoot, {"-t", "base386:1"}).exit, 0);

    const Ran built =
        work.build("FROM base386:1\nRUN [\"/bin/i386\", \"machine\"]\n", {"--no-cache"});
    EXPECT_EQ(built.exit, 0) << built.err;
    EXPECT_THAT(built.err, HasSubstr("ok i686\n"));
    const Ran other = work.build("FROM --platform=linux/amd64 base386:1\n");
    EXPECT_NE(other.exit, 0);
    const Ran ran = work.caisson({"run", "--image", "base386:1", "--", "/bin/i386", "machine"});
    EXPECT_EQ(ran.out, "ok i686\n") << ran.err;
}

TEST_F(I386Build, MayMixPlatformsStageByStage)
{
    const Ran built = work.build("FROM --platform=linux/386 scratch AS small\n"
                                 "COPY i386 /bin/i386\nRUN [\"/bin/i386\", \"machine\"]\n" +
                                 Workspace::busybox_root() +
                                 "COPY --from=small /bin/i386 /bin/i386\nRUN uname -m\n");

    EXPECT_EQ(built.exit, 0) << built.err;
    EXPECT_THAT(built.err, HasSubstr("ok i686\n"));
    EXPECT_THAT(built.err, HasSubstr(" x86_64"));
}

TEST_F(I386Build, EndsSuchProgramsInAnotherImage)
{
    const Ran outside = run(work.context() / "i386", {"socket", "40", "1", "0"});
    ASSERT_THAT(outside.out, HasSubstr("ok")) << "it proves nothing";

    const Ran built = work.build(Workspace::busybox_root() +
                                 "COPY i386 /bin/i386\nRUN /bin/i386 socket 40 1 0\n");

    EXPECT_EQ(built.exit, 1);
    EXPECT_THAT(built.err, Not(HasSubstr("ok 3")));
}

TEST_F(I386Build, RefusesPlatformsThatDoNotRunHere)
{
    for (const char* platform :
         {"linux/arm64", "windows/386", "linux", "linux/386/sse9", "$NONE"}) {
        const Ran built =
            work.build(std::string("FROM --platform=") + platform + " scratch\nCOPY i386 /\n");
        EXPECT_EQ(built.exit, 2) << platform << built.err;
        EXPECT_THAT(built.err, HasSubstr("Dockerfile:1")) << platform;
    }
    const Ran stage =
        work.build(Workspace::busybox_root() + "FROM --platform=linux/386 0\nCOPY i386 /\n");
    EXPECT_NE(stage.exit, 0);
    EXPECT_EQ(work.build("FROM --platform=$BUILDPLATFORM scratch\nCOPY i386 /\n").exit, 0);
}

// --- a profile of Docker's ---

class ProfileBuild : public ::testing::Test {
protected:
    void SetUp() override
    {
        const fs::path docker = checkout::shared() / "conformance/seccomp/docker-default.json";
        CAISSON_REQUIRE_SHARED_DATA();
        fs::copy_file(docker, work.path("docker.json"));
        work.add_busybox();
    }

    std::string policy_with(const json& seccomp)
    {
        json policy =
            json::parse(read_file(checkout::source() / "policies/profiles/default.json", 1U << 20));
        policy.erase("syscalls");
        policy["name"] = "docker";
        policy["seccomp"] = seccomp;
        write_file_atomically(work.path("policy.json"), policy.dump());
        return work.path("policy.json");
    }

    Workspace work;
};

TEST_F(ProfileBuild, RunsStepsUnderIt)
{
    const Ran built = work.build(Workspace::busybox_root() + "RUN echo under docker; id -u\n",
                                 {"--policy", policy_with({{"profile", "docker.json"}})});

    EXPECT_EQ(built.exit, 0) << built.err;
    EXPECT_THAT(built.err, HasSubstr("under docker"));
    EXPECT_THAT(built.err, Not(HasSubstr("no system call")));
}

TEST_F(ProfileBuild, SaysWhatIsAcceptedAndWhatIsUnknown)
{
    json profile = json::parse(read_file(work.path("docker.json"), 1U << 20));
    profile["syscalls"][0]["names"].push_back("raed");
    write_file_atomically(work.path("docker.json"), profile.dump());

    const Ran built = work.build(
        Workspace::busybox_root() + "RUN true\n",
        {"--policy",
         policy_with({{"profile", "docker.json"}, {"i_accept_kernel_crypto_sockets", true}}),
         "--provenance",
         work.path("p.json")});

    EXPECT_EQ(built.exit, 0) << built.err;
    EXPECT_THAT(built.err, HasSubstr("raed"));
    EXPECT_THAT(built.err, HasSubstr("i_accept_kernel_crypto_sockets"));
}

TEST_F(ProfileBuild, StopsAtAProfileThatIsNone)
{
    write_file_atomically(work.path("docker.json"), R"({"defaultAction": "SCMP_ACT_NOTIFY"})");

    const Ran built = work.build(Workspace::busybox_root(),
                                 {"--policy", policy_with({{"profile", "docker.json"}})});

    EXPECT_EQ(built.exit, 2);
    EXPECT_THAT(built.err, HasSubstr("seccomp profile \"docker.json\": line 1"));
}

} // namespace
} // namespace caisson::testing
