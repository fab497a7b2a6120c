// Builds whose steps take too much: each ends with a verdict that names the policy's key, and
// nothing is left.
#include "tests/support/paths.hh"
#include "tests/support/workspace.hh"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>
#include <unistd.h>

namespace caisson::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace fs = std::filesystem;

constexpr std::uint64_t kMebibyte = 1U << 20;

nlohmann::json json_file(const fs::path& path)
{
    return nlohmann::json::parse(read_file(path, 1U << 24U));
}

class LimitedBuild : public ::testing::Test {
protected:
    LimitedBuild()
    {
        work_.add_busybox();
        fs::copy_file(checkout::hog(), work_.context() / "hog");
    }

    /// The default policy with other limits.
    void write_policy(const nlohmann::json& limits) const
    {
        auto policy = json_file(checkout::source() / "policies/profiles/default.json");
        policy["name"] = "limited";
        policy["limits"].update(limits);
        write_file_atomically(work_.path("policy.json"), policy.dump());
    }

    [[nodiscard]] Ran build(const std::string& command, std::vector<std::string> options = {}) const
    {
        options.insert(options.end(),
                       {"--policy",
                        work_.path("policy.json"),
                        "--metadata-file",
                        work_.path("meta.json"),
                        "-t",
                        "never:1"});
        return work_.build("FROM scratch\nCOPY busybox hog /bin/\nRUN [\"/bin/busybox\", "
                           "\"--install\", \"-s\", \"/bin\"]\nRUN " +
                               command + "\n",
                           options);
    }

    [[nodiscard]] nlohmann::json last_step() const
    {
        return json_file(work_.path("meta.json"))["caisson.steps"].back();
    }

    void expect_nothing_left() const
    {
        for (int tries = 0; tries < 100 && !processes_of(work_).empty(); ++tries)
            std::this_thread::sleep_for(20ms);
        EXPECT_THAT(processes_of(work_), IsEmpty());
        EXPECT_THAT(work_.caisson({"image", "list"}).out, Not(HasSubstr("never")));
        EXPECT_TRUE(fs::is_empty(work_.store() / "tmp"));
    }

    [[nodiscard]] const Workspace& work() const { return work_; }

private:
    Workspace work_;
};

struct Taken {
    const char* command;
    const char* verdict; ///< the word of the metadata
    const char* limit;   ///< the policy's key
    std::uint64_t allowed;
    const char* text; ///< on standard error
};

constexpr Taken kTaken[] = {
    {"hog memory 4000000000",
     "out-of-memory",
     "memory_bytes",
     800 * kMebibyte,
     "killed: memory 800 MiB, policy limits.memory_bytes"},
    {"hog processes 1",
     "too-many-processes",
     "processes",
     100,
     "killed: processes 100, policy limits.processes"},
    {"hog disk 4000000000",
     "too-much-disk",
     "disk_bytes",
     200 * kMebibyte,
     "killed: disk 200 MiB, policy limits.disk_bytes"},
    {"hog files 1000000",
     "too-many-files",
     "disk_files",
     3000,
     "killed: files 3000, policy limits.disk_files"},
    {"hog unseen-cpu 60000",
     "too-much-cpu",
     "cpu_seconds",
     2,
     "killed: processor time 2 s, policy limits.cpu_seconds"},
    {"yes",
     "too-much-output",
     "output_bytes",
     kMebibyte,
     "killed: output 1 MiB, policy limits.output_bytes"},
};

TEST_F(LimitedBuild, EndsAStepThatTakesTooLongWithAVerdict)
{
    write_policy({{"step_seconds", 2}});

    const Ran built = build("sleep 3000");

    EXPECT_EQ(built.exit, 1) << built.err;
    EXPECT_THAT(built.err, HasSubstr("killed: time 2 s, policy limits.step_seconds"));
    const nlohmann::json step = last_step();
    EXPECT_EQ(step["verdict"], "timed-out");
    EXPECT_EQ(step["limit"], "step_seconds");
    EXPECT_EQ(step["allowed"], 2);
    expect_nothing_left();
}

