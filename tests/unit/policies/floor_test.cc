#include "policies/floor.hh"

#include <gtest/gtest.h>
#include <set>

namespace caisson::policies {
namespace {

TEST(Floor, RefusesWithAReasonWhateverItNames)
{
    std::set<std::string> parts;
    for (const FloorPart& part : floor_parts()) {
        EXPECT_TRUE(parts.insert(part.group.name).second) << part.group.name;
        EXPECT_GT(part.group.why.size(), 30U) << part.group.name;
        for (const SyscallEntry& entry : part.group.calls)
            EXPECT_EQ(entry.action, "errno") << entry.name;
    }
}

TEST(Floor, IsLiftedByLongNamesOnly)
{
    std::set<std::string_view> names;
    for (const std::string_view name : floor_permissions()) {
        EXPECT_TRUE(name.starts_with("i_accept_")) << name;
        EXPECT_GT(name.size(), 25U) << name;
        EXPECT_TRUE(names.insert(name).second) << name;
    }
}

TEST(Floor, NeverGivesWhatOtherWallsStandOn)
{
    std::set<std::string> lifted;
    for (const FloorPart& part : floor_parts())
        if (!part.permission.empty()) lifted.insert(part.group.name);

    EXPECT_EQ(lifted,
              (std::set<std::string>{"huge-pages",
                                     "socket-families",
                                     "kernel-crypto",
                                     "hypervisor",
                                     "netlink",
                                     "keyrings"}));
}

TEST(Floor, LeavesOutWhatIsAcceptedAndNothingElse)
{
    const std::vector<std::string> accepted = {"i_accept_keyrings_of_the_host"};
    const auto entries = floor_entries(accepted);

    EXPECT_EQ(entries.size() + 3, floor_entries({}).size());
    for (const SyscallEntry& entry : entries)
        EXPECT_FALSE(entry.name == "keyctl" || entry.name == "add_key" ||
                     entry.name == "request_key");
}

} // namespace
} // namespace caisson::policies
