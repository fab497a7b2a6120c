#include "sandbox/base/error.hh"
#include "sandbox/plan_json.hh"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace caisson::sandbox {
namespace {

Plan full_plan()
{
    Plan plan;
    plan.name = "RUN make";
    plan.lowers = {"b", "a"};
    plan.upper = "u";
    plan.argv = {"make", "all"};
    plan.environment = {"A=1"};
    plan.working_directory = "/src";
    plan.user = "builder";
    plan.hostname = "host";
    plan.capabilities = {"CAP_CHOWN"};
    plan.limits = {.memory_bytes = 6,
                   .swap_bytes = 7,
                   .huge_page_bytes = 8,
                   .address_space_bytes = 9,
                   .processes = 1,
                   .cpu_percent = 10,
                   .cpu_time = std::chrono::seconds(11),
                   .disk_bytes = 12,
                   .disk_files = 13,
                   .file_size_bytes = 1ULL << 40,
                   .open_files = 3,
                   .output_bytes = 4,
                   .step_time = std::chrono::milliseconds(5),
                   .build_memory_bytes = 14,
                   .build_disk_bytes = 15};
    plan.landlock = Landlock::kRequired;
    plan.files = {{.path = "/etc/hosts", .content = "x\n", .mode = 0755}};
    plan.binds = {
        {.host_path = 1, .source = "/srv/files", .destination = "/files", .writable = true}};
    plan.seccomp_digest = "sha256:0";
    return plan;
}

TEST(PlanJson, BringsEveryMemberBack)
{
    const nlohmann::json sent = to_json(full_plan());

    const Plan plan = plan_from_json(nlohmann::json::parse(sent.dump()));

    EXPECT_EQ(to_json(plan), sent);
    EXPECT_EQ(plan.limits.file_size_bytes, 1ULL << 40);
    EXPECT_EQ(plan.limits.step_time, std::chrono::milliseconds(5));
    EXPECT_EQ(plan.limits.address_space_bytes, 9U);
    EXPECT_EQ(plan.limits.cpu_time, std::chrono::seconds(11));
    EXPECT_EQ(plan.landlock, Landlock::kRequired);
    EXPECT_EQ(plan.files.at(0).mode, 0755U);
    EXPECT_TRUE(plan.binds.at(0).writable);
}

TEST(PlanJson, RefusesAMissingAnUnknownAndAMistypedMember)
{
    const nlohmann::json whole = to_json(full_plan());
    for (const auto& [name, value] : whole.items()) {
        nlohmann::json missing = whole;
        missing.erase(name);
        EXPECT_THROW((void)plan_from_json(missing), Error) << name;

        nlohmann::json mistyped = whole;
        mistyped[name] = value.is_number() ? nlohmann::json("7") : nlohmann::json(7);
        EXPECT_THROW((void)plan_from_json(mistyped), Error) << name;
    }
    nlohmann::json unknown = whole;
    unknown["privileged"] = true;
    EXPECT_THROW((void)plan_from_json(unknown), Error);
    nlohmann::json exchanged = unknown;
    exchanged.erase("user");
    EXPECT_THROW((void)plan_from_json(exchanged), Error);
}

TEST(PlanJson, TakesNoNumberForAnother)
{
    const nlohmann::json whole = to_json(full_plan());
    for (const char* value : {"1.0", "-1", "true", "4294967296", "18446744073709551616"}) {
        nlohmann::json changed = whole;
        changed["files"][0]["mode"] = nlohmann::json::parse(value);
        EXPECT_THROW((void)plan_from_json(changed), Error) << value;
    }
    for (const char* value : {"1.0", "false", "9223372036854775808"}) {
        nlohmann::json changed = whole;
        changed["limits"]["step_time_ms"] = nlohmann::json::parse(value);
        EXPECT_THROW((void)plan_from_json(changed), Error) << value;
    }
    nlohmann::json changed = whole;
    changed["binds"][0]["writable"] = 1;
    EXPECT_THROW((void)plan_from_json(changed), Error);
}

TEST(PlanJson, TakesNoObjectForAList)
{
    const nlohmann::json whole = to_json(full_plan());
    for (const char* name : {"files", "binds"}) {
        nlohmann::json changed = whole;
        changed[name] = {{"first", whole[name][0]}};
        EXPECT_THROW((void)plan_from_json(changed), Error) << name;
    }
}

TEST(PlanJson, TellsNoLimitFromALimit)
{
    Plan plan = full_plan();
    plan.limits.address_space_bytes.reset();

    EXPECT_FALSE(plan_from_json(to_json(plan)).limits.address_space_bytes);
}

TEST(PlanJson, RefusesAPlanWithoutACommand)
{
    Plan plan = full_plan();
    plan.argv.clear();

    EXPECT_THROW((void)plan_from_json(to_json(plan)), Error);
}

} // namespace
} // namespace caisson::sandbox
