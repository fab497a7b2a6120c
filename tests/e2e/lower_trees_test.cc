// What happens when the wall between a step and the files below it does not hold: a kernel flaw
// that lets a read-only file be written through the page cache (CVE-2022-0847 "Dirty Pipe",
// CVE-2026-31431 "Copy Fail"). This kernel has none of them, so root plays the flaw: it writes to
// the unpacked base image in the store, which size and times do not show.
#include "sandbox/base/base64.hh"
#include "tests/support/paths.hh"
#include "tests/support/workspace.hh"

#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace caisson::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* kStep = "FROM base\nRUN cp /data /copy && echo ";

class LowerTrees : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (::geteuid() != 0)
            GTEST_SKIP() << "only root can write to files that belong to subordinate ids";
        work.add_busybox();
        work.write("data", "good");
        ASSERT_EQ(work.build(Workspace::busybox_root() + "COPY data /\n",
                             {"-o", "type=oci,tar=false,dest=" + work.path("base").native()})
                      .exit,
                  0);
        work.use_store("second");
    }

    /// Builds one step on the base, under a policy with this "sandbox".
    Ran build(const std::string& sandbox, const std::string& step_name)
    {
        nlohmann::json policy = nlohmann::json::parse(
            read_file(checkout::source() / "policies/profiles/default.json", 1U << 20));
        policy["name"] = "test";
        policy["sandbox"] = nlohmann::json::parse(sandbox);
        std::ofstream(work.path("policy.json")) << policy.dump();
        return work.build(kStep + step_name + "\n",
                          {"--build-context",
                           "base=oci-layout://" + work.path("base").native(),
                           "--policy",
                           work.path("policy.json"),
                           "-o",
                           "type=tar,dest=" + work.path("out.tar").native()});
    }

    [[nodiscard]] std::string copied() const
    {
        return run("/bin/tar", {"-xOf", work.path("out.tar"), "copy"}).out;
    }

    /// The unpacked base's /data, in each tree that has one.
    [[nodiscard]] std::vector<std::filesystem::path> unpacked_data() const
    {
        std::vector<std::filesystem::path> found;
        for (const auto& tree : std::filesystem::directory_iterator(work.store() / "trees"))
            if (std::filesystem::exists(tree.path() / "fs/data"))
                found.push_back(tree.path() / "fs/data");
        return found;
    }

    /// Other bytes, of the same length and time.
    static void damage(const std::filesystem::path& file)
    {
        struct stat before = {};
        ASSERT_EQ(::stat(file.c_str(), &before), 0);
        std::ofstream(file, std::ios::in | std::ios::out) << "evil";
        const timespec times[] = {before.st_atim, before.st_mtim};
        ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
    }

    Workspace work;
};

TEST_F(LowerTrees, AChangeBelowAStepIsSeenWhenThePolicyAsks)
{
    ASSERT_EQ(build(R"({"verify_lowers": true})", "1").exit, 0);
    const auto bundle =
        nlohmann::json::parse(read_file(work.path("out.tar.sigstore.json"), 1U << 20));
    const auto statement = nlohmann::json::parse(
        base64_decode(bundle["dsseEnvelope"]["payload"].get<std::string>()).value());
    const nlohmann::json& steps =
        statement["predicate"]["runDetails"]["metadata"]["caisson_evidence"]["steps"];
    EXPECT_EQ(steps.at(0).value("lowersVerified", false), true) << steps;
    ASSERT_EQ(unpacked_data().size(), 1U);
    damage(unpacked_data().front());

    ASSERT_EQ(build("{}", "2").exit, 0);
    ASSERT_EQ(copied(), "evil") << "without the wall the change gets into the image";
    std::filesystem::remove(work.path("out.tar"));
    const Ran refused = build(R"({"verify_lowers": true})", "3");

    EXPECT_EQ(refused.exit, 5) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("verify the layers below"));
    EXPECT_FALSE(std::filesystem::exists(work.path("out.tar")));
    ASSERT_EQ(build(R"({"verify_lowers": true})", "4").exit, 0);
    EXPECT_EQ(copied(), "good") << "the damaged tree is not used again";
}

TEST_F(LowerTrees, ATreeUnpackedWithoutBeingMeasuredIsUnpackedAnew)
{
    ASSERT_EQ(build("{}", "1").exit, 0);
    ASSERT_EQ(unpacked_data().size(), 1U);
    damage(unpacked_data().front());

    ASSERT_EQ(build(R"({"verify_lowers": true})", "2").exit, 0);

    EXPECT_EQ(copied(), "good");
}

TEST_F(LowerTrees, ATrustDomainHasInodesOfItsOwn)
{
    ASSERT_EQ(build("{}", "1").exit, 0);
    ASSERT_EQ(build(R"({"trust_domain": "team-a"})", "1").exit, 0);
    ASSERT_EQ(build(R"({"trust_domain": "team-a"})", "2").exit, 0);

    const auto files = unpacked_data();

    ASSERT_EQ(files.size(), 2U) << "one for each domain, shared within it";
    EXPECT_FALSE(std::filesystem::equivalent(files[0], files[1]));
}

} // namespace
} // namespace caisson::testing