TEST_F(LimitedBuild, EndsAStepThatTakesTooMuchWithAVerdict)
{
    for (const Taken& taken : kTaken) {
        // more memory than disk: on a host that keeps trees in memory, what a step writes is both;
        // and no more processor time than one of them burns, for files take of it, too
        const bool burns = std::string_view(taken.limit) == "cpu_seconds";
        write_policy({{"memory_bytes", 800 * kMebibyte},
                      {"processes", 100},
                      {"disk_bytes", 200 * kMebibyte},
                      {"disk_files", 3000},
                      {"cpu_seconds", burns ? 2 : 60},
                      {"output_bytes", kMebibyte}});
        const Ran built = build(taken.command);

        EXPECT_EQ(built.exit, 1) << taken.command << built.err;
        EXPECT_THAT(built.err, HasSubstr(taken.text));
        const nlohmann::json step = last_step();
        EXPECT_EQ(step["verdict"], taken.verdict) << taken.command;
        EXPECT_EQ(step["limit"], taken.limit) << taken.command;
        EXPECT_EQ(step["allowed"], taken.allowed) << taken.command;
        expect_nothing_left();
    }
}

TEST_F(LimitedBuild, HasATotalForAllThatItPutsOnDisk)
{
    write_policy({{"disk_bytes", 100 * kMebibyte}, {"build_disk_bytes", 120 * kMebibyte}});

    const Ran steps = build("hog disk 67108864\nRUN hog disk 4000000000");
    EXPECT_EQ(steps.exit, 1);
    EXPECT_THAT(steps.err, HasSubstr("killed: disk 120 MiB, policy limits.build_disk_bytes"));

    work().write("large", std::string(130 * kMebibyte, 'x'));
    const Ran copied = work().build("FROM scratch\nCOPY large /\n",
                                    {"--policy", work().path("policy.json"), "--no-cache"});
    EXPECT_EQ(copied.exit, 1);
    EXPECT_THAT(copied.err, HasSubstr("limits.build_disk_bytes"));
    expect_nothing_left();
}

/// The predicate of a bundle.
nlohmann::json predicate_of(const fs::path& bundle)
{
    const Ran seen =
        run("/bin/sh", {"-c", "jq -r .dsseEnvelope.payload \"$0\" | base64 -d", bundle.native()});
    return nlohmann::json::parse(seen.out).at("predicate");
}

TEST_F(LimitedBuild, SaysWhoHoldsItsLimits)
{
    write_policy({{"cpu_percent", 50}}); // half a core: what a host without cgroups cannot hold

    for (const char* bundle : {"bundle.json", "of-the-cache.json"}) {
        const Ran built = build("true", {"--provenance", work().path(bundle)});

        ASSERT_EQ(built.exit, 0) << built.err;
        const nlohmann::json predicate = predicate_of(work().path(bundle));
        const nlohmann::json held =
            predicate["runDetails"]["metadata"]["caisson_evidence"]["steps"].back()["limitsHeldBy"];
        for (const char* limit :
             {"memory_bytes", "swap_bytes", "processes", "disk_bytes", "cpu_percent"})
            EXPECT_TRUE(held.contains(limit)) << limit << held;
        EXPECT_NE(held["memory_bytes"], "nobody");
        EXPECT_EQ(held["disk_files"], "watcher");
        nlohmann::json by_nobody = nlohmann::json::array();
        for (const auto& [limit, holder] : held.items())
            if (holder == "nobody") by_nobody.push_back(limit);
        EXPECT_EQ(predicate["buildDefinition"]["internalParameters"]["limits"]["notEnforced"],
                  by_nobody);
        // a step from the cache ran under what it ran under; no cell was started to ask
        const bool cached = bundle == std::string("of-the-cache.json");
        EXPECT_EQ((built.err + built.out).find("limits: held by ") == std::string::npos, cached);
        if (!cached && held["cpu_percent"] == "nobody") {
            EXPECT_THAT(built.err + built.out, HasSubstr("nobody holds limits.cpu_percent"));
        }
    }
}

TEST_F(LimitedBuild, DoesNotStartWhereTheHostHoldsLessThanThePolicyRequires)
{
    write_policy({{"enforce", {{"disk_bytes", "kernel-required"}}}});
    const Ran refused = build("true");
    EXPECT_EQ(refused.exit, 5) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("limits.disk_bytes (held by a watcher)"));
    EXPECT_THAT(refused.err, HasSubstr("hint: "));
    expect_nothing_left();

    write_policy({{"enforce", {{"disk_bytes", "required"}, {"processes", "kernel-required"}}}});
    const Ran built = build("true");
    EXPECT_EQ(built.exit, 0) << built.err;
}

} // namespace
} // namespace caisson::testing
